#!/usr/bin/python3
# Runs in: check check-quick
"""tests/lint sees an include that goes the wrong way, in a copy of the tree."""
import os
import shutil
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from lib import ROOT, tap

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
    ("tui/view.c", "mail/mime.h", "tui may not include mail/mime.h"),
    ("handler/process/mua.c", "jansson.h", "jansson.h has one door"),
)


def lint(tree):
    return subprocess.run([sys.executable, os.path.join(tree, "tests/lint")],
                          cwd=tree, capture_output=True, text=True)


def main():
    with tempfile.TemporaryDirectory() as tree:
        for name in ("handler", "tui"):
            shutil.copytree(os.path.join(ROOT, name),
                            os.path.join(tree, name))
        os.mkdir(os.path.join(tree, "tests"))
        for name in ("README.md", "tests/lint"):
            shutil.copy(os.path.join(ROOT, name), os.path.join(tree, name))
        for verb in (["init", "-q"], ["add", "-A"]):
            subprocess.run(["git", *verb], cwd=tree, check=True)
        got = lint(tree)
        tap.ok(got.returncode == 0 and not got.stdout, "the tree is clean",
               got.stdout, got.stderr)
        for path, header, fault in WRONG:
            file = os.path.join(tree, path)
            with open(file) as f:
                text = f.read()
            with open(file, "a") as f:
                f.write('#include "%s"\n' % header)
            got = lint(tree)
            tap.ok(got.returncode == 1 and
                   got.stdout == "%s: %s\n" % (path, fault),
                   "%s with %s" % (path, header), got.stdout, got.stderr)
            with open(file, "w") as f:
                f.write(text)
    tap.done()


main()
