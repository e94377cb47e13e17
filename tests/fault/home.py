#!/usr/bin/python3
# Runs in: check check-slow
"""The home as disks, editors, kills and file systems leave it: nothing is cut
in silence, one damaged record stops only what needs it, what was written is
durable, and a delivery agent hears 0 or 75."""
import errno
import json
import os
import re
import shutil
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from lib import (BUILD, CA, MAILCERT, Place, challenge, check_reply, run_tests,
                 sent, tap, tests_of)
from lib import fake_sendmail

SYSFAIL = os.path.join(os.path.dirname(os.path.abspath(__file__)), "sysfail.c")
LETTERS = "bcdfghjk"
HANDLE = ["handle", "--auto-approve", "--draft", "stdout"]
MDA = ["handle", "--auto-approve", "--mda"]
ORDINARY = b"From: bob@example.net\nTo: alice@example.org\nSubject: lunch\n\nhi\n"


def ident(n):
    """Eight letters for a number: an id."""
    return "".join(LETTERS[n >> 3 * i & 7] for i in range(8))


def issuance(n, **more):
    """A certificate order as version 0.1 wrote it, without a format."""
    return dict({
        "id": ident(n), "account": "bbbbbbbb", "order":
        "https://ca.example/o/%d" % n, "addresses": "a%d@example.org\n" % n,
        "key": "ec:p256", "usage": "both", "locked": 0, "csr": "AAAA",
        "public": "AAAA", "state": "issued", "why": "", "created":
        1700000000 + n, "expires": 4000000000, "replaces": "", "replaced": "",
        "starts": 1700000000, "revoked": 0, "cert_id": "", "window_start": 0,
        "window_end": 0, "window_chosen": 0, "window_ask_again": 0}, **more)


def order(n, **more):
    """A certificate order in format 2."""
    record = issuance(n, format=2)
    record["url"] = record.pop("order")
    return dict(record, **more)


def expected(n, **more):
    """An expected challenge, in a format that has no order of ours."""
    return dict({
        "format": 2, "id": ident(n), "address": "a%d@example.org" % n,
        "address_normal": "a%d@example.org" % n, "from": CA,
        "from_normal": CA, "token_part2": "DGyRejmCefe7v4NfDGDKfA",
        "thumbprint": "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs",
        "token_join": "string", "created": 1700000000 + n, "expires": 0,
        "note": "", "state": "pending", "token_part1": "", "message_id": "",
        "draft": "", "answered": 0}, **more)


def account(n, **more):
    return dict({
        "id": ident(n), "directory": "https://ca%d.example/d" % n,
        "url": "https://ca%d.example/a/1" % n, "thumbprint":
        "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs", "rolled": 0,
        "created": 1700000000 + n, "deactivated": 0}, **more)


def put(place, directory, record):
    text = record if isinstance(record, str) else json.dumps(record)
    name = "broken00" if isinstance(record, str) else record["id"]
    top = os.path.join(place.home, directory)
    os.makedirs(top, mode=0o700, exist_ok=True)
    os.chmod(place.home, 0o700)
    path = os.path.join(top, name + ".json")
    with open(path, "w") as f:
        f.write(text)
    return path


def status(place, *more):
    got = place.run("status", "--json", *more)
    return got, json.loads(got.stdout) if got.returncode == 0 else None


def test_no_maximum():
    """Certificate 513, challenge 4097 and account 65 exist."""
    with Place() as place:
        for n in range(600):
            put(place, "certificates", order(n))
        for n in range(4200):
            put(place, "expectations", expected(n))
        for n in range(100):
            put(place, "accounts", account(n))
        got, all_ = status(place)
        tap.equal((len(all_["certificates"]), len(all_["expectations"]),
                   len(all_["accounts"])), (600, 4200, 100),
                  "all that is there is listed")
        tap.equal([c["addresses"][0] for c in all_["certificates"]],
                  ["a%d@example.org" % n for n in range(600)],
                  "the oldest first")
        tap.equal(got.stderr, b"", "and nothing is said of it")
        for n in (0, 511, 512, 599):
            got = place.run("renew", "--dry-run", "a%d@example.org" % n)
            tap.ok(b"a%d@example.org" % n in got.stdout + got.stderr,
                   "renew sees certificate %d" % n, got)
        for n in (4094, 4095, 4096, 4199):
            got = place.run(*HANDLE, stdin=challenge(
                to="a%d@example.org" % n, msgid="<m%d@ca.example>" % n))
            tap.equal(check_reply(got.stdout, "a%d@example.org" % n,
                                  msgid="<m%d@ca.example>" % n), [],
                      "challenge %d is answered" % n)


DAMAGE = {
    "garbage": "\0\1\2 not JSON", "cut": '{"format": 1, "id": "broken00", ',
    "empty": "", "an array": "[]", "two values": "{} {}",
    "no members": "{}", "newer": '{"format": 3, "id": "broken00"}',
    "too large": '{"id": "%s"}' % ("b" * 70000),
}


def in_place_of(path, what):
    """Something else where the file was."""
    os.unlink(path)
    if what == "a directory":
        os.mkdir(path)
    elif what == "a FIFO":
        os.mkfifo(path)
    elif what == "a link":
        os.symlink("/etc/passwd", path)
    elif what == "a loop":
        os.symlink(os.path.basename(path), path)


def wrong_members(record):
    """One member at a time gets a type or a value that is none of its."""
    for name, value in record.items():
        if isinstance(value, int):
            bad = ["1", 1.5, 9000000000000000000, -9000000000000000000, None]
        else:
            bad = [7, None, ["x"], "\0"]
            if value:
                bad.append("x" * 9000)
        for other in bad:
            if name == "note" and other == "\0":
                continue
            yield "%s = %.20r" % (name, other), dict(record, **{name: other})


def look(place, name, path):
    """A damaged record is skipped, named, and left alone."""
    was = os.lstat(path)
    got, all_ = status(place)
    tap.ok(got.returncode == 0 and
           [o["address"] for o in all_["expectations"]] == ["alice@example.org"] and
           [c["id"] for c in all_["certificates"]] == [ident(1)] and
           [a["id"] for a in all_["accounts"]] == [ident(1)] and
           path.encode() in got.stderr and got.stderr.count(b"\n") == 1 and
           b"; " in got.stderr, name + ": status skips it and names it", got)
    now = os.lstat(path)
    tap.equal((now.st_ino, now.st_mtime_ns, now.st_size),
              (was.st_ino, was.st_mtime_ns, was.st_size),
              name + ": it is left alone")


def test_one_damaged_record():
    for directory in ("expectations", "certificates", "accounts", "orders",
                      "issuances"):
        with Place() as place:
            place.expect()
            put(place, "certificates", order(1))
            put(place, "accounts", account(1))
            for name, text in DAMAGE.items():
                path = put(place, directory, text)
                look(place, "%s: %s" % (directory, name), path)
            for name in ("a directory", "a FIFO", "a link", "a loop"):
                in_place_of(path, name)
                look(place, "%s: %s" % (directory, name), path)
                if name == "a directory":
                    os.rmdir(path)
                    put(place, directory, "")
                else:
                    os.unlink(path)
                    put(place, directory, "")
            # Root may open everything, unless it has no capabilities.
            os.chmod(path, 0)
            got = place.run("--bounding-set=-all", "--inh-caps=-all",
                            MAILCERT, "status", "--json", program="setpriv")
            tap.ok(got.returncode == 0 and b"chmod 600" in got.stderr and
                   path.encode() in got.stderr,
                   directory + ": one that may not be opened", got)
            os.unlink(path)
            got = place.run("doctor")
            tap.ok(b"skipped" not in got.stdout, directory +
                   ": doctor finds nothing", got)
            put(place, directory, "{")
            got = place.run("doctor")
            tap.ok(got.returncode == 1 and path.encode() in got.stdout,
                   directory + ": doctor names it", got)


def test_wrong_members():
    """Numbers are checked as well as text; nothing hangs or crashes."""
    for directory, make in (("expectations", expected),
                            ("certificates", order), ("accounts", account),
                            ("orders", expected), ("issuances", issuance)):
        with Place() as place:
            records = list(wrong_members(make(9)))
            for n, (name, record) in enumerate(records):
                record = dict(record, id=record["id"]
                              if name.startswith("id ") else ident(n))
                with open(put(place, directory, dict(
                        record, id=ident(n))), "w") as f:
                    json.dump(record, f)
            got, all_ = status(place)
            tap.ok(got.returncode == 0 and not all_["expectations"] and
                   not all_["certificates"] and not all_["accounts"],
                   "%s: %d wrong members, none is believed" % (
                       directory, len(records)), got)
            tap.ok(b"other files are skipped too" in got.stderr and
                   got.stderr.count(b"\n") == 9,
                   directory + ": the first are named, and that there are "
                   "more", got)


def test_damaged_and_mail():
    with Place() as place:
        send, box = fake_sendmail(place)
        mda = ["-o", "sendmail=" + send, *MDA]
        place.expect()
        path = put(place, "expectations", "{")
        got = place.run(*mda, stdin=ORDINARY)
        tap.equal(got.returncode, 0, "a damaged order: ordinary mail passes")
        got = place.run(*mda, stdin=challenge())
        tap.ok(got.returncode == 0 and len(sent(box)) == 1,
               "another order is answered all the same", got)
        with open(os.path.join(place.home, "log")) as f:
            tap.ok(path in f.read(), "and the log names the damaged one")
        other = challenge(to="eve@example.org")
        got = place.run(*mda, stdin=other)
        tap.ok(got.returncode == 75 and path.encode() in got.stderr,
               "what may belong to it comes again", got)
        got = place.run(*HANDLE, stdin=other)
        tap.equal(got.returncode, 78, "and is no refusal")
        os.unlink(path)
        got = place.run(*mda, stdin=other)
        tap.equal(got.returncode, 0, "repaired: it is refused")
        tap.equal(len(sent(box)), 1, "one mail")


def test_damaged_and_renew():
    """What cannot be read may be due: a timer must not stay silent."""
    with Place() as place:
        place.expect()  # there is a home
        got = place.run("renew")
        tap.equal(got.returncode, 0, "renew: nothing is due")
        path = put(place, "certificates", "{")
        got = place.run("renew")
        tap.ok(got.returncode == 1 and path.encode() in got.stderr and
               b"may be due" in got.stderr,
               "renew: a damaged record needs a person", got)
        os.unlink(path)
        tap.equal(place.run("renew").returncode, 0, "renew: repaired")


def test_mda_says_0_or_75():
    """Whatever is wrong, and wherever it is noticed."""
    with Place() as place:
        send, box = fake_sendmail(place)
        place.expect()
        mda = ["-o", "sendmail=" + send, *MDA]
        file = place.write("c.eml", challenge())
        seen = {}

        def run(name, *args, want=(75,), **more):
            got = place.run(*args, **more)
            seen[name] = got.returncode
            tap.ok(got.returncode in want, "%s: %d" % (name, got.returncode),
                   got)

        run("an unknown option", *mda, "--nonsense")
        run("two files", *mda, file, file)
        run("an abbreviation", "handle", "--md", "--nonsense")
        run("a bad destination", *mda, "--draft", "nowhere:x")
        run("an option of ours that is none", "-x", *mda)
        run("a bad setting", "-o", "nonsense=1", *mda, stdin=challenge())
        run("a bad value", "-o", "settle=x", *mda, stdin=challenge())
        run("a home that is a file", "-C", file, *mda, stdin=challenge())
        run("no such message", *mda, place.path("none.eml"))
        run("a directory as message", *mda, place.dir)
        run("an endless option", "-o", "max_message=" + "9" * 40, *mda)
        config = os.path.join(place.user, ".config/mailcert/config")
        with open(config, "a") as f:
            f.write("set nonsense\n")
        run("a bad configuration", *mda, stdin=challenge())
        with open(config, "w") as f:
            f.write("set authenticate = none\n")
        os.chmod(config, 0o666)
        run("a configuration that others write", *mda, stdin=challenge())
        os.chmod(config, 0o600)
        orders = os.path.join(place.home, "expectations")
        for path, mode in ((place.home, 0o777), (orders, 0o777)):
            os.chmod(path, mode)
            run("%s is %o" % (os.path.basename(path), mode), *mda,
                stdin=challenge())
            run("and ordinary mail", *mda, stdin=ORDINARY, want=(0,))
            os.chmod(path, 0o700)
        os.rename(orders, orders + ".x")
        with open(orders, "w"):
            pass
        run("a file for expectations/", *mda, stdin=challenge())
        os.unlink(orders)
        os.rename(orders + ".x", orders)
        run("no memory", "-c", "ulimit -v 4400; exec %s %s" % (
            MAILCERT, " ".join(mda)), program="sh", stdin=challenge(),
            want=(75, 127))
        run("no file may grow", "-c", "ulimit -f 0; exec %s %s" % (
            MAILCERT, " ".join(mda)), program="sh", stdin=challenge())
        tap.equal(len(sent(box)), 0, "none of them answered")
        run("and now", *mda, stdin=challenge(), want=(0,))
        tap.equal(len(sent(box)), 1, "the challenge was not lost")


def sysfail(place):
    """A program that makes system calls fail: tests/fault/sysfail.c."""
    path = place.path("sysfail")
    subprocess.run(["cc", "-O1", "-o", path, SYSFAIL], check=True)
    return path


FLOCK, FCNTL, FSYNC, OFD_SETLK = "flock", "fcntl", "fsync", "37"


def test_locks_that_are_missing():
    """NFS without lockd, FUSE, Lustre: only EWOULDBLOCK is another mailcert."""
    with Place() as place:
        fail = sysfail(place)
        send, box = fake_sendmail(place)
        place.expect()
        for name in ("ENOLCK", "ENOSYS", "EOPNOTSUPP", "EINVAL", "EIO"):
            number = str(getattr(errno, name))
            got = place.run(FLOCK, number, "--", MAILCERT, *HANDLE,
                            program=fail, stdin=challenge())
            tap.ok(got.returncode == 74 and b"another" not in got.stderr and
                   os.strerror(int(number)).encode() in got.stderr and
                   got.stdout == b"", "flock: %s is said" % name, got)
            got = place.run(FLOCK, number, "--", MAILCERT, *MDA,
                            program=fail, stdin=challenge())
            tap.equal(got.returncode, 75, "flock: %s under --mda" % name)
            got = place.run(FLOCK, number, "--", MAILCERT, "doctor",
                            program=fail)
            line = [x for x in got.stdout.decode().splitlines()
                    if " home " in x]
            tap.ok(line and line[0].startswith("error") and "lock" in line[0],
                   "flock: doctor finds %s" % name, got)
        path = put(place, "certificates", order(3, state="failed", starts=0))
        got = place.run(FCNTL, str(errno.EINVAL), "1", OFD_SETLK, "--",
                        MAILCERT, "finish", "--forget", ident(3), program=fail)
        tap.ok(got.returncode == 0 and not os.path.exists(path),
               "without OFD locks (gVisor, WSL 1) we go on", got)
        mbox = place.path("mbox")
        for number in (errno.ENOLCK, errno.ENOSYS):
            got = place.run(FCNTL, str(number), "1", "6", "--", MAILCERT,
                            "handle", "--auto-approve", "--draft",
                            "mbox:" + mbox, program=fail, stdin=challenge())
            tap.ok(got.returncode == 0 and os.path.getsize(mbox) > 100,
                   "an mbox with one of its two locks (%d)" % number, got)
            os.unlink(mbox)
            shutil.rmtree(os.path.join(place.home, "expectations"))
            place.expect()
        tap.equal(sent(box), [], "nothing was sent")


def test_directories_that_cannot_be_synced():
    """CIFS, DrvFs, some FUSE: the change counts, and doctor says so."""
    with Place() as place:
        shim = place.path("shim.so")
        source = place.write("shim.c", """#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>
int fsync(int fd)
{
	int (*real)(int) = (int (*)(int))dlsym(RTLD_NEXT, "fsync");
	struct stat st;

	if (fstat(fd, &st) == 0 && S_ISDIR(st.st_mode)) {
		errno = atoi(getenv("DIRECTORY_ERRNO"));
		return -1;
	}
	return real(fd);
}
""")
        subprocess.run(["cc", "-shared", "-fPIC", "-o", shim, source, "-ldl"],
                       check=True)
        for name in ("EINVAL", "ENOTSUP", "ENOSYS"):
            env = dict(place.env, LD_PRELOAD=shim,
                       DIRECTORY_ERRNO=str(getattr(errno, name)))
            place.expect()
            got = place.run(*HANDLE, stdin=challenge(), env=env)
            tap.ok(got.returncode == 0 and check_reply(got.stdout) == [],
                   "fsync of directories: %s is no failure" % name, got)
            got = place.run("doctor", env=env)
            tap.ok(b"cannot sync directories" in got.stdout,
                   "doctor says so: " + name, got)
            shutil.rmtree(os.path.join(place.home, "expectations"))
        env["DIRECTORY_ERRNO"] = str(errno.EIO)
        place.expect()
        got = place.run(*HANDLE, stdin=challenge(), env=env)
        tap.ok(got.returncode == 74 and got.stdout == b"",
               "but a disk that fails is one", got)


def trace(place, *args, **more):
    """The calls that make names and make them durable, with paths (-y)."""
    out = place.path("trace")
    got = place.run("-f", "-y", "-o", out, "-e", "trace=mkdir,mkdirat,"
                    "renameat,renameat2,rename,openat,fsync,sendto",
                    "--signal=none", MAILCERT, *args, program="strace", **more)
    with open(out) as f:
        return got, f.read().splitlines()


def durable(lines, home):
    """Every name made below home: is its directory synced afterwards, before
    the next order is saved?  The ones that are not."""
    open_, made = [], []
    for line in lines:
        m = re.search(r'(mkdirat|mkdir|renameat2?|rename)\((.*)\) = 0$', line)
        if m:
            text = m[2]
            if m[1].startswith("rename"):
                dir_ = re.findall(r'(?:AT_FDCWD|\d+)<([^>]*)>', text)
                name = re.findall(r'"([^"]*)"', text)[-1]
                path = os.path.join(dir_[-1] if dir_ else "/", name)
            else:
                dir_ = re.findall(r'(?:AT_FDCWD|\d+)<([^>]*)>', text)
                name = re.findall(r'"([^"]*)"', text)[0]
                path = os.path.join(dir_[0] if dir_ else "/", name)
            path = os.path.normpath(path)
            if path.startswith(home):
                open_.append(os.path.dirname(path))
                made.append(path)
        m = re.search(r'fsync\(\d+<([^>]*)>\) = 0$', line)
        if m:
            open_ = [d for d in open_ if d != m[1]]
    return made, open_


def test_names_are_durable():
    """A first run makes its directories: each one's parent is synced."""
    with Place() as place:
        deep = os.path.join(place.dir, "a/b/home")
        place.env["MAILCERT_HOME"] = deep
        got, lines = trace(place, "expect", "alice@example.org", "--from", CA,
                           "--token-part2", "DGyRejmCefe7v4NfDGDKfA",
                           "--thumbprint",
                           "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs")
        made, lost = durable(lines, place.dir)
        tap.ok(len(made) >= 5 and not lost, "expect in a home that is not "
               "there: %d names, all durable" % len(made), lost, made)
        place.home = deep
        box = place.path("Drafts")
        for sub in ("", "tmp", "new", "cur"):
            os.mkdir(os.path.join(box, sub))
        for draft in ("stage", "maildir:" + box, "file:" + place.path("d.eml"),
                      "mbox:" + place.path("d.mbox")):
            got, lines = trace(place, "handle", "--auto-approve", "--draft",
                               draft, stdin=challenge())
            made, lost = durable(lines, place.dir)
            tap.ok(got.returncode == 0 and not lost, "--draft %s: %d names, "
                   "all durable" % (draft.split(":")[0], len(made)), got,
                   lost, lines)
            # The draft's own directory, before the order says "drafted".
            text = "\n".join(lines)
            renames = [m.start() for m in re.finditer(
                r'renameat\(.*expectations', text)]
            where = {"stage": "/new>", "maildir": "/cur>",
                     "file": re.escape(place.dir) + ">",
                     "mbox": re.escape(place.dir) + ">"}[draft.split(":")[0]]
            synced = [m.start() for m in re.finditer(
                r'fsync\(\d+<[^>]*' + where, text)]
            tap.ok(len(renames) == 2 and any(
                renames[0] < s < renames[1] for s in synced),
                "--draft %s: durable before the order says drafted" %
                draft.split(":")[0], renames, synced, text)
            shutil.rmtree(os.path.join(place.home, "expectations"))
            place.expect()


def test_killed_between():
    """Killed between a directory and the sync of its parent: the next run
    makes it up."""
    with Place() as place:
        os.mkdir(place.home, 0o700)
        os.mkdir(place.home + "/expectations", 0o700)
        got, lines = trace(place, "expect", "alice@example.org", "--from", CA,
                           "--token-part2", "DGyRejmCefe7v4NfDGDKfA",
                           "--thumbprint",
                           "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs")
        tap.ok(any("fsync(" in x and "<%s>" % place.home in x for x in lines),
               "a young expectations/: the home is synced too", lines)


def gone():
    """The id of a process that ended."""
    process = subprocess.Popen(["true"])
    process.wait()
    return process.pid


def test_litter():
    with Place() as place:
        send, box = fake_sendmail(place)
        place.expect()
        put(place, "certificates", order(1))
        os.makedirs(place.home + "/drafts", 0o700)
        dead, ours = gone(), os.getpid()
        litter = ["expectations/bbbbbbbb.json.%d.new" % dead,
                  "certificates/bbbbbbbb.json.%d.new" % dead,
                  "drafts/1.R1.mailcert.%d.new" % dead]
        keep = ["expectations/bbbbbbbb.json.%d.new" % ours, "expectations/mine.new",
                "expectations/x.-1.new", "expectations/.new",
                "expectations/x.99999999999999999999.new"]
        for name in litter + keep:
            with open(os.path.join(place.home, name), "w") as f:
                f.write("x")

        def left(names):
            return [n for n in names
                    if os.path.exists(os.path.join(place.home, n))]
        place.run("status")
        place.run("show", stdin=challenge())
        tap.equal(left(litter), litter, "who changes nothing sweeps nothing")
        got = place.run("-o", "sendmail=" + send, *MDA, stdin=challenge())
        tap.ok(got.returncode == 0 and len(sent(box)) == 1, "answered", got)
        tap.equal((left(litter), left(keep)), ([], keep),
                  "what a process that is gone left is swept, nothing else")
        for command in (["expect", "bob@example.org", "--from", CA,
                         "--token-part2", "DGyRejmCefe7v4NfDGDKfA",
                         "--thumbprint",
                         "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs"],
                        ["finish"]):
            for name in litter[:2]:
                with open(os.path.join(place.home, name), "w") as f:
                    f.write("x")
            place.run(*command)
            tap.equal(left(litter), [], "by %s too" % command[0])


def test_log():
    """Something else where the log was: no log, and no waiting."""
    for name in ("a FIFO", "a directory", "a link"):
        with Place() as place:
            place.expect()
            log = os.path.join(place.home, "log")
            with open(log, "w"):
                pass
            in_place_of(log, name)
            got = place.run(*HANDLE, stdin=challenge(), timeout=20)
            tap.ok(got.returncode == 0 and check_reply(got.stdout) == [],
                   "the log is %s: answered" % name, got)
            tap.ok(name != "a link" or "mailcert" not in open(
                "/etc/passwd").read(), "nothing else is written to")
    for name in ("a FIFO", "a directory"):
        with Place() as place:
            place.expect()
            lock = os.path.join(place.home, "lock")
            in_place_of(lock, name)
            got = place.run(*HANDLE, stdin=challenge(), timeout=20)
            tap.ok(got.returncode in (73, 74) and got.stdout == b"" and
                   b"another" not in got.stderr,
                   "the lock is %s: said, nothing answered" % name, got)


def test_tilde():
    with Place() as place:
        os.chdir(place.dir)
        for text, where in (("~/mc", "mc"), ("~/a/b", "a/b"),
                            ("~//c", "c"), ("~", "")):
            place.env["MAILCERT_HOME"] = text
            os.chmod(place.user, 0o700)
            place.expect()
            tap.ok(os.path.isdir(os.path.join(place.user, where, "expectations")),
                   "MAILCERT_HOME=" + text, os.listdir(place.user))
            tap.ok(not os.path.exists("~"), "and no directory named ~")
        del place.env["MAILCERT_HOME"]
        got = place.run("-C", "~/mc", "status", "--json")
        tap.equal(len(json.loads(got.stdout)["expectations"]), 1, "-C ~/mc")
        place.env["MAILCERT_HOME"] = "~/mc"
        del place.env["HOME"]
        got = place.run("status")
        tap.ok(got.returncode == 78 and b"HOME" in got.stderr,
               "no HOME: said", got)
        os.chdir("/")


run_tests(tests_of(globals()))
tap.done()
