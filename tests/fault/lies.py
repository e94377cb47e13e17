#!/usr/bin/python3
# Runs in: check check-slow
"""A helper that lies: mailcert refuses with one sentence, writes nothing and
sends nothing.  sandbox.py has the other lies of mailcert-verify."""
import base64
import email
import hashlib
import json
import os
import shutil
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(
    os.path.abspath(__file__))), "ca"))
import cms
from dnsserver import Dns
from lib import (ADDRESS, BUILD, CA, PART2, ROOT, SLOW, Place, ask, challenge,
                 fake_sendmail, run_tests, tap, tests_of)
from servers.jmap import Jmap
from town import Town

SIGNED = os.path.join(ROOT, "tests/signed")
KEY = {"thumbprint": "A" * 43}
JWS = {"jws": b'{"protected":"YQ","payload":"YQ","signature":"YQ"}'}
REQUEST = {"code": "200", "nonce": "abc", "location": "", "retry-after": "0",
           "next": "", "body": "{}"}
DNS = "sel._domainkey.ca.example secure 60 v=DKIM1"


def answer(frames=(), status="done", note="", end=True):
    return ask(("status", status), ("note", note), *frames, end=end)


def lies(right, failure):
    """What is not an answer, whatever the verb: right has the frames of a
    right one, failure is a status that the verb may have."""
    frames = list(right.items())
    last = frames[-1][0]
    return (
        ("nothing", b""),
        ("no frame", b"\033]0;owned\007"),
        ("no end", answer(frames, end=False)),
        ("more behind the end", answer(frames) + b"x"),
        ("no status", ask(("note", ""), *frames)),
        ("no note", ask(("status", "done"), *frames)),
        ("an invented status", answer(status="\033[31mowned")),
        ("the status of another verb", answer(status="only-a-part")),
        ("the status of the user", answer(status="declined")),
        ("it refuses the question", answer(status="usage")),
        ("a failure with a result", answer(frames, failure)),
        ("a frame missing", answer(frames[:-1])),
        ("a frame twice", answer(frames + frames[-1:])),
        ("an unknown frame", answer(frames + [("\033x", "")])),
        ("a frame too long", answer(frames[:-1] + [(last, b"x" * 5000000)])),
        ("a length without end", b"status 999999999999999999\ndone\n"))


class Liar:
    """The programs, one of which answers a verb with what the test says.
    truths: what it and others answer instead, by program and verb."""

    def __init__(self, place, name, verb, truths=()):
        self.place, self.name, self.verb = place, name, verb
        self.truths = dict(truths)
        self.bin = place.path("bin")
        os.mkdir(self.bin)
        for one in os.listdir(BUILD):
            if one.startswith("mailcert") and one != name and os.path.isfile(
                    os.path.join(BUILD, one)):
                shutil.copy(os.path.join(BUILD, one), self.bin)
        shutil.copy(os.path.join(BUILD, "hijacked/hasty"), self.bin)
        for one in self.truths:
            self.speak(one)

    def speak(self, name, lie=""):
        """Write a program that tells the truths and, of one verb, a lie."""
        path = os.path.join(self.bin, name)
        if os.path.exists(path):
            os.unlink(path)
        cases = "".join("%s) /bin/sed '/^end 0$/q' >/dev/null\nexec /bin/cat %s"
                        " ;;\n" % (verb, self.place.write(
                            "truth." + verb, raw))
                        for verb, raw in self.truths.get(name, {}).items())
        self.place.write("bin/" + name, "#!/bin/sh\ncase \"$1\" in\n%s%s*) "
                         "exec %s \"$1\" ;;\nesac\n" % (
                             lie, cases, os.path.join(BUILD, name)), 0o755)

    def lie(self, raw, end="exit 0"):
        self.place.write("lie", raw)
        self.speak(self.name, "%s) /bin/sed '/^end 0$/q' >/dev/null\n"
                   "/bin/cat %s\n%s ;;\n" % (
                       self.verb, self.place.path("lie"), end))

    def run(self, *args, program="mailcert"):
        return self.place.run(*args, program=os.path.join(self.bin, program))


def records(place):
    """The home, without its log and locks."""
    out = {}
    for top, _, names in os.walk(place.home):
        for name in names:
            path = os.path.join(top, name)
            if name != "log" and os.path.getsize(path) > 0:
                with open(path, "rb") as f:
                    out[os.path.relpath(path, place.home)] = f.read()
    return out


def refuses(liar, args, right, failure, more=(), sent=lambda: None, hangs=75,
            honest=0):
    """Tell every lie.  more: wrong values, and what is said about them; sent:
    what has left the machine; hangs: the exit status if the helper hangs;
    honest: that of the truth."""
    who = "%s %s" % (liar.name, liar.verb)
    before = records(liar.place), sent()

    def judge(name, got, codes, words=b""):
        tap.ok(got.returncode in codes and
               got.stderr.startswith(b"mailcert: ") and
               got.stderr.count(b"\n") == 1 and words in got.stderr and
               b"\033" not in got.stderr and got.stdout == b"",
               "%s: %s: one sentence" % (who, name), got)
        tap.ok((records(liar.place), sent()) == before,
                  "%s: %s: nothing is written or sent" % (who, name))

    for name, raw in lies(right, failure):
        liar.lie(raw)
        judge(name, liar.run(*args), {70}, liar.name.encode())
    for name, frames, words in more:
        liar.lie(answer(list(dict(right, **frames).items())))
        judge(name, liar.run(*args), {70}, words)
    good = answer(list(right.items()))
    liar.lie(b"", "exit 1")
    judge("it fails without a word", liar.run(*args), {70}, b"ended without")
    liar.lie(good[:-4], "kill -9 $$")
    judge("it ends within its answer", liar.run(*args), {70, 75},
          liar.name.encode())
    liar.lie(b"", "while :; do echo x; done")
    judge("it prints without end", liar.run(*args), {70}, b"printed too much")
    liar.lie(b"", "exec /bin/sleep 60")
    got = liar.run(*args, program="hasty")
    if hangs:
        judge("it hangs", got, {hangs}, b"later")
    else:
        tap.ok(got.returncode in (0, 75), who + ": it hangs: the command "
               "does not", got)
    # The same without a lie: the refusals are not those of the arguments.
    os.unlink(os.path.join(liar.bin, liar.name))
    shutil.copy(os.path.join(BUILD, liar.name), liar.bin)
    got = liar.run(*args)
    tap.ok(got.returncode == honest, who + ": the honest one is believed", got)


def test_thumbprint():
    with Place() as place:
        liar = Liar(place, "mailcert-key", "thumbprint")
        key = place.path("k.pem")
        os.system("openssl genpkey -algorithm ec -pkeyopt "
                  "ec_paramgen_curve:P-256 -out %s 2>/dev/null" % key)
        os.chmod(key, 0o600)
        words = b"mailcert-key thumbprint is malformed"
        refuses(liar, ("expect", ADDRESS, "--from", CA, "--token-part2",
                       PART2, "--account-key", key), KEY, "bad-key",
                [(name, {"thumbprint": value}, words) for name, value in (
                    ("an empty one", ""), ("a short one", "A" * 42),
                    ("a long one", "A" * 44), ("padding", "A" * 43 + "="),
                    ("another alphabet", "A" * 42 + "+"),
                    ("a NUL", b"A" * 42 + b"\0"),
                    ("a sequence", "\033[2J" + "A" * 39))])


def posts(town, path=""):
    return lambda: [one for one in town.ca.seen
                    if one[0] == "POST" and path in one[1]]


def registered():
    town = Town("set caa = yes\n")
    got = town.run("account", "register", "--agree")
    assert got.returncode == 0, got.stderr
    return town


def test_jws():
    with registered() as town:
        liar = Liar(town.place, "mailcert-key", "jws")
        good = '{"protected":"%s","payload":"%s","signature":"%s"}'
        words = b"mailcert-key jws is malformed"
        refuses(liar, ("account", "contact", "bob@example.org"), JWS,
                "permission",
                [(name, {"jws": value}, words) for name, value in (
                    ("an empty one", ""), ("no object", "hello"),
                    ("an empty object", "{}"),
                    ("a header line", "GET / HTTP/1.1\r\nX: \033"),
                    ("no signature", '{"protected":"YQ","payload":"YQ"}'),
                    ("an empty signature", good % ("YQ", "YQ", "")),
                    ("an empty header", good % ("", "YQ", "YQ")),
                    ("another alphabet", good % ("YQ", "Y+", "YQ")),
                    ("a sequence", good % ("YQ", "\033[2J", "YQ")),
                    ("a fourth member", (good % ("YQ", "YQ", "YQ"))[:-1] +
                     ',"key":"YQ"}'),
                    ("more behind it", good % ("YQ", "YQ", "YQ") + "x"))],
                posts(town))


def test_generate():
    with registered() as town:
        town.run("order", "--dry-run", ADDRESS)  # caches its DNS answers
        liar = Liar(town.place, "mailcert-key", "generate")
        words = b"mailcert-key generate is malformed"
        right = {"csr": "YQ", "public": "YQ"}
        refuses(liar, ("order", "--no-wait", ADDRESS), right, "bad-key",
                [(name, frames, words) for name, frames in (
                    ("no request", {"csr": ""}), ("no key", {"public": ""}),
                    ("PEM", {"csr": "-----BEGIN CERTIFICATE REQUEST-----\n"}),
                    ("a sequence", {"csr": "\033[2J"}),
                    ("another alphabet", {"public": "YQ+/"}),
                    ("a long request", {"csr": "A" * 60000}),
                    ("a long key", {"public": "A" * 60000}))],
                posts(town, "/order"))


def test_txt():
    with open(os.path.join(SIGNED, "dns.json")) as f:
        dns = Dns(json.load(f))
    config = "set resolver = %s\nset auto_submitted = relaxed\n" % dns.resolver
    with Place(config=config) as place:
        liar = Liar(place, "mailcert-net", "txt")
        place.expect("--expires", "24h")
        words = b"mailcert-net txt is malformed"
        refuses(liar, ("handle", "--auto-approve", "--draft", "stdout",
                       os.path.join(SIGNED, "d0-good.eml")), {"dns": DNS},
                "dns-trouble",
                [(name, {"dns": value}, words) for name, value in (
                    ("an empty one", ""), ("no line", "\033[2J"),
                    ("an unknown state", DNS.replace("secure", "sure")),
                    ("no number", DNS.replace("60", "x")),
                    ("a huge number", DNS.replace("60", "9" * 40)),
                    ("a second line", DNS + "\n" + DNS))])


def test_caa():
    with registered() as town:
        liar = Liar(town.place, "mailcert-net", "caa")
        words = b"mailcert-net caa is malformed"
        refuses(liar, ("order", "--dry-run", ADDRESS), {"dns": DNS},
                "dns-trouble",
                [(name, {"dns": value}, words) for name, value in (
                    ("an empty one", ""), ("no line", "\033[2J"),
                    ("an unknown state", DNS.replace("secure", "sure")),
                    ("no number", DNS.replace("60", "x")))],
                posts(town), hangs=0)


def test_request():
    with registered() as town:
        liar = Liar(town.place, "mailcert-https", "request")
        words = b"mailcert-https request is malformed"
        refuses(liar, ("account", "contact", "bob@example.org"), REQUEST,
                "network-trouble",
                [(name, frames, words) for name, frames in (
                    ("no code", {"code": ""}), ("code 0", {"code": "0"}),
                    ("a word for a code", {"code": "ok"}),
                    ("a huge code", {"code": "9" * 40}),
                    ("a negative code", {"code": "-1"}),
                    ("a time for seconds", {"retry-after": "soon"}))],
                posts(town))


def test_fetch():
    """mailcert watch tells it, and looks again later."""
    with Jmap() as jmap, Place(
            "set authenticate = none\nset mail_ca_file = %s\n"
            "set password.alice@127.0.0.1 = \"echo secret\"\n" %
            jmap.ca) as place:
        liar = Liar(place, "mailcert-https", "fetch")
        send, box = fake_sendmail(place)
        place.expect("--expires", "24h")
        jmap.deliver(challenge())
        args = ("-o", "sendmail=" + send, "watch", "--once",
                "jmap:https://alice@127.0.0.1:%d" % jmap.port)
        before = records(place)
        session = json.dumps(jmap.session("alice"))
        right = {"code": "200", "location": "", "retry-after": "-1",
                 "body": session}
        told = [("of a session: " + name, raw)
                for name, raw in lies(right, "login-failed")]
        told += [(name, answer(list(dict(right, **frames).items())))
                 for name, frames in (
                     ("no code", {"code": ""}), ("code 0", {"code": "0"}),
                     ("a huge code", {"code": "9" * 40}),
                     ("a time for seconds", {"retry-after": "soon"}),
                     ("a place that is too long", {"code": "301",
                                                   "location": "x" * 9999}),
                     ("a sequence", {"body": "\033[2J"}),
                     ("the same answer for ever", {}))]
        for name, raw in told:
            liar.lie(raw)
            got = liar.run(*args)
            tap.ok(got.returncode in (70, 75) and
                   got.stderr.count(b"\n") == 2 and
                   b"\033" not in got.stderr and not os.listdir(box) and
                   records(place) == before,
                   "mailcert-https fetch: %s: told, nothing done" % name, got)
        os.unlink(os.path.join(liar.bin, liar.name))
        shutil.copy(os.path.join(BUILD, liar.name), liar.bin)
        got = liar.run(*args)
        tap.ok(got.returncode == 0 and len(os.listdir(box)) > 0,
               "mailcert-https fetch: the honest one is believed", got)


def test_announced():
    """What is seen of a mail server is shown to a person."""
    good = {"address": "192.0.2.1", "listed": "after", "leaf": "0" * 64,
            "public": "0" * 64, "name": "mail.example.org", "expires": "1",
            "distrust": "", "fits": ""}
    with Place() as place:
        liar = Liar(place, "mailcert-mail", "announced")

        def check(**lie):
            seen = dict(good, **lie)
            liar.lie(answer([("seen", ask(*seen.items(), end=False))]))
            return liar.run("service", "check", "--service", "imaps",
                            "mail.example.org")
        got = check()
        tap.ok(got.returncode == 0 and b"192.0.2.1" in got.stdout,
               "announced: the truth", got)
        for member, value in (
                ("address", ""), ("address", "\033[31m"),
                ("fault", "\033]0;owned\007"), ("distrust", "\u202eback"),
                ("name", "a\nb"), ("name", "x" * 500), ("leaf", "0" * 63),
                ("leaf", ""), ("public", "G" * 64), ("public", "")):
            got = check(**{member: value})
            tap.ok(got.returncode == 70 and b"what it saw" in got.stderr and
                   got.stdout == b"" and b"\033" not in got.stderr,
                   "announced: %s %r" % (member, value[:20]), got)
        got = check(after="\033[31mred\n")
        tap.ok(got.returncode == 0 and b"\\x1b[31mred" in got.stdout and
               b"\033" not in got.stdout, "announced: a hostile value", got)


def test_object():
    root = cms.Authority("Test Root")
    with Place(config="") as place:
        liar = Liar(place, "mailcert-verify", "object")
        inner = email.message_from_bytes(cms.openssl_sign(
            b"Content-Type: text/plain\r\n\r\nHello\r\n",
            [root.issue(CA)], opaque=False))
        files = [place.write("der", inner.get_payload()[1].get_payload(
            decode=True)), place.write(
                "content", b"Content-Type: text/plain\r\n\r\nHello\r\n")]
        words = b"mailcert-verify object is malformed"
        refuses(liar, ("mutt-verify", "--CAfile", place.write(
            "root.pem", cms.cert_pem(root.cert)), *files),
                {"address": CA, "issuer": "CN=Test Root"}, "crypto",
                [(name, frames, words) for name, frames in (
                    ("a sequence", {"address": "\033[2Ja@ca.example"}),
                    ("a second line", {"issuer": "x\nSigner: a@ca.example"}),
                    ("a long issuer", {"issuer": "x" * 400}),
                    ("an error that is not shown", {"error": "\033[8m"}))])


def with_certificate():
    """A place with a certificate in use."""
    place = Place()
    key, cert = cms.Authority("Test Root").issue(ADDRESS)
    got = place.run("import", place.write("pair.pem", cms.pem(key) +
                                          cms.cert_pem(cert)))
    assert got.returncode == 0, got
    return place


def test_owner():
    with with_certificate() as place:
        liar = Liar(place, "mailcert-net", "owner")
        words = b"mailcert-net owner is malformed"
        refuses(liar, ("smimea", "print", "--draft", ADDRESS),
                {"draft": "alice._smimecert.x.org",
                 "name": "aa._smimecert.x.org"}, "malformed",
                [(name, frames, words) for name, frames in (
                    ("an empty name", {"name": ""}),
                    ("a second line", {"name": "x\nupdate delete example.org"}),
                    ("a blank", {"name": "a b.x.org"}),
                    ("a name too long", {"name": "a." * 127 + "b"}),
                    ("a draft with a line end", {"draft": "a\nb"}),
                    ("a draft with a sequence", {"draft": "\033[2J"}))])


def test_zone():
    """The names of a zone and of its servers go into an nsupdate script."""
    with with_certificate() as place:
        liar = Liar(place, "mailcert-net", "zone")
        words = b"mailcert-net zone is malformed"
        refuses(liar, ("-o", "dns_update_server=127.0.0.1@1", "smimea",
                       "publish", ADDRESS),
                {"name": "aa._smimecert.example.org",
                 "server": "ns.example.org 127.0.0.1",
                 "zone": "example.org"}, "dns-trouble",
                [(name, frames, words) for name, frames in (
                    ("an empty name", {"name": ""}),
                    ("a second line", {"name": "x\nupdate delete a.org"}),
                    ("a zone with a blank", {"zone": "example.org A"}),
                    ("no zone", {"zone": ""}),
                    ("a server with a line end", {"server": "ns\nquit"}),
                    ("a server with a sequence", {"server": "\033[2J"}),
                    ("an empty server", {"server": ""}))], honest=75)


OWNER = "%s._smimecert.example.org" % hashlib.sha256(
    b"alice").hexdigest()[:56]


def test_served():
    """What the name servers of a zone show: mailcert waits for that."""
    zone = {"mailcert-net": {"zone": answer([
        ("name", OWNER), ("zone", "example.org"),
        ("server", "ns.example.org 127.0.0.1@1")])}}
    with with_certificate() as place:
        liar = Liar(place, "mailcert-net", "served", zone)
        args = ("-o", "dns_update_server=127.0.0.1@1", "-o",
                "dns_update_command=" + place.write(
                    "nsupdate", "#!/bin/sh\nexec /bin/cat >/dev/null\n",
                    0o755), "-o", "dns_patience=1s", "-o",
                "resolver=127.0.0.1@1",
                "smimea", "publish", ADDRESS)
        late = OWNER + " unvalidated 0"
        liar.lie(answer([("dns", late)]))
        got = liar.run(*args)
        tap.ok(got.returncode == 75 and b"does not have it yet" in got.stderr,
               "mailcert-net served: the record is there from now on", got)
        words = b"mailcert-net served is malformed"
        refuses(liar, args, {"dns": late}, "crypto",
                [(name, {"dns": value}, words) for name, value in (
                    ("an empty one", ""), ("no line", "\033[2J"),
                    ("an unknown state", late.replace("un", "in")),
                    ("no number", late.replace(" 0", " x")),
                    ("a second line", late + "\n" + late),
                    ("a name with a line end", "a\nb" + late))],
                honest=75)
        liar.lie(answer([("dns", OWNER + " trouble 0 ?G1sybA")]))
        got = liar.run(*args)
        tap.ok(got.returncode == 75 and b"\033" not in got.stderr,
               "mailcert-net served: a reason with a sequence", got)


def test_records():
    """What the verifier says of records is shown, and may be saved."""
    key, cert = cms.Authority("Test Root").issue(ADDRESS)
    data = b"\3\0\0" + cms.cert_der(cert)
    line = "%s secure 60 %s" % (OWNER, base64.urlsafe_b64encode(
        data).decode().rstrip("="))
    with Place() as place:
        liar = Liar(place, "mailcert-verify", "records", {
            "mailcert-net": {"smimea": answer([("dns", line)])}})
        right = {"usage": "3", "selector": "0", "matching": "0",
                 "data": data.hex(), "certificate": ask(
                     ("pem", cms.cert_pem(cert)), ("sha256", "0" * 64),
                     ("issuer", "CN=Test Root"), ("address", ADDRESS),
                     ("starts", "1"), ("expires", "2"), end=False)}
        args = ("smimea", "lookup", ADDRESS)
        liar.speak(liar.name)
        got = liar.run(*args)
        tap.ok(got.returncode == 0 and b"3 0 0" in got.stdout,
               "mailcert-verify records: an answer is kept in the home", got)
        words = b"mailcert-verify records is malformed"

        def record(**frames):
            return {"record": ask(*dict(right, **frames).items(), end=False)}
        refuses(liar, args, record(), "bad-file",
                [(name, frames, words) for name, frames in (
                    ("no frames", {"record": "\033[2J"}),
                    ("data that is no number", record(data="zz")),
                    ("data with a line end", record(data="00\n00")),
                    ("a usage with a sequence", record(usage="\033[2J")),
                    ("a fault with a line end", record(fault="a\nb")),
                    ("an issuer with a sequence", record(certificate=ask(
                        ("issuer", "\033]0;owned\007"), end=False))),
                    ("a comparison that nobody asked for", dict(
                        record(), compared=ask(("pem", ""), end=False))))])


def test_proof():
    """The value that goes into the DNS; the order at the CA is open by then."""
    right = {"value": "A" * 43}
    with registered() as town:
        liar = Liar(town.place, "mailcert-verify", "proof")
        told = [("of any verb: " + name, raw)
                for name, raw in lies(right, "bad-token")]
        told += [(name, answer([("value", value)])) for name, value in (
            ("an empty one", ""), ("a short one", "A" * 42),
            ("a long one", "A" * 44), ("padding", "A" * 42 + "="),
            ("another alphabet", "A" * 42 + "+"),
            ("a NUL", b"A" * 42 + b"\0"),
            ("a second record", "A" * 20 + "\n" + "A" * 22),
            ("a sequence", "\033[2J" + "A" * 39))]
        for name, raw in told:
            liar.lie(raw)
            got = liar.run("service", "order", "--no-wait", "--challenge",
                           "dns-01", "--service", "imaps", "mail.example.org")
            held = b"".join(data for path, data in records(
                town.place).items() if "certificates" in path)
            tap.ok(got.returncode == 70 and b"mailcert-verify" in
                   got.stderr and b"\033" not in got.stderr and
                   got.stderr.count(b"\n") == 1 and
                   b"A" * 20 not in held,
                   "mailcert-verify proof: " + name + ": nothing to publish",
                   got, held)
            for path in records(town.place):
                if path.startswith(("certificates", "keys", "index")):
                    os.unlink(os.path.join(town.place.home, path))


def encrypted_mail(place):
    """An encrypted message to the certificate in the home; how it is
    verified."""
    with open(place.path("pair.pem"), "rb") as f:
        pair = f.read()
    sealed = subprocess.run(
        ["openssl", "cms", "-encrypt", "-aes128", place.write(
            "leaf.pem", pair[pair.index(b"-----BEGIN CERT"):])],
        input=b"Content-Type: text/plain\n\nHello\n", check=True,
        capture_output=True).stdout
    return ("verify", "--decrypt", "--fresh", "--has-smime", place.write(
        "sealed", b"From: a@b.example\n" + sealed))


def test_opened():
    """A helper that lies about an encrypted message: it stays unknown."""
    with with_certificate() as place:
        args = encrypted_mail(place)
        parts = {name: "x" for name in ("point", "info", "wrapped")}
        parts.update(scheme="rsa", digest="", mask="", wrap="", length="16")
        report = {"judged": "2", "at-delivery": "2", "why": "", "from": "",
                  "signer": "", "issuer": "", "delivered": "0",
                  "passing": "0", "protection": "0", "encrypted": "1"}

        def frames(values, **more):
            return ask(*dict(values, **more).items(), end=False)
        for program, verb, right, more in (
                ("mailcert-verify", "seal",
                 {"index": "0", "sealed": frames(parts)}, (
                     {"index": "1"}, {"index": "-1"}, {"index": "x"},
                     {"sealed": ""}, {"sealed": "\033[2J"},
                     {"sealed": frames(parts, scheme="none")},
                     {"sealed": frames(parts, length="32000")},
                     {"sealed": frames(parts, wrapped="x" * 5000)},
                     {"sealed": frames(parts, passphrase="x")})),
                ("mailcert-key", "unwrap", {"key": "k" * 16}, (
                    {"key": ""}, {"key": "k" * 15}, {"key": "k" * 32})),
                ("mailcert-verify", "opened", {"report": frames(report)}, (
                    {"report": frames(report, encrypted="0")},
                    {"report": frames(report, judged="0")},
                    {"report": frames(report, judged="4")},
                    {"report": frames(report, issuer="\033[2J")},
                    {"report": frames(report, error="a\nb")}))):
            liar = Liar(place, program, verb)
            told = [answer(list(dict(right, **one).items())) for one in more]
            told += [raw for _, raw in lies(right, "crypto")]
            for raw in told:
                liar.lie(raw)
                got = liar.run(*args)
                tap.ok(got.returncode == 0 and
                       got.stdout.startswith(b"unknown\t") and
                       got.stdout.count(b"\n") == 1 and
                       b"\033" not in got.stdout + got.stderr and
                       got.stderr.count(b"\n") <= 1,
                       "%s %s: it stays unknown" % (program, verb), raw, got)
            shutil.rmtree(liar.bin)


def test_associate():
    with with_certificate() as place:
        liar = Liar(place, "mailcert-verify", "associate")
        refuses(liar, ("smimea", "print", ADDRESS),
                {"data": b"\3\0\0abc"}, "bad-file")


# Those that take seconds each are for check-slow, and only there.
LONG = ("test_served", "test_records", "test_proof", "test_opened")
run_tests({name: test for name, test in tests_of(globals()).items()
           if tap.asked or SLOW == (name in LONG)}, 3)
tap.done()
