#!/usr/bin/python3
# Runs in: check-slow
"""TEST_ONLY, in a script and in a unit test: what it names runs, and where it
names nothing, that is a failure."""
import glob
import os
import subprocess
import sys

TESTS = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path.insert(0, TESTS)
from lib import BUILD, ROOT, Place, run_tests, tap, tests_of

SCRIPT = """
import sys
sys.path.insert(0, %r)
from lib import at_once, run_tests, tap, tests_of

def test_pears():
    tap.ok(True, "one pear")
    tap.ok(%s, "two pears")

def test_apples():
    tap.ok(True, "red")
    at_once([lambda: tap.ok(True, "green")])
    tap.skip("blue", "there are none")

def test_nuts():
    for name in ("hazel", "wal"):
        if tap.wanted(name):
            tap.ok(True, "cracked " + name)
            at_once([lambda: tap.ok(True, "eaten")])

run_tests(tests_of(globals()), %d)
tap.done()
"""


def names(out):
    """What was checked, and how it ended."""
    lines = [line for line in out.splitlines() if "ok " in line]
    assert out.splitlines()[-1] == "1..%d" % len(lines), out
    return [(line.split(" - ")[1], not line.startswith("not"))
            for line in lines]


def run(place, only, want, code=0, pears=True, workers=1):
    script = place.write("script.py", SCRIPT % (TESTS, pears, workers))
    got = subprocess.run([sys.executable, script], capture_output=True,
                         env=dict(place.env, TEST_ONLY=only), text=True)
    tap.ok(got.returncode == code and sorted(names(got.stdout)) ==
           sorted(want), "TEST_ONLY=%s, %d at a time" % (only, workers), want,
           got)


ALL = [(name, True) for name in (
    "one pear", "two pears", "red", "green", "blue # SKIP there are none",
    "cracked hazel", "eaten", "cracked wal", "eaten")]


def test_scripts():
    with Place() as place:
        for workers in (1, 3):
            run(place, "", ALL, workers=workers)
            run(place, "test_pears", ALL[:2], workers=workers)
            run(place, "apples", ALL[2:5], workers=workers)
            run(place, "gree", ALL[3:4], workers=workers)
            run(place, "blue", ALL[4:5], workers=workers)
            run(place, "hazel", ALL[5:7], workers=workers)
            run(place, "no such test", [
                ("TEST_ONLY=no such test names a test or a check", False)], 1,
                workers=workers)
        run(place, "two", [("two pears", False)], 1, pears=False)
        run(place, "one", [("one pear", True)], pears=False)


def test_unit_tests():
    for only, code in (("no such test", 1), ("(", 0)):
        got = subprocess.run([os.path.join(BUILD, "tests/test_base")],
                             env=dict(os.environ, TEST_ONLY=only),
                             capture_output=True, text=True)
        tap.ok(got.returncode == code and names(got.stdout),
               "a unit test, TEST_ONLY=" + only, got)


def test_all_take_part():
    for path in sorted(glob.glob(os.path.join(ROOT, "tests/f*/*.py"))):
        with open(path) as f:
            text = f.read()
        tap.ok("run_tests(" in text or "mail_program.main(" in text,
               os.path.relpath(path, ROOT) + " runs its tests by run_tests()")


run_tests(tests_of(globals()))
tap.done()
