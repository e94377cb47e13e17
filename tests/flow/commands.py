#!/usr/bin/python3
# Runs in: check check-quick check-ages
"""The commands one by one: options, exit statuses, what they print."""
import email.utils
import functools
import glob
import json
import os
import re
import subprocess
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from lib import (ADDRESS, BUILD, CA, MAILCERT, PART1, PART2, QUESTION, ROOT,
                 THUMBPRINT, Place, Terminal, at_once, challenge, check_reply,
                 digest, fake_sendmail, make_maildir, make_mbox, read_then_yes,
                 run_tests, sent, tap, tests_of, with_part)

BLOCK = "-----BEGIN ACME RESPONSE-----\n%s\n-----END ACME RESPONSE-----\n"


def test_usage():
    with Place() as place:
        for args, code in (([], 64), (["nonsense"], 64), (["--help"], 0),
                           (["--version"], 0), (["handle", "a", "b"], 64),
                           (["handle", "--nonsense"], 64),
                           (["expect"], 64), (["expect", "a@b.c"], 64),
                           (["install", "nothing"], 64), (["-x"], 64)):
            got = place.run(*args)
            tap.equal(got.returncode, code, "exit status of %s" % args)
        for verb in ("handle", "show", "is-challenge", "respond", "expect",
                     "status", "mutt-rc", "install"):
            got = place.run(verb, "--help")
            tap.ok(got.returncode == 0 and b"usage: mailcert " + verb.encode()
                   in got.stdout, verb + " --help")
        tap.equal(place.files(), ["user/.config/mailcert/config"],
                  "none of that made a file")


HELP = "mailcert --help shows the usage"
GLOBALS = "only -C, -o, --help and --version go before the command"
OPTIONS_BEFORE = (
    (["--hepl"], "unknown option --hepl; did you mean --help?"),
    (["--versoin=x"], "unknown option --versoin; did you mean --version?"),
    (["-version"], "unknown option -version; did you mean --version?"),
    (["-h"], "unknown option -h; did you mean --help?"),
    (["-c", "x", "status"], "unknown option -c; did you mean -C?"),
    (["-c/x", "status"], "unknown option -c; did you mean -C?"),
    (["--C=x", "status"], "unknown option --C; did you mean -C?"),
    (["-O", "color=no", "status"], "unknown option -O; did you mean -o?"),
    (["-x", "status"], "unknown option -x; " + GLOBALS),
    (["--frobnicate", "status"], "unknown option --frobnicate; " + GLOBALS),
    (["--st\x1b[2J", "status"], "unknown option --st\\x1b[2J; " + GLOBALS),
    (["-o", "color=no", "-C"], "-C needs DIR; " + HELP),
    (["-C", "", "status"], "-C needs DIR; " + HELP),
    (["-o"], "-o needs NAME=VALUE; " + HELP),
    (["--help=x"], "--help takes no value; " + HELP),
    (["status", "-C", "x"],
     "-C goes before the command: mailcert -C DIR status"),
    (["ca", "-ocolor=no"],
     "-o goes before the command: mailcert -o NAME=VALUE ca"))


def test_misuse():
    """One line says what is wrong and what would be right."""
    wrong = (
        *OPTIONS_BEFORE,
        (["stauts"], "unknown command stauts; did you mean status?"),
        (["frobnicate"],
         "unknown command frobnicate; mailcert --help lists them"),
        (["st\x1b[2Jatus"], "unknown command st\\x1b[2Jatus; mailcert --help "
         "lists them"),
        ([], "COMMAND is missing; mailcert --help lists them"),
        (["-o", "color=no"] * 65 + ["status"],
         "there are more than 64 -o options; put some of them into the "
         "configuration"),
        (["service", "--port", "1", "order"], "--port stands where an ACTION "
         "should; options follow it: mailcert service --help lists the "
         "actions"),
        (["service", "check", "no host"], "\"no host\" is not the name of a "
         "host; use mail.example.org, or an id that mailcert status shows"),
        (["service", "order", "mail.example.org"], "--service is missing"),
        (["status", "--jsno"], "unknown option --jsno; did you mean --json?"),
        (["order", "--no-wiat=x", "a@example.org"],
         "unknown option --no-wiat=x; did you mean --no-wait?"),
        (["ca", "--frobnicate"],
         "unknown option --frobnicate; mailcert ca --help lists the options"),
        (["ca", "-jx"],
         "unknown option -j; mailcert ca --help lists the options"),
        (["respond", "--token", "x"], "--token is ambiguous; use one "
         "of --token-part1, --token-part2, --token-join"),
        (["order", "--key"], "--key needs KIND"),
        (["order", "--key", "rsa:1024", "a@example.org"],
         "--key rsa:1024 is not valid; use rsa:2048, rsa:3072, rsa:4096, "
         "ec:p256, ec:p384 or ed25519"),
        (["order", "--usage=all", "a@example.org"],
         "--usage all is not valid; use both, sign, encrypt or separate"),
        (["order"] + ["--contact=a@example.org"] * 9 + ["a@example.org"],
         "--contact a@example.org is not valid; use local@domain, at most 8 "
         "times"),
        (["order", "--ca", "demo", "--contact", "bob", "a@example.org"],
         "--contact bob is not valid; use local@domain, at most 8 times"),
        (["account", "register", "--contact", "b@"],
         "--contact b@ is not valid; use local@domain, at most 8 times"),
        (["expect", "--token-join", "bits", "a@example.org"],
         "--token-join bits is not valid; use string or octets"),
        (["order"], "ADDRESS... is missing"),
        (["revoke", "--reason", "bored", "x"],
         "--reason bored is not valid; use unspecified, key-compromise, "
         "affiliation-changed, superseded or cessation"),
        (["status", "--json=yes"], "--json takes no value"),
        (["status", "--help=yes"], "--help takes no value"),
        (["status", "a", "b"], "unexpected argument b"),
        (["export", "a", "b", "c"],
         "unexpected argument c; give at most 2"),
        (["account", "regster"],
         "unknown action account regster; did you mean register?"),
        (["handle", "--draft", "nowhere"], "--draft nowhere is not valid; use "
         "mua, stage, stdout, smtp, sendmail, imap, file:PATH, maildir:DIR or "
         "mbox:FILE"),
        (["expect", "a@example.org"], "--from CA_ADDRESS is missing"),
        (["order", "--from-file", "x", "a@example.org"],
         "--from-file LIST takes no ADDRESS"),
        (["expect", "--forget", "x", "a@example.org"],
         "--forget ID takes no ADDRESS"),
        (["finish", "--forget"], "--forget needs an ID"),
        (["finish", "--detach", "--no-wait"],
         "--detach and --no-wait exclude each other; give one"),
        (["install", "elm"], "cannot install into elm; use mailcap, "
                             "pkcs12:FILE, gpgsm, "
                             "mutt, neomutt, s-nail, alpine, nss, "
                             "thunderbird"),
        (["install", "pkcs12:"], "pkcs12: wants a FILE, and neither "
                                 "--remove nor --dry-run"),
        (["install", "--format", "pem", "gpgsm"],
         "--format is for pkcs12:FILE only"),
        (["install", "mailcap", "x"], "mailcap takes no certificate and no "
                                      "--dry-run"),
        (["install", "mutt", "--back-end", "pgp"],
         "--back-end pgp is not valid; use gpgme or classic"),
        (["install", "mutt", "--trust-root", "12"],
         "--trust-root 12 is not valid; use 64 "
         "hexadecimal digits"))
    with Place() as place:
        for args, want in wrong:
            got = place.run(*args)
            if "; " not in want:
                names = args[:1 + (args[0] == "service")]
                want += "; mailcert %s --help shows the usage" % \
                    " ".join(names)
            want = "mailcert: " + want + "\n"
            if not args:
                want += "usage: mailcert [-C DIR] [-o NAME=VALUE]... " \
                    "COMMAND [options] [arguments]\n"
            tap.ok(got.returncode == 64 and got.stderr.decode() == want and
                   got.stdout == b"", "misuse: " + " ".join(args)[:40], got)
        tap.equal(place.files(), ["user/.config/mailcert/config"],
                  "none of that made a file")
        got = place.run("status", "--js")
        tap.equal(got.returncode, 0, "an option may be abbreviated")


def test_values():
    """A value that cannot be used is quoted, with what would be right."""
    expect = ["expect", ADDRESS, "--from", "ca@ca.example", "--token-part2",
              PART2, "--thumbprint", THUMBPRINT]

    def changed(option, value):
        at = expect.index(option) + 1
        return expect[:at] + [value] + expect[at + 1:]
    time_form = "use a time as the CA gives it (2026-11-23T04:00:00Z), or " \
        "90m, 24h or 7d from now"
    part1 = ["respond", "--token-part1", PART1]
    wrong = (
        (["expect", "b\x1b"] + expect[2:],
         64, "b\\x1b is not a bare address; use local@domain"),
        (changed("--from", "CA <ca@ca.example>"), 64,
         "--from CA <ca@ca.example> is not a bare address; use local@domain"),
        (expect + ["--expires", "soon"], 64,
         "--expires soon is not valid; " + time_form),
        (expect + ["--expires", "123456h"], 64,
         "--expires 123456h is not valid; " + time_form),
        (expect + ["--expires", "-1d\x1b"], 64,
         "--expires -1d\\x1b is not valid; " + time_form),
        (expect + ["--expires", "2020-01-01T00:00:00Z"], 64,
         "--expires 2020-01-01T00:00:00Z is not in the future; it is now "),
        (expect + ["--ca", "nowhere"], 64,
         "--ca nowhere is not a known CA; mailcert ca lists them"),
        (expect + ["--note", b"a\xff"], 64,
         "--note a\\xff is not valid; use UTF-8"),
        (expect + ["--note", "a" * 256], 64,
         "is 256 bytes long; use at most 255"),
        (changed("--token-part2", "b/d"), 64, "--token-part2, 3 bytes long, "
         "is not base64url; use \"token\" of the challenge object"),
        (changed("--thumbprint", "x\x1b"), 65, "--thumbprint x\\x1b is not "
         "valid; use 43 characters of base64url"),
        (["expect", "--forget", "nothing"], 1, "fits nothing; "),
        (["respond", "--token-part1", "short"], 65,
         "token-part1 short is not base64url of 128 bits or more"),
        (part1 + ["--token-part2", "A" * 21], 65,
         "token-part2, 21 characters long, is not base64url"),
        (part1 + ["--token-part2", PART2, "--thumbprint", "A" * 44], 65,
         "thumbprint %s... is not 43 characters of base64url" % ("A" * 40)),
        (["order", "--ca", "demo", "nobody\x1b"], 64,
         "nobody\\x1b is not a mail address; use local@domain"),
        (["account", "contact", "nobody\x1b"], 64,
         "nobody\\x1b is not a mail address; use local@domain"),
        (["account", "forget", "nothing"], 1,
         "there is no account nothing; mailcert account lists them"),
        (["account", "forget", "--ca", "demo"], 1, "there is no account at "
         "https://127.0.0.1:14443/directory; mailcert account lists them"),
        (["account", "show", "--ca", "nowhere"], 78,
         "there is no CA nowhere; name one"),
        (["status", "nothing"], 1,
         "there is no order nothing; mailcert status lists them"),
        (["-C", "~/" + "x" * 2000, "status"], 78, "the home ~/xxx"),
        (["-o", "color", "status"], 78, "-o: \"color\" has no \"=\"; use "
         "NAME = VALUE"))
    with Place() as place:
        for args, code, want in wrong:
            got = place.run(*args)
            tap.ok(got.returncode == code and
                   want in got.stderr.decode() and
                   got.stderr.count(b"\n") == 1 and
                   b"\033" not in got.stderr and got.stdout == b"",
                   "value: " + want[:60], got)
            tap.ok(PART2.encode() not in got.stderr and
                   b"A" * 21 + b" " not in got.stderr,
                   "value: no secret is quoted", got)
        tap.equal(place.orders_bytes(), {}, "none of that made a record")


def test_recorded():
    """Messages of real servers, with the answers that those took."""
    for path in sorted(glob.glob(ROOT + "/tests/vectors/*.json")):
        name = os.path.basename(path)[:-5]
        with open(path) as f:
            vector = json.load(f)
        with Place() as place:
            key = place.write("key.jwk", json.dumps(vector["jwk"]))
            want = {"string": vector["response_string_concat"],
                    "octets": vector["response_bytes_concat"]}
            for join, value in want.items():
                got = place.run("respond", "--token-part1",
                                vector["token_part1"], "--token-part2",
                                vector["token_part2"], "--account-key", key,
                                "--token-join", join)
                tap.equal(got.stdout.decode(), BLOCK % value,
                          "%s: respond --token-join %s" % (name, join))
            got = place.run("expect", vector["identifier"]["value"], "--from",
                            vector["challenge"]["from"], "--token-part2",
                            vector["token_part2"], "--account-key", key)
            tap.equal(got.returncode, 0, name + ": expect")
            with open(path[:-5] + ".eml", "rb") as f:
                raw = f.read()
            # As if it came today: the order is made today, too.
            raw = re.sub(rb"(?m)^Date: .*$", b"Date: " +
                         email.utils.formatdate().encode(), raw)
            relaxed = ["-o", "auto_submitted=relaxed"] \
                if b"Auto-Submitted" not in raw else []
            strict = place.run("handle", "--auto-approve", stdin=raw)
            if relaxed:
                tap.ok(b"refused: not-auto-generated" in strict.stderr,
                       name + ": refused as it stands")
            got = strict if not relaxed else place.run(
                *relaxed, "handle", "--auto-approve", stdin=raw)
            tap.equal(check_reply(got.stdout, part1=vector["token_part1"],
                                  address=vector["identifier"]["value"],
                                  to=vector["challenge"]["from"],
                                  msgid="" if relaxed else
                                  "<179531603612.5914.9160816494315215038"
                                  "@ca.peer.test>",
                                  want=want["string"]), [],
                      name + ": the reply that the server took")


def test_respond():
    with Place() as place:
        got = place.run("respond", "--token-part1", PART1, "--token-part2",
                        PART2, "--thumbprint", THUMBPRINT)
        tap.equal(got.stdout.decode(), BLOCK %
                  "ZEzZgc9aJoD_n58jPgRZT72bYhm3xgODx3XMbYEeaBo",
                  "respond prints exactly three lines")
        for part1, code in (("short", 65), ("A" * 600, 65),
                            (PART1[:42] + "F", 65)):
            got = place.run("respond", "--token-part1", part1,
                            "--token-part2", PART2, "--thumbprint",
                            THUMBPRINT)
            tap.ok(got.returncode == code and got.stdout == b"" and
                   b"refused: bad-token" in got.stderr,
                   "respond refuses %r" % part1[:20], got)
        # With and without padding they are one token, one thumbprint.
        for part2, thumbprint in ((PART2 + "==", THUMBPRINT),
                                  (PART2, THUMBPRINT + "="),
                                  (PART2 + "==", THUMBPRINT + "=")):
            got = place.run("respond", "--token-part1", PART1,
                            "--token-part2", part2, "--thumbprint", thumbprint)
            tap.equal((got.stdout.decode(), got.stderr), (BLOCK % digest(),
                                                          b""),
                      "respond: padding means nothing: " + part2)
            order = place.expect(part2=part2, thumbprint=thumbprint)
            tap.equal(place.expect(), order, "expect: likewise")
            raw = place.run("handle", "--auto-approve",
                            stdin=challenge()).stdout
            tap.equal(check_reply(raw), [], "and handle answers the same")
            place.run("expect", "--forget", order)
        for part2 in (PART2 + "=", PART2 + "===", "=", "A=" + PART2,
                      PART2[:-1] + "B"):
            got = place.run("respond", "--token-part1", PART1,
                            "--token-part2", part2, "--thumbprint",
                            THUMBPRINT)
            other = place.run("expect", ADDRESS, "--from", CA,
                              "--token-part2", part2, "--thumbprint",
                              THUMBPRINT)
            tap.ok((got.returncode, other.returncode) == (65, 64) and
                   got.stdout + other.stdout == b"",
                   "not a token: " + part2, got, other)
        for thumbprint in (THUMBPRINT + "==", THUMBPRINT[:-1],
                           THUMBPRINT + "A", THUMBPRINT[:-1] + "t"):
            got = place.run("respond", "--token-part1", PART1,
                            "--token-part2", PART2, "--thumbprint",
                            thumbprint)
            other = place.run("expect", ADDRESS, "--from", CA,
                              "--token-part2", PART2, "--thumbprint",
                              thumbprint)
            tap.ok((got.returncode, other.returncode) == (65, 65) and
                   b"bad-thumbprint" in got.stderr and
                   b"bad-thumbprint" in other.stderr,
                   "not a thumbprint: " + thumbprint, got, other)
        # Fewer than 128 bits are another client's affair, but said.
        for part2 in ("A", PART2[:20] + "w", PART2[:20] + "w="):
            got = place.run("respond", "--token-part1", PART1,
                            "--token-part2", part2, "--thumbprint",
                            THUMBPRINT)
            other = place.run("expect", ADDRESS, "--from", CA,
                              "--token-part2", part2, "--thumbprint",
                              THUMBPRINT)
            short = part2.rstrip("=")
            if len(short) % 4 == 1:
                tap.ok(got.returncode == 65, "too short for an octet", got)
                continue
            warning = b"token-part2 has %d characters" % len(short)
            tap.ok(got.stdout.decode() == BLOCK % digest(part2=short) and
                   warning in got.stderr and other.returncode == 0 and
                   warning in other.stderr, "short: said, and used", got,
                   other)
            place.run("expect", "--forget", other.stdout.decode().strip())
        got = place.run("respond")
        tap.ok(got.returncode == 64 and b"no terminal" in got.stderr,
               "without a terminal nothing is asked", got)
        # Asked on the terminal; a whole Subject line, folded, and longer
        # than the 4095 octets where a cooked terminal cuts.
        with Terminal(place, "mailcert respond") as terminal:
            terminal.wait("token-part1")
            terminal.paste("Subject: ACME:\r\n " + PART1[:20] + "\r\n " +
                           PART1[20:])
            terminal.keys("Enter")
            terminal.wait("token-part2")
            terminal.paste(" " * 6000 + PART2)
            terminal.keys("Enter")
            terminal.wait("thumbprint")
            terminal.paste(THUMBPRINT, bracketed=False)
            terminal.keys("Enter")
            tap.ok(terminal.wait("-----END") and digest() in
                   terminal.screen(), "pasted, folded, 6000 blanks",
                   terminal.screen())
        with Terminal(place, "mailcert respond") as terminal:
            terminal.wait("token-part1")
            terminal.keys("C-c")
            tap.ok(terminal.wait("[exit 1]"), "^C is a No", terminal.screen())
        # What is wrong is named, and asked for again: the next paste is not
        # for the shell.
        with Terminal(place, "mailcert respond") as terminal:
            terminal.wait("token-part1")
            for text, says in ((PART1[:20] + "\u2010" + PART1[21:], "U+2010"),
                               (PART1[:20] + "+" + PART1[21:], "U+002B"),
                               (PART1[:20], "128 bits or more"),
                               ("=?utf-16?B?AEEAQwBNAEU=?=",
                                "character set")):
                terminal.paste(text)
                terminal.keys("Enter")
                tap.ok(terminal.wait(says) and terminal.wait("paste it again"),
                       "respond names %s and asks again" % says,
                       terminal.screen())
                terminal.keys("C-l")
            terminal.paste("Subject: =?utf-8?q?ACME=3A_%s=3D?=\n" %
                           PART1[:-1])
            terminal.keys("Enter")
            terminal.wait("token-part2")
            terminal.paste('{"type": "email-reply-00",\n "token": "\u200b%s\u00a0"}'
                           % PART2)
            terminal.keys("Enter")
            terminal.wait("thumbprint")
            terminal.paste("\u201c\ufeff%s\u201d" % THUMBPRINT)
            terminal.keys("Enter")
            tap.ok(terminal.wait("-----END") and digest() in
                   terminal.screen(), "an encoded Subject, JSON, quotes",
                   terminal.screen())
        for part1 in ("=?utf-8?q?ACME=3A_%s=3D?=" % PART1[:-1],
                      "Subject: ACME: %s\u00a0" % PART1,
                      "\ufeff\"%s\"" % PART1):
            got = place.run("respond", "--token-part1", part1,
                            "--token-part2", '"token":"%s"' % PART2,
                            "--thumbprint", "'%s'" % THUMBPRINT)
            tap.equal(got.stdout.decode(), BLOCK % digest(),
                      "respond takes %r" % part1[:12])


def test_keys():
    """Thumbprints against keys that the openssl command makes, among them EC
    keys whose coordinate begins with a zero octet."""
    import base64
    import hashlib

    def b64(raw):
        return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()

    def openssl(*args, **more):
        return subprocess.run(["openssl", *args], check=True,
                              capture_output=True, **more).stdout

    def thumbprint(members):
        text = json.dumps(members, sort_keys=True, separators=(",", ":"))
        return b64(hashlib.sha256(text.encode()).digest())

    def jwk_of(path):
        text = openssl("pkey", "-in", path, "-noout", "-text_pub").decode()
        der = openssl("pkey", "-in", path, "-pubout", "-outform", "DER")
        if "ED25519" in text:
            return {"crv": "Ed25519", "kty": "OKP", "x": b64(der[-32:])}
        if "prime256v1" in text:
            return {"crv": "P-256", "kty": "EC", "x": b64(der[-64:-32]),
                    "y": b64(der[-32:])}
        if "secp384r1" in text:
            return {"crv": "P-384", "kty": "EC", "x": b64(der[-96:-48]),
                    "y": b64(der[-48:])}
        modulus = openssl("rsa", "-in", path, "-noout", "-modulus").decode()
        return {"e": "AQAB", "kty": "RSA",
                "n": b64(bytes.fromhex(modulus.strip().split("=")[1]))}

    with Place() as place:
        for kind in (["ED25519"], ["EC", "-pkeyopt",
                                   "ec_paramgen_curve:P-256"],
                     ["EC", "-pkeyopt", "ec_paramgen_curve:P-384"],
                     ["RSA", "-pkeyopt", "rsa_keygen_bits:2048"]):
            path = place.path("key.pem")
            openssl("genpkey", "-algorithm", *kind, "-out", path)
            os.chmod(path, 0o600)
            check_key(place, path, thumbprint(jwk_of(path)),
                      " ".join(kind[-1:]))
        for name, member in (("p256-x-zero", "x"), ("p256-y-zero", "y"),
                             ("p384-x-zero", "x")):
            with open(ROOT + "/tests/vectors/%s.pem" % name) as f:
                path = place.write("key.pem", f.read())
            jwk = jwk_of(path)
            tap.equal(base64.urlsafe_b64decode(jwk[member] + "==")[0], 0,
                      name + ": the coordinate begins with a zero octet")
            check_key(place, path, thumbprint(jwk), name)
        os.chmod(path, 0o644)
        got = place.run("respond", "--token-part1", PART1, "--token-part2",
                        PART2, "--account-key", path)
        tap.ok(got.returncode == 77 and b"chmod 600" in got.stderr,
               "a key that others can read is not used", got)
        openssl("genpkey", "-algorithm", "RSA", "-pkeyopt",
                "rsa_keygen_bits:1024", "-out", path)
        os.chmod(path, 0o600)
        got = place.run("respond", "--token-part1", PART1, "--token-part2",
                        PART2, "--account-key", path)
        tap.ok(got.returncode == 65 and b"bad-key" in got.stderr,
               "RSA with 1024 bits is refused", got)
        keys = []
        for name in ("p256-x-zero", "p384-x-zero"):
            with open(ROOT + "/tests/vectors/%s.pem" % name) as f:
                keys.append(f.read())
        for more, code in ((keys[0], 0), (keys[1], 65)):
            got = place.run("respond", "--token-part1", PART1, "--token-part2",
                            PART2, "--account-key",
                            place.write("key.pem", keys[0] + more))
            tap.ok(got.returncode == code and
                   (b"several keys" in got.stderr) == (code != 0),
                   "a file with two keys: %d" % code, got)


def check_key(place, path, want, name):
    got = place.run("respond", "--token-part1", PART1, "--token-part2", PART2,
                    "--account-key", path)
    tap.equal(got.stdout.decode(), BLOCK % digest(thumbprint=want),
              "thumbprint of " + name)


def test_expect_and_status():
    with Place() as place:
        got = place.run("status")
        tap.ok(got.returncode == 0 and b"nothing is pending" in got.stdout and
               not os.path.exists(place.home), "status makes no home")
        one = place.expect("--expires", "2h", "--note", "work \x1b[31m")
        tap.equal(place.expect("--expires", "2h"), one,
                  "the same again is the same order")
        two = place.expect(part2=THUMBPRINT)
        tap.ok(one != two, "another token is another order")
        time.sleep(1.1)
        said = place.run("status").stdout.decode()
        tap.ok(one in said and two in said and "waits for the challenge from "
               + CA in said and "in 2 hours" in said and "\x1b" not in said,
               "status tells both", said)
        every = json.loads(place.run("status", "--json").stdout)["expectations"]
        tap.equal(sorted(o["id"] for o in every), sorted([one, two]),
                  "status --json lists both")
        tap.ok(PART2 not in json.dumps(every), "but not token-part2")
        tap.equal(place.run("status", "nosuch").returncode, 1,
                  "an order that is not there")
        tap.equal(oct(os.stat(place.home).st_mode & 0o777), "0o700",
                  "the home is private")
        for top, _, names in os.walk(place.home):
            for name in names:
                mode = os.stat(os.path.join(top, name)).st_mode & 0o777
                tap.equal(mode, 0o600, name[-5:] + " is private")
        tap.equal(place.run("expect", "--forget", two).returncode, 0,
                  "--forget")
        tap.equal(place.run("status", two).returncode, 1, "and it is gone")
        for args, why in ((["a@b.c", "--from", "x y@z.e"], "from"),
                          (["<a@b.c>", "--from", "x@y.z"], "address"),
                          (["a@b.c\nX: y", "--from", "x@y.z"], "newline"),
                          (["a@b.c", "--from", "x@y.z", "--expires", "soon"],
                           "expires")):
            got = place.run("expect", *args, "--token-part2", PART2,
                            "--thumbprint", THUMBPRINT)
            tap.equal(got.returncode, 64, "expect refuses a bad " + why)
        for what, change in (("garbage", b"not json"), ("cut", None),
                             ("newer", b'{"format": 2}'), ("empty", b"")):
            path = os.path.join(place.home, "expectations", one + ".json")
            with open(path, "rb") as f:
                good = f.read()
            bad = good[:-9] if change is None else change
            with open(path, "wb") as f:
                f.write(bad)
            got = place.run("handle", "--auto-approve", stdin=challenge())
            tap.ok(got.returncode == 78 and got.stdout == b"",
                   "an order file that is %s: 78" % what, got)
            with open(path, "rb") as f:
                tap.equal(f.read(), bad, "and it is left alone")
            with open(path, "wb") as f:
                f.write(good)
        os.chmod(place.home, 0o777)
        got = place.run("handle", "--auto-approve", stdin=challenge())
        tap.ok(got.returncode == 77, "a home that others can write: 77", got)


def test_international():
    """Non-ASCII addresses (RFC 6531, 6532): U-labels and A-labels are one."""
    for to in ("j\u00fcrgen@b\u00fccher.example",
               "j\u00fcrgen@xn--bcher-kva.example"):
        with Place() as place:
            place.expect(address="j\u00fcrgen@b\u00fccher.example",
                         ca="acme@k\u00f6ln.example")
            got = place.run("handle", "--auto-approve", stdin=challenge(
                to=to, sender="acme@xn--kln-sna.example"))
            tap.equal(check_reply(got.stdout,
                                  address="j\u00fcrgen@b\u00fccher.example",
                                  to="acme@xn--kln-sna.example"), [],
                      "internationalised: To " + to)


def test_expired():
    with Place() as place:
        for late in ("2020-01-01T00:00:00Z", "0h", "0d"):
            got = place.run("expect", ADDRESS, "--from", CA, "--token-part2",
                            PART2, "--thumbprint", THUMBPRINT, "--expires",
                            late)
            tap.ok(got.returncode == 64 and b"in the future" in got.stderr and
                   not os.path.exists(place.home),
                   "expect refuses a time in the past: " + late, got)
        place.change(place.expect("--expires", "24h"), expires=1577836800)
        got = place.run("handle", "--auto-approve", stdin=challenge())
        tap.ok(got.returncode == 65 and b"refused: expired" in got.stderr,
               "an order that is over", got)
        tap.ok(b"expired" in place.run("status").stdout, "status says so")


def test_clocks():
    """An order made while the clock was ahead; and what names the clock."""
    day, now = 86400, int(time.time())

    def dated(days):
        return challenge(date=email.utils.formatdate(now + days * day))
    for name, members, days, answered in (
            ("ahead by ten days", {"created": now + 10 * day}, 0, True),
            ("ahead by an hour", {"created": now + 3600}, 0, True),
            ("ahead by 30 years", {"created": now + 11000 * day}, -3, True),
            ("ahead, and a mail of last year", {"created": now + 10 * day},
             -300, False),
            ("behind by ten days", {"created": now - 10 * day}, 0, True),
            ("ahead once, and it is later now", {"created": now - 3600}, -3,
             False),
            ("expired, or the clock is wrong", {"expires": now - 60}, 0,
             False),
            ("a message of tomorrow", {}, 2, False)):
        with Place() as place:
            one = place.expect("--expires", "24h")
            place.change(one, **members)
            before = place.orders_bytes()
            got = place.run("handle", "--auto-approve", stdin=dated(days))
            if answered:
                tap.equal((got.returncode, check_reply(got.stdout)), (0, []),
                          "clock %s: answered" % name)
            else:
                tap.ok(got.returncode == 65 and
                       b"refused: expired" in got.stderr and
                       b"clock" in got.stderr and
                       place.orders_bytes() == before,
                       "clock %s: refused, and the clock is named" % name,
                       got)


def test_json_errors():
    """With --json every exit prints an object, also one without a result."""
    def wrong(got, name, error, code, verdict=None):
        try:
            told = json.loads(got.stdout)
        except ValueError:
            told = {}
        tap.ok(got.returncode == code and told.get("error") == error and
               told.get("status") == code and told.get("message") and
               told.get("verdict") == verdict and
               (verdict or told["message"].encode() in got.stderr),
               "--json: " + name, got)

    listings = [["status"], ["account"], ["account", "show"], ["ca"],
                ["doctor"], ["show"], ["verify"], ["handle"]]
    for words in listings:
        name = " ".join(words)
        verdict = "failed" if words == ["handle"] else None
        with Place(config="set nonsense = 1\n") as place:
            wrong(place.run(*words, "--json"), name + ", bad configuration",
                  "configuration", 78, verdict)
        with Place() as place:
            wrong(place.run(*words, "--json", "--nonsense"),
                  name + ", unknown option", "usage", 64, verdict)
            wrong(place.run("-o", "x=y", *words, "--json"),
                  name + ", bad setting", "configuration", 78, verdict)
            if words != ["verify"]:  # it takes as many as there are
                wrong(place.run(*words, "--json", "a", "b", "c"),
                      name + ", too many arguments", "usage", 64, verdict)
    with Place() as place:
        place.expect()
        os.chmod(place.home, 0o777)
        for words in (["status"], ["account"], ["handle"]):
            wrong(place.run(*words, "--json", stdin=challenge()),
                  "%s, a home that others can write" % words[0],
                  "permission", 77, "failed" if words == ["handle"] else None)
    with Place() as place:
        wrong(place.run("status", "--json", "nosuch"), "nothing of that name",
              "no", 1)
        for words in (["handle"], ["show"], ["verify"]):
            wrong(place.run(*words, "--json", "/nonexistent"),
                  words[0] + ", no such file", "input-output", 74,
                  "failed" if words == ["handle"] else None)
        wrong(place.run("nonsense", "--json"), "an unknown command", "usage",
              64)
        for args in (["--mda", "--nonsense"], ["--mda", "--draft", "x"]):
            wrong(place.run("handle", "--json", *args), "handle %s" % args,
                  "usage", 75, "failed")
        # A result is a result, whatever the exit status.
        for words, code in ((["status"], 0), (["handle"], 65), (["show"], 1)):
            got = place.run(*words, "--json", stdin=challenge(subject="x"))
            tap.ok(got.returncode == code and
                   "error" not in json.loads(got.stdout),
                   "--json: a result of %s" % words[0], got)
        got = place.run("show", "--", "--json")
        tap.ok(got.stdout == b"" or b'"error"' not in got.stdout,
               "--json as a file name", got)


def test_config():
    for text, code in (("set nonsense = 1\n", 78), ("nonsense\n", 78),
                       ("set color = maybe\n", 78),
                       ("# comment\n\nset color = \"no\"\n", 0),
                       ("set draft = nowhere\n", 78),
                       ("set max_message = 12\n", 78),
                       ("set sendmail = sendmail\n", 78),
                       ("set resolver = 127.0.0.1@53 ::1 fe80::1%lo@5353\n",
                        0),
                       ("set resolver = system\n", 0)):
        with Place(config=text) as place:
            got = place.run("status")
            tap.ok(got.returncode == code and
                   (code == 0 or b"config:1: " in got.stderr),
                   "configuration %r" % text, got)
    for text, want in (("proxy=http://u:secret@h\n", b"config:1: the line "
                        b"begins with \"proxy\"; use set NAME = VALUE, or # "
                        b"for a comment\n"),
                       ("set proxy http://u:secret@h\n", b"config:1: "
                        b"\"proxy\" has no \"=\"; use NAME = VALUE\n")):
        with Place(config=text) as place:
            got = place.run("status")
            tap.ok(got.stderr.endswith(want) and b"secret" not in got.stderr,
                   "configuration %r: quoted without its value" % text, got)
    for value in ("127.0.0.1:53", "[::1]:53", "127.0.0.1#53", "dns.example",
                  "127.0.0.1 127.0.0.1@70000", "127.0.0.1, ::1", ""):
        with Place(config="set resolver = %s\n" % value) as place:
            got = place.run("status")
            tap.ok(got.returncode == 78 and b"config:1: " in got.stderr and
                   b"127.0.0.1@53" in got.stderr,
                   "resolver %r: refused, with the right form" % value, got)
    with Place() as place:
        os.chmod(place.path("user/.config/mailcert/config"), 0o666)
        tap.equal(place.run("status").returncode, 78,
                  "a configuration that others can write")
    with Place(config="") as place:
        place.expect()
        got = place.run("handle", "--auto-approve", stdin=challenge())
        tap.ok(got.returncode == 65 and
               b"refused: not-authenticated: " in got.stderr and
               got.stdout == b"", "by default nothing unproved is answered",
               got)
        got = place.run("-o", "nonsense=1", "is-challenge",
                        stdin=challenge())
        tap.ok(got.returncode == 2 and got.stderr == b"",
               "is-challenge prints nothing, even then", got)
        got = place.run("-o", "nonsense=1", "status")
        tap.ok(got.returncode == 78 and b"-o: unknown name" in got.stderr,
               "-o is checked too", got)


def test_destinations():
    with Place() as place:
        for kind in ("stdout", "file", "maildir", "mbox", "sendmail"):
            place.run("expect", "--forget", place.expect())
            order = place.expect()
            send, box = fake_sendmail(place)
            target = {"stdout": "stdout", "sendmail": "sendmail",
                      "file": "file:" + place.path("draft"),
                      "maildir": "maildir:" + make_maildir(
                          place.path("Drafts")),
                      "mbox": "mbox:" + place.path("drafts.mbox")}[kind]
            got = place.run("-o", "sendmail=" + send, "handle",
                            "--auto-approve", "--draft", target,
                            stdin=challenge())
            tap.equal(got.returncode, 0, "--draft " + kind)
            if kind == "stdout":
                raw = got.stdout
            elif kind == "sendmail":
                raw = sent(box)[0]
            else:
                where = target.split(":", 1)[1]
                if kind == "maildir":
                    names = glob.glob(where + "/cur/*:2,DS")
                    tap.equal(len(names), 1, "one draft, flagged as one")
                    where = names[0]
                raw = open(where, "rb").read()
                tap.equal(os.stat(where).st_mode & 0o777, 0o600,
                          kind + " is private")
                if kind == "mbox":
                    tap.ok(raw.startswith(b"From "), "mbox separator")
                    raw = raw.split(b"\n", 1)[1]
            tap.equal(check_reply(raw), [], kind + ": section 3.2 holds")
            tap.equal(place.order(order)["state"],
                      "sent" if kind == "sendmail" else "drafted",
                      kind + ": order state")
            again = place.run("-o", "sendmail=" + send, "handle",
                              "--auto-approve", "--draft", target,
                              stdin=challenge())
            tap.ok(again.returncode == 65 or kind == "file" and
                   again.returncode == 73, kind + ": never twice", again)
            place.run("expect", "--forget", order)
        # What cannot be delivered leaves the order as it was.
        order = place.expect()
        before = place.orders_bytes()
        for target, code in (("file:" + place.path("draft"), 73),
                             ("maildir:/nonexistent", 73),
                             ("mbox:/nonexistent/x", 73),
                             ("file:/nonexistent/x", 73), ("mua", 64),
                             ("nowhere", 64), ("imap", 78)):
            got = place.run("handle", "--auto-approve", "--draft", target,
                            stdin=challenge())
            tap.equal(got.returncode, code, "cannot deliver to " + target)
            tap.ok(place.orders_bytes() == before,
                   "and the order is as it was")
        got = place.run("-o", "sendmail=/nonexistent/sendmail", "handle",
                        "--auto-approve", "--draft", "sendmail",
                        stdin=challenge())
        tap.ok(got.returncode == 73 and place.orders_bytes() == before,
               "no such sendmail: the order is as it was", got)
        refuse = place.write("refuse", "#!/bin/sh\ncat >/dev/null\nexit 75\n",
                             0o755)
        place.run("expect", "--forget", order)
        order = place.expect()
        before = place.orders_bytes()
        got = place.run("-o", "sendmail=" + refuse, "handle", "--auto-approve",
                        "--mda", stdin=challenge())
        tap.ok(got.returncode == 75 and place.orders_bytes() == before,
               "sendmail says 75: so do we, and the order is as it was", got)


def test_show():
    with Place() as place:
        order = place.expect()
        before = place.orders_bytes()
        got = place.run("show", stdin=challenge())
        said = got.stdout.decode()
        tap.ok(got.returncode == 0 and ADDRESS in said and CA in said and
               "yes, as challenge " + order in said, "show tells what it is", said)
        got = place.run("show", "--json", stdin=challenge())
        tap.equal(json.loads(got.stdout)["expected"], True, "show --json")
        got = place.run("show", stdin=challenge(sender="eve@evil.example"))
        tap.ok(got.returncode == 0 and b"Expected   no:" in got.stdout,
               "show says what nobody expects", got)
        got = place.run("show", stdin=challenge(subject="lunch"))
        tap.ok(got.returncode == 1 and b"Not an ACME challenge" in got.stdout,
               "show says what is none", got)
        part = place.write("part", "ACME: " + PART1 + "\nFrom: x\n")
        got = place.run("show", "--type", "text/acme", part)
        tap.ok(got.returncode == 1 and b"only-a-part" in got.stdout,
               "a part alone is shown as one", got)
        got = place.run("handle", "--type", "text/acme", "--auto-approve", part)
        tap.ok(got.returncode == 65 and b"refused: only-a-part" in got.stderr,
               "and never answered", got)
        tap.equal(place.orders_bytes(), before, "show changes nothing")


def test_mailcap_at_once():
    """Processes with a home each, one mailcap: whole at every moment."""
    with Place() as place:
        mine = "".join("text/x%d; cat %%s\n" % i for i in range(20000))
        path = place.write("user/.mailcap", mine)

        def change(number):
            for turn in range(number, number + 6):
                got = place.run("-C", place.path("home%d" % number), "install",
                                "mailcap", *["--remove"][turn % 2:])
                with open(path) as f:
                    tap.ok(got.returncode == 0 and f.read().endswith(mine),
                           "mailcap at once", got)

        at_once([functools.partial(change, n) for n in range(4)])
        tap.equal(sorted(os.listdir(place.user)), [".config", ".mailcap",
                                                   "Mail"], "nothing is left")


HOSTILE = "x\x1b[31m\u202e\nmailcert: all is well"


def test_hostile_words():
    """What a message says of a name that a stranger chose is one line of safe
    text, in any locale."""
    with Place() as place:
        for args in (["show", HOSTILE], ["verify", HOSTILE],
                     ["verify", "maildir:/" + HOSTILE], ["import", HOSTILE],
                     ["status", HOSTILE], ["finish", HOSTILE],
                     ["export", HOSTILE], ["account", HOSTILE],
                     ["account", "show", HOSTILE], ["install", HOSTILE],
                     ["handle", "--draft", HOSTILE], ["watch", HOSTILE],
                     ["order", "--ca", HOSTILE, ADDRESS],
                     ["smimea", "lookup", HOSTILE],
                     ["service", "check", HOSTILE]):
            for locale in ("C.UTF-8", "C"):
                got = place.run(*args, env=dict(place.env, LC_ALL=locale))
                tap.ok(got.returncode in (1, 64, 74, 78) and
                       got.stderr.count(b"\n") == 1 and
                       b"\\x1b[31m<U+202E>\\x0a" in got.stderr and
                       got.stderr[:-1].decode("ascii").isprintable(),
                       "%s: %r" % (locale, " ".join(args)[:30]), got)


def test_nowhere_to_write():
    """An answer that nobody gets is a failure, and says why."""
    for where, why in ((">/dev/full", b"No space left on device"),
                       (">&-", b"Bad file descriptor")):
        with Place() as place:
            place.expect()
            other = place.expect(address="bob@example.org")
            path = place.write("c.eml", challenge())
            for command in ("respond --token-part1 %s %s" % (PART1, other),
                            "handle --auto-approve --draft stdout " + path,
                            "status", "--version"):
                got = place.run("-c", "exec %s %s %s" % (MAILCERT, command,
                                                         where), program="sh")
                tap.ok(got.returncode == 74 and got.stderr.splitlines()[-1]
                       .startswith(b"mailcert: standard output: " + why),
                       "%s %s" % (command.split()[0], where), got)


def test_nothing_to_read():
    """A message that nobody passes is not one that is refused."""
    with Place() as place:
        for command in ("handle", "show", "verify", "doctor --message -"):
            got = place.run("-c", "exec %s %s <&-" % (MAILCERT, command),
                            program="sh")
            tap.ok(got.returncode == 74 and got.stderr ==
                   b"mailcert: standard input: Bad file descriptor\n",
                   command + " <&-", got)
        got = place.run("handle", place.dir)
        tap.equal((got.returncode, got.stderr.decode()), (
            74, "mailcert: %s is neither a file nor a pipe\n" % place.dir),
            "a directory")


def test_umask():
    """The home is for its owner, whatever the umask."""
    for mask in (0, 0o777):
        with Place() as place:
            got = place.run("expect", ADDRESS, "--from", CA, "--token-part2",
                            PART2, "--thumbprint", THUMBPRINT, umask=mask)
            tap.equal(got.returncode, 0, "umask %o: expect" % mask)
            out = place.path("out")
            got = place.run("handle", "--auto-approve", "--draft",
                            "file:" + out, stdin=challenge(), umask=mask)
            tap.equal(got.returncode, 0, "umask %o: handle" % mask)
            modes = {os.stat(out).st_mode & 0o777}
            for top, _, names in os.walk(place.home):
                modes |= {os.stat(os.path.join(top, n)).st_mode & 0o777
                          for n in names}
                tap.equal(os.stat(top).st_mode & 0o777, 0o700,
                          "umask %o: mode of a directory" % mask)
            tap.equal(modes, {0o600}, "umask %o: modes of files" % mask)


def test_is_challenge():
    with Place() as place:
        for raw, code in ((challenge(), 0), (with_part(), 0),
                          (challenge(subject="lunch"), 1),
                          (challenge(subject="Re: ACME: " + PART1), 1),
                          (challenge(subject="ACME: quarterly figures"), 1),
                          (challenge(auto=None), 1), (b"", 1), (b"\0", 1),
                          (b"x" * 20000000, 1)):
            got = place.run("is-challenge", stdin=raw)
            tap.ok(got.returncode == code and got.stdout == b"" and
                   got.stderr == b"", "is-challenge: %d" % code, got)
        for name, args in (("no file", ["/nonexistent"]),
                           ("a directory", [place.dir])):
            got = place.run("is-challenge", *args)
            tap.ok(got.returncode == 2 and got.stdout == got.stderr == b"",
                   "is-challenge of %s: it could not look" % name, got)
        got = place.run("-c", "exec %s is-challenge <&-" % MAILCERT,
                        program="sh")
        tap.equal(got.returncode, 2, "is-challenge of no standard input")
        # mailcap's test=: a terminal as input, the message an open file.
        folder = make_maildir(place.path("in"), challenge())
        one = glob.glob(folder + "/cur/*")[0]
        other = place.write("other", challenge(subject="lunch"))
        for path, code in ((one, 0), (other, 1)):
            with Terminal(place, "mailcert is-challenge 5< '%s'" %
                          path) as terminal:
                tap.ok(terminal.wait("[exit %d]" % code),
                       "is-challenge of an inherited file: %d" % code,
                       terminal.screen())


def test_find():
    """A part, and the message among the inherited descriptors."""
    message = with_part()
    with Place() as place:
        place.expect()
        part = place.write("part", "ACME: a copy for people\n")
        for name, files, want in (
                ("Maildir file", [message], 0),
                ("CRLF", [message.replace(b"\n", b"\r\n")], 0),
                ("one of two", [challenge(), message], 0),
                ("the same twice", [message, message], 0),
                ("two with this part", [message, with_part(
                    msgid="<c2@ca.example>")], 65),
                ("none", [challenge()], 65), ("noise", [b"\0\xff" * 99], 65)):
            opened = []
            for i, raw in enumerate(files):
                opened.append(open(place.write("m%d" % i, raw), "rb"))
            order = place.expect()
            got = place.run("handle", "--type", "application/acme",
                            "--auto-approve", part,
                            pass_fds=[f.fileno() for f in opened])
            tap.ok(got.returncode == want and (want == 0 or
                                               b"only-a-part" in got.stderr),
                   "find: " + name, got)
            tap.ok(all(f.tell() == 0 for f in opened),
                   "find: the offset is not touched")
            for f in opened:
                f.close()
            place.run("expect", "--forget", order)
        place.expect()
        box = make_mbox(place.path("box"), challenge(subject="a",
                                                     msgid="<a@b.c>"),
                        message, challenge(subject="b", msgid="<b@b.c>"))
        with open(box, "rb") as f:
            got = place.run("handle", "--type", "application/acme",
                            "--auto-approve", part, pass_fds=[f.fileno()])
        tap.equal((got.returncode, check_reply(got.stdout)), (0, []),
                  "find: in an mbox")


def test_install():
    with Place() as place:
        mailcap = place.path("user/.mailcap")
        place.write("user/.mailcap", "text/html; lynx %s\n", 0o640)
        tap.equal(place.run("install", "mailcap").returncode, 0, "install")
        first = open(mailcap).read()
        tap.ok("application/acme; mailcert handle --type %t -- %s" in first and
               "test=mailcert is-challenge" in first and
               first.endswith("text/html; lynx %s\n"), "our entries first",
               first)
        place.run("install", "mailcap")
        tap.equal(open(mailcap).read(), first, "twice is once")
        tap.equal(os.stat(mailcap).st_mode & 0o777, 0o640, "the mode stays")
        with open(ROOT + "/mailcap/mailcap") as f:
            ours = [x for x in f.read().splitlines()
                    if x and not x.startswith("#")]
        tap.equal([x for x in first.splitlines() if x.split("/")[0] in
                   ("application", "text") and "mailcert" in x], ours,
                  "they are those of mailcap/mailcap")
        place.run("install", "--remove", "mailcap")
        tap.equal(open(mailcap).read(), "text/html; lynx %s\n", "--remove")
        env = dict(place.env, PATH="/usr/bin:/bin")
        place.run("install", "mailcap", env=env)
        tap.ok("; " + MAILCERT + " handle" in open(mailcap).read(),
               "not on the PATH: by its path")


def test_input():
    with Place() as place:
        place.expect()
        for name, args, code in (
                ("directory", [place.dir], 74), ("device", ["/dev/full"], 65),
                ("no file", ["/nonexistent"], 74), ("empty", ["/dev/null"], 65)):
            got = place.run("handle", "--auto-approve", *args)
            tap.equal(got.returncode, code, "input: " + name)
        # Sparse: whoever reads 200 GB to their end runs into the time limit.
        big = place.write("big", challenge())
        os.truncate(big, 200 * 10 ** 9)
        got = place.run("handle", "--auto-approve", big)
        tap.ok(got.returncode == 65 and b"refused: too-large" in got.stderr,
               "200 GB are refused unread", got)
        got = place.run("is-challenge", big)
        tap.equal(got.returncode, 1, "and is no challenge")
        os.mkfifo(place.path("fifo"))
        writer = subprocess.Popen(["sh", "-c", "cat > " + place.path("fifo")],
                                  stdin=subprocess.PIPE)
        writer.stdin.write(challenge())
        writer.stdin.close()
        got = place.run("handle", "--auto-approve", place.path("fifo"))
        tap.equal(check_reply(got.stdout), [], "input: a FIFO")
        writer.wait()


def test_prompt():
    with Place() as place:
        path = place.write("c.eml", challenge())
        for name, extra, env in (("--plain", "--plain", {}),
                                 ("TERM=dumb", "", {"TERM": "dumb"}),
                                 ("no TERM", "", {"TERM": ""})):
            order = place.expect()
            with Terminal(place, "mailcert handle %s --draft file:%s %s" %
                          (extra, place.path("out"), path),
                          env=env) as terminal:
                tap.ok(terminal.wait("is yours? [y/N]"), name + ": asks",
                       terminal.screen())
                terminal.keys("Enter")
                tap.ok(terminal.wait("[exit 1]") and not
                       os.path.exists(place.path("out")),
                       name + ": Enter is No", terminal.screen())
            with Terminal(place, "mailcert handle %s --draft file:%s %s" %
                          (extra, place.path("out"), path),
                          env=env) as terminal:
                terminal.wait("is yours? [y/N]")
                terminal.keys("y", "Enter")
                tap.ok(terminal.wait("[exit 0]") and
                       check_reply(open(place.path("out"), "rb").read()) == [],
                       name + ": y answers", terminal.screen())
            os.unlink(place.path("out"))
            place.run("expect", "--forget", order)


def test_screen():
    with Place() as place:
        hostile = challenge(
            sender="=?UTF-8?B?G1szMW1DQeKArmdvb2TigIvCmzJK?= <%s>" % CA)
        path = place.write("c.eml", hostile)
        place.expect()
        for columns, rows, env in ((80, 24, {}), (40, 10, {}),
                                   (80, 24, {"LANG": "C"}),
                                   (200, 60, {"NO_COLOR": "1"}),
                                   (80, 24, {"TERM": "vt100"})):
            name = "%dx%d %s" % (columns, rows, env)
            with Terminal(place, "mailcert handle --draft stdout " + path,
                          columns, rows, env) as terminal:
                tap.ok(terminal.wait("[ No ]"), name + ": shown",
                       terminal.screen())
                screen, raw = terminal.screen(), terminal.raw()
                tap.ok(ADDRESS in screen and CA in screen.replace("\n  ", ""),
                       name + ": the addresses stand there", screen)
                tap.ok(not any(bad in raw.decode() for bad in
                               ("\u202e", "\u200b", "\u009b", "\x1b[31mCA")),
                       name + ": nothing hostile reaches the terminal",
                       repr(raw))
                if columns >= 80:
                    tap.ok("\\x1b[31mCA" in screen and "<U+202E>" in screen,
                           name + ": it is made visible", screen)
                if "NO_COLOR" in env:
                    tap.ok(b"\x1b[31m" not in raw, name + ": no colour",
                           repr(raw))
                read_then_yes(terminal)
                while rows == 10 and not terminal.wait("Answer anyway?", 0.5):
                    terminal.keys("y")  # reads on
                tap.ok(terminal.wait("Answer anyway?"),
                       name + ": a warning asks twice", terminal.screen())
                terminal.keys("Enter")
                tap.ok(terminal.wait("[exit 1]"), name + ": Enter is No",
                       terminal.screen())
        with Terminal(place, "mailcert handle --draft stdout " + path, 20,
                      5) as terminal:
            tap.ok(terminal.wait("[y/N]"), "20x5: the line prompt",
                   terminal.screen())


run_tests(tests_of(globals()), 3)
tap.done()
