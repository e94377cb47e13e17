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


APT_GET = """#!/bin/sh
echo "$@" >> %(log)s
case "$*" in
*no-such*) exit 100 ;;
-s*) printf 'Inst libnew (1 x)\\nInst libold [0] (1 x)\\nInst exim4 (1 x)\\n' ;;
*download*) shift 2; for name; do : > "$name.deb"; done ;;
esac
"""


def test_unpack():
    """Packages that are not installed, with a Debian that only pretends."""
    with Place() as place:
        log, to = place.path("log"), place.path("debian")
        place.write("bin/apt-get", APT_GET % {"log": log}, 0o755)
        place.write("bin/dpkg-query", "#!/bin/sh\ncase $* in *postfix) exit 1;;"
                    " *no-such) exit 1;; esac\necho installed\n", 0o755)
        place.write("bin/dpkg-deb", "#!/bin/sh\necho \"$1\" \"${2##*/}\" "
                    "\"$3\" >> %s\n" % log, 0o755)

        def unpack(*names):
            place.write("log", "")
            got = subprocess.run(
                [os.path.join(ROOT, "tests/deps"), "--unpack", to, *names],
                env={"PATH": place.path("bin") + ":/usr/bin:/bin"},
                capture_output=True, text=True)
            with open(log) as f:
                return got, f.read().splitlines()
        got, said = unpack("cyrus-common", "postfix")
        tap.ok(got.returncode == 0 and said == [
            "-s --no-install-recommends install postfix",
            "-q download postfix libnew", "-x libnew.deb " + to,
            "-x postfix.deb " + to],
            "what is missing is unpacked, with its new libraries", got, said)
        got, said = unpack("cyrus-common", "postfix")
        tap.ok(got.returncode == 0 and said == [] and got.stdout == "",
               "and that once", got, said)
        got, said = unpack("no-such")
        tap.ok(got.returncode == 1 and "cannot be downloaded: no-such\n" in
               got.stderr and not os.path.exists(to + "/have/no-such"),
               "what cannot be downloaded is named", got, said)


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
