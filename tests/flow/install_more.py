#!/usr/bin/python3
# Runs in: check check-slow
"""A certificate put to use beyond mutt: real s-nail in a terminal signs with it
and reads with it; everything can be undone; killed anywhere, the next run
completes it."""
import functools
import os
import re
import subprocess
import sys

TESTS = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path[:0] = [TESTS, os.path.join(TESTS, "ca"), os.path.dirname(__file__)]
from install import ALICE, User, push
from lib import MAILCERT, Terminal, make_mbox, run_tests, sample, sent, tap

# What makes a change last.
DURABLE = "fsync,rename,renameat,renameat2,link,linkat,unlink,unlinkat,mkdir," \
    "mkdirat,rmdir,fchmod,chmod"


class MailUser(User):
    """One whose other mail programs are set up as well."""

    def __init__(self, **more):
        super().__init__(**more)
        # For root, s-nail does not believe HOME.
        self.place.env["MAILRC"] = self.place.write(
            "user/.mailrc", "# Mine.\nset mta=%s\nunset asksend" % self.send)

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

def snail_signs(user, id, name):
    before = sent(user.box)
    with Terminal(user.place, "s-nail -s hello bob@example.net") as terminal:
        terminal.wait("To:", 5)
        terminal.keys("Hello.", "Enter")
        tap.ok(push(terminal, "C-d", lambda: len(sent(user.box)) >
                    len(before)), name + ": it is sent", terminal.screen())
    for raw in sent(user.box):
        if raw not in before:
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
        for program in ("s-nail",):
            got = user.install(program, ok=1)
            tap.ok(b"%s cannot sign with a key of this kind (ed25519)" %
                   program.encode() in got.stderr and user.all() == before,
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
        user.remove("s-nail")
        tap.equal(user.all(), before, "s-nail, unlocked: removed")


# --- killed ------------------------------------------------------------------

def steps(user, *args):
    """How many calls of one run make something last."""
    trace = user.place.path("trace")
    user.run("-o", trace, "-e", "trace=" + DURABLE, MAILCERT, *args,
             program="strace")
    with open(trace) as f:
        return sum("(" in line for line in f)


def killed(program, arguments, most):
    """Killed at each durable step; the next run leaves what one that was not
    killed leaves, and --remove takes all of it back."""
    with MailUser() as user:
        for _ in range(2):
            user.certificate()
        args = ["install", "--yes", "--trust-root", user.fingerprint,
                *arguments, program]
        before = user.all()
        count = steps(user, *args)
        want = user.all()
        user.remove(program)
        tap.ok(count > 10 and want != before and user.all() == before,
               "%s: %d durable steps" % (program, count))
        for n in sample(range(1, count + 1), most):
            user.run("-o", "/dev/null", "-e", "trace=" + DURABLE, "-e",
                     "inject=%s:signal=SIGKILL:when=%d" % (DURABLE, n),
                     MAILCERT, *args, program="strace")
            if n % 2:
                got = user.run(*args)
                tap.ok(got.returncode == 0 and user.all() == want,
                       "%s: killed at step %d, completed" % (program, n), got)
            got = user.remove(program)
            left = user.all()
            tap.ok(got.returncode == 0 and left == before,
                   "%s: killed at step %d, removed" % (program, n), got,
                   sorted(set(left) ^ set(before)))


tests = {
    "use_snail_rsa": functools.partial(use_snail, "rsa:2048"),
    "use_snail_ec": functools.partial(use_snail, "ec:p256"),
    "snail_asks": snail_asks,
    "snail_locked": snail_locked,
    "refuses": snail_refuses,
    "killed_snail": functools.partial(killed, "s-nail", [], 12),
}
if __name__ == "__main__":
    run_tests(tests, 2)
    tap.done()
