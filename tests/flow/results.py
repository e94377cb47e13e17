#!/usr/bin/python3
# Runs in: check check-ages
"""Authentication-Results as providers write them: header.i alone, and below
Received fields of the reader's own side; and what a forger makes of that."""
import json
import os
import re
import sys

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from lib import Place, challenge, check_reply, run_tests, tap, tests_of
from signer import sign

MX = "mx.example.org"
TRUST = "authenticate=results:" + MX
base = challenge().replace(b"\n", b"\r\n")
# The message as it left: without what lib puts on top.
left = base[base.index(b"Date: "):]
signed = sign(left)
RECEIVED = b"Received: from mail.ca.example by mx.example.org; " \
    b"Sun, 22 Nov 2026 04:00:00 +0000\r\n"
OWN = (b"Received: from imap.example.org by laptop with IMAP "
       b"(fetchmail-6.4.37); Sun, 22 Nov 2026 04:00:00 +0000\r\n",
       b"Received: by 2002:a05:6a10:1 with SMTP id x0; "
       b"Sun, 22 Nov 2026 04:00:00 +0000\r\n",
       b"Received: from mx.example.org by lmtp0.example.org with LMTP id x0; "
       b"Sun, 22 Nov 2026 04:00:00 +0000\r\n")


def b_of(raw):
    value = re.search(rb";\s+b=(.*?)\r\n(?![ \t])", raw, re.S)[1]
    return re.sub(rb"\s", b"", value)[:8].decode()


def says(text, server=MX):
    return ("Authentication-Results: %s;\r\n       %s\r\n" % (
        server, text)).encode()


def handle(raw, *settings):
    with Place(config="") as place:
        place.expect("--expires", "24h")
        args = [x for s in (TRUST, *settings) for x in ("-o", s)]
        got = place.run(*args, "handle", "--json", "--auto-approve", "--draft",
                        "file:" + place.path("out"), stdin=raw)
        path = place.path("out")
        reply = open(path, "rb").read() if os.path.exists(path) else b""
        return json.loads(got.stdout), reply


def accept(name, raw, *settings):
    result, reply = handle(raw, *settings)
    tap.ok(result["verdict"] == "answered" and check_reply(reply) == [] and
           result["authentication"]["method"] == "results" and
           result["authentication"]["domain"] == "ca.example",
           name + ": answered", result)


def refuse(name, refusal, raw, *settings, says=""):
    result, reply = handle(raw, *settings)
    tap.ok(result["refusal"] == refusal and says in result["reason"] and
           reply == b"", "%s: %s" % (name, refusal), result)


def test_identity():
    """RFC 8601 section 2.7.1: header.i is i=, of d= or below it."""
    for name, text in (
            ("Gmail", "dkim=pass header.i=@ca.example header.s=sel "
             "header.b=" + b_of(signed)),
            ("alone", "dkim=pass header.i=@ca.example"),
            ("a whole address", "dkim=pass header.i=acme@CA.example"),
            ("quoted", 'dkim=pass header.i="@ca.example"')):
        accept("header.i, " + name, says(text) + RECEIVED + signed)
    below = sign(left, identity=b"x@mail.ca.example")
    accept("header.i below d=", says(
        "dkim=pass header.i=@mail.ca.example header.b=" + b_of(below)) +
        RECEIVED + below)
    for name, text in (
            ("another's", "dkim=pass header.i=@evil.example"),
            ("longer", "dkim=pass header.i=@xca.example"),
            ("the parent's", "dkim=pass header.i=@example"),
            ("no domain", "dkim=pass header.i=ca.example"),
            ("another b=", "dkim=pass header.i=@ca.example header.b=AAAAAAAA"),
            ("another s=", "dkim=pass header.i=@ca.example header.s=other"),
            ("another i=", "dkim=pass header.i=@mail.ca.example"),
            ("it failed", "dkim=fail header.i=@ca.example"),
            ("in a comment", "dkim=fail (header.i=@ca.example dkim=pass)"),
            ("header.d of another", "dkim=pass header.i=@ca.example "
             "header.d=evil.example"),
            ("twice", "dkim=pass header.i=@ca.example header.i=@x.example")):
        refuse("header.i, " + name, "results-untrusted",
               says(text) + RECEIVED + signed)
    refuse("header.i, both", "results-conflict", says(
        "dkim=pass header.i=@ca.example; dkim=fail header.i=@ca.example") +
        RECEIVED + signed)
    refuse("header.i, h= is looked at", "dkim-coverage", says(
        "dkim=pass header.i=@ca.example") + RECEIVED +
        sign(left, headers=[b"from", b"to", b"subject", b"date"]),
        says="does not cover Message-ID; to accept it: set dkim_headers = "
        "minimal")


def test_parent():
    """Whoever has the key of the parent domain can sign with the same i=; its
    pass must not count for a signature of d=ca.example that is made up."""
    parent = sign(left, domain=b"example", identity=b"@ca.example")
    made_up = re.sub(rb"d=example\b", b"d=ca.example",
                     parent[:-len(left)])
    refuse("the parent domain signed", "results-untrusted", says(
        "dkim=pass header.i=@ca.example") + RECEIVED + parent)
    for name, text in (("alone", ""), ("b= alike", " header.b=" +
                                       b_of(parent)),
                       ("b= and s= alike", " header.s=sel header.b=" +
                        b_of(parent))):
        for order, both in (("first", parent[:-len(left)] + made_up),
                            ("last", made_up + parent[:-len(left)])):
            refuse("beside a made up one, %s, %s" % (name, order),
                   "results-untrusted", says(
                       "dkim=pass header.i=@ca.example" + text) + RECEIVED +
                   both + left, says="may be another domain's signature")
    # What only the server can read counts as well.
    for old, new in ((b"a=rsa-sha256", b"a=rsa-sha1"), (b"v=1;", b"v=2;"),
                     (b"v=1;", b"v=1; t=1; t=2;"), (b"q=dns/txt", b"q=x")):
        odd = parent[:-len(left)].replace(old, new)
        refuse("beside a made up one, %s" % new.decode(), "results-untrusted",
               says("dkim=pass header.i=@ca.example header.b=" +
                    b_of(parent)) + RECEIVED + odd + made_up + left)
    # A provider's own signature beside is no matter.
    esp = sign(left, domain=b"esp.example")[:-len(left)]
    accept("beside a provider's own", says(
        "dkim=pass header.i=@esp.example header.b=%s; dkim=pass "
        "header.i=@ca.example header.b=%s" % (b_of(esp + left),
                                              b_of(signed))) +
        RECEIVED + esp + signed)


def test_received():
    good = says("dkim=pass header.d=ca.example")
    for n in range(1, len(OWN) + 1):
        raw = b"".join(OWN[:n]) + good + RECEIVED + signed
        refuse("%d of one's own above" % n, "results-untrusted", raw,
               says="set results_received = %d" % n)
        refuse("%d of one's own above, one too few" % n, "results-untrusted",
               raw, "results_received=%d" % (n - 1))
        accept("%d of one's own above, as it says" % n, raw,
               "results_received=%d" % n)
        accept("%d of one's own above, more than needed" % n, raw,
               "results_received=%d" % (n + 1))
    # Some servers write it below the server's own Received.
    accept("below the server's own", RECEIVED + good + signed,
           "results_received=1")
    refuse("a conflict above counts", "results-conflict",
           OWN[0] + says("dkim=fail header.d=ca.example") + good + RECEIVED +
           signed, "results_received=1")
    forged = says("dkim=pass header.d=ca.example")
    refuse("a forged one below", "results-untrusted",
           OWN[0] + RECEIVED + forged + signed, "results_received=1",
           says="2 Received fields stand above")
    refuse("a forged one below, and the server's own", "results-untrusted",
           OWN[0] + says("dkim=fail header.d=ca.example") + RECEIVED + forged +
           signed, "results_received=1", says="did not pass")


run_tests(tests_of(globals()))
tap.done()
