#!/usr/bin/python3
# Runs in: check check-slow
"""A certificate put to use: real mutt and neomutt in a terminal sign with it and
read with it, through gpgsm and through openssl; and everything can be undone."""
import base64
import functools
import hashlib
import json
import os
import shutil
import ssl
import subprocess
import sys
import time

TESTS = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path[:0] = [TESTS, os.path.join(TESTS, "ca")]
import cms
from lib import (MAILCERT, SLOW, Terminal, fake_sendmail, make_maildir,
                 run_tests, sample, sent, tap, tests_of)
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
        self.key, self.last = key, 0
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

    def certificate(self, *args, address=ALICE, ends=0):
        """One more generation, a second younger at least; gives its id.
        finish exits with ends."""
        time.sleep(max(0, self.last + 1.05 - time.time()))
        got = self.town.run("order", "--no-wait", "--new", "--key", self.key,
                            *args, address)
        assert got.returncode == 0, got
        self.town.wait_for_mail()
        self.town.answer()
        got = self.town.run("finish")
        assert got.returncode == ends, got
        self.last = time.time()
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
    before = sent(user.box)
    with start(user, program, "-s", "hello", more, to) as terminal:
        terminal.wait("To:")
        # To and Subject, as they stand.
        if not tap.ok(push(terminal, "Enter", lambda: "y:Send" in
                           terminal.screen()), name + ": compose menu",
                      terminal.screen()):
            return b""
        push(terminal, "y", lambda: len(sent(user.box)) > len(before))
        mails = [m for m in sent(user.box) if m not in before]
        tap.ok(len(mails) == 1, name + ": it is sent", terminal.screen())
    return mails[0] if mails else b""


def push(terminal, key, done):
    """Press a key, and Enter where a passphrase is asked for, until done: the
    programs lose a key now and then."""
    for _ in range(20):
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
        got = user.install("--back-end", back_end, "--yes", program)
        tap.equal(b"the key has none: press Enter" in got.stdout,
                  back_end == "classic", name + ": what it will ask for")
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

def sole(user, *args, key="rsa:2048"):
    """A certificate, and what the user has before anything is installed."""
    id = user.certificate(*args)
    return id, user.state()


def refused(user, before, name, want, *args, code=1):
    """Nothing is written, and one sentence says why."""
    got = user.run("install", *args)
    said = got.stderr.decode()
    tap.ok(got.returncode == code and want in said and said.count("\n") == 1,
           name + ": refused", got)
    tap.equal(user.state(), before, name + ": nothing is written")


def test_root():
    """A root can vouch for anybody: it is named and accepted first."""
    with User() as user:
        id, before = sole(user)
        refused(user, before, "root", user.fingerprint.upper(), "gpgsm")
        refused(user, before, "another root", user.fingerprint.upper(),
                "--trust-root", "00" * 32, "gpgsm")
        for key, code in (("n", 1), ("y", 0)):
            with start(user, "mailcert", "install", "gpgsm") as terminal:
                tap.ok(terminal.wait("Trust it?") and user.fingerprint.upper()
                       in terminal.screen().replace("\n", "") and
                       "CN=Example Root" in terminal.screen(),
                       "root: shown and asked about", terminal.screen())
                terminal.keys(key, "Enter")
                tap.ok(terminal.wait("[exit %d]" % code),
                       "root: answered %s" % key, terminal.screen())
            if key == "n":
                tap.equal(user.state(), before, "root: no leaves nothing")
        with open(user.place.path("user/.gnupg/trustlist.txt")) as f:
            tap.equal(f.read(), "%s S relax\n" % hashlib.sha1(cms.cert_der(
                user.town.ca.root.cert)).hexdigest().upper(),
                "root: in the list")
        tap.equal(user.install("gpgsm").returncode, 0, "root: asked once")


def test_root_unknown():
    """Without smime_anchors nobody knows the root."""
    with User() as user:
        id, before = sole(user)
        none = ("-o", "smime_anchors=")
        got = user.run(*none, "install", "gpgsm")
        tap.ok(got.returncode == 78 and b"CN=Example Issuing" in got.stderr and
               b"smime_anchors" in got.stderr, "no root: gpgsm needs it", got)
        tap.equal(user.state(), before, "no root: nothing is written")
        got = user.run(*none, "install", "--back-end", "classic", "mutt")
        tap.ok(got.returncode == 0, "no root: openssl does without", got)


def test_trust_list():
    """One malformed line breaks the list; the user's own lines stay."""
    with User() as user:
        user.certificate()
        path = user.place.path("user/.gnupg/trustlist.txt")
        user.place.write("user/.gnupg/trustlist.txt", "# mine\nnonsense S\n")
        os.chmod(os.path.dirname(path), 0o700)
        before = user.state()
        refused(user, before, "trust list", "trustlist.txt:2", "--trust-root",
                user.fingerprint, "gpgsm", code=78)
        mine = "# mine\n!%s S\n%s S relax" % (
            ":".join(["AB"] * 20), "CD" * 20)
        user.place.write("user/.gnupg/trustlist.txt", mine)
        before = user.state()
        user.install("gpgsm")
        with open(path) as f:
            tap.ok(f.read().startswith(mine + "\n"), "trust list: appended")
        user.run("install", "--remove", "gpgsm")
        tap.equal(user.state(), before,
                  "trust list: as before, without its last newline")


def test_what_fits():
    """The kind of key and the subject decide, before anything is written."""
    for key, more, gpgsm, classic in (
            ("ec:p256", (), "cannot decrypt with a key of this kind", 0),
            ("ed25519", ("--usage", "sign"), "cannot sign with a key", 1)):
        with User(key=key) as user:
            id, before = sole(user, *more)
            refused(user, before, key + ", gpgsm", gpgsm, "--trust-root",
                    user.fingerprint, "gpgsm")
            refused(user, before, key + ", mutt",
                    "--back-end classic" if classic == 0 else gpgsm, "mutt")
            user.install("--back-end", "classic", "mutt", ok=classic)
            if classic == 0:
                user.run("install", "--remove", "mutt")
                with start(user, "mailcert", "install", "mutt") as terminal:
                    tap.ok(terminal.wait("Use that, with crypt_use_gpgme=no?"),
                           key + ": the way that works is offered",
                           terminal.screen())
                    terminal.keys("y", "Enter")
                    tap.ok(terminal.wait("Write it?"), key + ": and then asks "
                           "about the configuration", terminal.screen())
                    terminal.keys("n", "Enter")
                    tap.ok(terminal.wait("Add this line to") and
                           terminal.wait("[exit 0]"),
                           key + ": no leaves the line to the user",
                           terminal.screen())
            else:
                tap.equal(user.state(), before, key + ": nothing is written")
    with User() as user:
        user.certificate("--usage", "sign", "--key", "ec:p256")
        user.install("gpgsm")
        user.run("install", "--remove", "gpgsm")
        user.certificate()
        user.install("--yes", "neomutt")
        with open(user.place.home + "/mail/neomutt.rc") as f:
            rc = f.read()
        user.key = "ec:p256"
        user.certificate(ends=1)
        with open(user.place.home + "/mail/neomutt.rc") as f:
            tap.equal(f.read(), rc, "EC after RSA: the older one stays")
        got = user.town.run("renew")
        tap.ok(got.returncode == 1 and b"order one with an RSA key, or use the "
               b"classic back end: mailcert install --remove neomutt, then "
               b"install --back-end classic neomutt\n" in got.stderr,
               "EC after RSA: renew says what to do", got)


def test_empty_subject():
    with User() as user:
        with open(user.place.path("user/.config/mailcert/config"), "a") as f:
            f.write("set ca.local.subject = empty\n")
        id, before = sole(user)
        refused(user, before, "empty subject", "empty subject",
                "--trust-root", user.fingerprint, "gpgsm")
        user.install("--back-end", "classic", "--yes", "mutt")
        tap.ok(os.path.exists(user.place.path("user/.smime/keys/eea339da.0")),
               "empty subject: the classic back end has it")
        signs(user, "mutt", id, "empty subject, mutt")


def test_passphrase():
    """A key with a passphrase is never unlocked without consent."""
    with User() as user:
        with open(user.place.path("user/.config/mailcert/config"), "a") as f:
            f.write("set password_command = \"echo sesame\"\n")
        id, before = sole(user, "--passphrase")
        refused(user, before, "passphrase", "--unlock", "--trust-root",
                user.fingerprint, "gpgsm")
        got = user.install("--back-end", "classic", "--yes", "mutt")
        tap.ok(b"press Enter" not in got.stdout,
               "passphrase: mutt asks for one that there is", got)
        name, = [n for n in os.listdir(user.place.path("user/.smime/keys"))
                 if n[0] != "."]
        with open(user.place.path("user/.smime/keys/" + name)) as f:
            tap.ok("ENCRYPTED" in f.read(), "passphrase: kept by mutt's key")
        user.install("--unlock", "gpgsm")
        got = user.run("-o", "password_command=false", "install", "gpgsm")
        tap.equal(got.returncode, 0, "passphrase: not asked for again")
        user.run("install", "--remove", "gpgsm")
        got = user.run("-o", "password_command=", "install", "--unlock",
                       "--trust-root", user.fingerprint, "gpgsm")
        tap.ok(got.returncode == 65 and b"password_command" in got.stderr,
               "passphrase: nobody to ask", got)


def test_revocation_list_away():
    """gpgsm signs nothing while a list is out of reach; openssl does."""
    with User(crl="http://127.0.0.1:9/list.crl") as user:
        user.certificate()
        got = user.install("gpgsm", ok=1)
        tap.ok(b"gpgsm cannot sign a test text" in got.stderr and
               b"the revocation list from http://127.0.0.1:9/list.crl: try "
               b"again" in got.stderr, "list away: install finds out", got)
        user.install("--back-end", "classic", "mutt")


def test_dry_run():
    with User() as user:
        id, before = sole(user)
        for args in (("gpgsm",), ("mutt",), ("--back-end", "classic", "mutt"),
                     ("--config", user.rc, "neomutt")):
            got = user.run("install", "--dry-run", *args)
            lines = [n for n in got.stdout.decode().split("\n") if n]
            tap.ok(got.returncode == 0 and len(lines) > 4 and
                   any(n.startswith("would ") for n in lines),
                   "dry run: %s" % (args,), got)
            tap.equal(user.state(), before, "dry run: nothing is written")
            tap.ok(not os.path.exists(user.place.home + "/installed"),
                   "dry run: nor in the home")


def test_own_files():
    """What the user has stays, under whatever name."""
    with User(key="ec:p256") as user:
        user.certificate()
        hash = subprocess.run(
            ["openssl", "x509", "-hash", "-noout", "-in", user.pem(
                user.certificate())], capture_output=True,
            check=True).stdout.decode().strip()
        mine = user.place.write("user/.smime/keys/%s.0" % hash, "mine\n")
        user.place.write("user/.smime/certificates/%s.1" % hash, "mine, too\n")
        user.place.write("user/.smime/certificates/.index", "x y z")
        with open(user.rc, "a") as f:
            f.write("set realname=Alice")
        before = user.state()
        user.install("--back-end", "classic", "--yes", "mutt")
        now = user.state()
        tap.ok(all(now[name].startswith(data) for name, data in before.items()
                   ), "own files: they stay")
        tap.ok(all(".smime/keys/%s.%d" % (hash, n) in now for n in (2, 3)),
               "own files: the first free names", sorted(now))
        user.run("install", "--remove", "mutt")
        tap.equal(user.state(), before, "own files: as before")
        # A file of ours that is somebody else's.
        user.place.write("data/mail/mutt.rc", "mine\n")
        got = user.install("--back-end", "classic", "mutt", ok=73)
        tap.ok(b"mail/mutt.rc exists" in got.stderr, "own files: not taken "
               "over", got)


def test_two_programs():
    """Both need the same files: who is removed last removes them."""
    with User(key="ec:p256") as user:
        id, before = sole(user)
        for program in ("mutt", "neomutt"):
            user.install("--back-end", "classic", "--yes", program)
        user.run("install", "--remove", "mutt")
        signs(user, "neomutt", id, "two programs, one removed")
        got = user.install("--back-end", "gpgme", "neomutt", ok=64)
        tap.ok(b"uses the back end classic already" in got.stderr,
               "one back end for the whole program", got)
        user.run("install", "--remove", "neomutt")
        tap.equal(user.state(), before, "two programs: as before")
        got = user.run("install", "--remove", "neomutt")
        tap.ok(got.returncode == 0 and b"nothing was installed" in got.stdout,
               "removed twice", got)


def test_two_addresses():
    """Each From has its own certificate."""
    for program, back_end in (("mutt", "gpgme"), ("neomutt", "classic"))[
            :1 + SLOW]:
        with User() as user:
            ids = {a: user.certificate(address=a)
                   for a in (ALICE, "o'neil+x@example.org")}
            got = user.install("gpgsm", ok=64)
            tap.ok(b"several addresses" in got.stderr, "which one?", got)
            for address in ids:
                user.install("--yes", "--back-end", back_end, program, address)
            for address, id in ids.items():
                signs(user, program, id, "two addresses, %s, %s" % (
                    program, address),
                    more="-e \"set from=\\\"%s\\\"\"" % address)


def test_renewal():
    """finish installs the new one by itself, and asks nobody."""
    with User() as user:
        user.certificate()
        user.install("--yes", "mutt")
        id = user.certificate()
        signs(user, "mutt", id, "installed by finish")
        with open(user.place.home + "/mail/mutt.rc") as f:
            rc = f.read()
        got = user.town.run("renew")
        with open(user.place.home + "/mail/mutt.rc") as f:
            tap.ok(got.returncode == 0 and f.read() == rc,
                   "renew has nothing to install", got)
        # Left by a run that was killed after the certificate was stored.
        journal = user.place.home + "/installed/mutt"
        with open(journal) as f:
            lines = f.read().replace("certificate\t%s\n" % id, "")
        with open(journal, "w") as f:
            f.write(lines)
        got = user.town.run("renew")
        tap.ok(got.returncode == 0 and b"installed %s into mutt" %
               id.encode() in got.stderr, "renew completes it", got)


def test_reused_key():
    """Two certificates of one key: each is installed, and all is undone."""
    with User() as user:
        before = user.state()
        first = user.certificate()
        for args in (("gpgsm",), ("--back-end", "classic", "mutt")):
            user.install(*args)
        old = user.encrypted(first, "note 1", "between us")
        time.sleep(max(0, user.last + 1.05 - time.time()))
        user.run("-o", "reuse_key=yes", "renew", "--force", ALICE)
        user.town.wait_for_mail()
        user.town.answer()
        got = user.run("finish")
        tap.equal(got.returncode, 0, "reused: renewed and installed")
        second = os.path.basename(got.stdout.decode().split()[0])[:-4]
        for args in (("gpgsm",), ("--back-end", "classic", "mutt")):
            user.install(*args)
        for id in (first, second):
            got = subprocess.run(
                ["openssl", "cms", "-decrypt", "-inkey", os.path.join(
                    user.place.home, "keys", id + ".pem")], input=old,
                capture_output=True)
            tap.ok(b"between us" in got.stdout, "reused: old mail opens with "
                   "the key of " + ("the new one" if id == second else
                                    "its own"), got)
        body = base64.b64decode(old.split(b"\n\n", 1)[1])
        got = subprocess.run(["gpgsm", "--batch", "--disable-dirmngr",
                              "--decrypt"], input=body, env=user.place.env,
                             capture_output=True)
        tap.ok(b"between us" in got.stdout, "reused: and with gpgsm", got)
        with open(user.pem(second)) as f:
            der = ssl.PEM_cert_to_DER_cert(
                f.read().split("-----END")[0] + "-----END CERTIFICATE-----")
        signed = subprocess.run(
            ["gpgsm", "--batch", "--disable-dirmngr", "--armor", "--detach",
             "-u", hashlib.sha1(der).hexdigest(), "--sign"], input=b"text", env=user.place.env,
            capture_output=True)
        tap.ok(signed.returncode == 0, "reused: gpgsm signs", signed)
        for args in (("mutt",), ("gpgsm",)):
            user.run("install", "--remove", *args)
        tap.equal({n: v for n, v in user.state().items() if n != "gpgsm" and
                   "mailcert" not in n},
                  {n: v for n, v in before.items() if n != "gpgsm" and
                   "mailcert" not in n},
                  "reused: --remove undoes it all")


def test_journal():
    """Ours, and yet checked."""
    with User(key="ec:p256") as user:
        user.certificate()
        user.install("--back-end", "classic", "mutt")
        journal = user.place.home + "/installed/mutt"
        with open(journal, "a") as f:
            f.write("file\t/etc/pas")     # a write that was cut short
        user.certificate()
        with open(journal) as f:
            text = f.read()
        tap.ok("/etc/pas" not in text and text.endswith("\n"),
               "journal: a torn line is dropped", text)
        with open(journal, "w") as f:
            f.write("format 9\nfile\t/etc/passwd\n")
        for args in (("mutt",), ("--remove", "mutt")):
            got = user.install(*args, ok=78)
            tap.ok(b"installed/mutt is not of this version" in got.stderr,
                   "journal: another format", got)


BOB = "bob@example.net"


def from_bob(root, signer, more=()):
    """Mail that Bob signs."""
    entity = b"Content-Type: text/plain\r\n\r\nHello\r\n"
    signed = cms.openssl_sign(entity, [signer], [root.cert, *more])
    return (b"From: Bob <bob@example.net>\r\nTo: alice@example.org\r\n"
            b"Subject: hello\r\nMessage-ID: <b1@example.net>\r\n" + signed)


def presses_remember(user, program, raw):
    """Esc-R on that message, with mutt.rc; gives the screen after it."""
    box = make_maildir(user.place.path("from-bob"), raw)
    with start(user, program, "-f", box, "-e",
               "'source %s/mailcap/mutt.rc'" % os.path.dirname(
                   TESTS)) as terminal:
        terminal.wait("q:Quit")
        push(terminal, "M-R", lambda: "mailcert:" in terminal.screen() or
             "can encrypt" in terminal.screen())
        said = terminal.screen()
    shutil.rmtree(box)
    return said


def decrypts(user, raw, key, cert):
    with_key = user.place.write("bob.pem", cms.pem(key) + cms.cert_pem(cert))
    got = subprocess.run(
        ["openssl", "cms", "-decrypt", "-inkey", with_key, "-recip", with_key],
        input=raw, capture_output=True)
    return got.returncode == 0


def remembers(program, back_end, key):
    """Verify a message, then write an encrypted answer that its sender reads."""
    name = "remember, %s, %s" % (program, back_end)
    if not tap.wanted(name):
        return
    bits = ("digital_signature", "key_encipherment" if key == 2048 else
            "key_agreement")
    with User() as user:
        user.certificate()
        root = user.town.ca.root
        before = user.state()
        user.install("--back-end", back_end, "--yes", program)
        installed = user.state()
        pair = root.issue(BOB, key=cms.new_key(key), usage=bits)
        forged = from_bob(root, pair).replace(b"Hello", b"Hullo")
        got = user.run("remember", stdin=forged)
        tap.ok(got.returncode == 1 and b"does not match the content" in
               got.stderr, name + ": a forged message is refused", got)
        tap.equal(user.state(), installed, name + ": and nothing is written")
        got = user.run("remember", "--dry-run", stdin=from_bob(root, pair))
        tap.ok(got.returncode == 0 and b"would " in got.stdout,
               name + ": dry run", got)
        tap.equal(user.state(), installed, name + ": writes nothing")
        for pair in (pair, root.issue(BOB, key=cms.new_key(key), usage=bits)):
            said = presses_remember(user, program, from_bob(root, pair))
            tap.ok("can encrypt to bob@example.net" in said,
                   name + ": Esc-R remembers the signer", said)
            if back_end == "gpgme":
                break  # gpgsm itself chooses among several
        raw = compose(user, program, name, to=BOB,
                      more="-e 'set crypt_autoencrypt=yes crypt_autosign=no'")
        tap.ok(b"enveloped-data" in raw and decrypts(user, raw, *pair),
               name + ": Bob reads the answer", raw.decode())
        user.run("install", "--remove", program)
        tap.equal(user.state(), before, name + ": removed with the rest")


def separate(program, back_end):
    """One certificate signs, another one encrypts; the copy of what was sent
    stays readable to its author."""
    name = "separate, %s, %s" % (program, back_end)
    if not tap.wanted(name):
        return
    with User() as user:
        for usage in ("sign", "encrypt"):
            user.certificate("--usage", usage)
        shown = json.loads(user.run("status", "--json").stdout)
        ids = {c["usage"]: c["id"] for c in shown["certificates"]}
        user.install("--back-end", back_end, "--yes", program)
        root = user.town.ca.root
        pair = root.issue(BOB, key=cms.new_key(2048), usage=(
            "digital_signature", "key_encipherment"))
        got = user.run("remember", stdin=from_bob(root, pair))
        tap.ok(got.returncode == 0, name + ": remember", got)
        signs(user, program, ids["sign"], name)
        copies = make_maildir(user.place.path("copies"))
        raw = compose(user, program, name + ", encrypted", to=BOB, more=
                      "-e 'set crypt_autoencrypt=yes record=%s'" % copies)
        inner = user.place.write("inner.eml", plain(user, raw, user.place.write(
            "bob.pem", cms.pem(pair[0]) + cms.cert_pem(pair[1]))))
        with open(inner, "rb") as f:
            got = user.verify(f.read())
        with open(user.pem(ids["sign"])) as f:
            tap.ok(got.startswith(f.read().split("-----END")[0]),
                   name + ": Bob reads it, and who signed it", got)
        copy = b""
        for top, _, names in os.walk(copies):
            for n in names:
                with open(os.path.join(top, n), "rb") as f:
                    copy = f.read()
        key = os.path.join(user.place.home, "keys", ids["encrypt"] + ".pem")
        with open(key, "rb") as f, open(user.pem(ids["encrypt"]), "rb") as g:
            own = user.place.write("own.pem", f.read() + g.read())
        tap.ok(b"Content-Type" in plain(user, copy, own),
               name + ": the copy can be read", copy.decode())


def plain(user, raw, pair):
    """What the holder of that key, in a file with its certificate, reads."""
    return subprocess.run(
        ["openssl", "cms", "-decrypt", "-inkey", pair, "-recip", pair],
        input=raw, capture_output=True).stdout


def test_remember():
    """Which certificate, and what is refused."""
    with User(key="ec:p256") as user:
        root = user.town.ca.root
        signing = root.issue(BOB, key=cms.new_key("ec"))
        user.certificate()
        other = cms.Authority("Somebody Else")
        encrypt = {"key": cms.new_key("ec"), "usage": ("key_agreement",)}
        own, foreign = root.issue(BOB, **encrypt), other.issue(BOB, **encrypt)
        eve = root.issue("eve@example.net", **encrypt)
        got = user.run("remember", stdin=from_bob(root, signing, [own[1]]))
        tap.ok(got.returncode == 1 and b"no certificate is installed" in
               got.stderr, "remember: nothing is installed", got)
        user.install("--back-end", "classic", "--yes", "mutt")
        before = user.state()
        for what, more in (("none", []), ("another CA's", [foreign[1]]),
                           ("for another address", [eve[1]])):
            got = user.run("remember", stdin=from_bob(
                root, signing, [*more, *([other.cert] if more else [])]))
            tap.ok(got.returncode == 1 and b"no certificate to encrypt to "
                   b"bob@example.net" in got.stderr,
                   "remember: a certificate to encrypt: " + what, got)
            tap.equal(user.state(), before, "remember: nothing is written")
        got = user.run("remember", stdin=from_bob(root, signing, [
            eve[1], own[1]]))
        now = user.state()
        tap.ok(got.returncode == 0 and any(
            data == cms.cert_pem(own[1]) for data in now.values()),
            "remember: the one of two that encrypts", got)
        stranger = other.issue(BOB)
        got = user.run("remember", stdin=from_bob(other, stranger))
        tap.ok(got.returncode == 1 and b"the signer is not verified" in
               got.stderr, "remember: nobody trusts that CA", got)
        got = user.run("remember", stdin=b"From: bob@example.net\n\nHello\n")
        tap.ok(got.returncode == 1 and b"not signed" in got.stderr,
               "remember: not signed", got)


def test_imported():
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


CALLS = ("rename", "renameat", "renameat2", "link", "linkat", "unlink",
         "unlinkat", "mkdir", "mkdirat", "openat", "fsync", "vfork", "clone3",
         "clone")


def traced(user):
    """The leak sanitizer does not work below strace."""
    return {**user.place.env, "ASAN_OPTIONS": "detect_leaks=0"}


def kill_points(user, args):
    """How often install makes each of these calls."""
    trace = user.place.path("trace")
    got = user.run("-o", trace, "-e", "trace=" + ",".join(CALLS), MAILCERT,
                   *args, program="strace", env=traced(user))
    assert got.returncode == 0, got
    with open(trace) as f:
        names = [line.split("(")[0] for line in f]
    return [(call, n + 1) for call in CALLS for n in range(names.count(call))]


def killed(key, *args):
    name = "killed, " + " ".join(args)
    if not tap.wanted(name):
        return
    with User(key=key) as user:
        user.certificate()
        id, before = sole(user)
        install = ("install", "--trust-root", user.fingerprint, "--yes", *args)
        remove = ("install", "--remove", args[-1])
        points = kill_points(user, install)
        done = user.state()
        back = kill_points(user, remove)
        tap.equal(user.state(), before, name + ": removed")
        for command, again, want, after, these in (
                (install, install, done, remove, points),
                (remove, remove, before, install, back)):
            if command == remove:
                user.run(*install)
            for call, nth in sample(these, 14)[::1 + SLOW]:
                user.run("-o", "/dev/null", "-e", "trace=" + call, "-e",
                         "inject=%s:signal=SIGKILL:when=%d" % (call, nth),
                         MAILCERT, *command, program="strace", env=traced(user))
                got = user.run(*again)
                now = user.state()
                tap.ok(got.returncode == 0 and now == want,
                       "%s, %s at %s %d: the next run completes it" % (
                           name, command[1], call, nth), got,
                       sorted(k for k in {**want, **now}
                              if want.get(k) != now.get(k)))
                user.run(*after)
            if command == remove:
                user.run(*remove)
        tap.equal(user.state(), before, name + ": as before")


JOBS = [(program, back_end, key) for program in ("mutt", "neomutt")
        for back_end, key in (("gpgme", "rsa:2048"), ("classic", "rsa:2048"),
                              ("classic", "ec:p256"))]
tests = {"use_%s_%s_%s" % job: functools.partial(use, *job) for job in JOBS}
for job in (("mutt", "gpgme", 2048), ("neomutt", "gpgme", 2048),
            ("mutt", "classic", 2048), ("neomutt", "classic", 2048)):
    tests["remembers_%s_%s_%s" % job] = functools.partial(remembers, *job)
for job in (("mutt", "gpgme"), ("mutt", "classic"), ("neomutt", "gpgme"),
            ("neomutt", "classic")):
    tests["separate_%s_%s" % job] = functools.partial(separate, *job)
tests["killed_classic"] = functools.partial(
    killed, "ec:p256", "--back-end", "classic", "mutt")
tests["killed_gpgme"] = functools.partial(killed, "rsa:2048", "gpgsm")
# What check-slow tries in full, check takes samples of.
if not SLOW:
    for name in ("use_mutt_classic_ec:p256", "separate_neomutt_classic",
                 "separate_mutt_gpgme", "remembers_mutt_classic_2048",
                 "remembers_neomutt_gpgme_2048"):
        del tests[name]
if __name__ == "__main__":
    run_tests({**tests, **tests_of(globals())}, 3)
    tap.done()
