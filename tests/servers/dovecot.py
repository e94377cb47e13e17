"""Dovecot: IMAP, IMAPS, LMTP with sieve, and authentication for Postfix.

    with Dovecot({"alice": "secret"}) as dovecot:
        dovecot.deliver(message)                  # by LMTP, into INBOX
        dovecot.drop(message, "Drafts", "D")      # a file, with its flags
        imaplib.IMAP4(dovecot.host, dovecot.imap) # STARTTLS: dovecot.ca
        dovecot.messages("Drafts")                # octets; .flags, .path

A client at the server's own address counts as secured.  Connections to
`dovecot.far` (127.0.0.2) come from 127.0.0.1, so there is LOGINDISABLED before
STARTTLS.
"""
import grp
import http.server
import itertools
import json
import os
import subprocess
import threading
import time
import urllib.parse

from . import Authority, Server, lmtp_deliver, packages, program

CONFIG = """\
base_dir = {dir}/run
state_dir = {dir}/state
log_path = {dir}/log
protocols = imap lmtp
listen = {host}, {far}
default_internal_user = {login}
default_internal_group = {group}
default_login_user = {login}
mail_uid = {uid}
mail_gid = {gid}
first_valid_uid = 1
first_valid_gid = 1
mail_home = {dir}/home/%n
mail_location = maildir:~/Maildir
ssl = yes
ssl_cert = <{cert}
ssl_key = <{key}
auth_mechanisms = plain login scram-sha-256 oauthbearer xoauth2
auth_username_format = %Ln
auth_failure_delay = 0
postmaster_address = postmaster@example.org
hostname = mail.example.org
shutdown_clients = yes
passdb {{
  driver = passwd-file
  args = username_format=%n {dir}/users
}}
passdb {{
  driver = oauth2
  mechanisms = oauthbearer xoauth2
  args = {dir}/oauth2.conf
}}
userdb {{
  driver = static
  args = uid={uid} gid={gid} home={dir}/home/%n
}}
namespace inbox {{
  inbox = yes
  separator = /
  mailbox Drafts {{
    auto = subscribe
    special_use = \\Drafts
  }}
  mailbox Sent {{
    auto = subscribe
    special_use = \\Sent
  }}
}}
service anvil {{
  chroot =
  unix_listener anvil-auth-penalty {{
    mode = 0
  }}
}}
service stats {{
  chroot =
}}
service imap-login {{
  chroot =
  inet_listener imap {{
    port = {imap}
  }}
  inet_listener imaps {{
    port = {imaps}
    ssl = yes
  }}
}}
service lmtp {{
  inet_listener lmtp {{
    address = {host}
    port = {lmtp}
  }}
}}
service auth {{
  inet_listener {{
    address = {host}
    port = {auth}
  }}
}}
protocol lmtp {{
  mail_plugins = sieve
}}
plugin {{
  sieve = file:~/sieve;active=~/.dovecot.sieve
  sieve_before = {dir}/sieve
  sieve_plugins = sieve_extprograms
  sieve_extensions = +vnd.dovecot.pipe
  sieve_pipe_bin_dir = {dir}/bin
}}
{settings}
"""

POP3 = """\
protocols = imap lmtp pop3
service pop3-login {{
  executable = {programs}/pop3-login
  chroot =
  inet_listener pop3 {{
    port = {pop3}
  }}
  inet_listener pop3s {{
    port = {pop3s}
    ssl = yes
  }}
}}
service pop3 {{
  executable = {programs}/pop3
}}
"""

_serial = itertools.count(1)


class Stored(bytes):
    """A message as the server keeps it, its flags (maildir's letters) and its
    file."""

    flags, path = "", ""


class Dovecot(Server):
    """users: passwords by name; settings: more lines for the configuration;
    sieve: a script that runs before each delivery by LMTP; pop3: POP3 as well,
    at ports pop3 and pop3s (see without_pop3)."""

    name = "dovecot"
    host, far = "127.0.0.1", "127.0.0.2"

    def __init__(self, users=None, settings="", sieve=None, authority=None,
                 pop3=False):
        super().__init__()
        self.more = ""
        if pop3:
            self.pop3, self.pop3s = self.port(), self.port()
            self.programs = os.path.dirname(packages.find(
                "/usr/lib/dovecot/pop3-login"))
            self.more = POP3.format(**vars(self))
        self.users = {"alice": "secret"} if users is None else dict(users)
        self.tokens = {}  # a token: whose it is
        self.imap, self.imaps, self.lmtp, self.auth = (
            self.port() for _ in range(4))
        for folder in ("home", "bin", "sieve", "run", "state"):
            self.folder(folder)
        self.authority = authority or Authority(self.dir)
        self.ca = self.authority.file
        self.cert, self.key = self.authority.issue(self.path("server"))
        self.own(self.key)
        self.oauth = _Introspection(self.tokens)
        self.write("oauth2.conf", "introspection_mode = post\n"
                   "introspection_url = http://127.0.0.1:%d/introspect\n"
                   "username_attribute = username\n"
                   "active_attribute = active\nactive_value = true\n" %
                   self.oauth.port)
        if sieve:
            self.sieve(sieve)
        self.configure(settings)

    def __exit__(self, *unused):
        super().__exit__()
        self.oauth.close()

    @staticmethod
    def without_pop3():
        """Why it cannot serve POP3 here, or None."""
        return None if packages.find("/usr/lib/dovecot/pop3-login") else \
            "Dovecot's POP3 is not here (make deps)"

    # --- the server

    def configure(self, settings=""):
        """Write the files; a running server takes them with reload()."""
        self.write("users", "".join(
            "%s:{PLAIN}%s:::::\n" % pair for pair in self.users.items()), 0o600)
        self.write("dovecot.conf", CONFIG.format(
            group=grp.getgrgid(self.gid).gr_name,
            settings=self.more + settings, **vars(self),
            host=self.host, far=self.far))

    def start(self):
        self.spawn(program("dovecot"), "-F", "-c", self.path("dovecot.conf"))
        # The master opens all at once; this one logs no connection.
        self.wait_for_port(self.auth)

    def stop(self, seconds=20):
        """Say BYE to all, and end.  Dovecot's own way takes ten seconds until
        the sessions notice."""
        if self.process:
            self.kick("*")
        super().stop(seconds)

    def kick(self, user="alice"):
        """Say BYE to a user's sessions; the server goes on."""
        subprocess.run([program("doveadm"), "-c", self.path("dovecot.conf"),
                        "kick", user], capture_output=True, env={"PATH": ""})

    def reload(self):
        """Read the configuration again; open sessions go on."""
        before = self.log().count("reloading configuration")
        self.run(program("doveadm"), "-c", self.path("dovecot.conf"),
                 "reload")
        self.wait_for(lambda: self.log().count("reloading configuration") >
                      before, "reload")

    def start_after_crash(self):
        """After kill(): what a dead server leaves behind stops a new one."""
        if os.path.exists(self.path("run/master.pid")):
            os.unlink(self.path("run/master.pid"))
        self.start()

    # --- sieve

    def sieve(self, script):
        """Runs before each delivery by LMTP, from now on."""
        self.write("sieve/before.sieve", script)

    def pipe_program(self, name, text):
        """A program that scripts may start (vnd.dovecot.pipe).  It runs as the
        user of the server, without PATH."""
        return self.write("bin/" + name, text, 0o755)

    # --- mail

    def deliver(self, message, user="alice", sender="ca@ca.example"):
        """Deliver by LMTP: into INBOX, or where a sieve script says."""
        lmtp_deliver(self.lmtp, message, sender, user + "@example.org")

    def drop(self, message, folder="INBOX", flags="", user="alice"):
        """Deliver by writing into the Maildir; with flags (S seen, D draft,
        R answered, F flagged, T deleted) into cur, else into new."""
        name = "%d.M%dP%d.test" % (time.time(), next(_serial), os.getpid())
        top = self.maildir(folder, user)
        for sub in ("cur", "new", "tmp"):
            self.folder(os.path.join(top, sub))
        path = self.write(os.path.join(top, "tmp", name), message, 0o600)
        os.rename(path, self.path(top, *(
            ["cur", name + ":2," + flags] if flags else ["new", name])))

    def messages(self, folder="INBOX", user="alice"):
        """What a folder has, in the order of delivery."""
        while True:
            try:
                return self._messages(self.maildir(folder, user))
            except FileNotFoundError:
                pass  # the server has just renamed one

    def _messages(self, maildir):
        found = []
        for sub in ("cur", "new"):
            top = self.path(maildir, sub)
            for name in os.listdir(top) if os.path.isdir(top) else []:
                found.append((_delivered(name), os.path.join(top, name)))
        out = []
        for _, path in sorted(found):
            with open(path, "rb") as f:
                message = Stored(f.read())
            message.path = path
            message.flags = path.partition(":2,")[2]
            out.append(message)
        return out

    def folders(self, user="alice"):
        """The names of the folders that exist."""
        top = self.path("home", user, "Maildir")
        return ["INBOX"] + sorted(
            name[1:].replace(".", "/") for name in os.listdir(top)
            if name.startswith(".") and
            os.path.isdir(os.path.join(top, name, "cur")))

    def maildir(self, folder="INBOX", user="alice"):
        """Its directory, below that of the server.  Names as on the wire:
        modified UTF-7."""
        return os.path.join("home", user, "Maildir", *(
            [] if folder == "INBOX" else ["." + folder.replace("/", ".")]))

    def forget(self, folder="INBOX", user="alice"):
        """Lose the index: the folder gets another UIDVALIDITY, its messages
        other UIDs.  No session may have it open."""
        top = self.path(self.maildir(folder, user))
        for name in os.listdir(top):
            if name.startswith("dovecot"):
                os.unlink(os.path.join(top, name))

    def remove(self, folder, user="alice"):
        """Let a folder vanish."""
        self.run(program("doveadm"), "-c", self.path("dovecot.conf"),
                 "mailbox", "delete", "-u", user, folder)


def _delivered(name):
    """When a file of a Maildir was delivered, by its name."""
    seconds, _, rest = name.partition(".")
    digits = rest[1:].partition("P")[0] if rest.startswith("M") else "0"
    return (int(seconds), int(digits) if digits.isdigit() else 0, name)


class _Introspection:
    """Says whose token it is (RFC 7662), to Dovecot."""

    def __init__(self, tokens):
        outer = self
        self.asked = []

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                length = int(self.headers.get("Content-Length", 0))
                form = urllib.parse.parse_qs(self.rfile.read(length).decode())
                token = form.get("token", [""])[0]
                outer.asked.append(token)
                user = tokens.get(token)
                body = json.dumps({"active": True, "username": user} if user
                                  else {"active": False}).encode()
                self.send_response(200)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *unused):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0),
                                                      Handler)
        self.server.daemon_threads = True
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever,
                         kwargs={"poll_interval": 0.05}, daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()
