#!/usr/bin/python3
# Runs in: check check-slow
"""A certificate put to use: real mutt and neomutt in a terminal sign with it and
read with it, through gpgsm and through openssl; and everything can be undone."""
import base64
import functools
import hashlib
import os
import shutil
import subprocess
import sys

TESTS = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path[:0] = [TESTS, os.path.join(TESTS, "ca")]
import cms
from lib import (Terminal, fake_sendmail, make_maildir, run_tests, sent, tap)
from town import Town

ALICE = "alice@example.org"
MUTTRC = """set sendmail="%(send)s" spoolfile="%(in)s" folder="%(dir)s"
set editor=true abort_unmodified=no sleep_time=0 record="" realname="Alice"
set header_cache="" sort=date-sent beep=no confirmappend=no
set postponed="%(dir)s/postponed" quit=yes
"""


class User:
    """Somebody with a home, a CA, and a mail program that is set up."""

    def __init__(self, key="rsa:2048", **personality):
        self.town = Town(**personality)
        self.place = self.town.place
        self.key = key
        root = self.town.ca.root.cert
        self.root = self.place.write("root.pem", cms.cert_pem(root))
        self.fingerprint = hashlib.sha256(cms.cert_der(root)).hexdigest()
        with open(self.place.path("user/.config/mailcert/config"), "a") as f:
            f.write("set smime_anchors = %s\n" % self.root)
        self.send, self.box = fake_sendmail(self.place)
        make_maildir(self.place.path("in"))
        self.rc = self.place.write("user/.muttrc", MUTTRC % {
            "send": self.send, "in": self.place.path("in"),
            "dir": self.place.dir})

    def __enter__(self):
        return self

    def __exit__(self, *unused):
        subprocess.run(["gpgconf", "--kill", "all"], env=self.place.env,
                       capture_output=True)
        self.town.__exit__()

    def certificate(self, *args, address=ALICE):
        """One more generation; gives its id."""
        got = self.town.run("order", "--no-wait", "--new", "--key", self.key,
                            *args, address)
        assert got.returncode == 0, got
        self.town.wait_for_mail()
        self.town.answer()
        got = self.town.run("finish")
        assert got.returncode == 0, got
        return os.path.basename(got.stdout.decode().split()[0])[:-4]

    def run(self, *args, **more):
        return self.place.run(*args, **more)

    def install(self, *args, ok=0):
        got = self.run("install", "--trust-root", self.fingerprint, *args)
        tap.ok(got.returncode == ok, "install %s: exit %d" % (
            " ".join(args), ok), got)
        return got

    def pem(self, id):
        return os.path.join(self.place.home, "certificates", id + ".pem")

    def listing(self):
        """What gpgsm has; that of a private key is a file beside it."""
        return subprocess.run(
            ["gpgsm", "--batch", "--disable-dirmngr", "--with-colons",
             "--list-keys"], env=self.place.env, capture_output=True).stdout

    def state(self):
        """Every text file of the user, and gpgsm's own listing."""
        out = {"gpgsm": self.listing()}
        for top, _, names in os.walk(self.place.user):
            for name in names:
                path = os.path.join(top, name)
                # gpgsm's own, binary, and not as it was: GnuPG's business.
                if os.path.isfile(path) and "/S." not in path and \
                        ".kbx" not in name and "crls.d" not in path and \
                        ".config/mailcert" not in path and \
                        not name.startswith("random_seed"):
                    with open(path, "rb") as f:
                        out[os.path.relpath(path, self.place.user)] = f.read()
        return out

    def encrypted(self, id, subject, text):
        """Mail that somebody else encrypts to that certificate."""
        body = subprocess.run(
            ["openssl", "cms", "-encrypt", "-aes256", "-outform", "DER",
             self.pem(id)], input=b"Content-Type: text/plain\r\n\r\n" +
            text.encode() + b"\r\n", capture_output=True, check=True).stdout
        return ("From: bob@example.net\nTo: %s\nSubject: %s\n"
                "Date: Mon, 30 Nov 2026 10:0%s:00 +0000\n"
                "Message-ID: <%s@example.net>\nMIME-Version: 1.0\n"
                "Content-Type: application/pkcs7-mime; name=smime.p7m;\n"
                " smime-type=enveloped-data\n"
                "Content-Transfer-Encoding: base64\n\n%s" % (
                    ALICE, subject, subject[-1], subject.replace(" ", "."),
                    base64.encodebytes(body).decode())).encode()

    def verify(self, raw, address=ALICE):
        """Is it signed by the newest certificate, as openssl sees it?"""
        signer = self.place.path("signer.pem")
        got = subprocess.run(
            ["openssl", "cms", "-verify", "-CAfile", self.root, "-purpose",
             "any", "-signer", signer, "-out", "/dev/null"], input=raw,
            capture_output=True, env={**os.environ,
                                      "OPENSSL_CONF": "/dev/null"})
        if got.returncode:
            return got.stderr.decode()
        with open(signer) as f:
            return f.read()


def start(user, program, *args):
    return Terminal(user.place, " ".join([program, *args]))


def compose(user, program, name, to="bob@example.net", more=""):
    """Write a message in the program, send it; gives its bytes."""
    before = len(sent(user.box))
    with start(user, program, "-s", "hello", more, to) as terminal:
        terminal.wait("To:")
        # To and Subject, as they stand.
        if not tap.ok(push(terminal, "Enter", lambda: "y:Send" in
                           terminal.screen()), name + ": compose menu",
                      terminal.screen()):
            return b""
        push(terminal, "y", lambda: len(sent(user.box)) > before)
        mails = sent(user.box)
        tap.ok(len(mails) == before + 1, name + ": it is sent",
               terminal.screen())
    return mails[-1] if len(mails) > before else b""


def push(terminal, key, done):
    """Press a key, and Enter where a passphrase is asked for, until done: the
    programs lose a key now and then."""
    for _ in range(8):
        terminal.keys("Enter" if "passphrase" in terminal.screen() else key)
        if terminal._until(lambda: done() or "passphrase" in
                           terminal.screen(), 3) and done():
            return True
    return done()


def signs(user, program, id, name, **more):
    raw = compose(user, program, name, **more)
    with open(user.pem(id)) as f:
        leaf = f.read().split("-----END")[0]
    got = user.verify(raw)
    tap.ok(got.startswith(leaf), name + ": signed by " + id, got, raw.decode())


def reads(user, program, ids, name):
    """Each of these generations decrypts."""
    shutil.rmtree(user.place.path("in"))
    make_maildir(user.place.path("in"), *[
        user.encrypted(id, "letter %d" % i,
                       "the secret of %d" % i) for i, id in enumerate(ids)])
    with start(user, program) as terminal:
        terminal.wait("letter 0")
        for i in range(len(ids)):
            terminal.keys(str(i + 1), "Enter")
            if not tap.ok(push(terminal, "Enter", lambda: "S/MIME encrypted" in
                               terminal.screen()) and
                          terminal.wait("the secret of %d" % i, 5),
                          "%s: generation %d is read" % (name, i),
                          terminal.screen()):
                return
            terminal.keys("q")
            terminal.wait("q:Quit")


def use(program, back_end, key, generations=3):
    """The whole story of one program and one back end."""
    name = "%s, %s, %s" % (program, back_end, key)
    if not tap.wanted(name):
        return
    with User(key=key) as user:
        ids = [user.certificate()]
        before = user.state()
        user.install("--back-end", back_end, "--yes", program)
        signs(user, program, ids[0], name)
        again = user.state()
        user.install("--back-end", back_end, "--yes", program)
        tap.equal(user.state(), again, name + ": again changes nothing")
        for _ in range(generations - 1):
            ids.append(user.certificate())
        user.install(program)
        signs(user, program, ids[-1], name + ", renewed")
        reads(user, program, ids, name)
        got = user.run("install", "--remove", program)
        tap.equal(got.returncode, 0, name + ": removed")
        tap.equal(user.state(), before, name + ": everything is as it was")


def imported():
    """A certificate that was imported is installed like any other, and the next
    one that is imported takes its place."""
    with User() as user:
        root = user.town.ca.root
        pairs = [root.issue(ALICE, key=cms.new_key(2048), usage=(
            "digital_signature", "key_encipherment")) for _ in range(2)]
        files = [user.place.write("pair%d.pem" % i, cms.pem(key) +
                                  cms.cert_pem(cert, root.cert))
                 for i, (key, cert) in enumerate(pairs)]
        got = user.run("import", files[0])
        tap.ok(got.returncode == 0 and b"installed" not in got.stderr,
               "imported", got)
        user.install("--back-end", "classic", "--yes", "mutt")
        got = user.run("import", files[1])
        id = got.stdout.decode().split(":")[0]
        tap.ok(got.returncode == 0 and b"installed %s into mutt" %
               id.encode() in got.stderr, "the next one is installed", got)
        top = user.place.path("user/.smime/certificates")
        have = set()
        for name in os.listdir(top):
            with open(os.path.join(top, name), "rb") as f:
                have.add(f.read())
        tap.ok({cms.cert_pem(cert) for _, cert in pairs} <= have,
               "both certificates are there", sorted(os.listdir(top)))


JOBS = [(program, back_end, key) for program in ("mutt", "neomutt")
        for back_end, key in (("gpgme", "rsa:2048"), ("classic", "rsa:2048"),
                              ("classic", "ec:p256"))]
tests = {"use_%s_%s_%s" % job: functools.partial(use, *job) for job in JOBS}
tests["imported"] = imported
run_tests(tests, 2)
tap.done()
