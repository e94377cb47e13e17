#!/usr/bin/python3
# Runs in: check check-quick
"""Every screen in every state is as its file says (tests/golden), and keeps
the rules of all screens.  `make golden` writes the files: look at what `git
diff` shows of them before you commit it."""
import os
import re
import subprocess
import sys
import unicodedata

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from lib import BUILD, ROOT, run_tests, tap, tests_of

PROGRAM = os.path.join(BUILD, "tests", "golden")
FILES = os.path.join(ROOT, "tests", "golden")


def said(*args):
    return subprocess.run([PROGRAM, *args], check=True, capture_output=True,
                          text=True).stdout


def states():
    return said().split()


def width_of(line):
    return sum(0 if unicodedata.combining(c) else
               2 if unicodedata.east_asian_width(c) in "WF" else 1
               for c in line)


def pages(text):
    """Split it into title, width, height, charset, rows, roles, cursor."""
    for part in re.split(r"^=== ", text, flags=re.M)[1:]:
        head, _, rest = part.partition("\n")
        rows, _, roles = rest.partition("--- roles, cursor ")
        name, size, charset = head.split()
        width, height = map(int, size.split("x"))
        at, *roles = roles.split("\n")
        yield (head, name, min(width, 100), height, charset,
               rows.split("\n")[:-1], roles[:-1],
               tuple(map(int, at.split(","))))


def test_files():
    names = states()
    kept = sorted(name[:-4] for name in os.listdir(FILES)
                  if name.endswith(".txt"))
    tap.equal(kept, sorted(names), "each state has a file")
    for name in sorted(set(names) & set(kept)):
        with open(os.path.join(FILES, name + ".txt")) as f:
            tap.ok(f.read() == said(name), name + " is as its file says",
                   "make golden; git diff tests/golden")


def test_rules():
    """What holds for all of them."""
    for name in states():
        for head, _, width, height, charset, rows, roles, at in pages(
                said(name)):
            text = "\n".join(rows)
            tap.ok(0 < len(rows) <= height and
                   max(map(width_of, rows)) <= width,
                   head + ": no line is wider, and no page higher, than the "
                   "screen", text)
            bad = [c for c in text if c != "\n" and
                   unicodedata.category(c)[0] == "C"]
            tap.ok(bad == [] and (charset == "UTF-8" or text.isascii()),
                   head + ": no control, and ASCII where it was asked for",
                   bad, text)
            tap.ok(len(roles) == len(rows) and all(
                len(role) - 1 >= width_of(row) for role, row in
                zip(roles, rows)), head + ": every column has a role", roles)
            tap.ok(at[0] < len(rows) and at[1] < width,
                   head + ": the cursor is on the page", at)
            if name.startswith("waiting-"):  # it has no keys
                tap.ok("finish" in text and " q " in text and "> " in text,
                       head + ": says what is awaited, and how to leave", text)
                continue
            if name.startswith("setup-") and "\n>" in text and (
                    "Esc back" in rows[-1]):  # where ? and q are letters
                tap.ok("^C leave" in rows[-1], head + ": says how to leave",
                       rows[-1])
                continue
            # A line that is written, or read, instead of the keys.
            if not re.search(r"Search for|Any key|any other key|Too soon|"
                             r"Read on|not there|went on", rows[-1]):
                tap.ok("? " in rows[-1] and re.search("q |n no", rows[-1]),
                       head + ": the key line keeps help and the way out",
                       rows[-1])


def test_question():
    """The question is near its facts, with the proof in sight."""
    for name in states():
        if not name.startswith("question-"):
            continue
        for head, _, width, height, _, rows, roles, at in pages(said(name)):
            text = "\n".join(rows)
            buttons = [i for i, row in enumerate(rows)
                       if re.match(r"   (\[ (No|Close) \]|  No  )", row)]
            if rows[0].startswith(("Details", "Keys")):
                continue
            tap.ok(len(buttons) == 1 and at[0] == buttons[0] and
                   "S" in roles[buttons[0]],
                   head + ": the cursor is on the selected button", text)
            if "[ Close ]" in rows[buttons[0]]:
                tap.ok(" Reason " in rows[2] or " Why: " in rows[1],
                       head + ": the reason comes first", text)
                tap.ok("Yes" not in text, head + ": there is no Yes", text)
                continue
            # One or two lines of the question, and an empty one before it.
            above = rows[1:buttons[0]]
            while above and "T" in roles[1 + len(above) - 1]:
                above.pop()
            asked = buttons[0] - 1 - len(above)
            empty = 0
            while above and above[-1] == "":
                above.pop()
                empty += 1
            tap.ok(1 <= asked <= 2 and empty <= 1 and above != [],
                   head + ": the question is next to the facts", text)
            tap.ok(re.search(r"^ (Proof +)?(ok|NONE) ", text, re.M),
                   head + ": the proof is in sight", text)
            tap.ok(len(rows) - buttons[0] <= 4,
                   head + ": the page ends after the question", text)


def test_same():
    """A tall and wide screen shows no other page than 80x24 does."""
    for head, _, _, height, charset, rows, _, _ in pages(
            said("question-asked")):
        if height == 60:
            tap.ok(len(rows) < 20 and rows[0] == "Answer this challenge?",
                   head + ": top left, the rest is empty", rows)


run_tests(tests_of(globals()))
tap.done()
