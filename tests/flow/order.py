#!/usr/bin/python3
# Runs in: check check-slow check-ages
"""From an address to a certificate on disk, on a CA of our own (tests/ca)."""
import functools
import glob
import os
import re
import signal
import subprocess
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(
    os.path.abspath(__file__))), "ca"))
import cms
from cryptography import x509
from lib import at_once, run_tests, sample, tap, tests_of
from town import Town


def check_certificate(name, town, path, addresses=("alice@example.org",)):
    """With the openssl command: chain, purpose, addresses, key."""
    root = town.ca.write("root.pem", cms.cert_pem(town.ca.root.cert))
    got = subprocess.run(["openssl", "verify", "-purpose", "smimesign",
                          "-CAfile", root, "-untrusted", path, path],
                         capture_output=True, text=True)
    tap.ok(got.returncode == 0, name + ": openssl verify", got)
    with open(path, "rb") as f:
        names = x509.load_pem_x509_certificate(f.read()).extensions \
            .get_extension_for_class(x509.SubjectAlternativeName).value
    tap.equal(sorted(town.ca.name_text(n) for n in names), sorted(addresses),
              name + ": its addresses")
    key = path.replace("/certificates/", "/keys/")
    tap.equal(os.stat(key).st_mode & 0o777, 0o600, name + ": the key is "
              "private")
    both = [subprocess.run(command, capture_output=True).stdout for command in
            (["openssl", "x509", "-in", path, "-noout", "-pubkey"],
             ["openssl", "pkey", "-in", key, "-pubout"])]
    tap.ok(both[0] == both[1] != b"", name + ": the key fits")
    # And it does what it is for; openssl 3.0 cannot sign mail with Ed25519.
    if b"ED25519" in subprocess.run(["openssl", "pkey", "-in", key, "-noout",
                                     "-text"], capture_output=True).stdout:
        return
    mail = town.place.write("mail.txt", "Hello\n")
    sub = town.ca.write("sub.pem", cms.cert_pem(town.ca.sub.cert))
    signed = subprocess.run(["openssl", "cms", "-sign", "-in", mail, "-signer",
                             path, "-inkey", key, "-certfile", sub],
                            capture_output=True).stdout
    town.place.write("signed.eml", signed)
    got = subprocess.run(["openssl", "cms", "-verify", "-in",
                          town.place.path("signed.eml"), "-CAfile", root,
                          "-purpose", "smimesign"], capture_output=True)
    tap.ok(got.returncode == 0, name + ": a message signed with it verifies",
           got)


def whole(name, *args, settings="", addresses=("alice@example.org",),
          typed=None, anchor=False, **personality):
    """order waits; the mail comes and is answered; the certificate is there."""
    if not tap.wanted(name):
        return
    with Town(settings, **personality) as town:
        if anchor:
            path = town.ca.write("root.pem", cms.cert_pem(town.ca.root.cert))
            with open(town.place.path("user/.config/mailcert/config"),
                      "a") as f:
                f.write("set smime_anchors = %s\n" % path)
        town.place.write("mac", "MDEyMzQ1Njc4OWFiY2RlZg\n")
        args = [a.replace("MAC", town.place.path("mac")) for a in args]
        process = town.start(*args, *(typed or addresses))
        for _ in addresses:
            tap.ok(town.wait_for_mail() != [], name + ": the CA mails")
            for got in town.answer():
                tap.ok(got.returncode == 0, name + ": answered", got)
            time.sleep(0.2)
            if len(town.ca.replies()) == len(addresses):
                break
        try:
            out, err = process.communicate(timeout=120)
        except subprocess.TimeoutExpired:
            process.kill()
            out, err = process.communicate()
        good = tap.ok(process.returncode == 0, name + ": order ends well",
                      out, err, town.ca.problems)
        if good:
            check_certificate(name, town, out.decode().strip(), addresses)
        tap.equal(sorted(town.ca.envelopes), sorted(
            (a["identifier"]["value"], [a["from"]])
            for a in town.ca.authz.values()),
            name + ": one answer for each address, from it to the CA")
        odd = [p for p in town.ca.problems if p[1] != "badNonce"]
        tap.equal(odd, [], name + ": nothing was asked wrongly")


def test_personalities():
    jobs = []

    def case(*args, **how):
        jobs.append(functools.partial(whole, *args, **how))

    case("plain", "--key", "rsa:3072")
    case("tokens of 32 octets", lengths=(32, 32))
    case("octets are joined", settings="set ca.local.token_join = octets\n",
         join="octets", lengths=(16, 16))
    case("mail at newOrder", mail_at="order")
    case("mail only after the CA was told", mail_at="challenge",
         settings="set ca.local.challenge_post = before-mail\n")
    case("half of the nonces are bad", bad_nonces=0.5)
    case("no Retry-After", retry_after=None, pending=1)
    case("processing for a while", pending=2)
    case("the root is in the chain", root=True)
    case("identifiers in lower case", lower=True)
    case("two addresses", addresses=("alice@example.org",
                                     "bob@example.org"))
    case("an EC key", "--key", "ec:p384")
    case("an Ed25519 key", "--key", "ed25519", "--usage", "sign")
    case("terms", "--agree", terms=True)
    for proof in ("9788", "8551", "7508"):
        case("challenges signed by S/MIME, " + proof, proof=proof,
             settings="set authenticate = smime\n", anchor=True)
    case("challenges signed by nobody", proof="none",
         settings="set ca.local.authenticate = none\n")
    case("challenges with nothing in them", proof="none", bare=True,
         settings="set ca.local.authenticate = none\n"
         "set ca.local.auto_submitted = relaxed\n")
    case("an external account", "--eab-kid", "kid-1", "--eab-key-file", "MAC",
         eab=("kid-1", b"0123456789abcdef"))
    case("one look, and it comes in time", delay=1,
         settings="set ca.local.settle = 4\n")
    case("it looks until it finds the reply", delay=1, window=60)
    case("addresses as names of hosts", dns=True)
    case("a padded token", lengths=(32, 16), pad="=")
    case("an Ed25519 account key", settings="set account_key = ed25519\n")
    case("an RSA account key", settings="set account_key = rsa:2048\n")
    case("a name in upper case", typed=("Alice@Example.ORG",),
         addresses=("Alice@example.org",))
    case("an internationalized domain", typed=("alice@b\u00fccher.example",),
         addresses=("alice@xn--bcher-kva.example",))
    case("an internationalized address", addresses=("j\u00fcrgen@example.org",))
    at_once(sample(jobs, 17) if not tap.only else jobs, 2)


def test_no():
    """A refusal says why and what to do."""
    with Town(terms=True) as town:
        got = town.run("order", "alice@example.org")
        tap.ok(got.returncode == 65 and b"--agree" in got.stderr and
               b"/terms" in got.stderr, "terms: said, not agreed to", got)
    with Town(eab=("kid-1", b"0123456789abcdef")) as town:
        got = town.run("order", "alice@example.org")
        tap.ok(got.returncode == 78 and b"eab_kid" in got.stderr,
               "an external account is wanted", got)
        town.place.write("mac", "MDEyMzQ1Njc4OWFiY2RlZg==\n", 0o644)
        args = ("-o", "ca.local.eab_kid=kid-1", "-o",
                "ca.local.eab_key_file=" + town.place.path("mac"), "order",
                "--no-wait", "alice@example.org")
        got = town.run(*args)
        tap.ok(got.returncode == 77 and town.ca.accounts == {},
               "a MAC key that others can read", got)
        os.chmod(town.place.path("mac"), 0o600)
        got = town.run(*args)
        tap.ok(got.returncode == 0, "an external account is bound", got,
               town.ca.problems)
    with Town(join="octets", lengths=(16, 16)) as town:
        process = town.start("alice@example.org")
        town.wait_for_mail()
        town.answer()
        out, err = process.communicate(timeout=120)
        tap.ok(process.returncode == 69 and b"incorrectResponse" in err,
               "the wrong join: the CA's own words", err)
    # It never mails: left, and nothing is lost.
    with Town(mail_at="never") as town:
        process = town.start("alice@example.org")
        err = process.stderr.readline()  # when everything is recorded
        os.killpg(process.pid, signal.SIGINT)
        err += process.communicate(timeout=120)[1]
        got = town.run("finish", "--no-wait")
        told = town.run("status")
        tap.ok(process.returncode == -signal.SIGINT and
               b"waiting for your answer" in err and
               got.returncode == 75 and
               b"waits for the challenge" in told.stdout,
               "a CA that never mails: ^C, finish, status", err, got, told)
    # It never finishes.
    with Town("set patience = 2s\n", pending=10 ** 6) as town:
        process = town.start("alice@example.org")
        town.wait_for_mail()
        town.answer()
        out, err = process.communicate(timeout=120)
        tap.ok(process.returncode == 75 and
               re.search(rb"in \d+ seconds", err) and
               b"finish resumes it" in err, "patience with a CA ends", err)
    # One look, too early, and not a word why: then what is known of CAs.
    with Town(delay=None, errors=False) as town:
        process = town.start("alice@example.org")
        town.wait_for_mail()
        town.answer()
        out, err = process.communicate(timeout=120)
        tap.ok(process.returncode == 69 and b"does not say why" in err and
               b"ca.NAME.settle" in err and b"ca.NAME.token_join" in err,
               "one look, too early, no error object", err)
        told = town.run("status")
        tap.ok(b"failed" in told.stdout and b"order again" in told.stdout and
               b"mailcert finish" not in told.stdout,
               "and status says what to do", told)
    with Town() as town:
        for args, code in (((), 64), (("nonsense",), 64),
                           (("--key", "ed25519", "a@example.org"), 64),
                           (("--ca", "nobody", "a@example.org"), 78),
                           (("--ca", "https://127.0.0.1:1/d",
                             "a@example.org"), 75)):
            got = town.run("order", *args)
            tap.equal(got.returncode, code, "order %s" % (args,))
        # Its own certificate is not one of the system's.
        got = town.run("-o", "ca.local.ca_file=", "order", "a@example.org")
        tap.ok(got.returncode == 75 and b"certificate" in got.stderr,
               "a server that nobody vouches for", got)
        tap.equal(glob.glob(town.place.home + "/accounts/*"), [],
                  "nothing was begun there")


def test_resume():
    """Left and resumed, step by step, from other processes."""
    with Town(pending=1) as town:
        got = town.run("order", "--no-wait", "alice@example.org")
        order = got.stdout.decode().strip()
        tap.ok(got.returncode == 0 and order != "", "resume: ordered", got)
        got = town.run("status")
        tap.ok(order.encode() + b"  waiting  certificate for alice@example.org" in
               got.stdout and b"waits for the challenge" in got.stdout,
               "resume: status", got)
        got = town.run("finish", "--no-wait", order)
        tap.ok(got.returncode == 75 and b"your answer" in got.stderr,
               "resume: waits for the challenge", got)
        asked = len(town.ca.seen)
        for got in town.answer():
            tap.ok(got.returncode == 0, "resume: answered", got)
        got = town.run("finish", order)
        tap.ok(got.returncode == 0, "resume: finished", got)
        check_certificate("resume", town, got.stdout.decode().strip())
        import json
        told = json.loads(town.run("status", "--json", order).stdout)
        tap.equal((told["certificates"][0]["state"], told["expectations"]),
                  ("issued", []), "resume: status --json")
        tap.ok(len(town.ca.seen) > asked, "resume: the CA was asked")
        asked = len(town.ca.seen)
        got = town.run("finish")
        tap.ok(got.returncode == 0 and got.stdout == b"" and
               len(town.ca.seen) == asked, "resume: nothing more to do", got)
        # The account is the same for the next one.
        got = town.run("order", "--no-wait", "bob@example.org")
        tap.ok(got.returncode == 0 and len(town.ca.accounts) == 1,
               "resume: one account", got)
    # A draft: only the user knows whether it was sent.
    with Town() as town:
        order = town.run("order", "--no-wait",
                         "alice@example.org").stdout.decode().strip()
        path = town.wait_for_mail()[0]
        draft = town.place.path("draft.eml")
        got = town.run("handle", "--auto-approve", "--draft", "file:" + draft,
                       path)
        tap.ok(got.returncode == 0, "draft: made", got)
        got = town.run("finish", order)
        tap.ok(got.returncode == 75 and b"--sent" in got.stderr,
               "draft: finish asks for --sent", got)
        with open(draft, "rb") as f:
            subprocess.run([town.send], input=f.read(), check=True)
        got = town.run("finish", "--sent", order)
        tap.ok(got.returncode == 0, "draft: sent, finished", got)
    # Reused authorizations: no mail, no question.
    with Town(reuse=True) as town:
        process = town.start("alice@example.org")
        town.wait_for_mail()
        town.answer()
        process.communicate(timeout=120)
        got = town.run("order", "alice@example.org", timeout=60)
        tap.ok(got.returncode == 0 and len(town.ca.replies()) == 1,
               "an authorization that is valid already needs no mail", got)


def test_ca():
    import json
    with Town() as town:
        got = town.run("ca")
        tap.ok(got.returncode == 0 and b"local (the one in use)" in got.stdout
               and b"castle" in got.stdout and
               b"No publicly trusted CA" in got.stdout, "ca", got)
        told = {c["name"]: c for c in json.loads(
            town.run("ca", "--json").stdout)["cas"]}
        tap.equal((told["castle"]["token_join"], told["local"]["in_use"],
                   told["local"]["settle"]), ("octets", True, 0), "ca --json")
        for more, want in (([], [30, 30, 0, 0]), (["settle=7"], [7, 7, 0, 0]),
                           (["ca.castle.settle=3", "settle=7", "ca.demo.settle="
                             "2"], [3, 7, 2, 0])):
            told = json.loads(town.run(*("-o" + s for s in more), "ca",
                                       "--json").stdout)["cas"]
            tap.equal([c["settle"] for c in told], want,
                      "settle: %s" % " ".join(more))


def test_hostile():
    """A CA that means ill: nothing is followed, nothing is believed."""
    with Town(bad_nonces=1.0) as town:
        got = town.run("order", "a@example.org")
        tap.ok(got.returncode == 75 and b"nonce" in got.stderr and
               len(town.ca.seen) < 30, "C4: bad nonces for ever", got)
    import json
    for name, change in (
            ("C1: http", lambda d: d.update(newOrder="http://127.0.0.1/o")),
            ("C1: file", lambda d: d.update(newAccount="file:///etc/passwd")),
            ("C1: no text", lambda d: d.update(newNonce=5)),
            ("C1: controls", lambda d: d.update(
                newNonce="https://127.0.0.1/\r\nX: y")),
            ("C1: userinfo", lambda d: d.update(
                newNonce="https://127.0.0.1@evil.example/")),
            ("C2: elsewhere", lambda d: d.update(
                newAccount="https://169.254.169.254/latest")),
            ("C5: missing", lambda d: d.pop("newOrder"))):
        with Town() as town:
            plain = town.ca.route

            def route(http, body):
                code, headers, answer = plain(http, body)
                if http.path == "/directory":
                    change(answer)
                return code, headers, answer
            town.ca.route = route
            got = town.run("order", "a@example.org")
            tap.ok(got.returncode == 69 and got.stderr.count(b"\n") == 1 and
                   town.ca.orders == {}, name, got)
    for name, answer in (
            ("C5: empty", b""), ("C5: HTML", b"<html>"), ("C5: cut", b'{"a'),
            ("C5: twice", b'{"newNonce": "", "newNonce": ""}'),
            ("C5: deep", b"[" * 200000), ("C5: array", b"[]"),
            ("C5: NUL", b'{"newNonce": "\\u0000"}'),
            ("C5: UTF-16", '{"a": 1}'.encode("utf-16")),
            ("C5: huge", b'{"a": "' + b"x" * 3000000 + b'"}')):
        with Town() as town:
            town.ca.route = lambda http, body: (200, {}, answer)
            got = town.run("order", "a@example.org")
            tap.ok(got.returncode == 69 and got.stderr.count(b"\n") == 1,
                   name, got)
    for code in (301, 302, 307, 308):
        with Town() as town:
            town.ca.route = lambda http, body: (
                code, {"Location": town.ca.base + "/directory2"}, b"")
            got = town.run("order", "a@example.org")
            tap.ok(got.returncode == 69 and len(town.ca.seen) == 1,
                   "C3: a redirect of %d is not followed" % code, got)


run_tests(tests_of(globals()), 2)
tap.done()
