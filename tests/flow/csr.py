#!/usr/bin/python3
# Runs in: check check-quick
"""mailcert csr: a signing request for a CA's web page, by openssl's judgement,
and what becomes of it."""
import json
import os
import re
import subprocess
import sys

TESTS = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path[:0] = [TESTS]
from cms import Authority, cert_pem
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.x509.oid import ExtendedKeyUsageOID
from lib import MAILCERT, Place, Terminal, run_tests, tap, tests_of

ALICE = "alice@example.org"
EC = ("--key", "ec:p256")
CA = Authority("Test Root")


def openssl(*args, stdin=b""):
    return subprocess.run(["openssl", *args], input=stdin,
                          capture_output=True)


def listed(place):
    return json.loads(place.run("status", "--json").stdout)["certificates"]


def made(place, got):
    """The record that it says it has made."""
    id = re.search(rb"request (\w+)", got.stderr)[1].decode()
    return [one for one in listed(place) if one["id"] == id][0]


def sign(request, names=None, days=365):
    """What a CA makes of it, on its web page."""
    request = x509.load_pem_x509_csr(request)
    builder = x509.CertificateBuilder().subject_name(
        request.subject).issuer_name(CA.cert.subject).public_key(
            request.public_key()).serial_number(
                x509.random_serial_number()).not_valid_before(
                    CA.cert.not_valid_before).not_valid_after(
                        CA.cert.not_valid_after)
    for extension in request.extensions:
        if names and isinstance(extension.value,
                                x509.SubjectAlternativeName):
            continue
        builder = builder.add_extension(extension.value, extension.critical)
    if names:
        builder = builder.add_extension(x509.SubjectAlternativeName(
            [x509.RFC822Name(one) for one in names]), False)
    builder = builder.add_extension(x509.ExtendedKeyUsage(
        [ExtendedKeyUsageOID.EMAIL_PROTECTION]), False)
    return cert_pem(builder.sign(CA.key, hashes.SHA256()))


def test_request():
    with Place() as place:
        for more, bits, usage in (
                (EC, "256 bit", "Digital Signature, Key Agreement"),
                (("--key", "rsa:2048"), "2048 bit",
                 "Digital Signature, Key Encipherment"),
                (("--key", "ed25519", "--usage", "sign"), "ED25519",
                 "Digital Signature"),
                ((*EC, "--usage", "encrypt"), "256 bit", "Key Agreement")):
            got = place.run("csr", *more, ALICE, "bob@example.org")
            text = openssl("req", "-verify", "-noout", "-text",
                           stdin=got.stdout)
            said = text.stdout.decode()
            tap.ok(got.returncode == 0 and text.returncode == 0 and
                   b"verify OK" in text.stderr and bits in said and
                   re.search(r"Key Usage: critical\n +%s\n" % usage, said) and
                   "email:%s, email:bob@example.org" % ALICE in said and
                   "Subject: CN = " + ALICE in said,
                   "request: " + " ".join(more), got, said)
            one = made(place, got)
            key = os.path.join(place.home, "keys", one["id"] + ".pem")
            tap.ok(one["state"] == "requested" and
                   os.stat(key).st_mode & 0o777 == 0o600 and
                   openssl("pkey", "-in", key, "-pubout").stdout ==
                   openssl("req", "-pubkey", "-noout",
                           stdin=got.stdout).stdout, "its key is in the home",
                   one)
        for args, said in (((), b"ADDRESS"), (("nobody",), b"local@domain"),
                           ((ALICE, ALICE), b"named twice"),
                           (("--key", "ed25519", ALICE), b"only sign")):
            got = place.run("csr", *args)
            tap.ok(got.returncode == 64 and said in got.stderr and
                   not got.stdout, "refused: %s" % (args,), got)
        tap.equal(len(listed(place)), 4, "and nothing is made")


def test_again():
    with Place() as place:
        first = place.run("csr", *EC, ALICE)
        again = place.run("csr", *EC, ALICE)
        tap.ok(again.stdout == first.stdout and b"the same request again" in
               again.stderr and len(listed(place)) == 1,
               "the same request again", again)
        other = place.run("csr", *EC, "--new", ALICE)
        tap.ok(other.stdout != first.stdout and len(listed(place)) == 2,
               "--new: another one")
        both = place.run("csr", *EC, "--usage", "separate", "bob@example.org")
        tap.ok(both.stdout.count(b"BEGIN") == 2 and
               re.search(rb"to sign: .*\n.*to encrypt: ", both.stderr),
               "separate: two", both)
        again = place.run("csr", *EC, "--usage", "separate",
                          "bob@example.org")
        tap.ok(again.stdout == both.stdout and len(listed(place)) == 4,
               "separate: the same two again")


def test_waits():
    with Place() as place:
        request = place.run("csr", *EC, ALICE).stdout
        id = listed(place)[0]["id"]
        got = place.run("status", ALICE)
        tap.ok(b"mailcert import FILE" in got.stdout and
               b"mailcert csr prints it again" in got.stdout,
               "status says what to do", got)
        got = place.run("renew")
        tap.ok(got.returncode == 1 and b"mailcert import FILE" in got.stdout
               and b"1 certificate waits for you" in got.stderr,
               "renew: it waits for a person", got)
        got = place.run("finish")
        tap.ok(got.returncode == 0, "finish: nothing to do", got)
        got = place.run("finish", id)
        tap.ok(got.returncode == 1 and b"mailcert import FILE" in got.stderr,
               "finish ID says what to do", got)
        for verb in (("revoke", "--yes", id), ("export", id, "x")):
            got = place.run(*verb)
            tap.ok(got.returncode == 1 and b"has no certificate" in got.stderr,
                   verb[0] + ": there is none", got)
        got = place.run("finish", "--forget", id)
        tap.ok(got.returncode == 0 and listed(place) == [] and
               os.listdir(place.home + "/keys") == [], "finish --forget", got)
        got = place.run("import", place.write("late", sign(request)))
        tap.ok(got.returncode == 65 and listed(place) == [],
               "then its certificate cannot be imported", got)


def test_damaged():
    """A record that would be submitted, but to whom?"""
    with Place() as place:
        id = made(place, place.run("csr", *EC, ALICE))["id"]
        path = os.path.join(place.home, "certificates", id + ".json")
        with open(path) as f:
            record = json.load(f)
        for state in ("new", "ordered", "finalizing", "failed"):
            with open(path, "w") as f:
                json.dump(dict(record, state=state), f)
            got = place.run("status", id)
            tap.ok(got.returncode != 0 and id.encode() in got.stderr and
                   b"account" in got.stderr, "without account: " + state, got)


def test_complete():
    with Place() as place:
        got = place.run("csr", *EC, ALICE)
        request, first = got.stdout, made(place, got)["id"]
        got = place.run("csr", *EC, "--new", ALICE)
        other, second = got.stdout, made(place, got)["id"]
        got = place.run("import", place.write("cert", sign(request)))
        tap.ok(got.returncode == 0 and b"that was requested" in got.stdout and
               {one["id"]: one["state"] for one in listed(place)} ==
               {first: "issued", second: "requested"}, "the one with the key",
               got, listed(place))
        got = place.run("import", "--json", place.path("cert"))
        tap.ok(got.returncode == 0 and json.loads(got.stdout)[
            "certificates"][0]["result"] == "unchanged", "again: unchanged",
            got)
        got = place.run("import", place.write("cert2", sign(
            other, names=["Alice@example.org", "al@example.org"])))
        tap.ok(got.returncode == 0 and [
            one["addresses"] for one in listed(place) if one["id"] == second
        ] == [["Alice@example.org", "al@example.org"]],
               "the addresses are those of the certificate", got)
        got = place.run("csr", *EC, ALICE)
        tap.ok(b"same request" not in got.stderr and got.stdout not in (
            request, other), "afterwards, csr makes another one", got)


def test_locked():
    with Place() as place:
        got = place.run("-o", "password_command=echo sesame", "csr",
                        "--passphrase", *EC, ALICE)
        id = listed(place)[0]["id"]
        with open(os.path.join(place.home, "keys", id + ".pem")) as f:
            tap.ok(got.returncode == 0 and "ENCRYPTED" in f.read(),
                   "the key is locked", got)
        again = place.run("csr", "--passphrase", *EC, ALICE)
        tap.ok(again.stdout == got.stdout,
               "the request again needs no passphrase", again)
        got = place.run("import", place.write("cert", sign(got.stdout)))
        tap.ok(got.returncode == 0, "nor does its certificate", got)
        got = place.run("csr", "--passphrase", *EC, "bob@example.org")
        tap.ok(got.returncode == 65 and b"set password_command" in got.stderr
               and len(listed(place)) == 1, "nobody to ask", got)
        with Terminal(place, "%s csr --passphrase --key ec:p256 %s" % (
                MAILCERT, "bob@example.org")) as terminal:
            terminal.wait("Passphrase for the new key")
            terminal.paste("inside", bracketed=False)
            terminal.keys("Enter")
            terminal.wait("Repeat")
            terminal.paste("inside", bracketed=False)
            terminal.keys("Enter")
            tap.ok(terminal.wait("[exit 0]") and
                   "inside" not in terminal.screen(), "asked on the terminal",
                   terminal.screen())


if __name__ == "__main__":
    run_tests(tests_of(globals()))
    tap.done()
