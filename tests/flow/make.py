#!/usr/bin/python3
# Runs in: check check-quick
"""The Makefile: what is missing is named, what was installed goes away."""
import os
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from lib import BUILD, ROOT, Place, run_tests, tap, tests_of


def make(*args, **env):
    env = dict({k: v for k, v in os.environ.items()
                if not k.startswith(("MAKE", "MFLAGS"))}, **env)
    return subprocess.run(["make", "--no-print-directory", "-C", ROOT, *args],
                          env=env, capture_output=True, text=True)


def test_missing():
    """A compiler that does not find some headers, and one that is not there."""
    with Place() as place:
        for names, packages in (
                (["curl/curl.h"], "libcurl4-openssl-dev"),
                (["jansson.h", "uninorm.h"],
                 "libjansson-dev libunistring-dev"),
                (["curses.h", "term.h"], "libncurses-dev")):
            cc = place.write("cc", "#!/bin/sh\ntext=$(cat)\ncase $text in %s) "
                             "exit 1;; esac\nexec cc -E -x c /dev/null\n" %
                             "|".join("*\\<%s\\>*" % n for n in names), 0o755)
            build = place.path("build")
            got = make("BUILD=" + build, "CC=" + cc, build + "/ready")
            tap.ok(got.returncode != 0 and
                   "mailcert: " + " ".join(names) + "\n" in got.stderr and
                   "apt-get install --no-remove --no-install-recommends %s\n" %
                   packages in got.stderr and not os.path.exists(build),
                   "make names %s" % packages, got)
        got = make("BUILD=" + build, "CC=no-such-compiler", build + "/ready")
        tap.ok(got.returncode != 0 and ": no-such-compiler\n" in got.stderr and
               "recommends gcc\n" in got.stderr, "make names the compiler",
               got)
        got = make("BUILD=" + build, build + "/ready")
        tap.ok(got.returncode == 0 and os.path.exists(build + "/ready"),
               "nothing is missing", got)


def files(top):
    return sorted(os.path.join(at, name) for at, below, names in os.walk(top)
                  for name in names + below)


def test_uninstall():
    """Nothing of ours is left, everything else is."""
    for where in ("/usr/local", "/opt/mailcert", "/home/alice/.local"):
        with Place() as place:
            top = place.path("root")
            prefix = os.path.join(place.user, ".local") \
                if "alice" in where else where
            args = ("BUILD=" + os.path.relpath(BUILD, ROOT),
                    "DESTDIR=" + top, "PREFIX=" + prefix)
            home = dict(HOME=place.user, XDG_DATA_HOME="")
            share = place.write("root" + prefix + "/share/mailcert/theirs",
                                "x")
            theirs = files(top)
            got = make(*args, "install", **home)
            tap.ok(got.returncode == 0 and len(files(top)) > 20,
                   prefix + ": installed", got)
            got = make(*args, "uninstall", **home)
            left = [f for f in files(top) if os.path.isfile(f)]
            tap.ok(got.returncode == 0 and left == [share],
                   prefix + ": uninstalled", got, left)
            tap.ok(set(theirs) <= set(files(top)) and not [
                f for f in files(top) if f not in theirs and
                os.path.basename(f) == "mailcert"],
                prefix + ": none of our directories, all of theirs",
                files(top))


run_tests(tests_of(globals()))
tap.done()
