#!/usr/bin/python3
# Runs in: check check-quick check-slow check-ages
"""Every message of tests/mail/ gets the refusal its .expect names, and a
refusal leaves nothing behind: no draft, no mail, no change of state.  Each is
tried once, and in the other ways some of each refusal; in check-slow all."""
import calendar
import functools
import glob
import json
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from lib import (CA, PART1, ROOT, Place, check_reply, fake_sendmail, run_tests,
                 sample_kinds, sent, tap)

# The day of the Date fields there: the messages are stored, orders are not.
MADE = calendar.timegm((2026, 11, 22, 3, 0, 0))


def one(path, expect, every_way):
    name = os.path.basename(path)[:-4]
    refusal, _, warning = expect.partition(" ")
    with open(path, "rb") as f:
        raw = f.read()
    with Place() as place:
        send, box = fake_sendmail(place)
        place.backdate(place.expect("--expires", "24h"), MADE)
        before, files = place.orders_bytes(), place.files()
        got = place.run("-o", "sendmail=" + send, "handle", "--json",
                        "--auto-approve", "--draft", "sendmail", path)
        try:
            result = json.loads(got.stdout)
        except ValueError:
            result = {}
        if expect == "done":
            good = got.returncode == 0 and result.get("verdict") == "answered"
            tap.ok(good, name + ": answered", got.stdout.decode(),
                   got.stderr.decode())
            if not good:
                return
            mails = sent(box)
            faults = ["%d mails" % len(mails)] if len(mails) != 1 else \
                check_reply(mails[0], part1=result["token_part1"],
                            to=result["reply_to"][0],
                            msgid=result["message_id"])
            tap.equal(faults, [], name + ": section 3.2 holds")
            args = open(glob.glob(box + "/*.args")[0]).read().split()
            tap.equal(args, ["-oi", "-f", "alice@example.org", "--",
                             result["reply_to"][0]], name + ": envelope")
            return
        good = got.returncode == 65 and result.get("verdict") == "refused" \
            and result.get("refusal") == refusal \
            and (not warning or warning in result.get("warnings", []))
        tap.ok(good, "%s: %s" % (name, expect), "exit %d" % got.returncode,
               got.stdout.decode(errors="replace"),
               got.stderr.decode(errors="replace"))
        tap.ok(place.orders_bytes() == before and place.files() == files and
               sent(box) == [], name + ": nothing is left", place.files())
        if every_way:
            in_words(place, send, name, refusal, raw)
        if not warning:
            return
        # A person may still say yes, but it is never done unasked.
        alone = place.run("-o", "sendmail=" + send, "handle", "--draft",
                          "sendmail", stdin=raw)
        tap.ok(alone.returncode == 65 and b"needs-a-person" in alone.stderr,
               name + ": without a terminal nobody is asked")


def in_words(place, send, name, refusal, raw):
    """The same from a pipe: one line, nothing hostile in it; and unasked."""
    said = place.run("-o", "sendmail=" + send, "handle", "--auto-approve",
                     "--draft", "sendmail", stdin=raw)
    line = said.stderr.decode("utf-8", "replace")
    tap.ok(said.returncode == 65 and said.stdout == b"" and
           line.startswith("mailcert: refused: %s: " % refusal) and
           line.count("\n") == 1 and line.isprintable() is False and
           line[:-1].isprintable(),
           name + ": one line says why", repr(line))
    if os.path.isfile(os.path.join(place.home, "log")):
        with open(os.path.join(place.home, "log"), "rb") as f:
            log = f.read()
        tap.ok(refusal.encode() in log and all(
            c == 10 or 32 <= c < 127 or c >= 0xa0 for c in log),
            name + ": it is logged", repr(log))
    mda = place.run("-o", "sendmail=" + send, "handle", "--auto-approve",
                    "--mda", stdin=raw)
    tap.ok(mda.returncode == 0, name + ": --mda exits 0",
           str(mda.returncode))


def main():
    paths = sorted(glob.glob(os.path.join(ROOT, "tests/mail/*.eml")))
    expected = {}
    for path in paths:
        with open(path[:-4] + ".expect") as f:
            expected[path] = f.read().strip()
    every_way = sample_kinds(paths, expected.get, 40)
    run_tests({os.path.basename(path): functools.partial(
        one, path, expected[path], path in every_way) for path in paths}, 3)
    tap.done()


main()
