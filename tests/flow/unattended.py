#!/usr/bin/python3
# Runs in: check check-quick
"""Certificates that stay fresh without a person: deploy_hook."""
import json
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(
    os.path.abspath(__file__))), "ca"))
from lib import ADDRESS, run_tests, tap, tests_of
from town import Town

HOOK = """#!/bin/sh
# Notes each run; fails while there is a file "broken" beside it.
here=$(dirname "$0")
echo "$MAILCERT_ID $MAILCERT_ADDRESSES $MAILCERT_EXPIRES" >> "$here/runs"
[ -e "$here/broken" ] && { echo "the server is away" >&2; exit 3; }
openssl x509 -in "$MAILCERT_CERTIFICATE" -noout -pubkey > "$here/one" &&
openssl pkey -in "$MAILCERT_KEY" -pubout | cmp - "$here/one"
"""


def issue(town, *args):
    town.run("order", "--no-wait", *(args or [ADDRESS]))
    town.wait_for_mail()
    town.answer()
    return town.run("finish")


def runs(town):
    path = town.place.path("user/runs")
    if not os.path.exists(path):
        return []
    with open(path) as f:
        return f.read().splitlines()


def test_deploy_hook():
    with Town("set deploy_hook = ~/hook\n") as town:
        town.place.write("user/hook", HOOK, 0o755)
        broken = town.place.write("user/broken", "")
        got = issue(town)
        (one,) = json.loads(town.run("status", "--json").stdout)[
            "certificates"]
        tap.ok(got.returncode == 1 and got.stdout.count(b"\n") == 1 and
               b"exited with status 3: the server is away" in got.stderr and
               one["id"].encode() in got.stderr,
               "a hook that fails is told; the certificate is there", got)
        got = town.run("renew")
        tap.ok(got.returncode == 1 and b"the server is away" in got.stderr and
               len(runs(town)) == 2, "renew runs it again", got, runs(town))
        os.unlink(broken)
        got = town.run("renew")
        tap.ok(got.returncode == 0 and len(runs(town)) == 3,
               "until it succeeds", got)
        town.run("renew")
        tap.equal(len(runs(town)), 3, "and not after that")
        words = runs(town)[-1].split()
        tap.ok(words[:2] == [one["id"], ADDRESS] and words[2].endswith("Z"),
               "it is told which certificate it is", words)


def test_hook_is_set_later():
    with Town() as town:
        town.place.write("user/hook", HOOK, 0o755)
        tap.equal(issue(town).returncode, 0, "issued without a hook")
        got = town.run("-o", "deploy_hook=~/hook", "renew")
        tap.ok(got.returncode == 0 and len(runs(town)) == 1,
               "a hook that is set later sees the certificate once", got)


run_tests(tests_of(globals()))
tap.done()
