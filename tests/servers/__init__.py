"""Real mail servers on loopback, and servers that misbehave: what they share.

    with Dovecot(users={"alice": "secret"}) as dovecot:
        dovecot.deliver(message)

Each server has a directory of its own and free ports, runs as nobody where the
tests run as root, and writes what it says into files of its directory.  It
ends with its `with`; where the test is killed, a keeper kills the server.
"""
import atexit
import datetime
import glob
import ipaddress
import os
import pwd
import re
import shutil
import signal
import smtplib
import socket
import stat
import subprocess
import tempfile
import threading
import time

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(
    os.path.abspath(__file__))))
PATH = "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin"
NAMES = ("localhost", "127.0.0.1", "127.0.0.2", "mail.example.org")


def program(name, *directories):
    """Where a program is, or None."""
    return shutil.which(name, path=":".join([*directories, PATH]))


class Packages:
    """Servers that tests/deps has unpacked below build/, and those that are
    installed."""

    def __init__(self, below="debian"):
        self.top = os.path.join(ROOT, "build", below)
        self.lock = threading.Lock()

    def readable(self):
        """From now on those of a tree that nobody (the user) can read: a
        checkout may lie in a home that is closed to others."""
        with self.lock:
            path = self.top
            while os.path.isdir(self.top) and path != "/":
                if not os.stat(path).st_mode & stat.S_IXOTH:
                    self.copy()
                    return
                path = os.path.dirname(path)

    def copy(self):
        copy = tempfile.mkdtemp(prefix="mailcert-packages.")
        atexit.register(shutil.rmtree, copy, ignore_errors=True)
        os.chmod(copy, 0o755)
        shutil.copytree(self.top, copy, symlinks=True, dirs_exist_ok=True)
        self.top = copy

    def find(self, path):
        """A file by its path, or None."""
        for top in (self.top, "/"):
            found = os.path.join(top, path.lstrip("/"))
            if os.path.exists(found):
                return found
        return None

    def library(self, name):
        """The same for a library, whatever the machine; by its name."""
        for top in (self.top, "/"):
            for found in glob.glob(os.path.join(top, "usr/lib/*-*-*", name)):
                return found
        return None

    @property
    def libraries(self):
        """The value of LD_LIBRARY_PATH."""
        return ":".join(
            found for where in ("usr/lib/*-*-*", "lib/*-*-*",
                                "usr/lib/postfix", "usr/lib/rspamd")
            for found in glob.glob(os.path.join(self.top, where)))


packages = Packages()
apart = Packages("exim")  # what has files of the same names as Postfix


def crlf(message):
    """With the line ends of the wire."""
    return re.sub(rb"\r?\n", b"\r\n", message)


def lmtp_deliver(port, message, sender, *recipients):
    with smtplib.LMTP("127.0.0.1", port) as lmtp:
        lmtp.sendmail(sender, recipients, crlf(message))


class Authority:
    """A CA for servers' certificates; `file` is what a client trusts."""

    def __init__(self, directory, name="ca"):
        self.dir, self.key = directory, ec.generate_private_key(
            ec.SECP256R1())
        self.name = x509.Name([x509.NameAttribute(
            NameOID.COMMON_NAME, "Test CA " + os.path.basename(directory))])
        self.file = self._write(name + ".pem", self._sign(
            self.name, self.key, (-1, 3650), x509.BasicConstraints(True, 0)))

    def issue(self, stem="server", names=NAMES, days=(-1, 3650)):
        """Write STEM.pem and STEM.key, valid from day to day as counted from
        today; gives both paths."""
        key = ec.generate_private_key(ec.SECP256R1())
        cert = self._sign(
            x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, names[0])]),
            key, days, x509.BasicConstraints(False, None),
            x509.SubjectAlternativeName(
                [_general_name(name) for name in names]))
        secret = key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption())
        return (self._write(stem + ".pem", cert),
                self._write(stem + ".key", secret))

    def _sign(self, subject, key, days, *extensions):
        now = datetime.datetime.utcnow()
        builder = x509.CertificateBuilder(
            self.name, subject, key.public_key(), x509.random_serial_number(),
            *(now + datetime.timedelta(days=n) for n in days))
        for extension in extensions:
            builder = builder.add_extension(
                extension, isinstance(extension, x509.BasicConstraints))
        return builder.sign(self.key, hashes.SHA256()).public_bytes(
            serialization.Encoding.PEM)

    def _write(self, name, data):
        path = os.path.join(self.dir, name)
        with open(path, "wb") as f:
            f.write(data)
        return path


def _general_name(name):
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def group_lives(group):
    """Is there a process of this group that has not ended?  One that has may
    stay a zombie for a while, if its parent died before it."""
    for name in os.listdir("/proc"):
        if name.isdigit():
            try:
                with open("/proc/%s/stat" % name) as f:
                    fields = f.read().rpartition(")")[2].split()
            except OSError:
                continue
            if int(fields[2]) == group and fields[0] not in "ZX":
                return True
    return False


# Postfix changes its effective user now and then, and the kernel then forgets
# PR_SET_PDEATHSIG.
KEEPER = """groups=
while read -r sign group; do
	left=
	for one in $groups; do
		[ "$one" = "$group" ] || left="$left $one"
	done
	groups=$left
	[ "$sign" = - ] || groups="$groups $group"
done
for group in $groups; do
	kill -KILL "-$group"
done"""


class Keeper:
    """A process that kills process groups when the test is gone."""

    def __init__(self):
        self.process, self.lock = None, threading.Lock()

    def tell(self, sign, group):
        with self.lock:
            if not self.process:
                self.process = subprocess.Popen(
                    ["/bin/sh", "-c", KEEPER], stdin=subprocess.PIPE,
                    stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                    start_new_session=True, env={})
                atexit.register(self.end)
            self.process.stdin.write(b"%s %d\n" % (sign, group))
            self.process.stdin.flush()

    def end(self):
        self.process.stdin.close()
        self.process.wait()


keeper = Keeper()


class Server:
    """A directory, ports, and a process with its group; the base of all."""

    name = "server"
    user = "nobody"  # who runs it where the tests run as root

    def __init__(self):
        self.dir = tempfile.mkdtemp(prefix="mailcert-%s." % self.name)
        os.chmod(self.dir, 0o755)
        self.process, self._held = None, []
        if os.getuid() == 0:
            entry = pwd.getpwnam(self.user)
        else:
            entry = pwd.getpwuid(os.getuid())
        self.uid, self.gid, self.login = (entry.pw_uid, entry.pw_gid,
                                          entry.pw_name)
        self.own(self.dir)

    def __enter__(self):
        try:
            self.start()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *unused):
        self.kill()
        for held in self._held:
            held.close()
        shutil.rmtree(self.dir, ignore_errors=True)

    # --- files and ports

    def path(self, *names):
        return os.path.join(self.dir, *names)

    def write(self, name, data, mode=0o644):
        """A file of the server, owned by whoever runs it."""
        path = self.path(name)
        self.folder(os.path.dirname(name))
        with open(path, "wb") as f:
            f.write(data if isinstance(data, bytes) else data.encode())
        os.chmod(path, mode)
        self.own(path)
        return path

    def folder(self, name):
        """A directory of the server with those above it."""
        path = self.dir
        for part in name.split("/") if name else []:
            path = os.path.join(path, part)
            if not os.path.isdir(path):
                os.mkdir(path)
                self.own(path)
        return path

    def own(self, path):
        """Give a file to whoever runs the server."""
        if os.getuid() == 0:
            os.chown(path, self.uid, self.gid)

    def port(self):
        """A port of 127.0.0.1 that nobody else is given as long as the server
        exists: a socket that does not listen holds it, and both it and the
        server's set SO_REUSEADDR."""
        held = socket.socket()
        held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        held.bind(("127.0.0.1", 0))
        self._held.append(held)
        return held.getsockname()[1]

    def log(self):
        """What the server said, for a failed check."""
        text = ""
        for name in ("output", "log"):
            if os.path.isfile(self.path(name)):
                with open(self.path(name), errors="replace") as f:
                    text += f.read()
        return text

    # --- processes

    def spawn(self, *command, as_root=False, ports=False, env=None):
        """Start a daemon that stays in the foreground, as leader of a process
        group; its output goes to the file `output`.  ports: it may use those
        below 1024, if the tests run as root."""
        drop = [] if os.getuid() != 0 or as_root else [
            "setpriv", "--reuid=%d" % self.uid, "--regid=%d" % self.gid,
            "--clear-groups"]
        if ports and drop:
            drop += ["--inh-caps=+net_bind_service",
                     "--ambient-caps=+net_bind_service"]
        with open(self.path("output"), "ab") as output:
            self.process = subprocess.Popen(
                [*drop, *command], stdin=subprocess.DEVNULL, stdout=output,
                stderr=output, start_new_session=True, cwd=self.dir,
                env={"PATH": PATH, "HOME": self.dir, **(env or {})})
        keeper.tell(b"+", self.process.pid)

    def run(self, *command, **more):
        """Run a program to its end, and say what went wrong."""
        got = subprocess.run(command, stdin=subprocess.DEVNULL,
                             capture_output=True, text=True, cwd=self.dir,
                             env={"PATH": PATH}, **more)
        if got.returncode:
            raise RuntimeError("%s: %d: %s%s" % (" ".join(
                command), got.returncode, got.stdout, got.stderr))
        return got.stdout

    def wait_for(self, holds, what, seconds=60):
        """Wait until something holds, as long as the server lives."""
        end, pause = time.monotonic() + seconds, 0.005
        while not holds():
            if self.process and self.process.poll() is not None:
                raise RuntimeError("%s ended with %s: %s" % (
                    self.name, self.process.returncode, self.log()[-3000:]))
            if time.monotonic() > end:
                raise RuntimeError("%s: %s: not in %d seconds: %s" % (
                    self.name, what, seconds, self.log()[-3000:]))
            time.sleep(pause)
            pause = min(0.1, pause * 1.3)

    def wait_for_port(self, port):
        def answers():
            with socket.socket() as s:
                return s.connect_ex(("127.0.0.1", port)) == 0
        self.wait_for(answers, "connections to port %d" % port)

    def start(self):
        raise NotImplementedError

    def stop(self, seconds=20):
        """Ask the server to end; what it has not ended by then is killed."""
        if self.process:
            self.process.terminate()
            try:
                self.process.wait(seconds)
            except subprocess.TimeoutExpired:
                pass
        self.kill()

    def kill(self):
        """Kill it with all its children, at once."""
        if self.process:
            try:
                os.killpg(self.process.pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
            self.process.wait()
            # As long as one of them lives, it has the ports.
            while group_lives(self.process.pid):
                time.sleep(0.005)
            keeper.tell(b"-", self.process.pid)
            self.process = None

    def restart(self):
        """Stop and start again, on the same ports."""
        self.stop()
        self.start()
