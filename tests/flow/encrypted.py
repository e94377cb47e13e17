#!/usr/bin/python3
# Runs in: check check-slow
"""mailcert verify --decrypt: encrypted messages that the openssl command made,
beside `openssl cms -decrypt` and `-verify`; what may not be told from the answer;
keys that cannot be used."""
import base64
import collections
import datetime
import http.server
import itertools
import json
import os
import subprocess
import sys
import threading

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
import cms
from cms import cert_pem, new_key, pem
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from lib import (BUILD, SLOW, Place, ask, make_maildir, run_tests, sample, tap,
                 told, tests_of)

CA, ALICE = "ca@ca.example", "alice@example.org"
BOTH = ("digital_signature", "key_encipherment", "key_agreement")
VERIFIED, FAILED = "encrypted+signed/verified", "encrypted+signed/failed"
NOTHING = "the message is encrypted, and no signature was found inside"
OTHERS = "the message is encrypted, to none of the keys here"
ENV = dict(os.environ, OPENSSL_CONF="/dev/null")

KEYS = {"RSA 2048": lambda: new_key(2048), "RSA 4096": lambda: new_key(4096),
        "P-256": new_key,
        "P-384": lambda: cms.ec.generate_private_key(cms.ec.SECP384R1())}
# How the content is encrypted, and how its key is.
METHODS = {"AES-128-CBC": ["-aes128"], "AES-192-CBC": ["-aes192"],
           "AES-256-CBC": ["-aes256"], "Triple DES": ["-des3"],
           "AES-128-GCM": ["-aes-128-gcm"], "AES-256-GCM": ["-aes-256-gcm"]}
WRAPS = {"RSA": {"PKCS #1": [], "OAEP": ["rsa_padding_mode:oaep"],
                 "OAEP, SHA-256": ["rsa_padding_mode:oaep",
                                   "rsa_oaep_md:sha256"],
                 "OAEP, SHA-512 and SHA-1": [
                     "rsa_padding_mode:oaep", "rsa_oaep_md:sha512",
                     "rsa_mgf1_md:sha1"]},
         "P-": {"default": [], "SHA-256": ["ecdh_kdf_md:sha256"],
                "SHA-512, cofactor": ["ecdh_kdf_md:sha512",
                                      "ecdh_cofactor_mode:0"]}}


def openssl(*args, stdin=b""):
    return subprocess.run(["openssl", *args], input=stdin, capture_output=True,
                          env=ENV)


class Desk(Place):
    """A home with keys, and somebody who signs and encrypts."""

    def __init__(self, *kinds, imports=True):
        super().__init__(config="")
        self.root = cms.Authority("Encrypted")
        self.other = cms.Authority("Unknown")
        self.anchors = self.write("root.pem", cert_pem(self.root.cert))
        self.signer = self.root.issue(CA)
        self.keys, self.ids = {}, {}
        for kind in kinds:
            self.add(kind, imports=imports)

    def add(self, kind, name=None, imports=True,
            options=("import",)):
        pair = self.root.issue(ALICE, key=KEYS[kind](), usage=BOTH)
        name = name or kind
        self.keys[name] = pair
        self.write(name + ".key", pem(pair[0]))
        self.write(name + ".pem", cert_pem(pair[1]))
        if imports:
            path = self.write(name + ".both", pem(pair[0]) + cert_pem(
                pair[1], self.root.cert))
            top = os.path.join(self.home, "certificates")
            before = set(os.listdir(top)) if os.path.isdir(top) else set()
            got = self.run(*options, path)
            assert got.returncode == 0, got.stderr
            self.ids[name] = next(
                one[:-5] for one in set(os.listdir(top)) - before
                if one.endswith(".json"))

    def edit(self, id, **members):
        path = os.path.join(self.home, "certificates", id + ".json")
        with open(path) as f:
            record = json.load(f)
        record.update(members)
        with open(path, "w") as f:
            json.dump(record, f)

    def signed(self, opaque=False, signer=None, body=b"Hello\n"):
        return cms.openssl_sign(b"Content-Type: text/plain\n\n" + body,
                                [signer or self.signer], opaque=opaque)

    def encrypt(self, inside, to, args=("-aes128",), keyopt=(), sender=CA):
        command = ["cms", "-encrypt", *args]
        for name in to:
            command += ["-recip", self.path(name + ".pem")]
            for option in keyopt:
                command += ["-keyopt", option]
        got = openssl(*command, stdin=inside)
        assert got.returncode == 0, got.stderr
        return b"From: %s\nMessage-ID: <e@x>\n" % sender.encode() + \
            got.stdout.replace(b"\r\n", b"\n")

    def judge(self, *messages, options=(), more=("--decrypt",)):
        box = make_maildir(self.path("box"), *messages)
        got = self.run("-o", "smime_anchors=" + self.anchors, *options,
                       "verify", "--json", *more, box)
        lines = {o["where"]: o for o in map(
            json.loads, got.stdout.decode().splitlines())}
        out = [lines["%s/cur/%d.M%d.host:2,S" % (box, i + 1, i)]
               for i in range(len(messages))]
        subprocess.run(["rm", "-r", box], check=True)
        return out, got

    def theirs(self, message, name):
        """Whether openssl decrypts it; whether it verifies what is inside."""
        plain = openssl("cms", "-decrypt", "-inkey", self.path(name + ".key"),
                        "-recip", self.path(name + ".pem"), stdin=message)
        if plain.returncode != 0:
            return False, False
        return True, openssl(
            "cms", "-verify", "-CAfile", self.anchors, "-purpose", "smimesign",
            "-out", "/dev/null", stdin=plain.stdout).returncode == 0


def insides(desk):
    """Name, entity, its status."""
    stranger = desk.other.issue(CA)
    good = desk.signed()
    yield "signed", good, VERIFIED
    yield "signed, opaque", desk.signed(opaque=True), VERIFIED
    yield "changed", good.replace(b"Hello", b"Hallo"), FAILED
    yield "signed by a stranger", desk.signed(signer=stranger), FAILED
    yield "not signed", b"Content-Type: text/plain\r\n\r\nHello\r\n", "unknown"
    yield "no MIME", b"\xff" * 100, "unknown"
    yield "nothing", b"", "unknown"
    yield "two signatures", desk.signed(body=b"a").replace(
        b"Content-Type: multipart", b"X: y\r\nContent-Type: multipart"), \
        VERIFIED


def combinations(kinds):
    for kind, (method, args) in itertools.product(kinds, METHODS.items()):
        wraps = next(v for k, v in WRAPS.items() if kind.startswith(k))
        for wrap, keyopt in wraps.items():
            yield kind, method, args, wrap, keyopt


def test_agreement():
    """Every way to encrypt, and every kind of key."""
    kinds = list(KEYS) if SLOW else ["RSA 2048", "P-256"]
    count = collections.Counter()
    with Desk(*kinds) as desk:
        entities = list(insides(desk))
        cases = sample(list(combinations(kinds)), 4)
        made = []
        for i, (kind, method, args, wrap, keyopt) in enumerate(cases):
            for name, inside, want in (
                    entities[:3] if i % 3 == 0 and SLOW else
                    entities[i % 3:i % 3 + 1]):
                more = ["-stream", "-indef"] if i % 2 and "GCM" not in method \
                    else []
                made.append((", ".join((kind, method, wrap, name)), want, kind,
                             desk.encrypt(inside, [kind], args + more,
                                          keyopt)))
        for name, inside, want in sample(entities[3:], 2):
            made.append((name, want, kinds[0], desk.encrypt(
                inside, kinds[:1])))
        got, run = desk.judge(*[message for _, _, _, message in made])
        for (what, want, kind, message), one in zip(made, got):
            opened, verified = desk.theirs(message, kind)
            count[want] += 1
            tap.ok(one["smimeStatus"] == one["smimeStatusAtDelivery"] == want
                   and opened and verified == (want == VERIFIED) and
                   (one["smimeErrors"] is not None) == (want == FAILED) and
                   (one["smimeVerifiedAt"] is None) == (want == "unknown"),
                   what, one, opened, verified)
        tap.ok(b"Hello" not in run.stdout + run.stderr, "no plain text")
        tap.equal(run.returncode, 1, "one of them failed")
        plain, _ = desk.judge(*[m for _, _, _, m in made[:3]], more=())
        tap.ok(all(one["smimeStatus"] == "unknown" and one["why"] ==
                   "the message is encrypted" for one in plain),
               "without --decrypt", plain)
    print("# %d messages: %s" % (len(made), dict(count)))


def blob(message):
    head, _, body = message.partition(b"\n\n")
    return head, bytearray(base64.b64decode(body))


def put(head, der):
    return head + b"\n\n" + base64.encodebytes(bytes(der))


def damaged(message, step):
    head, der = blob(message)
    for at in range(0, len(der), step):
        copy = bytearray(der)
        copy[at] ^= 0x55
        yield at, put(head, copy)


def test_damaged():
    """A changed octet may cost the signature; that, or nothing, is what the
    answer says: never that a padding or a key is wrong."""
    with Desk("RSA 2048", "P-256") as desk:
        for kind, args in itertools.product(desk.keys, ("-aes128",
                                                        "-aes-128-gcm")):
            whole = desk.encrypt(desk.signed(), [kind], [args])
            cases = list(damaged(whole, 61 if SLOW else 1009))
            got, run = desk.judge(*[m for _, m in cases])
            whys = {one["why"] for one in got if
                    one["smimeStatus"] == "unknown"}
            tap.ok(whys <= {NOTHING, OTHERS, "the message is encrypted", None}
                   | {w for w in whys if w and "not signed" in w},
                   "%s%s: one answer" % (kind, args), whys)
            tap.ok("gcm" not in args or all(
                one["smimeStatus"] not in (FAILED,) or "CMS" in
                one["smimeErrors"][0] for one in got),
                "%s%s: GCM is all or nothing" % (kind, args), got)
            for (at, message), one in zip(cases, got):
                if one["smimeStatus"] != VERIFIED:
                    continue
                # Only what neither the key nor the signature depends on, such
                # as padding; openssl is stricter about some of it.
                opened, good = desk.theirs(message, kind)
                tap.ok(good or not opened,
                       "%s%s: octet %d" % (kind, args, at), one)


def test_padding():
    """Vaudenay: of 256 last octets, none is told from another."""
    with Desk("P-256") as desk:
        # The last blocks are below the end of what is signed.
        whole = desk.encrypt(desk.signed() + b"\r\n" * 40, ["P-256"])
        head, der = blob(whole)
        cases = []
        for value in range(0, 256, 8 if SLOW else 64):
            copy = bytearray(der)
            copy[-17] ^= value
            cases.append(put(head, copy))
        opened = {desk.theirs(m, "P-256")[0] for m in cases[::4]}
        got, _ = desk.judge(*cases)
        tap.equal({one["smimeStatus"] for one in got}, {VERIFIED},
                  "a padding is not told from another")
        if SLOW:
            tap.equal(opened, {True, False}, "which openssl tells")


def tell_key(desk, name, **more):
    """What mailcert-key gives: a status, and a key."""
    frames = dict(scheme=b"rsa", digest=b"", mask=b"", wrap=b"", point=b"",
                  info=b"", wrapped=b"", length=b"16")
    frames.update(more)
    got = subprocess.run(
        [BUILD + "/mailcert-key", "unwrap"], capture_output=True, env=desk.env,
        input=ask(*frames.items(), opens=[
            ("file", desk.path(name + ".key"))]))
    answer = dict(told(got.stdout))
    return answer.get("status"), answer.get("key", b"")


def test_oracle():
    """Bleichenbacher: what is not well formed gives a key, too, and each time
    another one."""
    with Desk("RSA 2048", "P-256", imports=False) as desk:
        public = desk.keys["RSA 2048"][1].public_key().public_numbers()

        def raw(octets):
            number = pow(int.from_bytes(octets, "big"), public.e, public.n)
            return number.to_bytes(256, "big")

        secret = bytes(range(16))
        block = b"\0\2" + b"\7" * (256 - 3 - 16) + b"\0" + secret
        tap.equal(tell_key(desk, "RSA 2048", wrapped=raw(block)),
                  (b"done", secret), "PKCS #1: the key")
        for what, octets in (
                ("another first octet", b"\1" + block[1:]),
                ("another type", b"\0\1" + block[2:]),
                ("no end of the padding", b"\0\2" + b"\7" * 254),
                ("a short padding", b"\0\2\7\0" + block[4:]),
                ("a key of another length", b"\0\2" + b"\7" * (
                    256 - 3 - 24) + b"\0" + b"k" * 24)):
            one, two = (tell_key(desk, "RSA 2048", wrapped=raw(octets))
                        for _ in "12")
            tap.ok(one[0] == two[0] == b"done" and len(one[1]) == len(two[1])
                   == 16 and secret not in (one[1], two[1]) and one != two,
                   "PKCS #1: " + what, one, two)
        for what, name, more in (
                ("too short", "RSA 2048", dict(wrapped=b"x" * 100)),
                ("larger than the modulus", "RSA 2048", dict(
                    wrapped=b"\xff" * 256)),
                ("OAEP", "RSA 2048", dict(scheme=b"oaep", digest=b"sha1",
                                          mask=b"sha1", wrapped=b"1" * 256)),
                ("a point that is not on the curve", "P-256", dict(
                    scheme=b"ecdh", digest=b"sha1", wrap=b"aes128",
                    info=b"x", point=b"\4" + b"\1" * 64, wrapped=b"2" * 24)),
                ("a key of another kind", "P-256", dict(wrapped=b"1" * 256))):
            one, two = tell_key(desk, name, **more), tell_key(
                desk, name, **more)
            tap.ok(one[0] == two[0] == b"done" and len(one[1]) == 16 and
                   one != two, "a random key: " + what, one, two)
        for what, more in (
                ("an unknown scheme", dict(scheme=b"dh")),
                ("an unknown digest", dict(scheme=b"oaep", digest=b"md5",
                                           mask=b"sha1")),
                ("a length", dict(length=b"17")),
                ("a length", dict(length=b"-16")),
                ("too much", dict(wrapped=b"x" * 2000)),
                ("a long point", dict(scheme=b"ecdh", digest=b"sha1",
                                      wrap=b"aes128", point=b"x" * 300))):
            tap.equal(tell_key(desk, "RSA 2048", **more), (b"usage", b""),
                      "refused: %s %s" % (what, more))


def test_keys():
    """Which keys count: several, old ones, locked ones; whose they are not."""
    with Desk("P-256") as desk:
        desk.add("RSA 2048", "locked", options=(
            "-o", "password_command=echo sesame", "import", "--passphrase"))
        desk.add("P-256", "old")
        desk.add("P-256", "elsewhere", imports=False)
        inside = desk.signed()
        mine, old, locked, other, both = (
            desk.encrypt(inside, to) for to in (
                ["P-256"], ["old"], ["locked"], ["elsewhere"],
                ["elsewhere", "locked", "old"]))
        got, run = desk.judge(mine, old, other, both)
        tap.ok([one["smimeStatus"] for one in got] == [
            VERIFIED, VERIFIED, "unknown", VERIFIED] and
            got[2]["why"] == OTHERS and run.stderr == b"", "several keys", got)
        # Replaced by another one, or revoked: their mail is still there.
        for members in ({"replaced": desk.ids["P-256"]},
                        {"state": "revoked", "revoked": 1796050313}):
            desk.edit(desk.ids["old"], **members)
            (one,), run = desk.judge(old, more=("--decrypt", "--fresh"))
            tap.equal(one["smimeStatus"], VERIFIED,
                      "the key of a certificate that is " + next(
                          iter(members.items()))[0])
        (one,), run = desk.judge(locked)
        tap.ok(one["smimeStatus"] == "unknown" and one["why"] == OTHERS and
               run.returncode == 0 and run.stderr == b"",
               "a locked key, and nobody is asked", one, run)
        count = desk.path("asked")
        (one, two), run = desk.judge(locked, locked, options=(
            "-o", "password_command=echo x >>%s; echo sesame" % count))
        tap.ok(one["smimeStatus"] == two["smimeStatus"] == VERIFIED and
               open(count).read() == "x\n", "password_command, once", one, run)
        for what, command in (("a wrong passphrase", "echo wrong"),
                              ("a command that fails", "false")):
            (one, two, three), run = desk.judge(
                locked, locked, mine, more=("--decrypt", "--fresh"),
                options=("-o", "password_command=" + command))
            tap.ok(one["smimeStatus"] == "unknown" == two["smimeStatus"] and
                   three["smimeStatus"] == VERIFIED and
                   run.stderr.count(b"cannot use the key") == 1,
                   what + ": said once", one, run)


def test_unknown():
    """What mailcert does not know is left as it is."""
    with Desk("RSA 2048", "P-256") as desk:
        inside = desk.signed()
        cases = [("RC2", ["RSA 2048"], ["-rc2-40", "-provider", "legacy",
                                        "-provider", "default"], [], inside),
                 ("an OAEP label", ["RSA 2048"], ["-aes128"],
                  ["rsa_padding_mode:oaep", "rsa_oaep_label:00ff"], inside),
                 ("a password", [], ["-aes128", "-pwri_password", "x"], [],
                  inside),
                 ("a key for many", [], [
                     "-aes128", "-secretkey", "00" * 16, "-secretkeyid", "00"],
                  [], inside)]
        got, run = desk.judge(*[desk.encrypt(content, to, args, keyopt)
                                for _, to, args, keyopt, content in cases])
        for (what, *_), one in zip(cases, got):
            tap.ok(one["smimeStatus"] == "unknown" and "encrypted" in
                   one["why"], "not known: " + what, one)


class Web(http.server.BaseHTTPRequestHandler):
    """What a CA publishes: one list; and who asked for it."""

    body, heard = b"", []

    def log_message(self, *unused):
        pass

    def do_GET(self):
        self.heard.append(self.path)
        self.send_response(200)
        self.send_header("Content-Length", str(len(self.body)))
        self.end_headers()
        self.wfile.write(self.body)


def test_no_network():
    """A CA is asked because of a signature that anybody can see, and never
    because of one that was encrypted; what was retrieved before counts."""
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Web) as web, \
            Desk("P-256") as desk:
        threading.Thread(target=web.serve_forever, args=(0.05,),
                         daemon=True).start()
        url = "http://127.0.0.1:%d/crl" % web.server_port
        signer = desk.root.issue(CA, more=[cms.points(url)])
        now = datetime.datetime.utcnow()
        day = datetime.timedelta(days=1)
        Web.body = x509.CertificateRevocationListBuilder().issuer_name(
            desk.root.cert.subject).last_update(now - day).next_update(
                now + day).sign(desk.root.key, hashes.SHA256()).public_bytes(
                    serialization.Encoding.DER)
        entity = desk.signed(signer=signer)
        secret = desk.encrypt(entity, ["P-256"])
        options = [word for setting in (
            "retrieve_revocation=crl", "retrieve_private=yes",
            "revocation=hard", "proxy=none") for word in ("-o", setting)]
        (one,), run = desk.judge(secret, options=options)
        tap.ok(one["smimeStatus"] == FAILED and "no network is used" in
               one["smimeErrors"][0] and not Web.heard,
               "of what is encrypted nobody is asked", one, Web.heard)
        plain = b"From: %s\n" % CA.encode() + entity.replace(b"\r\n", b"\n")
        (one,), run = desk.judge(plain, options=options)
        tap.ok(one["smimeStatus"] == "signed/verified" and
               Web.heard == ["/crl"], "of what is not, the CA is", one, run)
        (one,), run = desk.judge(secret, options=options)
        tap.ok(one["smimeStatus"] == VERIFIED and Web.heard == ["/crl"],
               "what is known by then counts", one, Web.heard)
        web.shutdown()


def test_sender():
    """The header outside is the sender's; what was verified is remembered."""
    with Desk("P-256") as desk:
        good = desk.encrypt(desk.signed(), ["P-256"])
        forwarded = desk.encrypt(desk.signed(), ["P-256"],
                                 sender="eve@ca.example")
        got, run = desk.judge(good, forwarded)
        tap.ok([one["smimeStatus"] for one in got] == [VERIFIED, FAILED] and
               "not for the sender" in got[1]["smimeErrors"][0],
               "encrypted again by somebody else", got)
        path = desk.write("one", good)
        text = desk.run("-o", "smime_anchors=" + desk.anchors, "verify",
                        "--decrypt", path)
        tap.ok(text.returncode == 0 and VERIFIED.encode() in text.stdout and
               b"Hello" not in text.stdout, "one message, in full", text)
        got = desk.run("-o", "smime_anchors=" + desk.anchors, "verify", path)
        tap.ok(got.returncode == 1 and b"unknown" in got.stdout,
               "what was decrypted is not shown without --decrypt", got)
        again = desk.run("-o", "smime_anchors=" + desk.anchors, "verify",
                         "--decrypt", "--has-verified-smime", path)
        tap.ok(again.stdout.startswith(VERIFIED.encode() + b"\t"),
               "a filter takes it for verified", again)
        # RFC 9219 section 4.1: what was good at delivery stays good when an
        # anchor is removed, also if it was not decrypted meanwhile.
        desk.judge(good, more=())
        desk.write("root.pem", cert_pem(desk.other.cert))
        (one,), _ = desk.judge(good)
        tap.ok(one["smimeStatus"] == FAILED and
               one["smimeStatusAtDelivery"] == VERIFIED,
               "at delivery it stays good", one)
        desk.write("root.pem", cert_pem(desk.root.cert))
        signed = b"From: %s\n" % CA.encode() + cms.openssl_sign(
            b"\n".join(good.split(b"\n")[2:]), [desk.signer])
        (one,), _ = desk.judge(signed)
        tap.equal(one["smimeStatus"], "signed/verified",
                  "signed outside: what is inside does not matter")
        twice = desk.encrypt(b"\n".join(good.split(b"\n")[2:]), ["P-256"])
        (one,), _ = desk.judge(twice)
        tap.ok(one["smimeStatus"] == "unknown" and one["why"] == NOTHING,
               "encrypted twice", one)


# In check a taste of it.
run_tests({name: test for name, test in tests_of(globals()).items()
           if SLOW or tap.asked or name in ("test_agreement", "test_sender")})
tap.done()
