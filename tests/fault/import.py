#!/usr/bin/python3
# Runs in: check check-slow
"""mailcert import and export, killed at every durable step, and run again; a
full disk; memory that runs out in mailcert-key."""
import functools
import os
import signal
import subprocess
import sys

TESTS = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path[:0] = [TESTS]
from cms import Authority, cert_pem, new_key, pem
from lib import (BUILD, MAILCERT, SLOW, Place, ask, at_once, nomalloc,
                 run_tests, sample, tap, tests_of, told)

ALICE = "alice@example.org"
CA = Authority("Test Root")
KEY, CERT = CA.issue(ALICE, key=new_key(2048))
SECOND = CA.issue(ALICE, key=KEY)[1]
RENAME = "rename,renameat,renameat2"


def openssl(*args, stdin=b""):
    got = subprocess.run(["openssl", *args], input=stdin, capture_output=True)
    assert got.returncode == 0, got.stderr
    return got.stdout


class Home(Place):
    def __init__(self, verb):
        super().__init__(config="set authenticate = none\nset "
                         "password_command = echo sesame\n")
        both = self.write("both.pem", pem(KEY) + cert_pem(CERT, CA.cert))
        self.pkcs12 = self.path("both.p12")
        openssl("pkcs12", "-export", "-in", both, "-out", self.pkcs12,
                "-passout", "pass:sesame")
        self.arguments = ["import", self.pkcs12]
        self.want = ({"imported"}, 1)
        if verb == "clone":
            self.must("import", both)
            self.arguments = ["import", self.write("second.pem",
                                                   cert_pem(SECOND))]
            self.want = (set(), 2)
        elif verb == "csr":
            request = self.must("csr", ALICE, "--key", "ec:p256")
            key = self.write("request.pem", request)
            cert = openssl("x509", "-req", "-in", key, "-CA",
                           self.write("ca.pem", cert_pem(CA.cert)), "-CAkey",
                           self.write("ca.key", pem(CA.key)), "-days", "900",
                           "-copy_extensions", "copyall")
            self.arguments = ["import", self.write("cert.pem", cert)]
        elif verb == "export":
            self.must("import", both)
            self.arguments = ["export", ALICE, self.path("out.p12")]

    def must(self, *args):
        got = self.run(*args)
        assert got.returncode == 0, got.stderr
        return got.stdout

    def traced(self, call, *more):
        return self.run("-f", "-q", "-e", "trace=" + call, *more, MAILCERT,
                        *self.arguments, program="strace")


def litter(place):
    return [name for name in place.files() if name.endswith(".new")]


def after_import(name, place):
    """Whatever was left: nothing is broken, and the next one completes it."""
    got = place.run("status")
    tap.ok(got.returncode == 0 and not got.stderr, name + ": status", got)
    got = place.run(*place.arguments)
    tap.ok(got.returncode == 0, name + ": again", got)
    again = place.run(*place.arguments)
    tap.ok(again.returncode == 0 and b"already" in again.stdout,
           name + ": once more", again)
    names = {kind: sorted(n for n in os.listdir(os.path.join(
        place.home, kind))) for kind in ("keys", "certificates")}
    ids = [n[:-4] for n in names["keys"] if n.endswith(".pem")]
    tap.ok(len(ids) == place.want[1] and names["certificates"] == sorted(
        [i + ".json" for i in ids] + [i + ".pem" for i in ids]),
           name + ": key, chain and record, and nothing else", names)
    for i in ids:
        with open(os.path.join(place.home, "keys", i + ".pem"), "rb") as f:
            key = openssl("pkey", "-pubout", stdin=f.read())
        with open(os.path.join(place.home, "certificates", i + ".pem"),
                  "rb") as f:
            tap.equal(openssl("x509", "-pubkey", "-noout", stdin=f.read()),
                      key, name + ": the key fits")


def after_export(name, place):
    """There is no file, or a whole one."""
    out = place.path("out.p12")
    whole = os.path.exists(out)
    got = place.run(*place.arguments)
    tap.equal(got.returncode, 73 if whole else 0, name + ": again")
    openssl("pkcs12", "-in", out, "-passin", "pass:sesame", "-noout")


def finish(verb, name, place):
    (after_export if verb == "export" else after_import)(name, place)


def steps(verb, call):
    """How often the process that does it most does it."""
    with Home(verb) as place:
        trace = place.path("trace")
        place.traced(call, "-o", trace)
        with open(trace) as f:
            pids = [line.split()[0] for line in f if "(" in line and
                    " resumed>" not in line]
        return max(map(pids.count, pids))


def kill_in_step(verb, call, n):
    with Home(verb) as place:
        got = place.traced(call, "-o", "/dev/null", "-e",
                           "inject=%s:signal=KILL:when=%d" % (call, n))
        name = "%s killed at %s %d" % (verb, call.split(",")[0], n)
        # A mailcert-key that was killed is a bug, or try-again.
        tap.ok(got.returncode not in (0, 1), name, got)
        finish(verb, name, place)


def test_steps():
    """Killed at each rename and fsync: what makes things durable."""
    jobs = []
    for verb, call, some in (("import", RENAME, (1, 2)),
                             ("import", "fsync", (1, 3)),
                             ("clone", RENAME, (2,)), ("csr", RENAME, (2,)),
                             ("export", RENAME, (1,)),
                             ("export", "fsync", (2,))):
        if SLOW:
            total = steps(verb, call)
            tap.ok(total >= max(some), "%s: %s %d times" % (
                verb, call.split(",")[0], total))
            some = range(1, total + 1)
        jobs += [functools.partial(kill_in_step, verb, call, n) for n in some]
    at_once(jobs, 3)


def fail_in_step(verb, call, error, n):
    with Home(verb) as place:
        got = place.traced(call, "-o", "/dev/null", "-e",
                           "inject=%s:error=%s:when=%d" % (call, error, n))
        name = "%s: %s at %s %d" % (verb, error, call.split(",")[0], n)
        # A directory that could not be synced after the last step holds
        # what it should.
        tap.ok(got.returncode in (0, 73, 74) and (
            got.returncode == 0 or b"mailcert: " in got.stderr),
               name + ": said", got)
        tap.equal(litter(place), [], name + ": nothing is left behind")
        if got.returncode == 0 and verb == "export":
            return
        finish(verb, name, place)


def test_disk():
    """Each of these calls fails once."""
    jobs = [functools.partial(fail_in_step, verb, call, error, n)
            for verb in ("import", "csr", "export")
            for call, error in (("fsync", "ENOSPC"), (RENAME, "EIO"))
            for n in (range(1, 5) if SLOW else (1,))]
    at_once(jobs, 3)


def test_twice_at_once():
    with Home("import") as place:
        four = [subprocess.Popen(
            [MAILCERT, *place.arguments], env=place.env, start_new_session=True,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE) for _ in range(4)]
        said = [process.communicate(timeout=120)[0] for process in four]
        tap.ok(all(process.returncode == 0 for process in four) and
               sum(b"imported" in one for one in said) == 1,
               "four at once: one imports it", said)
        after_import("four at once", place)


NO_LEGACY = """#define _GNU_SOURCE
#include <dlfcn.h>
#include <string.h>
void *dlopen(const char *name, int flags)
{
	void *(*real)(const char *, int) =
		(void *(*)(const char *, int))dlsym(RTLD_NEXT, "dlopen");
	return name && strstr(name, "legacy") ? NULL : real(name, flags);
}
"""


def no_legacy(place):
    preload = place.path("no-legacy.so")
    subprocess.run(["cc", "-shared", "-fPIC", "-o", preload, "-x", "c", "-"],
                   input=NO_LEGACY.encode(), check=True)
    return preload


def test_no_legacy_provider():
    """Where OpenSSL's legacy.so is not installed."""
    with Home("import") as place:
        preload = no_legacy(place)
        old = place.path("old.p12")
        openssl("pkcs12", "-export", "-legacy", "-in", place.path("both.pem"),
                "-out", old, "-passout", "pass:sesame")
        for what, path, status in (("RC2-40", old, b"bad-file"),
                                   ("AES", place.pkcs12, b"done")):
            got = place.run(
                "inspect", program=os.path.join(BUILD, "mailcert-key"),
                stdin=ask(("passphrase", "sesame"), opens=[("file", path)]),
                env=dict(place.env, LD_PRELOAD=preload))
            frames = dict(told(got.stdout))
            tap.ok(frames["status"] == status and
                   (b"legacy.so" in frames["note"]) == (status != b"done"),
                   "without legacy.so: " + what, got)


NAMES = {"done", "out-of-memory", "crypto", "bad-key", "bad-file",
         "bad-passphrase", "input-output", "cannot-create"}


def test_memory():
    """In mailcert-key, each allocation fails once: a whole answer comes, and
    what it names done is done.  OpenSSL 3.0 itself crashes in two places of
    OSSL_LIB_CTX_new_child(), which legacy.so calls when it is loaded."""
    with Home("import") as place:
        preload = nomalloc(place)
        without = no_legacy(place)
        public = dict(told(place.run(
            "inspect", program=os.path.join(BUILD, "mailcert-key"), stdin=ask(
                ("passphrase", "sesame"),
                opens=[("file", place.pkcs12)])).stdout))["public"]

        def fail(verb, numbers, bad):
            new = place.path("new.%d.pem" % numbers[0])
            stdin = ask(("passphrase", "sesame"), ("public", public), opens=[
                ("file", place.pkcs12), ("new", new)]) if verb == "take" \
                else ask(("passphrase", "sesame"),
                         opens=[("file", place.pkcs12)])
            for n in numbers:
                if os.path.exists(new):
                    os.unlink(new)
                for libraries in (preload, preload + ":" + without):
                    got = place.run(
                        verb, program=os.path.join(BUILD, "mailcert-key"),
                        stdin=stdin, env=dict(
                            place.env, LD_PRELOAD=libraries,
                            FAIL_AT=str(n)))
                    if got.returncode != -signal.SIGSEGV:
                        break
                frames = dict(told(got.stdout)) if got.stdout.endswith(
                    b"end 0\n\n") else {}
                status = frames.get("status", b"").decode()
                if got.returncode or status not in NAMES or (
                        (status == "done") != os.path.exists(new)
                        if verb == "take" else status == "done" and
                        frames.get("public") != public):
                    bad.append("allocation %d: %d %r" % (
                        n, got.returncode, got.stdout[:160]))

        numbers = sample(range(1, 6000), 40)
        for verb in "inspect", "take":
            bad = []
            at_once([functools.partial(fail, verb, numbers[i::4], bad)
                     for i in range(4)])
            tap.ok(not bad, "mailcert-key %s: allocations" % verb, *bad)


run_tests(tests_of(globals()))
tap.done()
