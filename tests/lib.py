"""What the tests share: TAP, homes, challenge messages, terminals.

Everything here uses the Python standard library and the real programs; none
of it uses code of mailcert, so that agreement with it is evidence.
"""
import base64
import ctypes
import errno
import concurrent.futures
import email
import email.policy
import email.utils
import functools
import hashlib
import itertools
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
BUILD = os.path.join(ROOT, os.environ.get("BUILD", "build"))
MAILCERT = os.path.join(BUILD, "mailcert")
# make check-slow: try everything that is there to try.
SLOW = os.environ.get("TEST_SLOW") == "1"
# make check-ages: the library that moves the clock of what we start.
CLOCK = os.environ.get("TEST_CLOCK")

# RFC 8823 section 3.1 and RFC 7638: a published token and thumbprint.
PART1 = "LgYemJLy3F1LDkiJrdIGbEzyFJyOyf6vBdyZ1TG3sME="
PART2 = "DGyRejmCefe7v4NfDGDKfA"
THUMBPRINT = "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs"
ADDRESS = "alice@example.org"
CA = "acme-challenge+1@ca.example"


class Tap:
    """Test Anything Protocol on standard output."""

    def __init__(self):
        self.count = self.failed = 0
        self.lock = threading.Lock()
        self.only = self.asked = os.environ.get("TEST_ONLY", "")
        self.here = threading.local()

    def wanted(self, name):
        """Does TEST_ONLY name this case?  Then it wants all its checks: what
        this thread checks before it asks again."""
        self.here.wanted = self.only in name
        return self.here.wanted

    def counts(self, name):
        return self.only in name or getattr(self.here, "wanted", False)

    def ok(self, good, name, *why):
        if not self.counts(name):
            return good
        lines = [] if good else ["#   " + part for line in why
                                 for part in str(line).splitlines()]
        with self.lock:
            self.count += 1
            self.failed += not good
            print("\n".join(["%sok %d - %s" % (
                "" if good else "not ", self.count, name), *lines]),
                flush=True)
        return good

    def skip(self, name, why):
        """For what cannot be checked here; it is named and counted."""
        if not self.counts(name):
            return
        with self.lock:
            self.count += 1
            print("ok %d - %s # SKIP %s" % (self.count, name, why), flush=True)

    def equal(self, got, want, name):
        return self.ok(got == want, name, "got  %r" % (got,),
                       "want %r" % (want,))

    def done(self):
        if self.asked and not self.count:
            self.only = ""
            self.ok(False, "TEST_ONLY=%s names a test or a check" % self.asked)
        print("1..%d" % self.count, flush=True)
        sys.exit(1 if self.failed else 0)


tap = Tap()


def sample(things, most):
    """Every one of them in check-slow; else that many, always the same, the
    first and the last among them."""
    things = list(things)
    if SLOW or len(things) <= most:
        return things
    return [things[i * (len(things) - 1) // (most - 1)] for i in range(most)]


def sample_kinds(things, kind, most):
    """sample(), and the first of each kind."""
    things, first = list(things), {}
    for thing in things:
        first.setdefault(kind(thing), thing)
    chosen = {*first.values(), *sample(things, most)}
    return [thing for thing in things if thing in chosen]


def at_once(jobs, workers=4):
    """Run tests that mostly wait, several at a time; a failed assertion in one
    is one in the script."""
    wanted = getattr(tap.here, "wanted", False)

    def run(job):
        tap.here.wanted = wanted
        job()

    with concurrent.futures.ThreadPoolExecutor(workers) as pool:
        for done in [pool.submit(run, job) for job in jobs]:
            done.result()


def tests_of(script, *args):
    """The tests of a script, by name: its functions test_*, with these
    arguments.  tests_of(globals())"""
    return {name: functools.partial(value, *args)
            for name, value in script.items() if name.startswith("test_")}


def run_tests(tests, workers=1):
    """Run a script's tests, given by name.  TEST_ONLY=part of a name runs
    those tests; where it names none, all run, and only the checks that it
    names count.  A script without either fails: see done()."""
    chosen = [test for name, test in tests.items() if tap.only in name]
    if chosen:
        tap.only = ""
    else:
        chosen = tests.values()
    if workers > 1:
        at_once(chosen, workers)
    else:
        for test in chosen:
            test()


def kernel():
    """Has this kernel landlock, and does it filter system calls?"""
    libc = ctypes.CDLL(None, use_errno=True)
    landlock = libc.syscall(444, None, 0, 1) >= 1
    # A filter that is not there: EFAULT where filters are known.
    filters = libc.prctl(22, 2, None) != 0 and \
        ctypes.get_errno() == errno.EFAULT
    return landlock, filters


KERNEL = kernel()
if KERNEL != (True, True):
    print("# This kernel lacks %s: the tests set sandbox = best-effort." %
          " and ".join(name for name, has in zip(
              ("landlock", "seccomp filters"), KERNEL) if not has),
          flush=True)


class Place:
    """A directory of its own, with a home and a configuration."""

    def __init__(self, config="set authenticate = none\n"):
        self.dir = tempfile.mkdtemp(prefix="mailcert-test.")
        self.home = os.path.join(self.dir, "data")
        self.user = os.path.join(self.dir, "user")
        os.makedirs(os.path.join(self.user, ".config", "mailcert"))
        os.makedirs(os.path.join(self.user, "Mail"))
        with open(os.path.join(self.user, ".config/mailcert/config"),
                  "w") as f:
            f.write(config if KERNEL == (True, True) else
                    config + "set sandbox = best-effort\n")
        self.env = {
            "HOME": self.user, "MAILCERT_HOME": self.home,
            "PATH": BUILD + ":/usr/local/bin:/usr/bin:/bin:/usr/sbin",
            "LANG": "C.UTF-8", "TERM": "tmux-256color", "TZ": "UTC",
            "ASAN_OPTIONS": "detect_leaks=1",
            # For root, s-nail does not believe HOME.
            "MAILRC": os.path.join(self.user, ".mailrc"),
        }
        if CLOCK:
            self.env["LD_PRELOAD"] = CLOCK

    def __enter__(self):
        return self

    def __exit__(self, *unused):
        shutil.rmtree(self.dir, ignore_errors=True)

    def path(self, *names):
        return os.path.join(self.dir, *names)

    def write(self, name, data, mode=0o600):
        path = self.path(name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb") as f:
            f.write(data if isinstance(data, bytes) else data.encode())
        os.chmod(path, mode)
        return path

    def run(self, *args, stdin=b"", program=MAILCERT, env=None, timeout=180,
            **more):
        """Run mailcert without a controlling terminal."""
        if isinstance(stdin, bytes):
            more["input"] = stdin
        else:
            more["stdin"] = stdin
        return subprocess.run([program, *args], env=env or self.env,
                              capture_output=True, timeout=timeout,
                              start_new_session=True, **more)

    def expect(self, *more, address=ADDRESS, ca=CA, part2=PART2,
               thumbprint=THUMBPRINT):
        got = self.run("expect", address, "--from", ca, "--token-part2",
                       part2, "--thumbprint", thumbprint, *more)
        assert got.returncode == 0, got.stderr
        return got.stdout.decode().strip()

    def backdate(self, id, created):
        """Let an order have been made then, so that stored messages, which
        have fixed dates, can be what it waits for."""
        self.change(id, created=created)

    def expectation(self, id):
        """The file and the members of an expected challenge, by its own id or
        that of its certificate order."""
        top = os.path.join(self.home, "expectations")
        for name in sorted(n for n in os.listdir(top)
                           if n.endswith(".json")):
            with open(os.path.join(top, name)) as f:
                record = json.load(f)
            if id in (record["id"], record.get("order")):
                return os.path.join(top, name), record
        raise AssertionError("no expectation " + id)

    def change(self, id, **members):
        """Write into the record what only time could."""
        path, record = self.expectation(id)
        record.update(members)
        with open(path, "w") as f:
            json.dump(record, f)

    def order(self, id):
        got = self.run("status", "--json", id)
        assert got.returncode == 0, got.stderr
        return json.loads(got.stdout)["expectations"][0]

    def orders_bytes(self):
        """All expectations, to compare: is the state the same to the octet?"""
        out = {}
        top = os.path.join(self.home, "expectations")
        for name in sorted(os.listdir(top)) if os.path.isdir(top) else []:
            with open(os.path.join(top, name), "rb") as f:
                out[name] = f.read()
        return out

    def files(self):
        """Every file below the place but locks and the log."""
        out = []
        for top, _, names in os.walk(self.dir):
            out += [os.path.relpath(os.path.join(top, n), self.dir)
                    for n in names if n not in ("lock", "log", "log.old")]
        return sorted(out)


def challenge(subject="ACME: " + PART1, to=ADDRESS, sender=CA, body=None,
              msgid="<c1@ca.example>", auto="auto-generated; type=acme",
              extra="", content_type="text/plain", date=None):
    """A challenge message as section 3.1 wants it, LF line ends."""
    lines = ["Return-Path: <%s>" % email.utils.parseaddr(sender)[1],
             "Received: from ca.example by mx.example.org; " +
             email.utils.formatdate()]
    for name, value in (("Date", date or email.utils.formatdate()),
                        ("From", sender), ("To", to), ("Message-ID", msgid),
                        ("Auto-Submitted", auto), ("Subject", subject),
                        ("MIME-Version", "1.0"),
                        ("Content-Type", content_type)):
        if value is not None:
            lines.append("%s: %s" % (name, value))
    text = "\n".join(lines) + "\n" + extra
    return (text + "\n" + (body or "This is an ACME challenge.\n")).encode()


def with_part(type_="application/acme", content="ACME: a copy for people\n",
              **more):
    """A challenge in multipart/mixed with a private part (base64)."""
    boundary = "=_part"
    body = ("--%s\nContent-Type: text/plain\n\nThis is a challenge.\n"
            "--%s\nContent-Type: %s\nContent-Transfer-Encoding: base64\n\n%s"
            "--%s--\n" % (boundary, boundary, type_,
                          base64.encodebytes(content.encode()).decode(),
                          boundary))
    return challenge(body=body, content_type='multipart/mixed; boundary="%s"'
                     % boundary, **more)


def digest(part1=PART1, part2=PART2, thumbprint=THUMBPRINT):
    """RFC 8823 section 3, step 6, with Python's hashlib."""
    keyauth = part1 + part2 + "." + thumbprint
    raw = hashlib.sha256(keyauth.encode("ascii")).digest()
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def check_reply(raw, address=ADDRESS, to=CA, part1=PART1, msgid="<c1@ca.example>",
                want=None):
    """RFC 8823 section 3.2, clause by clause; gives the faults found."""
    faults = []
    if isinstance(raw, str):
        raw = raw.encode()
    head, _, rest = raw.replace(b"\r\n", b"\n").partition(b"\n\n")
    m = email.message_from_bytes(raw, policy=email.policy.SMTP)

    def one(name):
        got = m.get_all(name) or []
        if len(got) != 1:
            faults.append("%s occurs %d times" % (name, len(got)))
            return ""
        return str(got[0])

    if one("Subject") != "Re: ACME: " + part1:
        faults.append("Subject is %r" % one("Subject"))
    if b"\nFrom: %s\n" % address.encode() not in b"\n" + head + b"\n":
        faults.append("From is not bare: %r" % one("From"))
    if email.utils.getaddresses([one("To")]) != [("", to)]:
        faults.append("To is %r" % one("To"))
    if msgid and one("In-Reply-To") != msgid:
        faults.append("In-Reply-To is %r" % one("In-Reply-To"))
    if msgid and msgid not in one("References"):
        faults.append("References is %r" % one("References"))
    for name in m.keys():
        if name.lower().startswith("list-"):
            faults.append("there is a " + name)
    if m.get("Cc") or m.get("Bcc"):
        faults.append("there is Cc or Bcc")
    if not m.get("Date") or not m.get("Message-ID"):
        faults.append("there is no Date or Message-ID")
    if m.is_multipart() or m.get_content_type() != "text/plain":
        faults.append("type is " + m.get_content_type())
    if (m.get_content_charset() or "us-ascii") != "us-ascii":
        faults.append("charset is %s" % m.get_content_charset())
    if m.get("Content-Transfer-Encoding", "7bit").lower() != "7bit":
        faults.append("encoding is %s" % m["Content-Transfer-Encoding"])
    if m.get_param("format"):
        faults.append("it is flowed")
    lines = rest.decode("ascii", "replace").split("\n")
    while lines and lines[-1] == "":
        lines.pop()
    if lines != ["-----BEGIN ACME RESPONSE-----", want or digest(part1),
                 "-----END ACME RESPONSE-----"]:
        faults.append("body is %r" % lines)
    if any(len(line) > 998 for line in raw.split(b"\n")):
        faults.append("a line is too long")
    return faults


FAKE_SENDMAIL = """#!/bin/sh
# Keeps what it is given, one file a message, in their order; arguments beside it.
d=%s
n=$(ls "$d" | grep -c 'eml$')
n=$(printf '%%06d' "$n").$$
printf '%%s\\n' "$*" > "$d/$n.args"
cat > "$d/$n.tmp" && mv "$d/$n.tmp" "$d/$n.eml"
exit ${FAKE_SENDMAIL_STATUS:-0}
"""


def ask(*pairs, opens=None, end=True):
    """A message between our programs: frames (handler/base/verb.h)."""
    def frames(pairs):
        return b"".join(b"%s %d\n%s\n" % (name.encode(), len(v), v)
                        for name, v in ((n, v if isinstance(v, bytes) else
                                         v.encode()) for n, v in pairs))
    head = [] if opens is None else [("open", frames(opens))]
    return frames([*head, *pairs, *([("end", "")] if end else [])])


def told(raw):
    """The frames of such a message: pairs."""
    out = []
    while raw:
        head, raw = raw.split(b"\n", 1)
        name, size = head.split(b" ")
        out.append((name.decode(), raw[:int(size)]))
        raw = raw[int(size) + 1:]
    return out


def fake_sendmail(place):
    """A sendmail that keeps mail; gives its path and the box."""
    box = place.path("sent")
    os.makedirs(box, exist_ok=True)
    return place.write("sendmail", FAKE_SENDMAIL % box, 0o755), box


def sent(box):
    out = []
    for name in sorted(os.listdir(box)):
        if name.endswith(".eml"):
            with open(os.path.join(box, name), "rb") as f:
                out.append(f.read())
    return out


def answers(port, process, seconds=90):
    """Wait until a server that was started takes connections."""
    end = time.monotonic() + seconds
    while process.poll() is None and time.monotonic() < end:
        with socket.socket() as s:
            if s.connect_ex(("127.0.0.1", port)) == 0:
                return True
        time.sleep(0.05)
    return False


def gnupg(place):
    """An empty home of GnuPG, and the environment for it.  Its agent does not
    measure how many iterations this machine has time for."""
    home = place.path("gnupg")
    os.mkdir(home, 0o700)
    place.write("gnupg/gpg-agent.conf", "s2k-count 65536\n")
    return home, dict(place.env, GNUPGHOME=home)


def nomalloc(place):
    """The library that lets an allocation fail; see there."""
    path = place.path("nomalloc.so")
    subprocess.run(["cc", "-shared", "-fPIC", "-O1", "-o", path,
                    os.path.join(ROOT, "tests/fault/nomalloc.c"), "-ldl"],
                   check=True)
    return path


def make_maildir(path, *messages):
    for sub in ("cur", "new", "tmp"):
        os.makedirs(os.path.join(path, sub), exist_ok=True)
    for i, message in enumerate(messages):
        with open(os.path.join(path, "cur", "%d.M%d.host:2,S" % (i + 1, i)),
                  "wb") as f:
            f.write(message)
    return path


def make_mbox(path, *messages):
    with open(path, "wb") as f:
        for message in messages:
            f.write(b"From ca@ca.example Sun Nov 22 04:00:00 2026\n")
            f.write(re.sub(rb"(?m)^From ", b">From ", message))
            f.write(b"\n")
    return path


class Terminal:
    """A program in a real terminal (tmux), its screen and its keys."""

    serials = itertools.count(1)

    def __init__(self, place, command, columns=80, rows=24, env=None):
        serial = next(Terminal.serials)
        self.socket = "mc%d.%d" % (os.getpid(), serial)
        script = place.write("run%d.sh" % serial, "#!/bin/sh\n" +
                             "cd %s\n" % place.dir +
                             "%s\n" % command +
                             "echo \"[exit $?]\"; sleep 1000\n", 0o755)
        full = dict(place.env, **(env or {}))
        self._tmux("-f", "/dev/null", "new-session", "-d", "-x", str(columns),
                   "-y", str(rows), "env -i " +
                   " ".join("%s='%s'" % kv for kv in full.items()) +
                   " sh " + script, env=full)

    def __enter__(self):
        return self

    def __exit__(self, *unused):
        self._tmux("kill-server")

    def _tmux(self, *args, env=None):
        return subprocess.run(["tmux", "-L", self.socket, *args],
                              capture_output=True, env=env)

    def screen(self):
        return self._tmux("capture-pane", "-p").stdout.decode()

    def raw(self):
        """The screen with its escape sequences."""
        return self._tmux("capture-pane", "-p", "-e").stdout

    def keys(self, *keys):
        for key in keys:
            self._tmux("send-keys", key)

    def paste(self, text, bracketed=True):
        self._tmux("set-buffer", "--", text)
        self._tmux("paste-buffer", *(["-p"] if bracketed else []))

    def resize(self, columns, rows):
        self._tmux("resize-window", "-x", str(columns), "-y", str(rows))

    def wait(self, text, seconds=60):
        """Wait until text is on the screen; False if it never is."""
        return self._until(lambda: text in self.screen(), seconds)

    def _until(self, holds, seconds):
        """Each look starts a tmux: look less often as time goes by."""
        end, pause = time.monotonic() + seconds, 0.05
        while time.monotonic() < end:
            if holds():
                return True
            time.sleep(pause)
            pause = min(0.25, pause * 1.4)
        return False

    def press(self, key, text, every=4, tries=4):
        """Press a key until text is there.  mutt and neomutt flush their
        input now and then, and a key typed in that moment is lost."""
        for _ in range(tries):
            self.keys(*([key] if isinstance(key, str) else key))
            if self.wait(text, every):
                return True
        return False

    def gone(self, text, seconds=60):
        return self._until(lambda: text not in self.screen(), seconds)


QUESTION = "Send the answer that proves that"


def read_then_yes(terminal):
    """As a person would: read first, then press y."""
    time.sleep(0.5)
    terminal.keys("y")
