#!/usr/bin/python3
# Runs in: check check-quick check-slow check-ages
"""Every message of tests/signed/ gets what its .expect names, with the keys of
dns.json from a DNS server on loopback; a refusal leaves nothing behind.  Each is tried
once, and in words some of each refusal; in check-slow all."""
import calendar
import functools
import glob
import json
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from dnsserver import Dns
from lib import ROOT, Place, check_reply, run_tests, sample_kinds, tap

HERE = os.path.join(ROOT, "tests/signed")
# The day of the Date fields there: the messages are stored, orders are not.
MADE = calendar.timegm((2026, 11, 22, 3, 0, 0))


def run(place, dns, path, settings, *more, **how):
    args = [x for s in settings for x in ("-o", s.replace("@", HERE + "/", 1)
                                          if s.startswith("smime_") else s)]
    return place.run(*args, "handle", "--auto-approve", *more, **how)


def one(dns, path, expect, settings, every_way):
    name = os.path.basename(path)[:-4]
    refusal, _, warning = expect.partition(" ")
    code = 75 if refusal == "dns-trouble" else 65
    # Most have no Date, and nothing else is to be said of that here.
    with open(path, "rb") as f:
        if b"\nDate:" not in b"\n" + f.read():
            settings = ["auto_submitted=relaxed"] + settings
    with Place(config="set resolver = %s\n" % dns.resolver) as place:
        place.backdate(place.expect("--expires", "24h"), MADE)
        before = place.orders_bytes()
        got = run(place, dns, path, settings, "--json", "--draft",
                  "file:" + place.path("out"), path)
        try:
            result = json.loads(got.stdout)
        except ValueError:
            result = {}
        why = (got.stdout.decode(errors="replace"),
               got.stderr.decode(errors="replace"))
        if expect == "done":
            if not tap.ok(got.returncode == 0 and
                          result.get("verdict") == "answered",
                          name + ": answered", *why):
                return
            with open(place.path("out"), "rb") as f:
                faults = check_reply(f.read(), to=result["reply_to"][0])
            tap.equal(faults, [], name + ": section 3.2 holds")
            method = {"s": "smime", "a": "results"}.get(name[0], "dkim")
            if "dkim-good" in name or name == "a0-beside-dkim":
                method = "dkim" if "good" in name else "results"
            tap.equal(result["authentication"]["method"], method,
                      name + ": proved by")
            return
        tap.ok(got.returncode == code and result.get("refusal") == refusal and
               (not warning or warning in result.get("warnings", [])),
               "%s: %s" % (name, expect), "exit %d" % got.returncode, *why)
        tap.ok(place.orders_bytes() == before and
               not os.path.exists(place.path("out")),
               name + ": nothing is left", place.files())
        if not every_way:
            return
        # The same from a pipe, in words.
        with open(path, "rb") as f:
            said = run(place, dns, path, settings, "--draft", "stdout",
                       stdin=f.read())
        line = said.stderr.decode("utf-8", "replace")
        tap.ok(said.returncode == code and said.stdout == b"" and
               line.startswith("mailcert: refused: %s: " % refusal) and
               line.count("\n") == 1 and line[:-1].isprintable(),
               name + ": one line says why", repr(line))
        if code == 75:
            mda = run(place, dns, path, settings, "--mda", path)
            tap.ok(mda.returncode == 75, name + ": --mda exits 75, to try "
                   "again", str(mda.returncode))


def main():
    with open(os.path.join(HERE, "dns.json")) as f:
        dns = Dns(json.load(f))
    expected = {}
    for path in sorted(glob.glob(HERE + "/*.eml")):
        with open(path[:-4] + ".expect") as f:
            expected[path] = f.read().splitlines()
    every_way = sample_kinds(expected, lambda p: expected[p][0], 30)
    run_tests({os.path.basename(path): functools.partial(
        one, dns, path, expect, settings, path in every_way)
               for path, (expect, *settings) in expected.items()}, 3)
    tap.done()


main()
