#!/usr/bin/python3
# Runs in: check check-slow
"""mailcert export --home, and import of it: the same home elsewhere, or nothing
at all."""
import json
import os
import re
import subprocess
import sys

TESTS = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path[:0] = [TESTS, os.path.join(TESTS, "ca"), os.path.join(TESTS, "flow")]
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.pbkdf2 import PBKDF2HMAC
from lib import (MAILCERT, SLOW, Place, Terminal, ask, run_tests, tap,
                 tests_of, told)
from town import Town

ALICE = "alice@example.org"
WORD = ("-o", "password_command=echo sesame")
KEPT = ("accounts", "certificates", "expectations", "keys")


def key_of(word, head):
    return PBKDF2HMAC(hashes.SHA256(), 32, head[16:32], int.from_bytes(
        head[44:48], "big")).derive(word)


def opened(raw, word=b"sesame"):
    """By another implementation: what is in it."""
    head = raw[:56]
    assert head[:16] == b"mailcert home 1\n"
    assert int.from_bytes(head[48:56], "big") == len(raw) - 56 - 16
    return AESGCM(key_of(word, head)).decrypt(head[32:44], raw[56:], head)


def sealed(content, word=b"sesame", rounds=1000, length=None):
    head = b"mailcert home 1\n" + os.urandom(28) + rounds.to_bytes(4, "big") + (
        len(content) if length is None else length).to_bytes(8, "big")
    key = key_of(word, head) if rounds < 10**6 and rounds else bytes(32)
    return head + AESGCM(key).encrypt(head[32:44], content, head)


def contents(home):
    """What of a home counts."""
    out = {}
    for name in KEPT:
        for top, _, files in os.walk(os.path.join(home, name)):
            for file in files:
                with open(os.path.join(top, file), "rb") as f:
                    out[name + "/" + file] = f.read()
    return out


def elsewhere(place):
    """The home of another machine."""
    return place.path("there", "home")


def take(place, path, *more, word="sesame"):
    return place.run("-C", elsewhere(place), "-o", "password_command=echo " +
                     word, "import", *more, path)


def left(place):
    """What an import has made."""
    out = []
    for top, _, names in os.walk(place.path("there")):
        out += [os.path.join(top, name) for name in names if "lock" not in top
                and name != "lock"]
        if ".new" in top:
            out.append(top)
    return out


def test_progress():
    """What takes long says so: on a terminal, with the time that passes."""
    with Place() as place:
        place.run("csr", "--key", "ec:p256", ALICE)
        file = place.path("out")
        place.run(*WORD, "export", "--home", file)
        os.mkdir(place.path("there"))
        got = take(place, file)
        tap.ok(b" decrypting and checking the home\n" in got.stderr and
               b"next: mailcert status" in got.stderr and
               elsewhere(place).encode() in got.stderr, "in a pipe", got)
        # Each program's first fsync takes four seconds: the one that unpacks
        # is at work meanwhile, on whatever machine.
        with Terminal(place, "strace -f -o /dev/null -e trace=fsync -e "
                      "inject=fsync:delay_enter=4000000:when=1 %s -C %s -o "
                      "'password_command=echo sesame' import %s" % (
                          MAILCERT, place.path("two"), file)) as terminal:
            tap.ok(terminal.wait("Importing the home in " + file),
                   "on a terminal", terminal.screen())
            tap.ok(terminal._until(lambda: re.search(
                r" 0:0[2-9]\n", terminal.screen()), 30), "time passes",
                terminal.screen())
            tap.ok(terminal.wait("[exit 0]") and "Importing the" not in
                   terminal.screen() and "imported the home" in
                   terminal.screen(), "it is gone", terminal.screen())


def test_whole():
    """A home with an account, a certificate and an open order moves to another
    machine, and goes on there."""
    with Town() as town:
        place = town.place
        os.mkdir(place.path("there"))
        town.run("order", "--no-wait", ALICE)
        town.wait_for_mail()
        town.answer()
        town.run("finish")
        town.run("csr", "--key", "ec:p256", "bob@example.org")
        town.run("order", "--no-wait", "carol@example.org")
        file = place.path("out")
        got = town.run(*WORD, "export", "--home", file)
        with open(file, "rb") as f:
            raw = f.read()
        tap.ok(got.returncode == 0 and b"one machine only" in got.stderr and
               os.stat(file).st_mode & 0o777 == 0o600, "exported", got)
        tap.ok(not any(word in raw for word in (
            b"PRIVATE", b"example", b"json")), "nothing can be read")
        frames = told(opened(raw))
        tap.equal((dict(zip([v.decode() for n, v in frames if n == "name"],
                            [v for n, v in frames if n == "content"])),
                   frames[-1]), (contents(place.home), ("end", b"")),
                  "by another implementation")
        got = take(place, file)
        tap.ok(got.returncode == 0 and
               b"3 certificates and orders, 1 account" in got.stdout and
               b"stop mailcert where this home comes from (renew, watch, "
               in got.stderr,
               "imported", got)
        there = elsewhere(place)
        tap.equal(contents(there), contents(place.home), "all of it")
        modes = {os.stat(os.path.join(top, name)).st_mode & 0o777
                 for top, _, names in os.walk(there) for name in names}
        tap.ok(modes == {0o600} and os.stat(there).st_mode & 0o777 == 0o700
               and not any(".new" in name for name in os.listdir(
                   place.path("there"))), "private, and nothing beside it",
               modes)
        town.wait_for_mail()
        subprocess.run(["rm", "-rf", place.home])
        os.rename(there, place.home)
        town.answer()
        got = town.run("finish")
        tap.ok(got.returncode == 0 and len(town.ca.certs) == 2,
               "its order is finished", got, town.ca.problems)


def small(place):
    """A place with a home and its export."""
    os.mkdir(place.path("there"))
    got = place.run("csr", "--key", "ec:p256", ALICE)
    assert got.returncode == 0, got
    path = place.path("out")
    got = place.run(*WORD, "export", "--home", path)
    assert got.returncode == 0, got
    with open(path, "rb") as f:
        return path, f.read()


def test_damage():
    """One bit anywhere: refused, and nothing is made."""
    with Place() as place:
        _, raw = small(place)
        bad = []
        at = [*range(0, 56, 4), *range(56, len(raw), len(
            raw) // (30 if SLOW else 6)), len(raw) - 1]
        for n in at:
            changed = bytearray(raw)
            changed[n] ^= 1 << n % 8
            got = take(place, place.write("bad", bytes(changed)))
            if got.returncode != 65 or got.stdout or left(place):
                bad.append((n, got, left(place)))
        tap.ok(not bad and len(at) > 20, "a bit in each of %d places" %
               len(at), *bad)
        for what, text, said in (
                ("cut", raw[:200], b"it ends too early (200 of %d bytes)" %
                 len(raw)), ("longer", raw + b"x", b"it ends too late"),
                ("the head only", raw[:40], b"within its first bytes"),
                ("no iterations", sealed(b"", rounds=0), b"0 iterations"),
                ("many iterations", sealed(b"", rounds=10**8),
                 b"100000000 iterations"),
                ("a huge length", sealed(b"", length=2**63), b"more than")):
            got = take(place, place.write("bad", text))
            tap.ok(got.returncode == 65 and said in got.stderr and
                   not left(place), what, got, left(place))
        got = take(place, place.path("out"), word="Sesame")
        tap.ok(got.returncode == 65 and b"bad-passphrase" in got.stderr and
               not left(place), "wrong passphrase", got)


def test_strange_content():
    """Authentic, but not what export writes: nothing is written elsewhere."""
    with Place() as place:
        os.mkdir(place.path("there"))
        good = ("keys/aaaaaaaa.pem", "x")
        for name in ("../evil.pem", "keys/../../evil.pem", "/tmp/evil.pem",
                     "keys/.hidden.pem", "dns/a.json", "keys/a.exe", "keys",
                     "keys/", "keys/a/b.pem", "evil.pem", "keys/a\n.pem",
                     "lock", "keys/" + "a" * 200 + ".pem"):
            content = ask(("name", good[0]), ("content", good[1]),
                          ("name", name), ("content", "evil"))
            got = take(place, place.write("bad", sealed(content)))
            tap.ok(got.returncode == 65 and
                   b"not part of a home" in got.stderr and not left(place),
                   "a file %r" % name, got, left(place))
        for what, content in (
                ("no end", ask(("name", good[0]), ("content", "x"),
                               end=False)),
                ("no name", ask(("content", "x"))),
                ("no content", ask(("name", good[0]))),
                ("twice", ask(("name", good[0]), ("content", "x")) * 2),
                ("a file that is too large", ask(
                    ("name", good[0]), ("content", b"x" * (2**20 + 1))))):
            got = take(place, place.write("bad", sealed(content)))
            tap.ok(got.returncode == 65 and not left(place), what, got)
        got = take(place, place.write("bad", sealed(ask(
            ("name", good[0]), ("content", "x"), ("name", good[0]),
            ("content", "y")))))
        tap.ok(got.returncode == 73 and not left(place), "one file twice", got,
               left(place))


def test_only_into_an_empty_home():
    with Place() as place:
        path, _ = small(place)
        before = contents(place.home)
        got = place.run(*WORD, "import", path)
        tap.ok(got.returncode == 73 and b"is not empty" in got.stderr and
               contents(place.home) == before, "not into its own", got)
        got = take(place, path)
        tap.ok(got.returncode == 0 and contents(elsewhere(place)) == before,
               "into another", got)
        got = take(place, path)
        tap.ok(got.returncode == 73 and contents(elsewhere(place)) == before,
               "and not twice", got)
        for args in (("--passphrase", path), (path, path)):
            got = place.run("-C", place.path("third"), *WORD, "import", *args)
            tap.ok(got.returncode == 64 and b"imported alone" in got.stderr,
                   "import %d arguments" % len(args), got)
        real = place.path("real")
        os.mkdir(real, 0o700)
        os.symlink(real, place.path("link"))
        got = place.run("-C", place.path("link"), *WORD, "import", "--json",
                        stdin=open(path, "rb"))
        tap.ok(got.returncode == 0 and json.loads(got.stdout)[
            "certificates"] == 1 and contents(real) == before and
               os.path.islink(place.path("link")),
               "through a link, from standard input", got)


def test_export_refused():
    with Place() as place:
        got = place.run(*WORD, "export", "--home", place.path("out"))
        tap.ok(got.returncode == 1 and b"no home to export" in got.stderr,
               "there is none", got)
        path, raw = small(place)
        got = place.run(*WORD, "export", "--home", path)
        tap.ok(got.returncode == 73 and open(path, "rb").read() == raw,
               "the file exists", got)
        got = place.run(*WORD, "export", "--home", "--force", path)
        tap.ok(got.returncode == 0 and open(path, "rb").read() != raw,
               "--force", got)
        got = place.run(*WORD, "export", "--home")
        tap.ok(opened(got.stdout) == opened(raw), "standard output", got)
        for args, said in ((("--home", "a", "b"), b"takes only a FILE"),
                           (("--home", "--format", "pem", "a"),
                            b"a format of its own"),
                           (("--home", "--force"), b"needs a FILE")):
            got = place.run(*WORD, "export", *args)
            tap.ok(got.returncode == 64 and said in got.stderr, str(args), got)
        with Terminal(place, "%s export --home" % MAILCERT) as terminal:
            tap.ok(terminal.wait("[exit 64]") and "FILE" in terminal.screen(),
                   "not to a terminal", terminal.screen())


def kill(place, call, n, *args):
    return place.run("-f", "-q", "-o", "/dev/null", "-e", "trace=" + call,
                     "-e", "inject=%s:signal=KILL:when=%d" % (call, n),
                     MAILCERT, *args, program="strace")


def test_killed():
    """Nothing, or the whole home; what is left of an import is removed by the
    next."""
    with Place() as place:
        path, _ = small(place)
        whole = contents(place.home)
        there = elsewhere(place)
        for call, n in (("fsync", 1), ("fsync", 2), ("fsync", 4),
                        ("rename", 1)):
            args = ("-C", there, *WORD, "import", path)
            got = kill(place, call, n, *args)
            tap.ok(got.returncode != 0 and contents(there) in ({}, whole),
                   "killed at %s %d" % (call, n), got)
            got = place.run(*args)
            tap.ok(got.returncode == 0 and contents(there) == whole and
                   os.listdir(place.path("there")) == ["home"],
                   "killed at %s %d: then it is imported" % (call, n), got,
                   os.listdir(place.path("there")))
            subprocess.run(["rm", "-rf", there])


run_tests(tests_of(globals()))
tap.done()
