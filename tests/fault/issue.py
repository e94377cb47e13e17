#!/usr/bin/python3
# Runs in: check
"""What can fail while a certificate is ordered, renewed or revoked: memory, the
disk.  A status and a sentence, never a crash, nothing lost; and once it works
again, the certificate comes."""
import functools
import glob
import itertools
import json
import os
import subprocess
import sys
import time

TESTS = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path[:0] = [TESTS, os.path.join(TESTS, "ca")]
from lib import (BUILD, MAILCERT, ROOT, SLOW, ask, at_once, nomalloc,
                 run_tests, sample, tap, tests_of, told)
from town import Town

ALICE = "alice@example.org"
STATUSES = {0, 1, 65, 69, 70, 71, 73, 74, 75, 78}


# What a helper without memory may answer.
NAMES = {"done", "out-of-memory", "crypto", "bad-key", "input-output",
         "cannot-create"}


def whole(got):
    """The status of a helper's answer; None: it is not whole."""
    try:
        frames = told(got.stdout)
    except ValueError:
        return None
    if got.returncode != 0 or [n for n, _ in frames[:2]] != [
            "status", "note"] or frames[-1] != ("end", b""):
        return None
    return frames[0][1].decode()


def finished(town):
    """Does it come right once nothing fails any more?"""
    certs = glob.glob(town.place.home + "/certificates/*.pem")
    if not certs:
        town.run("order", "--no-wait", ALICE)
        town.wait_for_mail()
        town.answer()
    got = town.run("finish")
    certs = glob.glob(town.place.home + "/certificates/*.pem")
    if got.returncode != 0 or len(certs) != 1 or \
            len(town.ca.replies()) != 1 or len(town.ca.orders) != 1:
        return "then: %r, %d certificates, %d answers, %d orders, %r" % (
            got.stderr, len(certs), len(town.ca.replies()),
            len(town.ca.orders), town.ca.problems)
    return None


def begun(town, verb):
    """A town in which that verb has something to do."""
    if verb in ("order", "register"):
        return
    town.run("order", "--no-wait", ALICE)
    if verb == "roll-over":
        town.run("finish", "--forget", os.path.basename(glob.glob(
            town.place.home + "/certificates/*.json")[0])[:-5])
        return
    town.wait_for_mail()
    town.answer()
    if verb in ("renew", "revoke"):
        town.run("finish")
    if verb == "renew":
        path, = glob.glob(town.place.home + "/certificates/*.json")
        with open(path) as f:
            record = json.load(f)
        record["created"] -= 80 * 86400
        record["starts"] -= 80 * 86400
        record["expires"] -= 80 * 86400
        with open(path, "w") as f:
            json.dump(record, f)


ARGUMENTS = {
    "order": ("order", "--no-wait", ALICE), "finish": ("finish",),
    "register": ("account", "register"),
    "roll-over": ("account", "roll-over"), "renew": ("renew",),
    "revoke": ("revoke", "--yes", ALICE)}


def look(got):
    if got.returncode not in STATUSES:
        return "exit %d: %r" % (got.returncode, got.stderr)
    if got.returncode != 0 and b"mailcert: " not in got.stderr:
        return "exit %d without a word" % got.returncode
    return None


def test_memory():
    """An allocation of the main program fails."""
    at_once((functools.partial(one_verb, verb) for verb in ARGUMENTS), 3)


def one_verb(verb):
    with Town() as town:
        begun(town, verb)
        preload = nomalloc(town.place)
        state = town.place.path("state")
        os.makedirs(town.place.home, 0o700, exist_ok=True)
        subprocess.run(["cp", "-a", town.place.home, state])
        env = dict(town.place.env, LD_PRELOAD=preload)
        counted = town.place.path("count")
        town.run(*ARGUMENTS[verb], env=dict(env, COUNT_TO=counted))
        with open(counted) as f:
            total = int(f.read())
        bad = []
        for n in sample(range(1, total + 1), 3):
            subprocess.run(["rm", "-rf", town.place.home])
            subprocess.run(["cp", "-a", state, town.place.home])
            town.ca.revoked.clear()
            why = look(town.run(*ARGUMENTS[verb],
                                env=dict(env, FAIL_AT=str(n))))
            if why:
                bad.append("allocation %d: %s" % (n, why))
        tap.ok(not bad and total > 20, "%s: %d allocations" % (verb, total),
               *bad)


def test_key_holder_memory():
    with Town() as town:
        place = town.place
        preload = nomalloc(place)
        key = place.path("key.pem")
        program = os.path.join(BUILD, "mailcert-key")
        new = [("new", place.path("new.pem"))]
        made = (("kind", "ec:p256"), ("address", "alice@example.org"),
                ("usage", "sign"))
        got = place.run("generate", program=program,
                        stdin=ask(*made, opens=[("new", key)]))
        tap.ok(whole(got) == "done" and b"csr " in got.stdout, "generate",
               got)
        request = (("url", "https://ca.example/x"), ("nonce", "abcd"),
                   ("kid", ""), ("payload", "{}"))
        for verb, stdin, gives in (
                ("jws", ask(*request, opens=[("file", key)]), "jws"),
                ("thumbprint", ask(opens=[("file", key)]), "thumbprint"),
                ("generate", ask(*made, opens=new), "csr")):
            counted = place.path("count-" + verb)
            env = dict(place.env, LD_PRELOAD=preload)
            place.run(verb, program=program, stdin=stdin,
                      env=dict(env, COUNT_TO=counted))
            # The one in its sandbox cannot write the count.
            total = int(open(counted).read()) if os.path.exists(counted) \
                else 6000
            bad = []
            for n in sample([*range(1, 40), *range(40, total, 97)], 6):
                if os.path.exists(place.path("new.pem")):
                    os.unlink(place.path("new.pem"))
                got = place.run(verb, program=program, stdin=stdin,
                                env=dict(env, FAIL_AT=str(n)))
                status = whole(got)
                if status not in NAMES or (status == "done") != (
                        gives in dict(told(got.stdout))):
                    bad.append("allocation %d: %d %r" % (n, got.returncode,
                                                         got.stdout[:80]))
            tap.ok(not bad, "mailcert-key %s" % verb, *bad)


def test_helpers_memory():
    """The same in the verifier, where it checks a certificate, and in the
    network program."""
    with Town() as town:
        begun(town, "revoke")
        preload = nomalloc(town.place)
        path, = glob.glob(town.place.home + "/certificates/*.pem")
        record, = glob.glob(town.place.home + "/certificates/*.json")
        with open(path, "rb") as f, open(record) as r:
            chain, public = f.read(), json.load(r)["public"].encode()

        for program, args, stdin, word in (
                ("mailcert-verify", ("certificate",), ask(
                    ("now", b"%d" % time.time()), ("key", public),
                    ("address", ALICE), ("usage", "both"),
                    ("chain", chain)), b"BEGIN CERTIFICATE"),
                ("mailcert-https", ("request",), ask(
                    ("method", "GET"),
                    ("url", town.ca.base + "/directory"), ("accept", ""),
                    ("proxy", ""), ("no-proxy", ""), ("body", ""),
                    opens=[("ca-file", town.ca.file)]), b"newNonce"),
                ("mailcert-https", ("fetch",), ask(
                    ("tls", "implicit"), ("host", "127.0.0.1"),
                    ("port", town.ca.base.rpartition(":")[2]),
                    ("user", "alice"), ("secret", "secret"),
                    ("method", "GET"), ("target", "/directory"),
                    ("most", "100000"),
                    opens=[("ca-file", town.ca.file)]), b"newNonce")):
            got = town.run(*args, stdin=stdin,
                           program=os.path.join(BUILD, program))
            tap.ok(got.returncode == 0 and word in got.stdout, program, got)
            bad = []
            # From 48 on: those of glibc while it reads nsswitch.conf.
            for n in [*range(48, 58), *sample(
                    [*range(1, 48), *range(58, 6000, 149)], 10)]:
                got = town.run(*args, stdin=stdin,
                               program=os.path.join(BUILD, program),
                               env=dict(town.place.env, LD_PRELOAD=preload,
                                        FAIL_AT=str(n)))
                if whole(got) not in NAMES | {"network-trouble",
                                              "ca-nonsense", "configuration"}:
                    bad.append("allocation %d: %d %r" % (
                        n, got.returncode, got.stdout[:80]))
            tap.ok(not bad, program + ": allocations", *bad)


def test_disk():
    """Every call that makes something durable fails once."""
    both = itertools.product(("order", "finish"), (
        ("ENOSPC", "write"), ("ENOSPC", "fsync"), ("EROFS", "openat"),
        ("EIO", "renameat")))
    at_once((functools.partial(failing_call, *one)
             for one in sample(both, 2)), 3)


def failing_call(verb, what):
    error, call = what
    # Most of what is opened is only read.
    step = (1 if SLOW else 11) * (4 if call == "openat" else 1)
    for nth in range(1, 60, step):
        with Town() as town:
            begun(town, verb)
            paths = []
            for name in ("", "/expectations", "/accounts",
                         "/certificates"):
                os.makedirs(town.place.home + name, 0o700, exist_ok=True)
                paths += ["-P", town.place.home + name]
            got = town.run(
                "-o", "/dev/null", "-e", "trace=" + call, *paths, "-e",
                "inject=%s:error=%s:when=%d" % (call, error, nth), MAILCERT,
                *ARGUMENTS[verb], program="strace")
            why = look(got)
            name = "%s: %s at %s %d, exit %d" % (verb, error, call, nth,
                                                 got.returncode)
            left = [f for f in town.place.files() if f.endswith(".new")]
            why = why or finished(town)
            tap.ok(not why and not left, name, why, left, got)
            if got.returncode == 0:
                break


def test_read_only():
    with Town() as town:
        begun(town, "finish")
        before = town.place.orders_bytes()
        got = town.run("-c", "ulimit -f 0; exec %s finish" % MAILCERT,
                       program="sh")
        tap.ok(look(got) is None and got.returncode != 0 and
               town.place.orders_bytes() == before,
               "no file may grow", got)
        why = finished(town)
        tap.ok(why is None, "and then it is finished", why)


run_tests(tests_of(globals()))
tap.done()
