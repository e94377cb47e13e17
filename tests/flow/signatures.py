#!/usr/bin/python3
# Runs in: check check-ages
"""The sender proved by DKIM: signed by dkimpy, keys from a DNS on loopback.

dkimpy signs and says what it thinks; we must accept what RFC 8823 section 3.1
item 6a asks for, and nothing less.
"""
import json
import os
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from dnsserver import SERVFAIL, SILENT, Dns
from lib import (CA, QUESTION, Place, Terminal, challenge, check_reply,
                 run_tests, tap, tests_of)
from signer import RSA, RSA_RECORD, THIRTEEN, rsa, sign


def ed25519():
    """RFC 8463 appendix A.2."""
    return (b"nWGxne/9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A=",
            "v=DKIM1; k=ed25519; p="
            "11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=")


WEAK, WEAK_RECORD = rsa(1024)
TINY, TINY_RECORD = rsa(768)
ED, ED_RECORD = ed25519()


def lf(raw):
    return raw.replace(b"\r\n", b"\n")


NAME = "sel._domainkey.ca.example"
GOOD = {NAME: RSA_RECORD, "ed._domainkey.ca.example": ED_RECORD,
        "weak._domainkey.ca.example": WEAK_RECORD,
        "tiny._domainkey.ca.example": TINY_RECORD,
        "sel._domainkey.evil.example": RSA_RECORD,
        "sel._domainkey.mail.ca.example": RSA_RECORD}


def handle(raw, records=None, settings=(), place=None):
    """Run handle --auto-approve with that DNS; the result and the order."""
    dns = Dns(GOOD if records is None else records)
    with Place(config="set resolver = %s\n" % dns.resolver) as place:
        order = place.expect("--expires", "24h")
        args = [x for s in settings for x in ("-o", s)]
        got = place.run(*args, "handle", "--json", "--auto-approve",
                        "--draft", "file:" + place.path("out"), stdin=raw)
        result = json.loads(got.stdout)
        out = place.path("out")
        reply = open(out, "rb").read() if os.path.exists(out) else b""
        return got, result, reply, place.order(order)["state"], dns


def accept(name, raw, dnssec="unvalidated", **more):
    if not tap.wanted(name):
        return
    got, result, reply, state, _ = handle(raw, **more)
    tap.ok(got.returncode == 0 and result["verdict"] == "answered" and
           check_reply(reply) == [], name + ": answered", got, result)
    auth = result["authentication"]
    tap.ok(auth["method"] == "dkim" and auth["domain"] == "ca.example" and
           auth["dnssec"] == dnssec, name + ": and says why", auth)


def refuse(name, refusal, raw, code=65, queries=None, says="", **more):
    if not tap.wanted(name):
        return
    got, result, reply, state, dns = handle(raw, **more)
    tap.ok(got.returncode == code and result["refusal"] == refusal and
           reply == b"" and state == "pending" and says in result["reason"],
           "%s: %s" % (name, refusal), got, result)
    if queries is not None:
        tap.equal(sum("_domainkey" in n for n in dns.asked), queries, name + ": DNS queries")


base = challenge()
crlf = base.replace(b"\n", b"\r\n")
signed = sign(crlf)


def test_algorithms():
    for canon in ("rr", "rs", "sr", "ss"):
        for key, selector, algorithm in ((RSA, b"sel", b"rsa-sha256"),
                                         (ED, b"ed", b"ed25519-sha256")):
            raw = sign(crlf, key, selector, canon=canon, algorithm=algorithm)
            name = "%s %s" % (canon, algorithm.decode())
            accept(name + ", CRLF", raw)
            accept(name + ", LF", lf(raw))


def test_deliveries():
    accept("behind an mbox line", b"From a b\n" + lf(signed))
    quoted = sign(challenge(body="Hello\n\nFrom here on\n").replace(b"\n",
                                                                    b"\r\n"))
    accept("with >From quoted by an mbox", b"From a b\n" + lf(quoted).replace(
        b"\nFrom here", b"\n>From here"))
    accept(">From, and no trace of the mbox", lf(quoted).replace(
        b"\nFrom here", b"\n>From here"))
    accept("in MMDF", b"\1\1\1\1\n" + lf(quoted) + b"\1\1\1\1\n\n")
    accept("behind an empty line", b"\n" + lf(signed))
    accept("below what Thunderbird adds", b"From - Tue Nov 24 10:00:00 2026\n"
           b"X-Mozilla-Status: 0001\nX-Mozilla-Status2: 00000000\n"
           b"Received: "
           b"by mx.example.org; Tue, 24 Nov 2026 10:00:00 +0000\r\n" + signed)
    accept("a broken one and a stranger's beside it",
           b"DKIM-Signature: v=1; a=rsa-sha256; d=ca.example; nonsense\r\n" +
           sign(sign(crlf), domain=b"evil.example"))
    accept("empty lines at the end", signed + b"\r\n\r\n")


def test_coverage():
    few = [h for h in THIRTEEN if h not in (b"sender", b"cc", b"in-reply-to",
                                            b"references", b"reply-to",
                                            b"content-transfer-encoding")]
    LETTER = ["dkim_headers=rfc8823"]
    accept("fields that are not there are not signed", sign(crlf, headers=few))
    refuse("the same by the letter", "dkim-coverage", sign(crlf, headers=few),
           queries=0, settings=LETTER)
    accept("the thirteen by the letter", signed, settings=LETTER)
    for field in THIRTEEN[1:]:
        refuse("h= by the letter, without " + field.decode(), "dkim-coverage",
               sign(crlf, headers=[h for h in THIRTEEN if h != field]),
               queries=0,
               settings=LETTER)
    for field in (b"Sender", b"Reply-To", b"Cc", b"In-Reply-To", b"References",
                  b"Content-Transfer-Encoding"):
        refuse(field.decode() + " was added", "dkim-coverage",
               field + b": eve@ca.example\r\n" + sign(crlf, headers=few),
               queries=0)
    for field in few[1:]:
        refuse("h= without " + field.decode() + ", which is there",
               "dkim-coverage",
               sign(crlf, headers=[h for h in few if h != field]), queries=0)


def test_refused():
    refuse("D1: no signature", "not-authenticated", crlf, queries=0)
    for old, new in ((b"This is an ACME", b"This was an ACME"),
                     (b"Auto-Submitted: auto-generated; type=acme",
                      b"Auto-Submitted: auto-generated"),
                     (b"Message-ID: <c1@", b"Message-ID: <c2@"),
                     (b"Subject: ACME: L", b"Subject: ACME: M")):
        refuse("D2: changed " + old.decode()[:16], "dkim-fail",
               signed.replace(old, new))
    refuse("a footer", "dkim-fail", signed + b"-- \r\nsent by us\r\n",
           says="the body was changed after it was signed; servers")
    refuse("another Subject and a footer", "dkim-fail", signed.replace(
        b"Subject: ACME: L", b"Subject: ACME: M") + b"sent by us\r\n",
           says="neither the header nor the body")
    refuse("refolded under simple", "dkim-fail", sign(crlf, canon="ss").replace(
        b"Subject: ACME: ", b"Subject: ACME:\r\n "),
           says="a program that only refolds fields breaks it")
    refuse("rewritten, and a server saw it good", "dkim-fail",
           b"Authentication-Results: mx.example.org;\r\n dkim=pass "
           b"header.i=@ca.example header.b=abcdefgh\r\n" + signed + b"more\r\n",
           says="it passed before a server rewrote the message")
    got, result, _, _, _ = handle(
        b"Received: from a by b; " + base[base.index(b"Date: ") + 6:
                                          base.index(b"\nFrom")] + b"\r\n" +
        b"Authentication-Results: mx.example.org; dkim=pass header.d=ca.example"
        b"\r\n" + signed + b"more\r\n")
    tap.ok(result["refusal"] == "dkim-fail" and
           "passed" not in result["reason"],
           "what a sender says there explains nothing", result)
    refuse("D2: Reply-To added", "dkim-fail",
           b"Reply-To: eve@ca.example\r\n" + signed)
    refuse("D2: Cc added", "dkim-fail", b"Cc: eve@evil.example\r\n" + signed)
    refuse("D3: another domain", "dkim-domain",
           sign(crlf, domain=b"evil.example"), queries=0)
    refuse("D3: a subdomain", "dkim-domain",
           sign(crlf, domain=b"mail.ca.example"), queries=0)
    refuse("D5: l=", "dkim-coverage", sign(crlf, length=True), queries=0)
    refuse("D7: 768 bits", "dkim-key", sign(crlf, TINY, b"tiny"))
    refuse("D7: rsa-sha1", "dkim-fail",
           signed.replace(b"a=rsa-sha256", b"a=rsa-sha1"), queries=0)
    accept("TAB and folds in the key record", signed, records={
        NAME: RSA_RECORD.replace("; ", ";\t").replace("p=", "p=\r\n\t ")})
    refuse("D9: a control in the key record", "dkim-key", signed,
           records={NAME: RSA_RECORD + "\x0b"})
    refuse("D9: revoked", "dkim-key", signed, records={NAME: "v=DKIM1; p="})
    refuse("D9: missing", "dkim-key", signed, records={})
    refuse("D9: testing", "dkim-key", signed,
           records={NAME: RSA_RECORD + "; t=y"})
    refuse("D9: two records", "dkim-key", signed,
           records={NAME: [RSA_RECORD, ED_RECORD]})
    refuse("D9: another key", "dkim-fail", signed, records={NAME: rsa(2048)[1]})
    refuse("D10: SERVFAIL", "dns-trouble", signed, code=75,
           records={NAME: SERVFAIL})
    start = time.monotonic()
    refuse("D10: silence", "dns-trouble", signed, code=75,
           records={NAME: SILENT})
    tap.ok(time.monotonic() - start < 12, "D10: within the deadline")
    refuse("D12: 300 junk signatures", "dkim-domain",
           b"".join(b"DKIM-Signature: v=1; a=rsa-sha256; c=simple/simple; "
                    b"d=x%d.example; s=s; h=from; bh=AA==; b=AA==\r\n" % i
                    for i in range(300)) + crlf, queries=0)
    refuse("D13: a selector to nowhere", "dkim-fail",
           signed.replace(b"s=sel", b"s=../$(id)"), queries=0)
    refuse("D16: 1024 bits", "needs-a-person", sign(crlf, WEAK, b"weak"))
    refuse("unexpected mail asks no DNS", "unexpected", sign(challenge(
        sender="other@ca.example").replace(b"\n", b"\r\n")), queries=0)
    refuse("dkim not wanted", "not-authenticated", signed,
           settings=["authenticate=smime"], queries=0)


def test_screen():
    with Place(config="") as place:
        dns = Dns(GOOD)
        place.expect("--expires", "24h")
        path = place.write("c.eml", signed)
        with Terminal(place, "mailcert -o resolver=%s handle --draft stdout %s" % (
                dns.resolver, path)) as terminal:
            tap.ok(terminal.wait("signed by ca.example (DKIM)") and
                   "that is not secured by" in terminal.screen(), "the screen says how",
                   terminal.screen())
            terminal.keys("n")


run_tests(tests_of(globals()))
tap.done()
