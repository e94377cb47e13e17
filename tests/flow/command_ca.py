#!/usr/bin/python3
# Runs in: check check-slow
"""A CA that is a program (ca.NAME.command): it gets the signing request, and
prints the chain, waits, or says no; order, finish and renew go on."""
import datetime
import json
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
import cms
from cryptography import x509
from lib import Place, run_tests, tap, tests_of

ALICE = "alice@example.org"
# A CA on two files: what it was asked, and what it shall say.
PROGRAM = """#!/usr/bin/python3
import os, subprocess, sys
here = os.path.dirname(os.path.abspath(__file__))
csr = sys.stdin.buffer.read()
with open(here + "/asked", "ab") as f:
    f.write(csr)
with open(here + "/args", "w") as f:
    f.write("\\n".join([*sys.argv[1:], *sorted(os.environ)]))
if os.path.exists(here + "/wait"):
    print("a person looks at it", file=sys.stderr); sys.exit(75)
if os.path.exists(here + "/no"):
    print("this address is not yours", file=sys.stderr); sys.exit(1)
sys.stdout.buffer.write(subprocess.run(
    ["/usr/bin/python3", "-B", here + "/issue.py", sys.argv[1]], input=csr,
    capture_output=True, check=True, cwd=here).stdout)
"""
ISSUE = """
import datetime, sys
sys.path.insert(0, %r)
import cms
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
csr = x509.load_pem_x509_csr(sys.stdin.buffer.read())
assert csr.is_signature_valid
with open("ca.pem", "rb") as f:
    data = f.read()
key = serialization.load_pem_private_key(data, None)
ca = x509.load_pem_x509_certificate(data[data.index(b"-----BEGIN CERT"):])
names = csr.extensions.get_extension_for_class(x509.SubjectAlternativeName)
usage = csr.extensions.get_extension_for_class(x509.KeyUsage)
now = datetime.datetime.utcnow()
cert = x509.CertificateBuilder().subject_name(csr.subject).issuer_name(
    ca.subject).public_key(csr.public_key() if sys.argv[1] != "other" else
    key.public_key()).serial_number(x509.random_serial_number()) \\
    .not_valid_before(now - datetime.timedelta(hours=1)) \\
    .not_valid_after(now + datetime.timedelta(days=int(
        open("days").read()))).add_extension(names.value, False) \\
    .add_extension(usage.value, True).sign(key, hashes.SHA256())
sys.stdout.write((cms.cert_pem(cert, ca)).decode() if sys.argv[1] != "junk"
                 else "not a certificate")
"""
TESTS = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))


class Desk:
    """A user, and a CA that is a program."""

    def __init__(self, how="good"):
        self.place = Place(config="")
        self.top = self.place.path("ca")
        ca = cms.Authority("Desk CA")
        self.place.write("ca/ca.pem", cms.pem(ca.key) + cms.cert_pem(ca.cert))
        self.place.write("ca/issue.py", ISSUE % TESTS)
        self.place.write("ca/days", "90")
        program = self.place.write("ca/desk", PROGRAM,
                                   0o755)
        self.place.write("user/.config/mailcert/config",
                         "set ca = desk\nset key = ec:p256\n"
                         "set ca.desk.command = \"%s  %s  -x\"\n" % (
                             program, how))

    def __enter__(self):
        return self

    def __exit__(self, *unused):
        self.place.__exit__()

    def set(self, name, on=True):
        path = os.path.join(self.top, name)
        if on:
            self.place.write("ca/" + name, "")
        elif os.path.exists(path):
            os.unlink(path)

    def asked(self):
        try:
            with open(os.path.join(self.top, "asked"), "rb") as f:
                return f.read().split(b"-----BEGIN")[1:]
        except FileNotFoundError:
            return []

    def run(self, *args, **more):
        return self.place.run(*args, **more)

    def certificates(self):
        return json.loads(self.run("status", "--json").stdout)["certificates"]


def test_at_once():
    with Desk() as desk:
        got = desk.run("order", "--dry-run", ALICE)
        tap.ok(got.returncode == 0 and b"the program" in got.stdout and
               not desk.asked() and b"Nothing was ordered" in got.stdout,
               "dry run", got)
        got = desk.run("order", ALICE)
        tap.ok(got.returncode == 0 and
               got.stdout.decode().strip().endswith(".pem"), "ordered", got)
        with open(got.stdout.decode().strip(), "rb") as f:
            cert = x509.load_pem_x509_certificate(f.read())
        names = cert.extensions.get_extension_for_class(
            x509.SubjectAlternativeName).value
        tap.equal(names.get_values_for_type(x509.RFC822Name), [ALICE],
                  "it is for the address")
        with open(os.path.join(desk.top, "args")) as f:
            words = f.read().split("\n")
        tap.equal(words[:2], ["good", "-x"], "the words of the command")
        one, = desk.certificates()
        tap.equal(one["state"], "issued", "status has it")
        got = desk.run("order", ALICE)
        tap.equal(len(desk.asked()), 2, "ordering again makes another")


def test_waits():
    """It looks at it for days: the same request, until it is there."""
    with Desk() as desk:
        desk.set("wait")
        got = desk.run("order", ALICE)
        tap.ok(got.returncode == 75 and b"a person looks at it" in got.stderr,
               "order: it waits", got)
        got = desk.run("status")
        tap.ok(b"mailcert finish asks the CA's program again" in got.stdout,
               "status says what is next", got)
        for args in (("finish",), ("renew",), ("order", ALICE)):
            got = desk.run(*args)
            tap.ok(got.returncode == (0 if args == ("renew",) else 75),
                   "%s: it still waits" % args[0], got)
        tap.ok(len(desk.asked()) == 4 and len(set(desk.asked())) == 1,
               "always the same request")
        desk.set("wait", False)
        got = desk.run("finish")
        tap.ok(got.returncode == 0 and len(desk.certificates()) == 1 and
               desk.certificates()[0]["state"] == "issued", "finish", got)
        got = desk.run("finish")
        tap.ok(got.returncode == 0 and len(desk.asked()) == 5,
               "finish: nothing is left", got)


def test_no():
    """Its no is told, nothing is lost, and it may be asked again."""
    with Desk() as desk:
        desk.set("no")
        got = desk.run("order", ALICE)
        tap.ok(got.returncode == 69 and b"exited with 1: this address is not "
               b"yours" in got.stderr, "no", got)
        tap.equal([c["state"] for c in desk.certificates()], ["requested"],
                  "the request is kept")
        desk.set("no", False)
        got = desk.run("finish")
        tap.equal(got.returncode, 0, "and asked again")
    for how, want in (("other", b"another key"), ("junk", b"certificate")):
        with Desk(how) as desk:
            got = desk.run("order", ALICE)
            tap.ok(got.returncode == 69 and want in got.stderr,
                   "what it prints is checked: " + how, got)
            tap.ok(not any(n.endswith(".pem") for n in os.listdir(
                desk.place.home + "/certificates")), "and not stored")
    with Desk() as desk:
        os.unlink(os.path.join(desk.top, "desk"))
        got = desk.run("order", ALICE)
        tap.ok(got.returncode == 73 and b"/ca/desk" in got.stderr,
               "the program is not there", got)


def test_renew():
    with Desk() as desk:
        desk.run("order", ALICE)
        got = desk.run("renew")
        tap.ok(got.returncode == 0 and len(desk.asked()) == 1,
               "renew: not due", got)
        path = next(os.path.join(desk.place.home, "certificates", n) for n in
                    os.listdir(desk.place.home + "/certificates")
                    if n.endswith(".json"))
        with open(path) as f:
            record = json.load(f)
        day = datetime.datetime.now().timestamp()
        record.update(starts=int(day - 80 * 86400),
                      expires=int(day + 10 * 86400))
        with open(path, "w") as f:
            json.dump(record, f)
        got = desk.run("renew", "--dry-run")
        tap.ok(b"would be renewed now" in got.stdout and len(
            desk.asked()) == 1, "renew --dry-run", got)
        desk.set("wait")
        got = desk.run("renew")
        tap.ok(got.returncode == 0 and len(desk.asked()) == 2,
               "renew: it waits, and nobody is needed", got)
        desk.set("wait", False)
        got = desk.run("renew")
        all = {c["id"]: c for c in desk.certificates()}
        new = [c for c in all.values() if c["replaces"]]
        tap.ok(got.returncode == 0 and len(all) == 2 and len(new) == 1 and
               all[new[0]["replaces"]]["replaced"] == new[0]["id"] and
               len(set(desk.asked())) == 2, "renewed, with a new key", got,
               all)
        got = desk.run("renew")
        tap.equal(len(desk.asked()), 3, "and not again")


def test_configuration():
    with Desk() as desk:
        desk.set("wait")
        desk.run("order", ALICE)
        got = desk.run("-o", "ca.desk.command=", "finish")
        tap.ok(got.returncode == 78 and b"ca.desk.command" in got.stderr,
               "its command is gone", got)
        got = desk.run("-o", "ca.desk.command=desk", "finish")
        tap.ok(got.returncode == 78 and b"full path" in got.stderr,
               "not a full path", got)


run_tests(tests_of(globals()), 2)
tap.done()
