#!/usr/bin/python3
# Runs in: check
"""Every allocation fails once: a status and a sentence, never a crash, never
a lost order, never an answer that is not recorded."""
import json
import os
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
import cms
from lib import (BUILD, CA, PART1, PART2, THUMBPRINT, Place, ask, challenge,
                 fake_sendmail, nomalloc, run_tests, sample, sent, tap,
                 tests_of, told, with_part)

STATUSES = {0, 1, 65, 70, 71, 73, 74, 75, 78}


def every_failure(place, preload, name, prepare, *args, stdin=b"", check=None):
    """Run with the 1st, 2nd ... allocation failing until none fails."""
    if not tap.wanted(name):
        return
    bad, runs = [], 0
    env = dict(place.env, LD_PRELOAD=preload)
    prepare()
    counted = place.path("count")
    got = place.run(*args, stdin=stdin, env=dict(env, COUNT_TO=counted))
    with open(counted) as f:
        total = int(f.read())
    for n in sample(range(1, total + 3), 18):
        prepare()
        got = place.run(*args, stdin=stdin, env=dict(env, FAIL_AT=str(n)))
        runs += 1
        # is-challenge has a status of its own: it could not look.
        if got.returncode not in STATUSES and \
                (name, got.returncode) != ("is-challenge", 2):
            bad.append("allocation %d: exit %d %r" % (n, got.returncode,
                                                     got.stderr))
        elif got.returncode > 1 and not got.stderr and not got.stdout and \
                name != "is-challenge":  # which never prints
            bad.append("allocation %d: exit %d without a word" % (
                n, got.returncode))
        elif check:
            why = check(got)
            if why:
                bad.append("allocation %d: %s" % (n, why))
    tap.ok(not bad and runs > 3, "%s: %d allocations" % (name, total), *bad)


def test_every_allocation():
    with Place() as place:
        preload = nomalloc(place)
        send, box = fake_sendmail(place)
        path = place.write("c.eml", challenge())
        part = place.write("p.eml", with_part())
        state = {}

        def fresh():
            for name in os.listdir(box):
                os.unlink(os.path.join(box, name))
            for order in json.loads(place.run("status", "--json").stdout)[
                    "expectations"]:
                place.run("expect", "--forget", order["id"])
            state["order"] = place.expect()

        def recorded(got):
            got = place.run("status", "--json", state["order"])
            if got.returncode != 0:
                return "the order is lost: %r" % got.stderr
            now = json.loads(got.stdout)["expectations"][0]["state"]
            mails = len(sent(box))
            if (mails, now) not in ((0, "pending"), (0, "answering"),
                                    (1, "sent"), (1, "answering")):
                return "%d mails, state %s" % (mails, now)
            return ""

        every_failure(place, preload, "handle, sendmail", fresh, "-o",
                      "sendmail=" + send, "handle", "--auto-approve",
                      "--draft", "sendmail", path, check=recorded)
        every_failure(place, preload, "handle --json", fresh, "handle",
                      "--json", "--auto-approve", path)
        every_failure(place, preload, "handle, a part", fresh, "handle",
                      "--type", "text/plain", "--auto-approve", part)
        every_failure(place, preload, "show", fresh, "show", path)
        every_failure(place, preload, "show --json", fresh, "show", "--json",
                      path)
        every_failure(place, preload, "is-challenge", fresh, "is-challenge",
                      path)
        every_failure(place, preload, "status", fresh, "status")
        every_failure(place, preload, "status --json", fresh, "status",
                      "--json")
        every_failure(place, preload, "respond", fresh, "respond",
                      "--token-part1", PART1, "--token-part2", PART2,
                      "--thumbprint", THUMBPRINT)
        every_failure(place, preload, "handle, stage", fresh, "handle",
                      "--auto-approve", "--draft", "stage", path)
        every_failure(place, preload, "mutt-rc", fresh, "mutt-rc")
        every_failure(place, preload, "install mailcap", fresh, "install",
                      "mailcap")
        every_failure(place, preload, "expect", lambda: None, "expect",
                      "a@b.example", "--from", "c@d.example", "--token-part2",
                      PART2, "--thumbprint", THUMBPRINT)


def believed(got):
    """A signature that could not be verified is not a good one."""
    good = b"Verification successful" in got.stderr
    return "" if good == (got.returncode == 0) else "said to be %s" % good


def test_signature():
    """Here and in the verifier, which tells nobody how much it needs: about
    2000 allocations."""
    root, other = cms.Authority("Test Root"), cms.Authority("Other Root")
    with Place(config="") as place:
        preload = nomalloc(place)
        der = cms.openssl_sign(b"Content-Type: text/plain\r\n\r\nHello\r\n",
                               [root.issue(CA)], opaque=True,
                               args=["-outform", "DER"])
        for name, authority in (("good", root), ("bad", other)):
            anchor = place.write(name, cms.cert_pem(authority.cert))
            every_failure(place, preload, "mutt-verify, " + name, lambda: None,
                          "mutt-verify", "--CAfile", anchor,
                          place.write("der", der), check=believed)
        bad, judged = [], 0
        for n in sample(range(1, 2300), 40):
            got = place.run(
                "object", program=os.path.join(BUILD, "mailcert-verify"),
                stdin=ask(("now", "1795320838"), ("object", der),
                          ("file", "x"), ("anchor", cms.cert_pem(other.cert))),
                env=dict(place.env, LD_PRELOAD=preload, FAIL_AT=str(n)))
            done = b"\ndone\n" in got.stdout
            judged += done
            if got.returncode not in STATUSES or (
                    done and b"\nerror " not in got.stdout):
                bad.append((n, got))
        tap.ok(not bad and judged > 0,
               "mailcert-verify object: never believed", judged, *bad)


def failing(place, preload, program, verb, stdin, most, judge):
    """Fail each of that many allocations in a helper: what judge() says is
    wrong, and how often it answered."""
    bad, done = [], 0
    for n in sample(range(1, most), 12):
        got = place.run(verb, program=os.path.join(BUILD, program), stdin=stdin,
                        env=dict(place.env, LD_PRELOAD=preload,
                                 FAIL_AT=str(n)))
        answer = dict(told(got.stdout)) if got.stdout else {}
        good = answer.get("status") == b"done"
        done += good
        if got.returncode not in STATUSES or good and judge(answer):
            bad.append((n, got))
    tap.ok(not bad and done > 0, "%s %s" % (program, verb), done, *bad)


def test_opened():
    """What is encrypted, in both programs: never taken for verified, and no
    other key."""
    root, other = cms.Authority("Test Root"), cms.Authority("Other Root")
    key, cert = root.issue("alice@example.org")
    with Place(config="") as place:
        preload = nomalloc(place)
        path = place.write("key.pem", cms.pem(key))
        sealed = subprocess.run(
            ["openssl", "cms", "-encrypt", "-aes128", place.write(
                "cert.pem", cms.cert_pem(cert))], check=True,
            capture_output=True, input=cms.openssl_sign(
                b"Content-Type: text/plain\r\n\r\nHello\r\n",
                [root.issue(CA)])).stdout
        message = b"From: %s\n" % CA.encode() + sealed
        question = ask(("message", message),
                       ("certificate", cms.cert_pem(cert)))
        right = dict(told(place.run("seal", stdin=question, program=os.path.join(
            BUILD, "mailcert-verify")).stdout))["sealed"]
        failing(place, preload, "mailcert-verify", "seal", question, 400,
                lambda answer: answer.get("sealed", right) != right)
        question = ask(*told(right), opens=[("file", path)])
        secret = dict(told(place.run("unwrap", stdin=question, program=os.path.
                                     join(BUILD, "mailcert-key")).stdout))["key"]
        failing(place, preload, "mailcert-key", "unwrap", question, 700,
                lambda answer: len(answer["key"]) != len(secret))
        question = ask(("now", "1795320838"), ("message", message),
                       ("key", secret), ("file", "x"),
                       ("anchor", cms.cert_pem(other.cert)))
        failing(place, preload, "mailcert-verify", "opened", question, 2000,
                lambda answer: b"judged 1\n2\n" in answer["report"])


run_tests(tests_of(globals()))
tap.done()
