#!/usr/bin/python3
# Runs in: check check-slow
"""mailcert watch on JMAP servers: a real Cyrus, and the test server of
tests/servers/jmap.py for what Cyrus lacks and for faults."""
import contextlib
import json
import os
import select
import smtplib
import socket
import subprocess
import sys
import threading
import time

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from lib import (ADDRESS, MAILCERT, SLOW, Place, challenge, check_reply,
                 fake_sendmail, run_tests, sample, sent, tap, tests_of)
from servers import crlf
from servers.cyrus import Cyrus
from servers.faults import CUT
from servers.jmap import Half, Jmap, Reply

OTHER = "acme-challenge+2@ca.example"
MIB = 1024 * 1024


def until(what, seconds=60):
    end = time.monotonic() + seconds
    while not what() and time.monotonic() < end:
        time.sleep(0.02)
    return what()


def ordinary(number, **more):
    return challenge(subject="lunch %d" % number, auto=None,
                     msgid="<o%d@x>" % number, **more)


class Desk:
    """Somebody who awaits a challenge in the mail of a server."""

    def __init__(self, place, server, port, user="alice"):
        self.place, self.server = place, server
        self.send, self.box = fake_sendmail(place)
        self.source = "jmap:https://%s127.0.0.1:%d" % (
            user + "@" if user else "", port)
        place.expect("--expires", "24h")

    def command(self, *args, settings=()):
        return ["-o", "sendmail=" + self.send,
                *[word for one in settings for word in ("-o", one)],
                "watch", *args, self.source]

    def once(self, *args, settings=()):
        return self.place.run(*self.command("--once", *args,
                                            settings=settings))

    @contextlib.contextmanager
    def stay(self, settings=()):
        with open(self.place.path("watch.log"), "wb") as log:
            process = subprocess.Popen(
                [MAILCERT, *self.command(settings=settings)],
                env=self.place.env, stdin=subprocess.DEVNULL, stdout=log,
                stderr=log, start_new_session=True)
        try:
            yield process
        finally:
            process.terminate()
            process.wait()

    def said(self):
        """What is wrong: without the lines that it is in order again."""
        with open(self.place.path("watch.log"), "rb") as f:
            return b"".join(line for line in f if not line.endswith(
                b"can be looked through again\n"))

    def sent(self):
        return sent(self.box)

    def log(self):
        try:
            with open(os.path.join(self.place.home, "log"), "rb") as f:
                return f.read()
        except FileNotFoundError:
            return b""


def config(server, *more):
    return "".join("set %s\n" % line for line in (
        "authenticate = none", "mail_ca_file = " + server.ca,
        'password.alice@127.0.0.1 = "echo secret"', *more))


@contextlib.contextmanager
def cyrus(*more, **settings):
    if Cyrus.missing():
        tap.skip("JMAP on Cyrus", Cyrus.missing())
        return
    with Cyrus(**settings) as server, Place(config(server, *more)) as place:
        yield Desk(place, server, server.https)


@contextlib.contextmanager
def jmap_server(*more, user="alice", **settings):
    with Jmap(**settings) as server, Place(config(server, *more)) as place:
        yield Desk(place, server, server.port, user)


# --- Cyrus -------------------------------------------------------------------

def downloads(server):
    """How often a message was downloaded: Cyrus writes what it is told into
    this directory, if it is there."""
    told = server.path("conf/log/alice")
    count = 0
    for name in os.listdir(told):
        with open(os.path.join(told, name), "rb") as f:
            count += f.read().count(b"<GET /jmap/download/")
    return count


def test_cyrus_once():
    with cyrus() as one:
        one.server.folder("conf/log/alice")
        got = one.once()
        tap.ok(got.returncode == 0 and not got.stderr and not one.sent(),
               "cyrus: an account without mail is looked through", got)
        for number in range(5):
            one.server.deliver(ordinary(number))
        one.server.deliver(challenge(sender="eve@evil.example",
                                     msgid="<e@x>"))
        one.server.deliver(challenge())
        before = one.server.messages()
        asked = downloads(one.server)
        got = one.once()
        asked = downloads(one.server) - asked
        tap.ok(got.returncode == 0 and len(one.sent()) == 1 and
               not got.stdout and not got.stderr,
               "cyrus: the one that is expected is answered", got)
        tap.equal(check_reply(one.sent()[0]), [], "cyrus: the reply is right")
        tap.equal(one.server.messages(), before,
                  "cyrus: all messages stay as and where they are")
        tap.equal(asked, 1, "cyrus: one message is downloaded")
        tap.ok(b"[%s: M" % one.source.encode() in one.log(),
               "cyrus: the log says which message it was", one.log())
        one.place.expect("--expires", "24h", ca=OTHER)
        got = one.once()
        tap.ok(got.returncode == 0 and len(one.sent()) == 1,
               "cyrus: once more: nothing", got)


def test_cyrus_stays():
    with cyrus() as one:
        one.server.deliver(ordinary(0))
        with one.stay():
            tap.ok(until(lambda: os.path.isdir(
                one.place.home + "/watched")), "cyrus: it looks")
            one.server.deliver(challenge())
            tap.ok(until(one.sent), "cyrus: a challenge that comes later is "
                   "answered", one.said())
            one.place.expect("--expires", "24h", ca=OTHER)
            one.server.restart()
            one.server.deliver(challenge(sender=OTHER, msgid="<2@x>"))
            tap.ok(until(lambda: len(one.sent()) == 2),
                   "cyrus: also after a restart of the server", one.said())
        tap.ok(one.said().count(b"\n") <= 1 and not any(
            check_reply(raw) and check_reply(raw, to=OTHER, msgid="<2@x>")
            for raw in one.sent()), "cyrus: one line at most", one.said())


def test_cyrus_many():
    """A thousand messages beside it, none of which is downloaded."""
    count = 1000 if SLOW else 300
    with cyrus() as one:
        one.server.deliver(ordinary(0))
        one.server.folder("conf/log/alice")
        with smtplib.LMTP("127.0.0.1", one.server.lmtp) as lmtp:
            for number in range(1, count):
                lmtp.sendmail("a@b.example", "alice@example.org",
                              crlf(ordinary(number)))
        one.server.deliver(challenge())
        got = one.once()
        tap.ok(got.returncode == 0 and len(one.sent()) == 1,
               "cyrus: it is found among %d" % count, got)
        tap.equal(downloads(one.server), 1,
                  "cyrus: and none of those is downloaded")


def test_cyrus_refuses():
    with cyrus() as one:
        one.server.deliver(challenge())
        got = one.once(settings=['password.alice@127.0.0.1="echo wrong"'])
        tap.ok(is_told(one, got, b"password (HTTP 401)"),
               "cyrus: a wrong password is told", got)
        got = one.once(settings=["mail_ca_file=/etc/ssl/certs/"
                                 "ca-certificates.crt"])
        tap.ok(is_told(one, got, b"not trusted") and
               b"set mail_ca_file" in got.stderr,
               "cyrus: a certificate that is not trusted is told", got)
        one.source = one.source.replace("127.0.0.1", "localhost")
        got = one.once(settings=["password.alice@localhost=false"])
        tap.ok(got.returncode == 75 and b"password" in got.stderr,
               "cyrus: so is a command that fails", got)
        tap.ok(not one.sent(), "cyrus: nothing is sent")


# --- what Cyrus lacks --------------------------------------------------------

def test_bearer():
    with jmap_server("token.alice@127.0.0.1 = \"echo good\"",
                     tokens={"good": "alice"}) as one:
        one.server.deliver(challenge())
        got = one.once()
        tap.ok(got.returncode == 0 and len(one.sent()) == 1 and
               set(one.server.authorizations) == {"Bearer good"},
               "a token is sent as Bearer", got, one.server.authorizations)


def test_bearer_without_user():
    with jmap_server(user="", tokens={"good": "alice"}) as one:
        one.server.deliver(challenge())
        got = one.once()
        tap.ok(got.returncode == 75 and b"token.127.0.0.1" in got.stderr and
               not one.server.heard, "without a user, a token is needed", got)
        got = one.once(settings=["password.127.0.0.1=echo good"])
        tap.ok(got.returncode == 75 and not one.server.heard,
               "a password does not do", got)
        got = one.once(settings=["token.127.0.0.1=echo good"])
        tap.ok(got.returncode == 0 and len(one.sent()) == 1,
               "token.HOST does", got)


def test_token_renewed():
    with jmap_server(tokens={"t1": "alice"}) as one:
        count = one.place.path("count")
        command = one.place.write("token", "#!/bin/sh\necho x >> %s\n"
                                  "echo t$(wc -l < %s)\n" % (count, count),
                                  0o755)
        one.server.deliver(ordinary(1))
        with one.stay(settings=["token.alice@127.0.0.1=" + command]):
            tap.ok(until(lambda: one.server.count("Email/query")),
                   "the first token does")
            one.server.tokens = {"t2": "alice"}
            one.server.deliver(challenge())
            tap.ok(until(one.sent), "another one is got when it has expired",
                   one.said())
            tap.equal(one.said(), b"", "without a word")
        tap.ok(one.server.authorizations.count("Bearer t1") > 1,
               "until then the first is kept", one.server.authorizations)


def test_wrong_token():
    with jmap_server("token.alice@127.0.0.1 = \"echo bad\"") as one:
        with one.stay():
            tap.ok(until(one.said), "a token that does not do is told")
            time.sleep(3)
        tap.ok(one.said().count(b"\n") == 1 and b"token" in one.said() and
               len(one.server.authorizations) == 1,
               "once, and it is not tried again soon", one.said(),
               one.server.authorizations)


def test_bad_accounts():
    with jmap_server() as one:
        for source, settings, text in (
                ("jmap:https://a%3Ab@127.0.0.1:1",
                 ["password.a:b@127.0.0.1=echo x"], b'":"'),
                (one.source, ["token.alice@127.0.0.1=printf 'a\\rX: y'"],
                 b"character")):
            one.source = source
            got = one.once(settings=settings)
            tap.ok(got.returncode == 75 and text in got.stderr and
                   not one.server.authorizations, "not sent: %s" % source,
                   got)


def test_urls():
    for name, more in (
            ("relative URLs", {}), ("absolute URLs", {"absolute": True}),
            ("the session at /.well-known/jmap", {"answers": {
                "well-known": lambda h: h.server.jmap.session("alice")}}),
            ("a redirect to http://", {"answers": {
                "well-known": lambda h: Reply(
                    301, Location="http://127.0.0.1:1/jmap/session")}}),
            ("a redirect to https://", {"answers": {
                "well-known": lambda h: Reply(
                    308, Location=h.server.jmap.url + "/jmap/session")}}),
            ("URLs relative to the session's", {"answers": {
                "session": lambda h: dict(
                    h.server.jmap.session("alice"), apiUrl="api",
                    downloadUrl="get/{accountId}/{blobId}/{name}{nothing}")
            }})):
        with jmap_server(**more) as one:
            one.server.deliver(challenge())
            got = one.once()
            tap.ok(got.returncode == 0 and len(one.sent()) == 1, name, got)


def test_elsewhere():
    """Another server is never asked, let alone with a password."""
    with Jmap() as other, jmap_server() as one:
        one.server.deliver(challenge())
        far = other.url
        session = one.server.session("alice")
        loop = [Reply(302, Location="/.well-known/jmap")] * 5
        for name, answers in (
                ("a redirect to another port", {"well-known": Reply(
                    301, Location=far + "/.well-known/jmap")}),
                ("a redirect to another host", {"well-known": Reply(
                    301, Location="https://localhost:%d/x" %
                    one.server.port)}),
                ("a redirect to http:// on another host", {
                    "well-known": Reply(
                        301, Location="http://localhost/jmap")}),
                ("a redirect without a place", {"well-known": Reply(301)}),
                ("a redirect to a file", {"well-known": Reply(
                    301, Location="file:///etc/passwd")}),
                ("redirects without an end", {"well-known": loop}),
                ("a redirect of the API", {"api": Reply(
                    307, Location=far + "/jmap/api")}),
                ("a redirect of a download", {"download": Reply(
                    302, Location=far + "/jmap/get/A1/B1/x")}),
                *(("%s: %s" % (which, str(url)[:40]),
                   {"session": dict(session, **{which: url})})
                  for which in ("apiUrl", "downloadUrl")
                  for url in (far + "/{accountId}{blobId}",
                              "http://127.0.0.1:%d/{accountId}{blobId}" %
                              one.server.port,
                              "https://127.0.0.1:%d@evil.example/"
                              "{accountId}{blobId}" % one.server.port,
                              "//localhost/{accountId}{blobId}",
                              "file:///{accountId}{blobId}",
                              "/x\r\nX: y{accountId}{blobId}",
                              "/x y{accountId}{blobId}",
                              "/" + "x" * 100000 + "{accountId}{blobId}",
                              "", None, 7)),
                *(("downloadUrl: " + url,
                   {"session": dict(session, downloadUrl=url)})
                  for url in ("/{accountId}", "/{blobId}", "/x",
                              "/{accountId}{blobId", "/}{accountId}{blobId}",
                              "/{accountId}{blobId}{?type}",
                              "/{accountId}{+blobId}"))):
            one.server.answers = answers
            got = one.once("--again")
            tap.ok(is_told(one, got), "refused: %r" % name, got)
        tap.ok(not other.heard and not one.sent(),
               "no other server is asked, and nothing is answered",
               other.heard)


def test_no_secret():
    with jmap_server() as one, one.stay() as process:
        tap.ok(until(lambda: one.server.count("Email/query")), "it looks")
        seen = b""
        for pid in os.listdir("/proc"):
            if not pid.isdigit():
                continue
            with contextlib.suppress(OSError):
                with open("/proc/%s/stat" % pid) as f:
                    session = f.read().rsplit(")", 1)[1].split()[1:4]
                if pid != str(process.pid) and \
                        str(process.pid) not in session:
                    continue
                for name in ("cmdline", "environ"):
                    with open("/proc/%s/%s" % (pid, name), "rb") as f:
                        seen += f.read() + b"\n"
        tap.ok(b"mailcert-https" in seen and b"secret" not in seen,
               "no password in arguments or environment", seen)
        tap.ok(b"secret" not in one.log() + one.said(),
               "nor in the log, nor on the terminal")


# --- faults ------------------------------------------------------------------

LEFT = b"mailcert: something is left to do; try again later\n"


def is_told(one, got, text=b""):
    """One line says what is wrong; the other, that something is left."""
    return got.returncode == 75 and got.stderr.endswith(LEFT) and \
        got.stderr.count(b"\n") == 2 and text in got.stderr and \
        got.stderr.count(one.source.encode()) == 1


def faulty(one, name, answers, text=b"", answered=0, told=True):
    """With the fault, a line says why; without it the challenge is answered.
    answered: that it is answered nevertheless."""
    one.server.answers = answers
    got = one.once("--again")
    tap.ok((is_told(one, got, text) if told else
            got.returncode == 0 and not got.stderr) and
           len(one.sent()) == answered, name, got)


def nested(depth):
    return b'{"a":' + b"[" * depth + b"]" * depth + b"}"


def large(count, start=b"{\"a\":\"", piece=b"x" * MIB):
    return Reply(body=[start] + [piece] * count, length=count * MIB + 6)


def rubbish():
    yield "empty", b""
    yield "HTML", b"<html>Log in</html>"
    yield "an array", b"[]"
    yield "cut JSON", b'{"a":"'
    yield "a member twice", b'{"apiUrl":"/a","apiUrl":"/b"}'
    yield "deep JSON", nested(200000)
    yield "bad UTF-8", b'{"a":"\xff"}'
    yield "a NUL", b'{"a":"\\u0000"}'
    yield "a number too large", b'{"a":1e999999}'
    yield "too many values", b'{"a":[' + b"[]," * 300000 + b"[]]}"
    yield "100 MB", large(100)
    yield "nothing useful", b"{}"


def test_rubbish():
    with jmap_server() as one:
        one.server.deliver(challenge())
        for stage in ("session", "api"):
            for name, body in rubbish():
                faulty(one, "%s: %s" % (stage, name), {stage: body})
        tap.equal(one.server.count("api"), 12, "they were asked for")
        faulty(one, "then it is answered", {}, answered=1, told=False)


def test_wrong_types():
    with jmap_server() as one:
        name = one.server.deliver(challenge())
        session = one.server.session("alice")
        email = {"id": name, "blobId": "B1", "size": 100,
                 "header:Auto-Submitted:asRaw": " auto-generated; type=acme",
                 "header:From:asRaw": " acme-challenge+1@ca.example",
                 "header:Subject:asRaw": " ACME: x"}
        odd = (None, True, 7, 1.5, "", [], {}, [[]], "\u202e",
               "x" * 300000, "../../x", -1)
        for member in ("primaryAccounts", "accounts"):
            for value in (None, 7, [], {}, "x"):
                faulty(one, "session %s: %r" % (member, value), {
                    "session": dict(session, **{member: value})})
        for member in ("id", "blobId", "size"):
            for value in sample(odd, 5):
                if (member, value) == ("size", 7):
                    continue
                faulty(one, "message %s: %r" % (member, str(value)[:20]), {
                    "Email/get": lambda call, m=member, v=value:
                    {"state": "1", "list": [dict(email, **{m: v})
                                            for _ in range(30)]}
                    if call.arguments["ids"] else None},
                    told=False)  # each message is left out
        for member, method in (("ids", "Email/query"),
                               ("state", "Email/get")):
            for value in (None, 7, {}, "", ["../x"], [7], [""],
                          ["M%d" % n for n in range(300)]):
                faulty(one, "%s %s: %s" % (method, member, str(value)[:20]),
                       {method: {"state": "1", "ids": [], "list": [],
                                 member: value}})
        for response in ([], [[]], [["Email/get"]], [["Email/get", [], "0"]],
                         [[7, {}, "0"]], [["Email/set", {}, "0"]], {}, None):
            faulty(one, "responses: %s" % json.dumps(response), {
                "api": {"methodResponses": response}})
        faulty(one, "then it is answered", {}, answered=1, told=False)


def test_busy():
    with jmap_server() as one:
        one.server.deliver(challenge())
        for name, answers, text in (
                ("500", {"api": 500}, b"500"),
                ("503", {"session": 503}, b"503"),
                ("429", {"api": Reply(429, Retry_After=7)}, b"429"),
                ("404", {"well-known": 404}, b"404"),
                ("limit", {"api": Reply(400, json.dumps({
                    "type": "urn:ietf:params:jmap:error:limit",
                    "limit": "maxConcurrentRequests"}).encode())}, b"limit"),
                ("403", {"session": 403}, b"403"),
                ("serverUnavailable", {"Email/query": (
                    "error", "serverUnavailable")}, b"serverUnavailable"),
                ("serverFail", {"Email/get": ("error", "serverFail")},
                 b"serverFail"),
                ("unsupportedFilter", {"Email/query": (
                    "error", "unsupportedFilter")}, b"unsupportedFilter"),
                ("an error with escapes", {"Email/query": (
                    "error", "\x1b[31m\nx")}, rb"\x1b[31m\x0ax"),
                ("cannotCalculateChanges of a query", {"Email/query": (
                    "error", "cannotCalculateChanges")}, b"cannotCalc"),
                ("cut before the session", {"well-known": CUT}, b"closed"),
                ("cut before an answer", {"api": CUT}, b"closed"),
                ("a session that is cut", {"session": Half(40)}, b"closed"),
                ("an answer that is cut", {"api": Half(10)}, b"closed"),
                ("a download that is cut", {"download": Half(300)},
                 b"closed"),
                ("a download that fails", {"download": 502}, b"502")):
            faulty(one, name, answers, text)
            tap.ok(b"\x1b" not in one.log(), name + ": the log is safe")
        faulty(one, "then it is answered", {}, answered=1, told=False)


class Cutter:
    """A relay that ends each connection after that many octets of the
    server; what is inside TLS it does not know."""

    def __init__(self, port):
        self.behind, self.most, self.passed = port, None, 0
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        with contextlib.suppress(OSError):
            while True:
                near = self.listener.accept()[0]
                threading.Thread(target=self.relay, args=(near,),
                                 daemon=True).start()

    def relay(self, near):
        left = float("inf") if self.most is None else self.most
        with near, contextlib.suppress(OSError), socket.create_connection(
                ("127.0.0.1", self.behind)) as far:
            while left > 0:
                for one in select.select([near, far], [], [])[0]:
                    data = one.recv(65536)
                    if not data:
                        return
                    if one is far:
                        data = data[:min(left, len(data))]
                        left -= len(data)
                        self.passed += len(data)
                    (near if one is far else far).sendall(data)


def test_cut():
    """The connection ends after each of its octets."""
    with jmap_server() as one:
        cutter = Cutter(one.server.port)
        one.source = one.source.replace(str(one.server.port),
                                        str(cutter.port))
        one.once()
        whole = cutter.passed
        one.server.deliver(challenge())
        for most in range(0, whole, 61) if SLOW else sample(
                range(whole), 12):
            cutter.most = most
            got = one.once("--again")
            tap.ok(len(one.sent()) <= 1 and (
                is_told(one, got) or
                got.returncode == 0 and not got.stderr),
                "cut after %d octets" % most, got)
            if one.sent():
                break
        cutter.most = None
        got = one.once("--again")
        tap.ok(got.returncode == 0 and len(one.sent()) == 1,
               "then there is one answer", got)
        cutter.listener.close()


def test_silent():
    """A server that says nothing, or less and less."""
    if not SLOW:
        return
    with jmap_server() as one:
        one.server.deliver(challenge())

        def drip():
            for _ in range(60):
                time.sleep(1)
                yield b"x"
        faulty(one, "an answer that does not come", {
            "api": lambda handler: time.sleep(40)}, b"25 seconds")
        faulty(one, "an octet a second", {
            "session": Reply(body=drip(), length=1000)}, b"25 seconds")
        faulty(one, "then it is answered", {}, answered=1, told=False)


def test_pause():
    """What fails is asked again after a pause, and told once."""
    if not SLOW:
        return
    def failing(name, answers, most, seconds=6, answered=True):
        with jmap_server(answers=answers) as one, one.stay():
            one.server.deliver(challenge())
            tap.ok(until(one.said), name + ": it is told")
            asked = len(one.server.authorizations)
            time.sleep(seconds)
            more = len(one.server.authorizations) - asked
            tap.ok(more <= most, name + ": it is not asked all the time",
                   one.server.heard)
            one.server.answers = {}
            if answered:
                tap.ok(until(one.sent), name + ": then it is answered")
            time.sleep(0.5)
            tap.ok(one.said().count(b"\n") == 1 and
                   len(one.sent()) == answered,
                   name + ": one line, one answer at most", one.said())
    failing("a server that fails", {"well-known": 500}, 2)
    failing("a server that wants a pause", {"api": Reply(
        429, Retry_After=3600)}, 0, answered=False)


def test_pause_of_changes():
    if not SLOW:
        return
    with jmap_server() as one, one.stay():
        one.server.deliver(ordinary(1))
        tap.ok(until(lambda: one.server.count("Email/changes")),
               "it asks for changes")
        one.server.answers = {"Email/changes": CUT}
        one.server.deliver(challenge())
        tap.ok(until(one.said), "a connection that is cut is told")
        one.server.answers = {}
        tap.ok(until(one.sent) and one.said().count(b"\n") == 1,
               "then it is answered", one.said())


def test_sizes():
    with jmap_server("max_message = 2000000") as one:
        small = one.server.deliver(challenge(
            sender="a@ca.example", msgid="<s@x>", body="x" * 3000000))
        one.server.messages[small].size = 10
        big = one.server.deliver(challenge(sender="b@ca.example",
                                           msgid="<b@x>"))
        one.server.messages[big].size = 2000001
        endless = one.server.deliver(challenge(sender="c@ca.example",
                                               msgid="<c@x>"))
        one.server.messages[endless].size = 1000

        def download(handler):
            return large(100, b"Auto-S") if "/B3/" in handler.path else None
        one.server.deliver(challenge())
        faulty(one, "sizes that are lies hide no other message",
               {"download": download}, answered=1, told=False)
        tap.ok(one.server.count("download B1") == 1 and
               one.server.count("download B3") == 1 and
               one.server.count("download B2") == 0,
               "one that is said to be too large is not downloaded",
               one.server.heard)


def test_unreadable():
    """One message that no answer can be read with, beside the right one."""
    with jmap_server() as one:
        bad = one.server.deliver(ordinary(1))
        one.server.deliver(challenge())
        for number in range(20):
            one.server.deliver(ordinary(number + 2))

        def get(call):
            answer = call.usual(call.arguments)
            text = json.dumps({"methodResponses": [
                ["Email/get", dict(answer, accountId="A1"), "0"]]}).encode()
            return Reply(body=text.replace(b" lunch 1", b" \xff")
                         if bad in call.arguments["ids"] else text)

        def long(call):
            answer = call.usual(call.arguments)
            for message in answer["list"]:
                if message["id"] == bad:
                    message["header:From:asRaw"] = "x" * 2 * MIB
            return answer
        faulty(one, "octets that are not UTF-8", {"Email/get": lambda call:
               get(call) if call.arguments["ids"] else None},
               answered=1, told=False)
        one.place.expect("--expires", "24h", ca=OTHER)
        one.server.deliver(challenge(sender=OTHER, msgid="<2@x>"))
        faulty(one, "a field of 2 MB", {"Email/get": lambda call: long(call)
               if call.arguments["ids"] else None}, answered=2, told=False)


def test_gone():
    with jmap_server() as one:
        gone = one.server.deliver(challenge(sender="a@ca.example",
                                            msgid="<a@x>"))
        vanishes = one.server.deliver(challenge(sender="b@ca.example",
                                                msgid="<b@x>"))
        one.server.deliver(challenge())

        def get(call):
            if call.arguments["ids"] and gone in one.server.messages:
                one.server.destroy(gone)

        def download(handler):
            if vanishes in one.server.messages:
                one.server.destroy(vanishes)
        faulty(one, "messages that vanish between the questions",
               {"Email/get": get, "download": download}, answered=1, told=False)


def test_cannot_calculate():
    with jmap_server() as one:
        one.server.deliver(ordinary(1))
        with one.stay():
            tap.ok(until(lambda: one.server.count("Email/changes")),
                   "it asks for changes")
            tap.equal(one.server.count("Email/query"), 2,
                      "and no longer for lists")
            one.server.deliver(challenge())
            one.server.forget()
            tap.ok(until(one.sent), "a state that is too old: what came is "
                   "found nevertheless", one.said())
            tap.equal(one.said(), b"", "without a word")


def test_state_is_kept():
    """The next process goes on where the last one ended."""
    with jmap_server() as one:
        one.place.change(os.listdir(one.place.home + "/expectations")[0][:-5],
                         created=int(time.time()) - 3600)
        one.server.deliver(ordinary(1))
        got = one.once()
        one.server.deliver(challenge())
        one.server.heard.clear()
        got = one.once()
        tap.ok(got.returncode == 0 and len(one.sent()) == 1 and
               one.server.count("Email/query") == 0 and
               one.server.count("Email/changes") == 1,
               "changes since the last process", got, one.server.heard)


def test_pages():
    with jmap_server("max_message = 1000000") as one:
        one.server.max_objects = 7
        for number in range(300):
            one.server.deliver(ordinary(number), time.time() - number)
        one.server.deliver(challenge(), time.time() - 1000)
        got = one.once()
        tap.ok(got.returncode == 0 and len(one.sent()) == 1 and
               one.server.count("download") == 1 and
               one.server.count("Email/query") == 3,
               "pages, and as many messages at once as the server likes",
               got, one.server.heard)


def test_old():
    with jmap_server() as one:
        one.server.deliver(challenge(), time.time() - 3 * 86400)
        got = one.once()
        tap.ok(got.returncode == 0 and not one.sent() and
               not one.server.count("download"),
               "what came before the order is not looked at", got)


def test_no_end():
    with jmap_server() as one:
        one.server.deliver(challenge())
        faulty(one, "the same page for ever", {"Email/query": {
            "ids": ["M7", "M8"]}}, b"no end")
        pages = ["M7", "M8", "M9"]

        def round_and_round(call):
            at = call.arguments.get("anchor")
            return {"ids": [pages[(pages.index(at) + 1) % 3 if at else 0]]}
        before = one.server.count("Email/query")
        faulty(one, "three pages for ever", {"Email/query": round_and_round},
               b"no end")
        tap.ok(one.server.count("Email/query") - before < 20,
               "three pages: seen soon")
        faulty(one, "then it is answered", {}, answered=1, told=False)


def test_long():
    """More pages than one look has, as of 102 400 messages and more: here the
    server gives one message a page, and most are gone when they are asked
    for."""
    if not SLOW:
        return
    with jmap_server() as one:
        last = one.server.deliver(challenge())
        ids = ["N%d" % n for n in range(405)] + [last]

        def one_a_page(call):
            at = call.arguments.get("anchor")
            start = ids.index(at) + 1 if at else 0
            return {"ids": ids[start:start + 1]}
        one.server.answers = {"Email/query": one_a_page}
        with one.stay():
            tap.ok(until(one.sent, 120) and
                   b"the rest of it is for the next look" in one.said(),
                   "a long list: the rest comes with the next look",
                   one.said())
            asked = one.server.count("Email/query")
            tap.ok(asked <= 410, "a long list: no page is asked for twice",
                   asked)
        got = one.place.run("verify", one.source)
        tap.ok(got.stdout.count(b"\n") == 1 and got.returncode == 0 and
               got.stderr == b"", "a long list: verify lists all of it", got)


def test_no_end_of_changes():
    for name, state in (("the same state", lambda since: since),
                        ("other states", lambda since: since + "1")):
        with jmap_server() as one:
            one.place.change(
                os.listdir(one.place.home + "/expectations")[0][:-5],
                created=int(time.time()) - 3600)
            got = one.once()
            one.server.deliver(challenge())
            one.server.answers = {"Email/changes": lambda call: {
                "newState": state(call.arguments["sinceState"])[-200:],
                "hasMoreChanges": True, "created": [], "updated": [],
                "destroyed": []}}
            got = one.once()
            tap.ok(is_told(one, got, b"no end") and not one.sent() and
                   one.server.count("Email/changes") <= 200,
                   "changes without an end: " + name, got)
            one.server.answers = {}
            got = one.once()
            tap.ok(got.returncode == 0 and len(one.sent()) == 1,
                   "then it is answered", got)


def test_again_later():
    """A message that meets trouble is not lost."""
    with jmap_server("resolver = 127.0.0.1@1") as one:
        signed = challenge(extra="DKIM-Signature: v=1; a=rsa-sha256; "
                           "d=ca.example; s=x; h=From:To:Subject:Date:"
                           "Auto-Submitted:Message-ID:MIME-Version:"
                           "Content-Type; bh=MTIzNDU2Nzg5MDEyMzQ1Njc4OTAxMjM"
                           "0NTY3ODkwMTI=; b=eHh4\n")
        one.server.deliver(signed)
        got = one.once(settings=["authenticate=dkim"])
        tap.ok(got.returncode == 75 and b"dns-trouble" in got.stderr,
               "no DNS: 75", got)
        got = one.once()
        tap.ok(got.returncode == 0 and len(one.sent()) == 1,
               "after that it is answered", got)


def test_doctor():
    """doctor logs in, and looks for the message that a user sent to himself;
    it changes nothing."""
    with jmap_server() as one:
        for name, settings, answers, want, words in (
                ("good", (), {}, "ok", "accepts the login"),
                ("a wrong password", ("password.alice@127.0.0.1=echo x",),
                 {}, "error", "does not accept the password"),
                ("no JMAP", (), {"well-known": 404}, "warning", "no JMAP"),
                ("rubbish", (), {"session": b"x"}, "warning", "JSON"),
                ("no token", ("watch=jmap:https://127.0.0.1:1",), {}, "error",
                 "token.127.0.0.1")):
            one.server.answers = answers
            got = one.place.run(
                "-o", "watch=%s %s" % (one.source, one.source),
                *[x for s in settings for x in ("-o", s)], "doctor", "--json")
            said = [x for x in json.loads(got.stdout)["checks"]
                    if x["check"] == "jmap"]
            tap.ok(len(said) == 1 and said[0]["status"] == want and
                   words in said[0]["message"] and
                   said[0]["message"].count("127.0.0.1") >= 1,
                   "doctor, %s: %s" % (name, want), said)
        tap.ok(one.server.count("Email/query") > 0 and
               one.server.count("Email/set") == 0, "doctor changes no mail",
               one.server.heard)


def test_relaxed():
    with jmap_server("auto_submitted = relaxed") as one:
        one.server.deliver(ordinary(1))
        one.server.deliver(challenge(auto=None))
        got = one.once()
        tap.ok(one.server.count("download") == 1,
               "without Auto-Submitted the Subject counts", got,
               one.server.heard)
        tap.equal(set(one.server.heard) - {
            "GET /.well-known/jmap", "session", "Email/get", "Email/query",
            "Email/changes", "api", "download B2"}, set(),
            "nothing else was asked: nothing is changed")


if __name__ == "__main__":
    run_tests(tests_of(globals()), workers=4)
    tap.done()
