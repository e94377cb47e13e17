#!/usr/bin/python3
# Runs in: check-slow
"""service install and service publish, killed at every step: Dovecot's
configuration is whole and Dovecot serves; the next run completes the change,
or takes it back."""
import os
import subprocess
import sys

TESTS = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path[:0] = [TESTS, os.path.join(TESTS, "ca")]
from lib import MAILCERT, Place, run_tests, tap, tests_of
from servers import program
from service_desk import HOST, Desk, dovecot, files, shown

# What changes something, in mailcert itself.
CALLS = "rename,link,unlink,chmod,chown,fsync"
VALUE = "aBcDeFgHiJkLmNoPqRsTuVwXyZ0123456789-_AbCdE"


def traced(place, arguments, *more):
    return place.run("-q", "-e", "trace=" + CALLS, *more, MAILCERT, *arguments,
                     program="strace")


def killed(place, arguments, step):
    """Is it killed at that step?"""
    got = traced(place, arguments, "-o", "/dev/null", "-e",
                 "inject=%s:signal=KILL:when=%d" % step)
    return got.returncode not in (0, 1)


def plan(place, arguments):
    """The steps of a whole run, each as a call and its number: strace counts
    every call for itself."""
    trace = place.path("trace")
    got = traced(place, arguments, "-o", trace)
    assert got.returncode == 0, got
    counts, out = {}, []
    with open(trace) as f:
        for line in f:
            call = line.partition("(")[0].split()[-1]
            if "(" in line and call in CALLS.split(","):
                counts[call] = counts.get(call, 0) + 1
                out.append((call, counts[call]))
    return out


def spread(steps, most):
    """That many of them, the first and the last among them: each takes
    seconds, so check-slow has no room for all."""
    return [steps[i * (len(steps) - 1) // (most - 1)] for i in range(most)]


def is_whole(server):
    """Does Dovecot accept its configuration?"""
    return subprocess.run(
        [program("doveconf"), "-n", "-c", server.path("dovecot.conf")],
        capture_output=True).returncode == 0


def serves(server, digests):
    """After it has read its files, does it show one of these?"""
    server.reload()
    return shown(server.imaps) in digests and \
        shown(server.imap, "imap") in digests


def test_install():
    with Desk() as desk, dovecot() as server:
        arguments = ["-o", "mail_ca_file=" + desk.root, "service", "install",
                     "dovecot"]
        where = ["--config", server.path("dovecot.conf"), "--address",
                 "127.0.0.1"]
        services = ["--service", "imap:%d" % server.imap, "--service",
                    "imaps:%d" % server.imaps]
        none = shown(server.imaps)
        first, leaf = desk.order(*services)
        all_files = ["99-mailcert-tls.conf", "mailcert.pem"]
        remove = [*arguments, "--remove"]

        def begin(*more):
            got = desk.run(*arguments, *where, *more)
            assert got.returncode == 0, got

        # The first one.
        for step in spread(plan(desk.place, arguments + where), 6):
            assert desk.run(*remove).returncode == 0
            name = "the first one, killed at %s %d" % step
            tap.ok(killed(desk.place, arguments + where, step), name)
            tap.ok(is_whole(server) and serves(server, {none, leaf}),
                   name + ": Dovecot serves", files(server))
            begin()
            tap.ok(shown(server.imaps) == leaf and files(server) == all_files,
                   name + ": the next run completes it", files(server))
        # The next one, in its place.
        desk.older(first)
        second, leaf2 = desk.order(*services)
        back, on = [*arguments, first], [*arguments, second]
        assert desk.run(*back).returncode == 0
        for step in spread(plan(desk.place, on), 5):
            assert desk.run(*back).returncode == 0
            name = "the next one, killed at %s %d" % step
            tap.ok(killed(desk.place, on, step), name)
            tap.ok(is_whole(server) and serves(server, {leaf, leaf2}),
                   name + ": Dovecot serves", files(server))
            got = desk.run("renew")
            tap.ok(shown(server.imaps) == leaf2 and
                   files(server) == all_files,
                   name + ": renew completes it", got, files(server))
        # Taking it away.
        for step in spread(plan(desk.place, remove), 3):
            begin()
            name = "--remove, killed at %s %d" % step
            tap.ok(killed(desk.place, remove, step), name)
            tap.ok(is_whole(server) and serves(server, {none, leaf2}),
                   name + ": Dovecot serves", files(server))
            got = desk.run(*remove)
            tap.ok(got.returncode == 0 and files(server) == [] and
                   serves(server, {none}), name + ": and once more", got)


def test_publish():
    with Place() as place, dovecot() as server:
        arguments = ["-o", "mail_ca_file=" + server.ca, "service", "publish",
                     "dovecot", HOST, "--value", VALUE, "--service",
                     "imap:%d" % server.imap, "--address", "127.0.0.1",
                     "--config", server.path("dovecot.conf")]
        remove = ["service", "publish", "dovecot", "--remove"]
        before = shown(server.imaps)
        for step in spread(plan(place, arguments), 6):
            place.run(*remove)
            name = "publish, killed at %s %d" % step
            tap.ok(killed(place, arguments, step), name)
            tap.ok(is_whole(server) and serves(server, {before}),
                   name + ": Dovecot serves", files(server))
            got = place.run(*remove)
            tap.ok(got.returncode == 0 and files(server) == [] and
                   "announce-dovecot" not in
                   os.listdir(place.path("data", "installed")),
                   name + ": it can be taken away", got, files(server))


run_tests(tests_of(globals()), workers=2)
tap.done()
