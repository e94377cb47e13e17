#!/usr/bin/python3
# Runs in: check check-slow
"""order and finish, killed at every exchange with the CA and at every durable
step, and run again: the certificate comes, the answer goes out once, nothing is
lost."""
import glob
import os
import signal
import subprocess
import sys
import time

TESTS = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path[:0] = [TESTS, os.path.join(TESTS, "ca")]
from lib import MAILCERT, tap
from town import Town


def start(town, args, wrap=()):
    return subprocess.Popen(
        [*wrap, MAILCERT, *args], env=town.place.env, start_new_session=True,
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
        stderr=subprocess.PIPE)


def killed_at(town, n, args):
    """Run until the CA has its n-th request; then it is killed, before it hears
    the answer.  False: there were fewer."""
    base, process = len(town.ca.seen), None

    def on_answer(count):
        if count - base == n:
            os.killpg(process.pid, signal.SIGKILL)
            time.sleep(0.1)
    town.ca.on_answer = on_answer
    process = start(town, args)
    out, err = process.communicate(timeout=60)
    town.ca.on_answer = None
    return process.returncode == -signal.SIGKILL, out, err


def complete(name, town, order=None):
    """Whatever was left: go on, and look at what there is."""
    if not glob.glob(town.place.home + "/issuances/*.json"):
        got = town.run("order", "--no-wait", "alice@example.org")
        tap.ok(got.returncode == 0, name + ": ordered again", got)
    town.run("finish", "--no-wait")
    time.sleep(0.1)
    town.answer()
    got = town.run("finish")
    tap.ok(got.returncode == 0, name + ": finished", got, town.ca.problems)
    certs = glob.glob(town.place.home + "/certificates/*.pem")
    tap.equal((len(certs), len(town.ca.replies()), len(town.ca.accounts),
               len(town.ca.orders)), (1, 1, 1, 1),
              name + ": one certificate, one answer, one account, one order")
    keys = [p.replace("/certificates/", "/keys/") for p in certs]
    tap.ok(all(subprocess.run(
        ["openssl", "pkey", "-in", k, "-noout"]).returncode == 0
        for k in keys), name + ": its key is there")


def test_exchanges():
    for n in range(1, 30):
        with Town() as town:
            died, out, err = killed_at(town, n, ["order", "--no-wait",
                                                 "alice@example.org"])
            if not died:
                tap.ok(n > 4, "order: every exchange was tried", out, err)
                break
            complete("order killed at exchange %d" % n, town)
    for n in range(1, 30):
        with Town(pending=1) as town:
            town.run("order", "--no-wait", "alice@example.org")
            time.sleep(0.1)
            town.answer()
            died, out, err = killed_at(town, n, ["finish"])
            if not died:
                tap.ok(n > 5, "finish: every exchange was tried", out, err)
                break
            complete("finish killed at exchange %d" % n, town)


def test_steps():
    """Killed at each rename, fsync and link: what makes things durable."""
    for call in ("rename,renameat,renameat2", "fsync"):
        for verb in ("order", "finish"):
            for n in range(1, 40):
                with Town() as town:
                    args = ["order", "--no-wait", "alice@example.org"]
                    if verb == "finish":
                        town.run(*args)
                        time.sleep(0.1)
                        town.answer()
                        args = ["finish"]
                    process = start(town, args, (
                        "strace", "-f", "-q", "-o", "/dev/null", "-e",
                        "trace=" + call, "-e", "inject=%s:signal=KILL:when=%d"
                        % (call, n)))
                    process.communicate(timeout=60)
                    name = "%s killed at %s %d" % (verb, call.split(",")[0], n)
                    if process.returncode == 0:
                        tap.ok(n > 1, name + ": there are no more")
                        break
                    complete(name, town)


def get(town):
    town.run("order", "--no-wait", "alice@example.org")
    town.wait_for_mail()
    town.answer()
    return town.run("finish")


def test_what_follows():
    """The same for renew, revoke and the roll-over of the account's key."""
    for verb, least in (("renew", 4), ("revoke", 2), ("roll-over", 2)):
        args = {"renew": ["renew", "--force"],
                "revoke": ["revoke", "--yes", "alice@example.org"],
                "roll-over": ["account", "roll-over"]}[verb]
        for n in range(1, 30):
            with Town(ari=(86400, 172800, 3600)) as town:
                get(town)
                died, out, err = killed_at(town, n, args)
                if not died:
                    tap.ok(n > least, verb + ": every exchange was tried",
                           out, err)
                    break
                name = "%s killed at exchange %d" % (verb, n)
                if verb == "renew":
                    got = town.run(*args)
                    tap.ok(got.returncode == 0, name + ": again", got,
                           town.ca.problems)
                    town.wait_for_mail()
                    town.answer()
                    got = town.run("renew")
                    tap.ok(got.returncode == 0 and len(town.ca.orders) == 2
                           and len(glob.glob(town.place.home +
                                             "/certificates/*")) == 2,
                           name + ": one order more, and its certificate",
                           got, town.ca.problems, town.ca.orders.keys())
                elif verb == "revoke":
                    got = town.run(*args)
                    tap.ok(got.returncode == 0 and len(town.ca.revoked) == 1,
                           name + ": it is revoked", got, town.ca.problems)
                else:
                    got = town.run("account", "show")
                    tap.ok(got.returncode == 0, name + ": the account is "
                           "ours", got, town.ca.problems)
                    tap.equal(len(glob.glob(
                        town.place.home + "/accounts/*.pem")), 1,
                        name + ": one key")
                    got = get(town)
                    tap.ok(got.returncode == 0, name + ": and is used", got,
                           town.ca.problems)


def test_twice_at_once():
    with Town() as town:
        town.run("order", "--no-wait", "alice@example.org")
        time.sleep(0.1)
        town.answer()
        both = [start(town, ["finish"]) for _ in range(4)]
        for process in both:
            process.communicate(timeout=60)
        got = town.run("finish")
        tap.ok(got.returncode == 0, "four at once: finished", got)
        tap.equal((len(glob.glob(town.place.home + "/certificates/*.pem")),
                   len(town.ca.certs)), (1, 1),
                  "four at once: one certificate")


test_exchanges()
test_steps()
test_what_follows()
test_twice_at_once()
tap.done()
