#!/usr/bin/python3
# Runs in: check-slow
"""service publish for servers without a setting: acme-front before a real
Postfix and a real Dovecot POP3, nginx before that; the test CA sees the value,
and mail and logins pass."""
import os
import poplib
import re
import smtplib
import socket
import ssl
import subprocess
import sys
import threading
import time

TESTS = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
ROOT = os.path.dirname(TESTS)
sys.path[:0] = [TESTS, os.path.join(TESTS, "ca")]
from lib import run_tests, tap, tests_of
from servers.dns import Zones
from servers.dovecot import Dovecot
from servers.nginx import AuthHttp, Nginx
from servers.postfix import Postfix
import cms
from service_desk import HOST, accepted
from town import Town

FRONT = os.path.join(ROOT, "mailcap/acme-front")
VALUE = "aBcDeFgHiJkLmNoPqRsTuVwXyZ0123456789-_AbCdE"
MESSAGE = "From: a@example.org\nTo: alice@example.org\nSubject: front\n\nhi\n"
INCLUDE = "!include_try conf.d/*.conf\n"


def trusting(ca):
    return ssl.create_default_context(cafile=ca)


class Front:
    """The administrator puts into the files what publish has printed."""

    def __init__(self, postfix, printed, dovecot=None):
        self.postfix, self.dovecot = postfix, dovecot
        # Nobody can read the checkout, perhaps.
        printed = printed.replace(FRONT, postfix.write(
            "bin/acme-front", open(FRONT).read()))
        for inner in set(re.findall(r"(?:smtp|pop3) (2\d{4}) ", printed)):
            printed = printed.replace(inner, str(postfix.port()))
        self.master, _, self.rest = printed.partition("\n# For Dovecot")

    def put(self):
        with open(self.postfix.path("etc/master.cf")) as f:
            self.before = f.read()
        services = re.split(r"\n(?=\S)", self.before)
        kept, options = [], {}
        ports = re.findall(r"^([\d.]+:\d+) inet .* spawn$", self.master, re.M)
        for service in services:
            name, _, more = service.partition("\n")
            if name.split(" ")[0] in ports:
                options[name.split(" ")[0]] = more.rstrip("\n")
            else:
                kept.append(service)
        text, port = "", None
        for line in self.master.splitlines():
            port = line.split(" ")[0] if line.endswith(" spawn") else port
            text += (options[port] if line.startswith("# ...") else line) + "\n"
        if self.dovecot:
            self.dovecot.write("conf.d/99-acme-pop3.conf",
                               "# For Dovecot" + self.rest)
            self.dovecot.reload()
            self.dovecot.wait_for(lambda: is_free(self.dovecot.pop3), "a port")
        self.reload("\n".join(kept) + "\n" + text)

    def take_away(self):
        self.reload(self.before)
        if self.dovecot:
            self.dovecot.wait_for(lambda: is_free(self.dovecot.pop3), "a port")
            os.unlink(self.dovecot.path("conf.d/99-acme-pop3.conf"))
            self.dovecot.reload()
            self.dovecot.wait_for_port(self.dovecot.pop3)

    def reload(self, master):
        path = self.postfix.write("etc/master.cf", master)
        then = time.time() - 60
        os.utime(path, (then, then))
        before = self.postfix.log().count("reload -- ")
        self.postfix.run(self.postfix.path("bin/postfix"), "-c",
                         self.postfix.path("etc"), "reload")
        self.postfix.wait_for(lambda: self.postfix.log().count(
            "reload -- ") > before, "reload")


def is_free(port):
    with socket.socket() as s:
        return s.connect_ex(("127.0.0.1", port)) != 0


def order(town, challenge, services):
    got = town.run("service", "order", "--no-wait", "--new", "--challenge",
                   challenge, "--address", "127.0.0.1", *[
                       word for name, port in services for word in
                       ("--service", "%s:%d" % (name, port))], HOST)
    assert got.returncode == 0, got
    return got.stdout.decode().strip()


def printed(town, server, id):
    got = town.run("service", "publish", server, id)
    assert got.returncode == 0, got
    return got.stdout.decode()


def verdicts(town, id):
    got = town.run("service", "check", id, "--json")
    return re.findall(r'"verdict": *"([a-z-]+)"', got.stdout.decode())


def look(zones, reads):
    return {"reads": reads, "resolver": zones.resolver.at}


def test_postfix(zones):
    """smtp and submission in one certificate, installed where it belongs."""
    if Postfix.missing():
        tap.skip("Postfix", Postfix.missing())
        return
    with Dovecot() as dovecot, Postfix(dovecot, settings=(
            "smtpd_tls_security_level = may")) as server, Town(
                **look(zones, "before")) as town:
        services = [("smtp", server.smtp), ("submission", server.submission)]
        id = order(town, "capability-smtp-00", services)
        tap.equal(verdicts(town, id), ["none"] * 2, "Postfix: nothing yet")
        front = Front(server, printed(town, "postfix", id))
        front.put()
        server.wait_for(lambda: verdicts(town, id) == ["before-only"] * 2,
                        "the front")
        got = town.run("finish", id)
        tap.ok(got.returncode == 0, "Postfix: the CA sees both", got,
               town.ca.problems)
        with smtplib.SMTP("127.0.0.1", server.submission,
                          source_address=("127.0.0.7", 0)) as smtp:
            smtp.ehlo()
            smtp.ehlo()
            tap.ok("ACME" in smtp.ehlo_resp.decode(), "each EHLO has it")
            smtp.starttls(context=trusting(server.ca))
            smtp.ehlo()
            tap.ok("ACME" not in smtp.ehlo_resp.decode(),
                   "and none inside TLS")
            smtp.login("alice", "secret")
            smtp.sendmail("a@example.org", ["alice@example.org"], MESSAGE)
        dovecot.wait_for(lambda: any(b"Subject: front" in one for one in
                                     dovecot.messages()), "the mail")
        tap.ok("client=unknown[127.0.0.7]" in server.log(),
               "mail passes, from its true client", server.log()[-2000:])
        env = dict(town.place.env)
        env["PATH"] = server.path("bin") + ":" + env["PATH"]
        root = town.place.write("root.pem", cms.cert_pem(town.ca.root.cert))
        got = town.run("service", "install", "postfix", "--config",
                       server.path("etc"), id, env=env)
        tap.ok(got.returncode == 0 and accepted(server.smtp, root, "smtp") and
               accepted(server.submission, root, "smtp"),
               "the certificate is installed; openssl accepts it", got)
        front.take_away()
        server.wait_for(lambda: "ACME" not in ehlo(server.smtp), "the end")
        tap.ok("ACME" not in ehlo(server.submission) and
               accepted(server.submission, root, "smtp"), "and taken away")
        got = town.run("service", "publish", "postfix", "--value", VALUE,
                       "--service", "submissions", HOST)
        tap.ok(got.returncode == 1 and b"begins with TLS" in got.stderr,
               "not for submissions", got)
        town.ca.how["reads"] = "both"
        id = order(town, "capability-smtp-00", services)
        front = Front(server, printed(town, "postfix", id))
        front.put()
        got = town.run("finish", id)
        tap.ok(got.returncode == 69 and b"no value inside TLS" in got.stderr,
               "a CA that reads inside TLS refuses it, with that reason", got)
        front.take_away()


def ehlo(port):
    with smtplib.SMTP("127.0.0.1", port) as smtp:
        return smtp.ehlo()[1].decode()


def session(port, ca):
    """A POP3 session: capabilities, STLS, a login, its first message."""
    pop = poplib.POP3("127.0.0.1", port, timeout=20)
    before = pop.capa()
    pop.stls(trusting(ca))
    pop.user("alice")
    pop.pass_("secret")
    text = b"\n".join(pop.retr(1)[1])
    pop.quit()
    return before, text


def test_pop3(zones):
    """Postfix's spawn serves Dovecot's port for that while."""
    why = Postfix.missing() or Dovecot.without_pop3()
    if why:
        tap.skip("POP3", why)
        return
    with Dovecot(settings=INCLUDE, pop3=True) as dovecot, \
            Postfix(dovecot) as server, Town(**look(zones, "before")) as town:
        dovecot.deliver(MESSAGE.encode())
        before, text = session(dovecot.pop3, dovecot.ca)
        tap.ok(b"Subject: front" in text and "ACME" not in before,
               "POP3: as it was", before, text)
        id = order(town, "capability-pop-00", [("pop3", dovecot.pop3)])
        front = Front(server, printed(town, "postfix", id), dovecot)
        front.put()
        server.wait_for(lambda: verdicts(town, id) == ["before-only"],
                        "the front")
        # To the server at its own address, a client counts as secured.
        capabilities, text = session(dovecot.pop3, dovecot.ca)
        tap.ok(b"Subject: front" in text and capabilities.pop("ACME") and
               set(capabilities) == set(before) - {"USER"},
               "POP3: sessions pass", text, capabilities, before)
        got = town.run("finish", id)
        tap.ok(got.returncode == 0, "POP3: the CA sees it", got,
               town.ca.problems)
        front.take_away()
        tap.equal(session(dovecot.pop3, dovecot.ca)[0], before,
                  "POP3: and taken away")
        root = town.place.write("root.pem", cms.cert_pem(town.ca.root.cert))
        got = town.run("service", "install", "dovecot", "--config",
                       dovecot.path("dovecot.conf"), id)
        tap.ok(got.returncode == 0 and accepted(dovecot.pop3, root, "pop3")
               and accepted(dovecot.pop3s, root),
               "POP3: installed; openssl accepts it", got)


def test_nginx_pop3(zones):
    """nginx before a real Dovecot: the value before and inside TLS, and
    sessions pass."""
    why = Nginx.missing() or Dovecot.without_pop3()
    if why:
        tap.skip("nginx before POP3", why)
        return
    for reads in ("before", "after", "both"):
        with Dovecot(pop3=True) as dovecot, Town(**look(zones, reads)) as \
                town, AuthHttp({"pop3": dovecot.pop3}) as auth:
            dovecot.deliver(MESSAGE.encode())
            outer, outer_tls = dovecot.port(), dovecot.port()
            id = order(town, "capability-pop-00", [
                ("pop3", outer), ("pop3s", outer_tls)])
            with open(dovecot.key) as f, open(dovecot.cert) as g:
                pair = dovecot.write("pair.pem", f.read() + g.read())
            got = town.run("service", "publish", "nginx", "--pair", pair, id)
            with Nginx(got.stdout.decode().replace("127.0.0.1:9143/auth",
                                                   auth.at), outer) as nginx:
                capabilities, text = session(outer, dovecot.ca)
                tap.ok(b"Subject: front" in text and "ACME" in capabilities,
                       "nginx before POP3, %s: sessions pass" % reads, text,
                       nginx.log())
                got = town.run("finish", id)
                tap.ok(got.returncode == 0, "the CA sees it: " + reads, got,
                       town.ca.problems)


class Inner:
    """Answers as told, and keeps what it was told."""

    def __init__(self, script):
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port, self.heard = self.listener.getsockname()[1], b""
        self.thread = threading.Thread(target=self.serve, args=(script,),
                                       daemon=True)
        self.thread.start()

    def serve(self, script):
        with self.listener, self.listener.accept()[0] as s, \
                s.makefile("rwb") as f:
            self.heard = f.readline()
            script(f, self)


def client(inner, *args, protocol="smtp"):
    """A front, and a socket to it."""
    listener = socket.create_server(("127.0.0.1", 0))
    ours = socket.create_connection(listener.getsockname(),
                                    source_address=("127.0.0.9", 0))
    theirs = listener.accept()[0]
    process = subprocess.Popen(
        ["perl", FRONT, protocol, *(args or (str(inner.port), VALUE))],
        stdin=theirs, stdout=theirs, stderr=theirs)
    theirs.close()
    listener.close()
    ours.settimeout(20)
    return ours, process


def talk(said, script, protocol="smtp"):
    """What a client that says this, octet by octet, hears."""
    inner = Inner(script)
    ours, process = client(inner, protocol=protocol)
    heard = b""
    try:
        for i in range(len(said)):
            ours.send(said[i:i + 1])
        while True:
            more = ours.recv(65536)
            heard += more
            if not more:
                break
    except OSError:
        pass
    ours.close()
    process.wait(20)
    return heard, inner


def smtp_server(f, inner):
    """Pipelining, a refused EHLO, one line only; then all is a stream."""
    f.write(b"220-one\r\n220 two\r\n")
    f.flush()
    while line := f.readline():
        inner.heard += line
        word = line.strip().upper()
        f.write({b"EHLO A": b"250-a\r\n250-SIZE 9\r\n250 DSN\r\n",
                 b"EHLO B": b"250 b\r\n", b"EHLO C": b"501 no\r\n",
                 b"NOOP": b"250-x\r\n250 y\r\n",
                 b"HELO D": b"250 d\r\n"}.get(word, b"250 rest\r\n"))
        f.flush()
        if word == b"QUIT":
            return


def test_dialogue(unused):
    heard, inner = talk(b"NOOP\r\nEHLO a\r\nehlo b\r\nEHLO c\r\nHELO d\r\n"
                        b"MAIL x\r\nEHLO a\r\nQUIT\r\n", smtp_server)
    acme = b"250 ACME " + VALUE.encode() + b"\r\n"
    tap.equal(heard, b"220-one\r\n220 two\r\n250-x\r\n250 y\r\n250-a\r\n"
              b"250-SIZE 9\r\n250-DSN\r\n" + acme + b"250-b\r\n" + acme +
              b"501 no\r\n250 d\r\n250 rest\r\n250-a\r\n250-SIZE 9\r\n"
              b"250 DSN\r\n250 rest\r\n", "SMTP: EHLO alone has it")
    tap.ok(re.match(rb"PROXY TCP4 127\.0\.0\.9 127\.0\.0\.1 \d+ \d+\r\n",
                    inner.heard), "the true client", inner.heard)
    heard, inner = talk(b"EHLO a\r\n" + b"x" * 70000 + b"\r\nQUIT\r\n",
                        smtp_server)
    tap.ok(b"x" * 70000 in inner.heard and heard.endswith(b"250 rest\r\n"),
           "a long line is the server's")

    def pop3_server(f, inner):
        f.write(b"+OK hi\r\n")
        f.flush()
        while line := f.readline():
            inner.heard += line
            f.write({b"CAPA": b"+OK\r\nTOP\r\n.\r\n", b"NOOP": b"-ERR no\r\n"}
                    .get(line.strip(), b"+OK\r\n"))
            f.flush()
            if line.startswith(b"QUIT"):
                return

    heard, inner = talk(b"NOOP\r\nCAPA\r\nUSER a\r\nCAPA\r\nQUIT\r\n",
                        pop3_server, "pop3")
    tap.equal(heard, b"+OK hi\r\n-ERR no\r\n+OK\r\nTOP\r\nACME " +
              VALUE.encode() + b"\r\n.\r\n+OK\r\n+OK\r\nTOP\r\n.\r\n+OK\r\n",
              "POP3: CAPA alone has it")

    def endless(f, inner):
        f.write(b"x" * 100000)
        f.flush()
        try:
            f.read(1)
        except OSError:
            pass

    heard, inner = talk(b"", endless)
    tap.equal(heard, b"", "a server without line ends: closed")

    def ends(f, inner):
        f.write(b"220 hi\r\n421 bye\r\n")

    heard, inner = talk(b"", ends)
    tap.equal(heard, b"220 hi\r\n421 bye\r\n", "a server that says good-bye")
    for protocol, answer in (("smtp", b"421 4.3.2 "), ("pop3", b"-ERR [SYS/")):
        with socket.socket() as held:
            held.bind(("127.0.0.1", 0))
            ours, process = client(
                None, str(held.getsockname()[1]), VALUE, protocol=protocol)
            tap.ok(ours.recv(100).startswith(answer),
                   protocol + ": a server that is down")
            ours.close()
            process.wait(20)
    for args in (("25",), ("x", VALUE), ("25", "a b"), ("25", VALUE + "\n")):
        got = subprocess.run(["perl", FRONT, "smtp", *args],
                             stdin=subprocess.DEVNULL, capture_output=True)
        tap.ok(got.returncode == 64, "usage: %r" % (args,), got)


why = Zones.missing()
if why:
    tap.skip("fronts", why)
    tap.done()
with Zones({"example.org": "mail A 127.0.0.1\n"}) as zones:
    run_tests(tests_of(globals(), zones), workers=3)
tap.done()
