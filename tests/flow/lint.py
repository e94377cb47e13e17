#!/usr/bin/python3
# Runs in: check check-quick
"""tests/lint sees an include that goes the wrong way, and a table of files that
is out of date, in a copy of the tree."""
import os
import shutil
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from lib import ROOT, run_tests, tap, tests_of

# What nobody may add, where, and what lint has to say of it.
WRONG = (
    ("handler/helpers/key/main.c", "mail/mime.h",
     "helpers/key may not include mail/mime.h"),
    ("handler/helpers/key/main.c", "process/run.h",
     "helpers/key may not include process/run.h"),
    ("handler/helpers/https/http.c", "store/home.h",
     "helpers/https may not include store/home.h"),
    ("handler/process/mua.c", "cmd/cmd.h",
     "process may not include cmd/cmd.h"),
    ("handler/deliver/deliver.c", "cmd/session.h",
     "deliver may not include cmd/session.h"),
    ("handler/answer/rules.h", "order/place.h",
     "answer may not include order/place.h"),
    ("handler/order/advance.c", "answer/answer.h",
     "order may not include answer/answer.h"),
    ("handler/mail/mime.c", "acme/jws.h", "mail may not include acme/jws.h"),
    ("tui/page.c", "mail/mime.h", "tui may not include mail/mime.h"),
    ("handler/process/mua.c", "jansson.h", "jansson.h has one door"),
)


# What becomes of a file, and what lint has to say of it.
STALE = "docs/FILES.md: not current; run make files"
FILES = (
    ("another job", "handler/process/mua.h", "recognize", "guess", STALE),
    ("no job", "handler/process/mua.h", " - recognize", ", recognize",
     "handler/process/mua.h: does not open with \"NAME - its job\" on one line"),
    ("another file's name", "tui/page.c", "/* page.c -", "/* screen.c -",
     "tui/page.c: does not open with \"NAME - its job\" on one line"),
    ("a job on two lines", "handler/base/fd.h", " */\n", "\n * and more */\n",
     "handler/base/fd.h: does not open with \"NAME - its job\" on one line"),
    ("the table, edited", "docs/FILES.md", "recognize", "guess", STALE),
)


def lint(tree):
    return subprocess.run([sys.executable, os.path.join(tree, "tests/lint")],
                          cwd=tree, capture_output=True, text=True)


def told(tree, changes):
    """Change the text of files, look what lint says, and put them back."""
    before = {}
    for path, change in changes:
        with open(os.path.join(tree, path)) as f:
            text = f.read()
        before.setdefault(path, text)
        with open(os.path.join(tree, path), "w") as f:
            f.write(change(text))
        tap.ok(change(text) != text, path + " is changed")
    got = lint(tree)
    for path, text in before.items():
        with open(os.path.join(tree, path), "w") as f:
            f.write(text)
    return got


def refused(tree, path, change, fault, name):
    got = told(tree, [(path, change)])
    tap.ok(got.returncode == 1 and got.stdout == fault + "\n", name,
           got.stdout, got.stderr)


def test_includes(tree):
    got = told(tree, [(path, lambda text, header=header: text +
                       '#include "%s"\n' % header)
                      for path, header, _ in WRONG])
    tap.equal((got.returncode, sorted(got.stdout.splitlines())),
              (1, sorted("%s: %s" % (path, fault) for path, _, fault in
                         WRONG)), "each wrong include is named")


def test_phrases(tree):
    got = told(tree, [("handler/base/fd.h", lambda text: text + "/* there is "
                       "none, there are\n * none, and one of ours */\n")])
    tap.equal((got.returncode, got.stdout.splitlines()), (1, [
        'handler/base/fd.h: "%s" is not how one says it' % phrase
        for phrase in ("is none", "are none", "of ours")]),
              "strange phrases are named")


def test_table_of_files(tree):
    for name, path, old, new, fault in FILES:
        refused(tree, path, lambda text: text.replace(old, new, 1), fault, name)
    file = os.path.join(tree, "handler/base/new.c")
    with open(file, "w") as f:
        f.write("/* new.c - a new file */\n")
    got = lint(tree)
    tap.ok(got.returncode == 1 and got.stdout == STALE + "\n", "a new file",
           got.stdout, got.stderr)
    os.remove(file)


def test_clean(tree):
    got = lint(tree)
    tap.ok(got.returncode == 0 and not got.stdout, "the tree is clean",
           got.stdout, got.stderr)


with tempfile.TemporaryDirectory() as copy:
    for below in ("handler", "tui"):
        shutil.copytree(os.path.join(ROOT, below), os.path.join(copy, below))
    for below in ("README.md", "docs/FILES.md", "tests/lint", "tests/files"):
        os.makedirs(os.path.dirname(os.path.join(copy, below)), exist_ok=True)
        shutil.copy(os.path.join(ROOT, below), os.path.join(copy, below))
    for verb in (["init", "-q"], ["add", "-A"]):
        subprocess.run(["git", *verb], cwd=copy, check=True)
    run_tests(tests_of(globals(), copy))
tap.done()
