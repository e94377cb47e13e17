#!/usr/bin/python3
# Runs in: check check-slow
"""order and finish, killed at every exchange with the CA and at every durable
step, and run again: the certificate comes, the answer goes out once, nothing is
lost."""
import functools
import glob
import os
import signal
import subprocess
import sys
import time

TESTS = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path[:0] = [TESTS, os.path.join(TESTS, "ca")]
from lib import MAILCERT, SLOW, at_once, run_tests, tap, tests_of
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
    out, err = process.communicate(timeout=120)
    town.ca.on_answer = None
    return process.returncode == -signal.SIGKILL, out, err


def complete(name, town, order=None):
    """Whatever was left: go on, and look at what there is."""
    if not glob.glob(town.place.home + "/certificates/*.json"):
        got = town.run("order", "--no-wait", "alice@example.org")
        tap.ok(got.returncode == 0, name + ": ordered again", got)
    town.run("finish", "--no-wait")
    if not town.ca.replies():
        town.wait_for_mail()
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


def get(town):
    town.run("order", "--no-wait", "alice@example.org")
    town.wait_for_mail()
    town.answer()
    return town.run("finish")


RENAME = "rename,renameat,renameat2"
ARGUMENTS = {"order": ["order", "--no-wait", "alice@example.org"],
             "finish": ["finish"], "renew": ["renew", "--force"],
             "revoke": ["revoke", "--yes", "alice@example.org"],
             "roll-over": ["account", "roll-over"]}


def town_for(verb):
    """A town in which that verb has something to do."""
    town = Town(**({"pending": 1} if verb == "finish" else
                   {} if verb == "order" else {"ari": (86400, 172800, 3600)}))
    if verb == "finish":
        town.run(*ARGUMENTS["order"])
        town.wait_for_mail()
        town.answer()
    elif verb != "order":
        get(town)
    return town


def exchanges(verb):
    """How many there are where nobody is killed."""
    with town_for(verb) as town:
        before = len(town.ca.seen)
        got = town.run(*ARGUMENTS[verb])
        tap.ok(got.returncode == 0, verb + ": to be killed", got)
        return len(town.ca.seen) - before


def kill_in_exchange(verb, n):
    with town_for(verb) as town:
        died, out, err = killed_at(town, n, ARGUMENTS[verb])
        name = "%s killed at exchange %d" % (verb, n)
        tap.ok(died, name, out, err)
        AFTER.get(verb, complete)(name, town)


def after_renew(name, town):
    got = town.run(*ARGUMENTS["renew"])
    tap.ok(got.returncode == 0, name + ": again", got, town.ca.problems)
    town.wait_for_mail()
    town.answer()
    got = town.run("renew")
    tap.ok(got.returncode == 0 and len(town.ca.orders) == 2 and
           len(glob.glob(town.place.home + "/certificates/*.pem")) == 2,
           name + ": one order more, and its certificate", got,
           town.ca.problems, town.ca.orders.keys())


def after_revoke(name, town):
    got = town.run(*ARGUMENTS["revoke"])
    tap.ok(got.returncode == 0 and len(town.ca.revoked) == 1,
           name + ": it is revoked", got, town.ca.problems)


def after_roll_over(name, town):
    got = town.run("account", "show")
    tap.ok(got.returncode == 0, name + ": the account is ours", got,
           town.ca.problems)
    tap.equal(len(glob.glob(town.place.home + "/accounts/*.pem")), 1,
              name + ": one key")
    got = get(town)
    tap.ok(got.returncode == 0, name + ": and is used", got, town.ca.problems)


AFTER = {"renew": after_renew, "revoke": after_revoke,
         "roll-over": after_roll_over}


def test_exchanges():
    """Killed after each request to the CA, before it hears the answer."""
    jobs = []
    for verb, some in (("order", (4,)), ("finish", (3, 6)),
                       ("renew", (4,)), ("revoke", (2,)),
                       ("roll-over", (2,))):
        if SLOW:
            total = exchanges(verb)
            tap.ok(total >= max(some), "%s: %d exchanges" % (verb, total))
            some = range(1, total + 1)
        jobs += [functools.partial(kill_in_exchange, verb, n) for n in some]
    at_once(jobs, 3)


def traced(town, verb, call, *more):
    return start(town, ARGUMENTS[verb], (
        "strace", "-f", "-q", "-e", "trace=" + call, *more))


def steps(verb, call):
    """How often the process that does it most does it."""
    with town_for(verb) as town:
        trace = town.place.path("trace")
        traced(town, verb, call, "-o", trace).communicate(timeout=120)
        with open(trace) as f:
            pids = [line.split()[0] for line in f if "(" in line and
                    " resumed>" not in line]
        return max(map(pids.count, pids))


def kill_in_step(verb, call, n):
    with town_for(verb) as town:
        process = traced(town, verb, call, "-o", "/dev/null", "-e",
                         "inject=%s:signal=KILL:when=%d" % (call, n))
        process.communicate(timeout=120)
        name = "%s killed at %s %d" % (verb, call.split(",")[0], n)
        tap.ok(process.returncode != 0, name)
        complete(name, town)


def test_steps():
    """Killed at each rename and fsync: what makes things durable."""
    jobs = []
    for verb, call, some in (("order", RENAME, (2,)), ("order", "fsync", (3,)),
                             ("finish", RENAME, (1,)),
                             ("finish", "fsync", (2,))):
        if SLOW:
            total = steps(verb, call)
            tap.ok(total >= max(some), "%s: %s %d times" % (
                verb, call.split(",")[0], total))
            some = range(1, total + 1)
        jobs += [functools.partial(kill_in_step, verb, call, n) for n in some]
    at_once(jobs, 3)


def test_twice_at_once():
    with Town() as town:
        town.run("order", "--no-wait", "alice@example.org")
        town.wait_for_mail()
        town.answer()
        both = [start(town, ["finish"]) for _ in range(4)]
        for process in both:
            process.communicate(timeout=120)
        got = town.run("finish")
        tap.ok(got.returncode == 0, "four at once: finished", got)
        tap.equal((len(glob.glob(town.place.home + "/certificates/*.pem")),
                   len(town.ca.certs)), (1, 1),
                  "four at once: one certificate")


run_tests(tests_of(globals()))
tap.done()
