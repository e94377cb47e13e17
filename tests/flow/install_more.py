#!/usr/bin/python3
# Runs in: check check-slow
"""A certificate put to use beyond mutt: real s-nail and alpine in a terminal
and the tools of NSS sign with it, read with it, and encrypt to somebody else;
everything can be undone; killed anywhere, the next run completes it."""
import base64
import contextlib
import functools
import os
import re
import subprocess
import sys
import time

TESTS = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path[:0] = [TESTS, os.path.join(TESTS, "ca"), os.path.dirname(__file__)]
import cms
from install import ALICE, BOB, User, from_bob, push
from lib import (MAILCERT, SLOW, Terminal, make_mbox, run_tests, sample, sent,
                 tap)

# What makes a change last.
DURABLE = "fsync,rename,renameat,renameat2,link,linkat,unlink,unlinkat,mkdir," \
    "mkdirat,rmdir,fchmod,chmod"


class MailUser(User):
    """One whose other mail programs are set up as well."""

    def __init__(self, **more):
        super().__init__(**more)
        self.last = 0
        self.place.write("user/.mailrc", "# Mine.\nset mta=%s\nunset asksend" %
                         self.send)

    def certificate(self, *args, **more):
        """No two in one second: the newest is the one that begins last."""
        while int(time.time()) <= self.last:
            time.sleep(0.05)
        self.last = int(time.time()) + 1
        return super().certificate(*args, **more)

    def all(self):
        """Every file of the user, and those that programs read in the home."""
        out = self.state()
        for top, _, names in os.walk(os.path.join(self.place.home, "mail")):
            for name in names:
                with open(os.path.join(top, name), "rb") as f:
                    out[os.path.join(top, name)] = f.read()
        return out

    def remove(self, program):
        return self.run("install", "--remove", program)


def signed_by(user, raw, id, name):
    with open(user.pem(id)) as f:
        leaf = f.read().split("-----END")[0]
    got = user.verify(raw)
    tap.ok(got.startswith(leaf), name + ": signed by " + id, got,
           raw.decode(errors="replace"))


# --- s-nail ------------------------------------------------------------------

def snail_sends(user, name):
    """Write to Bob; gives what was sent."""
    before = sent(user.box)
    with Terminal(user.place, "s-nail -s hello bob@example.net") as terminal:
        terminal.wait("To:", 5)
        terminal.keys("Hello.", "Enter")
        tap.ok(push(terminal, "C-d", lambda: len(sent(user.box)) >
                    len(before)), name + ": it is sent", terminal.screen())
    return [raw for raw in sent(user.box) if raw not in before]


def snail_signs(user, id, name):
    for raw in snail_sends(user, name):
        signed_by(user, raw, id, name)


def snail_reads(user, ids, name):
    """One key at a time: the newest by itself, the others as the settings say."""
    with open(os.path.join(user.place.home, "mail", "s-nail.rc")) as f:
        text = f.read()
    lines = re.findall("^#(set smime-sign-cert.*)$", text, re.M)
    tap.equal([re.search(r"([^/]*)\.pair", line)[1] for line in lines],
              ids[:-1], name + ": the settings name the older pairs")
    for i, (id, line) in enumerate(zip(ids, [*lines, ""])):
        box = make_mbox(user.place.path("letters"), user.encrypted(
            id, "letter %d" % i, "the secret of %d" % i))
        got = user.run("-#", "-f", box, program="s-nail", stdin=(
            line + "\nprint 1\nxit\n").encode())
        tap.ok(b"the secret of %d" % i in got.stdout,
               "%s: generation %d is read" % (name, i), got)


def use_snail(key):
    name = "s-nail, " + key
    if not tap.wanted(name):
        return
    with MailUser(key=key) as user:
        ids = [user.certificate()]
        before = user.all()
        user.install("--yes", "s-nail")
        snail_signs(user, ids[0], name)
        again = user.all()
        got = user.install("--yes", "s-nail")
        tap.equal(user.all(), again, name + ": again changes nothing")
        pairs = [p for p in user.all() if p.endswith(".pair")]
        tap.ok(len(pairs) == 1 and os.stat(pairs[0]).st_mode & 0o777 == 0o600,
               name + ": the pair is private", pairs)
        ids.append(user.certificate())  # finish installs it again
        snail_signs(user, ids[-1], name + ", renewed")
        if key.startswith("rsa"):
            ids.append(user.certificate())
            snail_reads(user, ids, name)
        got = user.remove("s-nail")
        tap.equal(got.returncode, 0, name + ": removed")
        tap.equal(user.all(), before, name + ": everything is as it was")


def snail_asks():
    """Nothing is written before it is accepted; a passphrase is not lost."""
    with MailUser() as user:
        user.certificate()
        before = user.all()
        got = user.install("--dry-run", "s-nail")
        tap.ok(b"would write" in got.stdout and user.all() == before,
               "s-nail: a dry run changes nothing", got)
        got = user.install("s-nail")
        tap.ok(b"Add this line to %s:" % user.place.env["MAILRC"].encode() in
               got.stdout, "s-nail: the line is left to the user", got)
        with open(user.place.env["MAILRC"], "rb") as f:
            tap.equal(f.read(), before[".mailrc"],
                      "s-nail: .mailrc is not touched")
        user.remove("s-nail")
        tap.equal(user.all(), before, "s-nail: and removed")


def snail_refuses():
    with MailUser(key="ed25519") as user:
        user.certificate("--usage", "sign")
        before = user.all()
        for program in ("s-nail", "alpine", "nss"):
            got = user.install(program, ok=1)
            tap.ok(b"cannot sign with a key of this kind (ed25519)" in
                   got.stderr and user.all() == before,
                   program + ": Ed25519 is refused", got)


def snail_locked():
    """A key with a passphrase loses it only where the user says so."""
    with MailUser() as user:
        word = user.place.write("word", "#!/bin/sh\necho sesame\n", 0o755)
        with open(user.place.path("user/.config/mailcert/config"), "a") as f:
            f.write("set password_command = %s\nset lock_keys = yes\n" % word)
        id = user.certificate()
        before = user.all()
        got = user.install("--yes", "s-nail", ok=1)
        tap.ok(b"use --unlock to allow that" in got.stderr and
               user.all() == before, "s-nail: a passphrase is kept", got)
        user.install("--yes", "--unlock", "s-nail")
        snail_signs(user, id, "s-nail, unlocked")
        id = user.certificate()
        snail_signs(user, id, "s-nail, unlocked and renewed")
        # As if the last run was killed before it could install; nobody can
        # be asked now.
        pair, = [p for p in user.all() if p.endswith(id + ".pair")]
        os.unlink(pair)
        journal = user.place.home + "/installed/s-nail"
        with open(journal) as f:
            lines = f.read().replace("certificate\t%s\n" % id, "")
        with open(journal, "w") as f:
            f.write(lines)
        got = user.town.run("-o", "password_command=", "renew")
        tap.ok(got.returncode == 1 and not os.path.exists(pair) and
               b"password_command" in got.stderr and b"s-nail" in got.stderr,
               "s-nail: nobody to ask for the passphrase: it is reported", got)
        got = user.town.run("renew")
        tap.ok(got.returncode == 0 and os.path.exists(pair),
               "s-nail: and done once it is there", got)
        user.remove("s-nail")
        tap.equal(user.all(), before, "s-nail, unlocked: removed")


# --- alpine ------------------------------------------------------------------

PINERC = """# Mine.
personal-name=Alice
user-domain=example.org
smtp-server=
inbox-path=%(box)s
sendmail-path=%(send)s -t
# Lists:
feature-list=quit-without-confirm,
	enable-alternate-editor-cmd
customized-hdrs=
default-fcc=""
last-version-used=6.26"""


def alpine_user(**more):
    user = MailUser(**more)
    user.letters = make_mbox(user.place.path("letters"))
    user.pinerc = user.place.write("user/.pinerc", PINERC % {
        "box": user.letters, "send": user.send})
    return user


def alpine_sends(user, name):
    """Write to Bob; gives what was sent."""
    before = sent(user.box)
    with Terminal(user.place, "alpine bob@example.net") as terminal:
        terminal.wait("COMPOSE MESSAGE")
        terminal.press("C-x", "Send message")
        tap.ok(push(terminal, "y", lambda: len(sent(user.box)) >
                    len(before)), name + ": it is sent", terminal.screen())
        terminal.wait("[exit 0]")
    return [raw for raw in sent(user.box) if raw not in before]


def alpine_signs(user, id, name):
    for raw in alpine_sends(user, name):
        tap.ok(b"From: Alice <alice@example.org>" in raw,
               name + ": the name in From stays", raw.decode())
        signed_by(user, raw, id, name)


def alpine_reads(user, ids, name):
    make_mbox(user.letters, *[
        user.encrypted(id, "letter %d" % i, "the secret of %d" % i)
        for i, id in enumerate(ids)])
    with Terminal(user.place, "alpine -i") as terminal:
        for i in range(len(ids)):
            terminal.press(["j", str(i + 1), "Enter"], "letter %d" % i)
            tap.ok(push(terminal, "Enter", lambda: "the secret of %d" % i in
                        terminal.screen()),
                   "%s: generation %d is read" % (name, i),
                   terminal.screen())
            terminal.keys("i")
            terminal.wait("MESSAGE INDEX")
        terminal.keys("q")
        terminal.wait("[exit 0]")


def use_alpine(key):
    name = "alpine, " + key
    if not tap.wanted(name):
        return
    with alpine_user(key=key) as user:
        ids = [user.certificate()]
        before = user.all()
        user.install("--yes", "alpine")
        alpine_signs(user, ids[0], name)
        again = user.all()
        got = user.install("--yes", "alpine")
        tap.equal(user.all(), again, name + ": again changes nothing")
        tap.equal(got.stdout.split(b"\n")[-2], b"openssl has signed a test "
                  b"text, and it verifies", name + ": and says so")
        ids.append(user.certificate())
        alpine_signs(user, ids[-1], name + ", renewed")
        if key.startswith("rsa"):
            ids.append(user.certificate())
            alpine_signs(user, ids[-1], name + ", renewed again")
            alpine_reads(user, ids, name)
        got = user.remove("alpine")
        tap.equal(got.returncode, 0, name + ": removed")
        left = user.all()
        for own in (".addressbook", ".rnd"):  # alpine's own
            left.pop(own, None)
        # It has written what it did not find in there, at the end.
        tap.ok(left[".pinerc"].startswith(before[".pinerc"]),
               name + ": the settings are what they were", left[".pinerc"])
        left[".pinerc"] = before[".pinerc"]
        tap.equal(left, before, name + ": everything is as it was")


def alpine_runs():
    """While it runs, its settings are not touched: it would undo that."""
    with alpine_user(key="ec:p256") as user:
        user.certificate()
        with Terminal(user.place, "alpine") as terminal:
            terminal.press("q", "[exit 0]")  # it has written its files
        before = user.all()
        with Terminal(user.place, "mailcert install --trust-root %s alpine" %
                      user.fingerprint) as terminal:
            terminal.wait("Write it?")
            tap.ok("\n+ customized-hdrs=From: Alice <alice@example.org>\n"
                   "Write it?" in terminal.screen(),
                   "alpine: it asks below the lines", terminal.screen())
            terminal.keys("n", "Enter")
            terminal.wait("[exit 0]")
        user.remove("alpine")
        with Terminal(user.place, "alpine") as terminal:
            terminal.wait("MAIN MENU")
            got = user.install("--yes", "alpine")
            tap.ok(b"alpine runs" in got.stdout and
                   b"feature-list=smime-sign-by-default" in got.stdout and
                   user.all()[".pinerc"] == before[".pinerc"],
                   "alpine: its settings wait until it has ended", got,
                   user.all()[".pinerc"])
            terminal.keys("q")
            terminal.wait("[exit 0]")
        user.install("--yes", "alpine")
        with Terminal(user.place, "alpine") as terminal:
            terminal.wait("MAIN MENU")
            got = user.remove("alpine")
            tap.ok(got.returncode == 1 and b"leave it first" in got.stderr,
                   "alpine: nor are they removed", got)
            terminal.keys("q")
            terminal.wait("[exit 0]")
        got = user.remove("alpine")
        left = user.all()
        tap.ok(got.returncode == 0 and left == before,
               "alpine: removed once it has ended", got, left)


def alpine_names():
    """An address is a file name there: one that leaves its directory, and a
    file of the user's with that name."""
    with alpine_user(key="ec:p256") as user:
        user.certificate(address="a/b@example.org")
        before = user.all()
        got = user.install("alpine", "a/b@example.org", ok=1)
        tap.ok(b"cannot be the name of a file" in got.stderr and
               user.all() == before, "alpine: a hostile address", got)
        user.certificate()
        for name in ("private/%s.1.key", "public/%s.crt"):
            user.place.write("user/.alpine-smime/" + name % ALICE, "mine\n")
        os.unlink(user.pinerc)  # its settings have no lines then
        before = user.all()
        user.install("--yes", "alpine", ALICE)
        after = user.all()
        tap.ok({name: after[name] for name in before} == before,
               "alpine: the user's own files are not replaced")
        got = user.remove("alpine")
        tap.ok(got.stdout.count(b"removed a setting from") == 2 and
               b"removed a line" not in got.stdout,
               "alpine: each setting is taken out once, it says", got)
        tap.equal(user.all(), before, "alpine: nor removed")


# --- NSS ---------------------------------------------------------------------

def nss_user(**more):
    """Somebody with a database that has a key and a certificate of its own."""
    user = MailUser(**more)
    user.db = user.place.path("nss")
    os.makedirs(user.db)
    run = functools.partial(subprocess.run, check=True, capture_output=True)
    run(["certutil", "-N", "-d", "sql:" + user.db, "--empty-password"])
    run(["certutil", "-S", "-d", "sql:" + user.db, "-n", "mine", "-s",
         "CN=mine", "-x", "-t", "u,u,u", "-z",
         user.place.write("noise", os.urandom(64))])
    user.nss = lambda: {"nss": nss_listing(user.db)}
    return user


def nss_listing(db):
    """Certificates with their trust, and keys, in any order."""
    said = [subprocess.run(["certutil", *args, "-d", "sql:" + db],
                           capture_output=True).stdout.decode()
            for args in (["-L"], ["-K", "-f", "/dev/null"])]
    return [sorted(line for line in text.replace("< ", "\n").splitlines()
                   if not re.match(r"[0-9]> *", line)) +
            sorted(re.findall("[0-9a-f]{40}", text)) for text in said]


def nss_nickname(user):
    """The one of the certificates of the address."""
    rows = nss_listing(user.db)[0]
    names = {row[:60].strip() for row in rows if row.endswith("u,u,u")}
    return (names - {"mine"}).pop()


def nss_signs(user, id, name):
    text = b"Content-Type: text/plain\r\n\r\nHello.\r\n"
    got = subprocess.run(
        ["cmsutil", "-S", "-d", "sql:" + user.db, "-N", nss_nickname(user),
         "-f", "/dev/null"], input=text, capture_output=True)
    signer = user.place.path("signer.pem")
    ok = subprocess.run(
        ["openssl", "cms", "-verify", "-inform", "DER", "-CAfile", user.root,
         "-purpose", "any", "-signer", signer, "-out", "/dev/null"],
        input=got.stdout, capture_output=True)
    with open(user.pem(id)) as f:
        leaf = f.read().split("-----END")[0]
    good = ok.returncode == 0
    if good:
        with open(signer) as f:
            good = f.read().startswith(leaf)
    tap.ok(good, name + ": signed by " + id, got, ok)


def nss_reads(user, ids, name):
    for i, id in enumerate(ids):
        body = subprocess.run(
            ["openssl", "cms", "-encrypt", "-aes256", "-outform", "DER",
             user.pem(id)], input=b"the secret of %d" % i,
            capture_output=True, check=True).stdout
        got = subprocess.run(
            ["cmsutil", "-D", "-d", "sql:" + user.db, "-f", "/dev/null"],
            input=body, capture_output=True)
        tap.ok(b"the secret of %d" % i in got.stdout,
               "%s: generation %d is read" % (name, i), got)


def use_nss(key):
    name = "NSS, " + key
    if not tap.wanted(name):
        return
    with nss_user(key=key) as user:
        ids = [user.certificate()]
        before = user.all(), user.nss()
        user.install("--database", user.db, "nss")
        nss_signs(user, ids[0], name)
        again = user.all(), user.nss()
        user.install("--database", user.db, "nss")
        tap.equal((user.all(), user.nss()), again,
                  name + ": again changes nothing")
        left = os.listdir(os.path.join(user.place.home, "mail"))
        tap.ok(not [n for n in left if n.startswith("nss")],
               name + ": no key is left lying about", left)
        ids.append(user.certificate())
        nss_signs(user, ids[-1], name + ", renewed")
        if key.startswith("rsa"):
            ids.append(user.certificate())
            nss_signs(user, ids[-1], name + ", renewed again")
            nss_reads(user, ids, name)
        got = user.remove("nss")
        tap.equal(got.returncode, 0, name + ": removed")
        tap.equal((user.all(), user.nss()), before,
                  name + ": everything is as it was")


def nss_trust():
    """A root that was there with other trust has that again; what has no
    database, or a password, is refused."""
    with nss_user(key="ec:p256") as user:
        user.certificate()
        subprocess.run(["certutil", "-A", "-d", "sql:" + user.db, "-n",
                        "the root", "-t", "T,,", "-i", user.root], check=True)
        before = user.all(), user.nss()
        got = user.run("install", "--database", user.db, "nss")
        tap.ok(got.returncode == 1 and b"use --trust-root" in got.stderr and
               (user.all(), user.nss()) == before,
               "NSS: nothing before the root is accepted", got)
        tap.ok(not os.path.exists(os.path.join(user.place.home, "installed",
                                               "nss")),
               "NSS: and nothing is left for a renewal to do")
        user.install("--database", user.db, "nss")
        tap.ok(any(row.startswith("the root ") and row.rstrip().endswith(",C,")
                   for row in user.nss()["nss"][0]),
               "NSS: the root is trusted for mail", user.nss())
        user.remove("nss")
        tap.equal((user.all(), user.nss()), before,
                  "NSS: its trust is what it was")
        got = user.install("nss", ok=1)
        tap.ok(b"there is no NSS database in" in got.stderr, "NSS: no database",
               got)
        empty = user.place.path("empty")
        os.makedirs(empty)
        subprocess.run(["certutil", "-N", "-d", "sql:" + empty,
                        "--empty-password"], check=True)
        user.install("--database", empty, "nss")
        tap.ok(b"verifies" in user.install("--database", empty, "nss").stdout,
               "NSS: a database that was empty")
        got = user.run("doctor")
        tap.ok(b"nss.p12" not in got.stdout,
               "NSS: doctor misses no file that was there for a moment", got)
        user.remove("nss")
        word = user.place.write("word", "sesame\n")
        locked = user.place.path("locked")
        os.makedirs(locked)
        subprocess.run(["certutil", "-N", "-d", "sql:" + locked, "-f", word],
                       check=True)
        got = user.install("--database", locked, "nss", ok=1)
        tap.ok(b"has a password" in got.stderr, "NSS: a password", got)


@contextlib.contextmanager
def profile_in_use(profile, link="127.0.0.1:+%d"):
    """A process that has the locks of a profile as Thunderbird has them:
    another one, because a lock of one's own does not count."""
    with subprocess.Popen(
            [sys.executable, "-c", "import fcntl, sys\n"
             "f = open(sys.argv[1], 'w')\nfcntl.lockf(f, fcntl.LOCK_EX)\n"
             "print(flush=True)\nsys.stdin.read()",
             os.path.join(profile, ".parentlock")],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        process.stdout.readline()
        profile_link(profile, link % process.pid)
        yield process
        process.stdin.close()


def profile_link(profile, target):
    path = os.path.join(profile, "lock")
    if os.path.lexists(path):
        os.unlink(path)
    os.symlink(target, path)


def nss_runs():
    """The database of a profile that a program uses is left alone."""
    with nss_user(key="ec:p256") as user:
        user.certificate()
        before = user.all(), user.nss()
        with profile_in_use(user.db):
            got = user.install("--database", user.db, "nss", ok=75)
            tap.ok(b"a program is running with " + user.db.encode() in
                   got.stderr and (user.all(), user.nss()) == before,
                   "NSS: a program runs", got)
        user.install("--database", user.db, "nss")
        with profile_in_use(user.db):
            after = user.nss()
            got = user.remove("nss")
            tap.ok(got.returncode == 75 and user.nss() == after,
                   "NSS: nor is it removed", got)
        tap.equal(user.remove("nss").returncode, 0, "NSS: it has ended")
        tap.equal((user.all(), user.nss()), before, "NSS: removed")


def two_programs():
    """What one of them needs stays when the other is removed."""
    with alpine_user() as user:
        id = user.certificate()
        before = user.all()
        user.install("--yes", "--back-end", "classic", "mutt")
        user.install("--yes", "alpine")
        user.install("--yes", "s-nail")
        user.remove("mutt")
        user.install("--yes", "alpine")  # the test text is still there
        user.remove("alpine")
        snail_signs(user, id, "two programs, one removed")
        user.remove("s-nail")
        tap.equal(user.all(), before, "two programs: both removed")


# --- correspondents ----------------------------------------------------------

def snail_encrypts(user, name):
    snail_sends(user, name)
    return sent(user.box)[-1]


def alpine_encrypts(user, name):
    alpine_sends(user, name)
    return sent(user.box)[-1]


def nss_encrypts(user, name):
    got = subprocess.run(
        ["cmsutil", "-E", "-d", "sql:" + user.db, "-r", BOB],
        input=b"Hello.\n", capture_output=True)
    return b"MIME-Version: 1.0\nContent-Type: application/pkcs7-mime;\n" \
        b" smime-type=enveloped-data\nContent-Transfer-Encoding: base64\n\n" \
        + base64.encodebytes(got.stdout)


def decrypted(user, raw, pair):
    path = user.place.write("pair.pem", cms.pem(pair[0]) +
                            cms.cert_pem(pair[1]))
    return subprocess.run(
        ["openssl", "cms", "-decrypt", "-inkey", path, "-recip", path],
        input=raw, capture_output=True)


def remembers(program, make_user, encrypts):
    """Verify a message, then write an encrypted answer that its sender reads; a
    newer certificate takes the place of the one before."""
    name = "remember, " + program
    with make_user() as user:
        def state():
            return {**user.all(), **(user.nss() if program == "nss" else {})}

        root = user.town.ca.root
        user.certificate()
        before = state()
        user.install("--yes", *(["--database", user.db] if program == "nss"
                                else []), program)
        installed = state()
        pairs = [root.issue(BOB, key=cms.new_key(2048), usage=(
            "digital_signature", "key_encipherment")) for _ in range(2)]
        got = user.run("remember", "--dry-run", stdin=from_bob(root, pairs[0]))
        tap.ok(got.returncode == 0 and b"would " in got.stdout and
               state() == installed, name + ": a dry run writes nothing", got)
        ec = root.issue(BOB, usage=("digital_signature", "key_agreement"))
        got = user.run("remember", stdin=from_bob(root, ec))
        tap.ok(got.returncode == 1 and b"cannot encrypt to a key of this kind "
               b"(ec)" in got.stderr and state() == installed,
               name + ": a key of another kind", got)
        for i, pair in enumerate(pairs):
            got = user.run("remember", stdin=from_bob(root, pair))
            tap.ok(got.returncode == 0 and b"can encrypt to " + BOB.encode() in
                   got.stdout, "%s: certificate %d" % (name, i), got)
            now = state()
            got = user.run("remember", stdin=from_bob(root, pair))
            tap.ok(got.returncode == 0 and state() == now,
                   "%s: certificate %d again changes nothing" % (name, i), got)
            raw = encrypts(user, name)
            got = decrypted(user, raw, pair)
            tap.ok(got.returncode == 0 and got.stdout != b"",
                   "%s: Bob reads it with certificate %d" % (name, i), got,
                   raw.decode(errors="replace"))
        got = decrypted(user, raw, pairs[0])
        tap.ok(got.returncode != 0, name + ": not with the older one", got)
        got = user.remove(program)
        left = state()
        for own in (".addressbook", ".rnd", ".pinerc"):  # alpine's own
            left.pop(own, None)
            before.pop(own, None)
        tap.ok(got.returncode == 0 and left == before,
               name + ": removed with the rest", got,
               sorted(k for k in {**left, **before}
                      if left.get(k) != before.get(k)))


def encrypting_alpine_user():
    user = alpine_user()
    with open(user.pinerc) as f:
        text = f.read()
    with open(user.pinerc, "w") as f:
        f.write(text.replace("feature-list=", "feature-list="
                             "smime-encrypt-by-default,\n\t"))
    return user


# --- one that signs, one that encrypts ---------------------------------------

def separate(program, make_user, signs, reads):
    """Two certificates of an address: the program signs with the one, and mail
    that is encrypted to the other is read."""
    for usages in (("encrypt", "sign"), ("sign", "encrypt")):
        name = "separate, %s, %s first" % (program, usages[0])
        with make_user() as user:
            ids = {usage: user.certificate("--usage", usage)
                   for usage in usages}
            user.install("--yes", *(["--database", user.db] if
                                    program == "nss" else []), program)
            signs(user, ids["sign"], name)
            if program == "s-nail":  # the one that signs, at last
                reads(user, [ids["encrypt"], ids["sign"]], name)
            else:
                reads(user, [ids["encrypt"]], name)


# --- secrets -----------------------------------------------------------------

def secrets():
    """Neither passphrase nor key is among the arguments or in the environment
    of any program that is started, and no file is ever open to others."""
    with alpine_user() as user:
        db = user.place.path("nss")
        os.makedirs(db)
        subprocess.run(["certutil", "-N", "-d", "sql:" + db,
                        "--empty-password"], check=True)
        word = user.place.write("word", "open-sesame\n")
        with open(user.place.path("user/.config/mailcert/config"), "a") as f:
            f.write("set password_command = cat %s\nset lock_keys = yes\n" %
                    word)
        id = user.certificate()
        key = subprocess.run(
            ["openssl", "pkey", "-passin", "file:" + word, "-in",
             user.place.home + "/keys/%s.pem" % id], check=True,
            capture_output=True).stdout.decode()
        # They stay, and strace would wait for them.
        os.mkdir(user.place.path("user/.gnupg"), 0o700)
        for daemon in ("gpg-agent", "dirmngr"):
            subprocess.run(["gpgconf", "--launch", daemon],
                           env=user.place.env, check=True)
        hidden = ["open-sesame", *key.splitlines()[1:-1]]
        trace = user.place.path("trace")
        for args in (["nss", "--database", db], ["gpgsm"], ["s-nail"],
                     ["alpine"], ["pkcs12:" + user.place.path("out.p12")],
                     ["mutt", "--back-end", "classic"]):
            got = user.run(
                "-f", "-q", "-v", "-s", "65536", "-o", trace, "-e",
                "trace=execve,openat", MAILCERT, "install", "--yes",
                "--unlock", "--trust-root", user.fingerprint, *args,
                program="strace")
            with open(trace, errors="replace") as f:
                lines = f.read().splitlines()
            ours = {line.split()[0] for line in lines if re.match(
                r'\d+ +execve\("[^"]*/mailcert', line)}
            starts = [line for line in lines if "execve(" in line]
            modes = [line for line in lines if "O_CREAT" in line and
                     line.split()[0] in ours]
            name = "install %s: " % args[0].partition(":")[0]
            tap.ok(got.returncode == 0 and len(starts) > 2 and not [
                line for line in starts for one in hidden if one in line],
                name + "no secret in arguments or environment", got)
            tap.ok(modes and all(re.search(r", 0[67]00\)", line)
                                 for line in modes),
                   name + "no file is open to others", *modes)


# --- killed ------------------------------------------------------------------

def steps(user, *args, **more):
    """How many calls of one run make something last."""
    trace = user.place.path("trace")
    user.run("-o", trace, "-e", "trace=" + DURABLE, MAILCERT, *args,
             program="strace", **more)
    with open(trace) as f:
        return sum("(" in line for line in f)


def kill(user, n, *args):
    """Run mailcert, and kill it at the nth durable step."""
    user.run("-o", "/dev/null", "-e", "trace=" + DURABLE, "-e",
             "inject=%s:signal=SIGKILL:when=%d" % (DURABLE, n),
             MAILCERT, *args, program="strace")


def killed(program, make_user, most, stride=3):
    """Killed at each durable step; the next run leaves what one that was not
    killed leaves, and --remove takes all of it back.  In check-slow, at each
    stride of them."""
    with make_user() as user:
        def state():
            return {**user.all(), **(user.nss() if program == "nss" else {})}

        for _ in range(2):
            user.certificate()
        args = ["install", "--yes", "--trust-root", user.fingerprint,
                *(["--database", user.db] if program == "nss" else []), program]
        before = state()
        count = steps(user, *args)
        want = state()
        user.remove(program)
        tap.ok(count > 10 and want != before and state() == before,
               "%s: %d durable steps" % (program, count))
        for n in sample(range(1, count + 1), most)[::stride if SLOW else 1]:
            kill(user, n, *args)
            if n % 2:
                got = user.run(*args)
                now = state()
                tap.ok(got.returncode == 0 and now == want,
                       "%s: killed at step %d, completed" % (program, n), got,
                       sorted(k for k in {**now, **want}
                              if now.get(k) != want.get(k)))
            got = user.remove(program)
            left = state()
            tap.ok(got.returncode == 0 and left == before,
                   "%s: killed at step %d, removed" % (program, n), got,
                   sorted(set(left) ^ set(before)))


def killed_removing(program, make_user, most):
    """--remove, killed at each durable step; the next run completes it."""
    with make_user() as user:
        def state():
            return {**user.all(), **(user.nss() if program == "nss" else {})}

        user.certificate()
        install = ["install", "--yes", "--trust-root", user.fingerprint,
                   *(["--database", user.db] if program == "nss" else []),
                   program]
        remove = ["install", "--remove", program]
        before = state()
        user.run(*install)
        want = state()
        count = steps(user, *remove)
        tap.ok(count > 3 and want != before and state() == before,
               "%s: removing takes %d durable steps" % (program, count))
        for n in sample(range(1, count + 1), most)[::2 if SLOW else 1]:
            user.run(*install)
            kill(user, n, *remove)
            got = user.remove(program)
            left = state()
            tap.ok(got.returncode == 0 and left == before,
                   "%s, removing: killed at step %d" % (program, n), got,
                   sorted(k for k in {**left, **before}
                          if left.get(k) != before.get(k)))


def killed_remembering(program, make_user, most):
    """The same while a newer certificate of Bob takes the place of an older."""
    with make_user() as user:
        def state():
            return {**user.all(), **(user.nss() if program == "nss" else {})}

        root = user.town.ca.root
        old, new = [from_bob(root, root.issue(BOB, key=cms.new_key(
            2048), usage=("digital_signature", "key_encipherment")))
            for _ in range(2)]
        user.certificate()
        args = ["install", "--yes", "--trust-root", user.fingerprint,
                *(["--database", user.db] if program == "nss" else []), program]
        before = state()

        def prepare():
            user.remove(program)
            user.run(*args)
            return user.run("remember", stdin=old)

        got = prepare()
        first = state()
        count = steps(user, "remember", stdin=new)
        want = state()
        tap.ok(got.returncode == 0 and count > 3 and want != first,
               "%s, remember: %d durable steps" % (program, count), got)
        for n in sample(range(1, count + 1), most)[::1 + 2 * SLOW]:
            prepare()
            user.run("-o", "/dev/null", "-e", "trace=" + DURABLE, "-e",
                     "inject=%s:signal=SIGKILL:when=%d" % (DURABLE, n),
                     MAILCERT, "remember", program="strace", stdin=new)
            got = user.run("remember", stdin=new)
            now = state()
            tap.ok(got.returncode == 0 and now == want,
                   "%s, remember: killed at step %d, completed" % (program, n),
                   got, sorted(k for k in {**now, **want}
                               if now.get(k) != want.get(k)))
        got = user.remove(program)
        tap.ok(got.returncode == 0 and state() == before,
               "%s, remember: removed" % program, got)


def EC(make_user):
    """Where the kind of the key does not matter: RSA takes long to make."""
    return functools.partial(make_user, key="ec:p256")


tests = {
    "use_snail_rsa": functools.partial(use_snail, "rsa:2048"),
    "use_snail_ec": functools.partial(use_snail, "ec:p256"),
    "snail_asks": snail_asks,
    "snail_locked": snail_locked,
    "refuses": snail_refuses,
    "use_alpine_rsa": functools.partial(use_alpine, "rsa:2048"),
    "use_alpine_ec": functools.partial(use_alpine, "ec:p256"),
    "use_nss_rsa": functools.partial(use_nss, "rsa:2048"),
    "use_nss_ec": functools.partial(use_nss, "ec:p256"),
    "nss_trust": nss_trust,
    "nss_runs": nss_runs,
    "two_programs": two_programs,
    "alpine_runs": alpine_runs,
    "alpine_names": alpine_names,
    "secrets": secrets,
    "separate_snail": functools.partial(
        separate, "s-nail", MailUser, snail_signs, snail_reads),
    "separate_alpine": functools.partial(
        separate, "alpine", alpine_user, alpine_signs, alpine_reads),
    "separate_nss": functools.partial(
        separate, "nss", nss_user, nss_signs, nss_reads),
    "remembers_snail": functools.partial(
        remembers, "s-nail", MailUser, snail_encrypts),
    "remembers_alpine": functools.partial(
        remembers, "alpine", encrypting_alpine_user, alpine_encrypts),
    "remembers_nss": functools.partial(
        remembers, "nss", nss_user, nss_encrypts),
    "killed_nss": functools.partial(killed, "nss", EC(nss_user), 7),
    "killed_alpine": functools.partial(killed, "alpine", EC(alpine_user), 14),
    "killed_snail": functools.partial(killed, "s-nail", EC(MailUser), 12),
    "killed_removing_nss": functools.partial(
        killed_removing, "nss", EC(nss_user), 2),
    "killed_removing_alpine": functools.partial(
        killed_removing, "alpine", EC(alpine_user), 2),
    "killed_removing_snail": functools.partial(
        killed_removing, "s-nail", EC(MailUser), 2),
    "killed_remembering_nss": functools.partial(
        killed_remembering, "nss", EC(nss_user), 4),
    "killed_remembering_alpine": functools.partial(
        killed_remembering, "alpine", EC(alpine_user), 6),
    "killed_remembering_snail": functools.partial(
        killed_remembering, "s-nail", EC(MailUser), 8),
}
# What check-slow tries in full, check takes samples of.
if not SLOW:
    for name in ("killed_remembering_nss", "killed_remembering_snail",
                 "killed_removing_nss", "killed_removing_snail",
                 "killed_removing_alpine", "separate_snail",
                 "separate_alpine", "separate_nss", "secrets",
                 "killed_snail", "use_alpine_ec", "use_snail_ec"):
        tests.pop(name, None)
if __name__ == "__main__":
    run_tests(tests, 2)
    tap.done()
