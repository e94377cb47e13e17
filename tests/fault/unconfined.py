#!/usr/bin/python3
# Runs in: check
"""Kernels that cannot confine our programs: unattended work refuses unless
the user said otherwise, a person is warned, and doctor says how it is."""
import json
import os
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from dnsserver import Dns
from lib import (MAILCERT, ROOT, Place, challenge, check_reply, fake_sendmail,
                 kernel, run_tests, sent, tap, tests_of)

MISSING = (("landlock", "landlock"), ("seccomp", "seccomp filters"),
           ("both", "landlock, seccomp filters"))
BEST = ("-o", "sandbox=best-effort")


def wrapper(place):
    path = place.path("oldkernel")
    subprocess.run(["cc", "-O1", "-o", path,
                    os.path.join(ROOT, "tests/fault/oldkernel.c")], check=True)
    return path


def log(place):
    path = os.path.join(place.home, "log")
    if not os.path.exists(path):
        return ""
    with open(path) as f:
        return f.read()


def unattended(place, old, what, words, message):
    """Refused, before anything is read; the order stands."""
    send, box = fake_sendmail(place)
    before = place.orders_bytes()
    for args, code in ((("handle", "--auto-approve", message), 78),
                       (("handle", "--auto-approve", "--draft", "sendmail",
                         message), 78),
                       (("handle", "--auto-approve", "--mda", message), 75),
                       (("handle", "--mda", message), 75),
                       (("renew",), 78), (("renew", "--force"), 78)):
        got = place.run(what, MAILCERT, "-o", "sendmail=" + send, "-o",
                        "sandbox=required", *args, program=old)
        name = "without %s: %s" % (what, " ".join(args[:-1] or args))
        tap.ok(got.returncode == code and got.stdout == b"" and
               got.stderr.count(b"\n") == 1 and
               b"(missing: %s)" % words.encode() in got.stderr and
               b"sandbox = best-effort" in got.stderr,
               name + ": exit %d" % code, got)
    tap.equal(place.orders_bytes(), before, "without %s: the order stands"
              % what)
    tap.equal(sent(box), [], "without %s: nothing is sent" % what)
    got = place.run(what, MAILCERT, "-o", "sandbox=required", "handle",
                    "--json", "--auto-approve", message, program=old)
    tap.ok(got.returncode == 78 and
           json.loads(got.stdout)["refusal"] == "configuration",
           "without %s: --json says so" % what, got)


def person(place, old, what, words, message):
    """Warned once, and served; no terminal is there to ask on."""
    for args in (("handle", message), ("verify", message),
                 ("order", "--ca", "none", "a@example.org")):
        got = place.run(what, MAILCERT, "-o", "sandbox=required", *args,
                        program=old)
        tap.ok(got.stderr.count(b"warning: this kernel cannot confine") == 1
               and got.returncode in (0, 1, 65, 78), "without %s: %s warns"
               % (what, args[0]), got)
    got = place.run(what, MAILCERT, "-o", "sandbox=required", "mutt-verify",
                    message, program=old)
    tap.ok(got.returncode == 78 and words in got.stderr.decode(),
           "without %s: mutt-verify refuses" % what, got)
    got = place.run(what, MAILCERT, *BEST, "mutt-verify", message, program=old)
    tap.ok(got.returncode == 1 and got.stderr.startswith(
        b"Verification failure\n"),
           "without %s, best effort: mutt-verify says nothing before" % what,
           got)
    for args in (("is-challenge", message), ("show", message), ("status",)):
        got = place.run(what, MAILCERT, *args, program=old)
        tap.ok(got.returncode == 0 and got.stderr == b"",
               "without %s: %s is quiet" % (what, args[0]), got)


def best_effort(place, old, what, words, message):
    id = place.expect("--expires", "24h")
    lines = log(place).count("cannot confine")
    got = place.run(what, MAILCERT, *BEST, "handle", "--auto-approve",
                    "--draft", "stdout", message, program=old)
    tap.ok(got.returncode == 0 and check_reply(got.stdout) == [],
           "without %s, best effort: answered" % what, got)
    tap.ok(b"confine" not in got.stderr, "without %s, best effort: no word "
           "on the terminal" % what, got)
    tap.equal(log(place).count("cannot confine") - lines, 1,
              "without %s, best effort: one line in the log" % what)
    got = place.run(what, MAILCERT, *BEST, "renew", program=old)
    tap.ok(got.returncode in (0, 1) and b"confine" not in got.stderr,
           "without %s, best effort: renew works" % what, got)
    place.run("expect", "--forget", id)


def doctor(place, old, what, words, dns):
    for setting, bad in (("required", "error"), ("best-effort", "warning")):
        got = place.run(what, MAILCERT, "-o", "sandbox=" + setting, "-o",
                        "resolver=" + dns.resolver, "doctor", "--json",
                        program=old)
        lines = {c["check"]: c for c in json.loads(got.stdout)["checks"]}
        name = "doctor without %s, %s" % (what, setting)
        for check in ("landlock", "seccomp"):
            tap.equal(lines[check]["status"],
                      bad if what in (check, "both") else "ok",
                      "%s: %s" % (name, check))
        tap.ok(lines["sandbox"]["status"] == bad and
               words in lines["sandbox"]["message"], name + ": the consequence",
               lines["sandbox"])
        tap.equal(lines["parser"]["status"],
                  "ok" if what == "landlock" else "error", name +
                  ": the parser was tried")
        if setting == "required":
            tap.equal(got.returncode, 1, name + ": exit 1")


def test_old_kernels():
    dns = Dns({})
    with Place() as place:
        old = wrapper(place)
        message = place.write("c.eml", challenge())
        place.expect("--expires", "24h")
        for what, words in MISSING:
            unattended(place, old, what, words, message)
            person(place, old, what, words, message)
            doctor(place, old, what, words, dns)
        for id in [n[:-5] for n in place.orders_bytes()]:
            place.run("expect", "--forget", id)
        for what, words in MISSING:
            best_effort(place, old, what, words, message)


def test_this_kernel():
    dns = Dns({})
    with Place() as place:
        message = place.write("c.eml", challenge())
        if kernel() != (True, True):
            tap.skip("a kernel that confines", "this one cannot")
        else:
            place.expect("--expires", "24h")
            got = place.run("-o", "sandbox=required", "handle",
                            "--auto-approve", "--draft", "stdout", message)
            tap.ok(got.returncode == 0 and b"confine" not in got.stderr,
                   "a kernel that confines: answered", got)
            got = place.run("-o", "resolver=" + dns.resolver, "doctor")
            tap.ok(b"every helper is confined" in got.stdout,
                   "a kernel that confines: doctor says so", got)
        for value in ("", "none", "best", "yes"):
            got = place.run("-o", "sandbox=" + value, "status")
            tap.equal(got.returncode, 78, "sandbox = %r is refused" % value)


run_tests(tests_of(globals()))
tap.done()
