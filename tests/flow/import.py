#!/usr/bin/python3
# Runs in: check check-slow
"""mailcert import: files that real programs made, in every form; what is
refused, and that nothing changes then; what becomes of the certificate."""
import datetime
import glob
import json
import os
import re
import subprocess
import sys

TESTS = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path[:0] = [TESTS]
from cms import (Authority, cert_pem, der, integer, make, new_key, pem,
                 san)
from cryptography.x509.oid import ExtendedKeyUsageOID
from lib import (MAILCERT, ROOT, Place, Terminal, gnupg, run_tests, sample,
                 tap, tests_of)

ALICE = "alice@example.org"
BOTH = ("digital_signature", "key_encipherment")
VECTORS = os.path.join(ROOT, "tests/vectors")
ROOT_CA = Authority("Test Root")
SUB_CA = Authority("Test Sub", parent=ROOT_CA)
KEY, CERT = SUB_CA.issue(ALICE, key=new_key(2048), usage=BOTH)
CHAIN = cert_pem(SUB_CA.cert, ROOT_CA.cert)


def openssl(*args, stdin=b""):
    got = subprocess.run(["openssl", *args], input=stdin, capture_output=True)
    assert got.returncode == 0, got.stderr
    return got.stdout


def public(key_pem, *more):
    return openssl("pkey", "-pubout", *more, stdin=key_pem)


class Home(Place):
    """A place with the files of one pair."""

    def __init__(self, key=KEY, cert=CERT, chain=CHAIN, **more):
        super().__init__(**more)
        self.key = self.write("key.pem", pem(key))
        self.cert = self.write("cert.pem", cert_pem(cert))
        self.chain = self.write("chain.pem", chain)

    def pkcs12(self, *more, passphrase="sesame", name="p12"):
        path = self.path(name)
        openssl("pkcs12", "-export", "-inkey", self.key, "-in", self.cert,
                "-certfile", self.chain, "-passout", "pass:" + passphrase,
                "-out", path, *more)
        return path

    def take(self, *args, passphrase=None, **more):
        options = [] if passphrase is None else [
            "-o", "password_command=printf '%s'" % passphrase]
        return self.run(*options, "import", *args, **more)

    def listed(self):
        return json.loads(self.run("status", "--json").stdout)["certificates"]

    def state(self):
        """Everything in the home but locks."""
        out = {}
        for top, _, names in os.walk(self.home):
            if top.endswith("lock.d"):
                continue
            for name in set(names) - {"lock"}:
                with open(os.path.join(top, name), "rb") as f:
                    out[os.path.relpath(os.path.join(top, name),
                                        self.home)] = f.read()
        return out

    def holds(self, what, got, keys=(KEY,), chain=3, locked=None):
        """The home has these keys, with their certificates and chains."""
        good = got.returncode == 0 and len(self.listed()) == len(keys)
        want = sorted(public(pem(key)) for key in keys)
        have = []
        for path in glob.glob(self.home + "/keys/*.pem"):
            with open(path, "rb") as f:
                text = f.read()
            have.append(public(text, "-passin", "pass:" + (locked or "")))
            good = good and (b"ENCRYPTED" in text) == bool(locked)
            certs = path.replace("/keys/", "/certificates/")
            with open(certs, "rb") as f:
                text = f.read()
            good = good and text.count(b"BEGIN") == chain and openssl(
                "x509", "-pubkey", "-noout", stdin=text) == have[-1]
            good = good and os.stat(path).st_mode & 0o777 == 0o600
        return tap.ok(good and sorted(have) == want, what, got, have, want)


def refused(place, what, got, code, said, name="bad-file"):
    """And nothing is in the home."""
    tap.ok(got.returncode == code and said in got.stderr.decode() and
           (code != 65 or "refused: %s: " % name in got.stderr.decode()) and
           place.state() == {}, what, got, sorted(place.state()))


def test_openssl():
    with Home() as place:
        for what, more in (
                ("default", ()),
                # openssl-pkcs12(1): what OpenSSL 1.1 made.
                ("RC2-40, as 1.1", ("-legacy",)),
                ("RC2-40, as Windows", (
                    "-legacy", "-CSP", "Microsoft Enhanced Cryptographic "
                    "Provider v1.0", "-LMK", "-keyex", "-name",
                    "{0A1B2C3D-\u00c4\u03a9}")),
                ("Triple DES", ("-keypbe", "PBE-SHA1-3DES", "-certpbe",
                                "PBE-SHA1-3DES", "-macalg", "sha1")),
                ("unencrypted, with a MAC", ("-keypbe", "NONE", "-certpbe",
                                             "NONE")),
                ("BMP name", ("-name", "J\u00fcrgen \u65e5\u672c \x1b[31m"))):
            path = place.pkcs12(*more)
            got = place.take(path, passphrase="sesame")
            place.holds("openssl pkcs12: " + what, got)
            tap.equal(b"weak" in got.stderr, what.startswith("RC2-40"),
                      what + ": is it called weak?")
            subprocess.run(["rm", "-rf", place.home])
        for what, passphrase in (("empty", ""), ("none needed", None)):
            got = place.take(place.pkcs12(passphrase=""),
                             passphrase=passphrase)
            place.holds("openssl pkcs12: empty passphrase, " + what, got)
            subprocess.run(["rm", "-rf", place.home])


def test_pem_and_der():
    def files(place):
        der = place.path("cert.der"), place.path("key.der"), place.path("p7")
        openssl("x509", "-in", place.cert, "-outform", "DER", "-out", der[0])
        openssl("pkcs8", "-topk8", "-nocrypt", "-in", place.key, "-outform",
                "DER", "-out", der[1])
        openssl("crl2pkcs7", "-nocrl", "-certfile", place.chain, "-certfile",
                place.cert, "-outform", "DER", "-out", der[2])
        old = place.write("old.pem", openssl(
            "rsa", "-traditional", "-in", place.key))
        order = [pem(KEY), *re.findall(b"-----B.*?-----E.*?-----\n", CHAIN,
                                       re.S), cert_pem(CERT)]
        yield "key and certificate", (place.key, place.cert, place.chain), b""
        yield "chain first", (place.chain, place.cert, place.key), b""
        yield "one file, root first", (place.write(
            "one", b"Bag Attributes\n" + b"".join(reversed(order))),), b""
        yield "line ends of DOS", (place.write("dos", b"".join(order).replace(
            b"\n", b"\r\n")),), b""
        yield "DER", (der[1], der[0], place.chain), b""
        yield "PKCS #7", (place.key, der[2]), b""
        yield "RSA PRIVATE KEY", (old, place.cert, place.chain), b""
        yield "standard input", (), b"".join(order)
        yield "standard input by name", ("-", place.chain), pem(KEY) + \
            cert_pem(CERT)
        yield "a file as standard input", ("-",), open(place.path("one"), "rb")

    with Home() as place:
        for what, names, stdin in files(place):
            place.holds(what, place.take(*names, stdin=stdin))
            subprocess.run(["rm", "-rf", place.home])
        got = place.run("-c", "exec %s import <(cat %s)" % (
            MAILCERT, place.path("one")), program="/bin/bash")
        place.holds("a pipe by name", got)


def gpgsm_makes(place):
    """Have gpgsm import openssl's file and export its own; gives that."""
    out, env = place.path("gpgsm"), gnupg(place)[1]
    gpgsm = ["gpgsm", "--batch", "--disable-dirmngr", "--pinentry-mode",
             "loopback"]
    pkcs12 = place.pkcs12("-keypbe", "PBE-SHA1-3DES", "-certpbe",
                          "PBE-SHA1-3DES", "-macalg", "sha1")
    word = place.write("word", "sesame\n")
    for args in ["--import", pkcs12], ["--yes", "-o", out,
                                       "--export-secret-key-p12", ALICE]:
        with open(word) as f:
            made = subprocess.run(gpgsm + ["--passphrase-fd", "0", *args],
                                  env=env, stdin=f, capture_output=True)
    subprocess.run(["gpgconf", "--kill", "gpg-agent"], env=env)
    return out if os.path.exists(out) and os.path.getsize(out) else None, made


def test_gpgsm():
    """gpgsm 2.2.40 refuses about one RSA key in a hundred, and may give up on
    its agent on a busy machine: then another one."""
    for _ in range(5):
        key, cert = SUB_CA.issue(ALICE, key=new_key(2048), usage=BOTH)
        with Home(key, cert) as place:
            file, made = gpgsm_makes(place)
            if file is not None:
                place.holds("gpgsm --export-secret-key-p12", place.take(
                    file, place.chain, passphrase="sesame"), keys=(key,))
                return
    tap.ok(False, "gpgsm makes a file", made)


def test_other_programs():
    with Home() as place:
        nss, empty = place.path("nss"), place.write("empty", "\n")
        word = place.write("word", "sesame\n")
        os.mkdir(nss)
        for args in (["certutil", "-N", "--empty-password"],
                     ["pk12util", "-i", place.pkcs12("-name", "alice"), "-w",
                      word, "-k", empty],
                     ["pk12util", "-o", place.path("pk12util"), "-n", "alice",
                      "-w", word, "-k", empty]):
            subprocess.run([*args, "-d", "sql:" + nss], capture_output=True,
                           check=True)
        got = place.take(place.path("pk12util"), passphrase="sesame")
        place.holds("NSS pk12util", got)
    for name, addresses in (("keytool-two", ["a@example.org",
                                             "b@example.org"]),
                            ("keytool-legacy", ["a@example.org"])):
        with Home() as place:
            got = place.take("--json", os.path.join(VECTORS, name + ".p12"),
                             passphrase="sesame")
            taken = json.loads(got.stdout)["certificates"]
            tap.ok(sorted(a for one in taken for a in one["addresses"]) ==
                   addresses and {one["result"] for one in taken} ==
                   {"imported"} and sorted(one["id"] for one in taken) ==
                   sorted(one["id"] for one in place.listed()) and
                   len(glob.glob(place.home + "/keys/*.pem")) ==
                   len(addresses), name + ": every pair", got)


def test_kinds():
    for kind, name, usage, warned in sample((
            ("ec", "ec:p256", ("digital_signature", "key_agreement"), b""),
            ("ed25519", "ed25519", ("digital_signature",), b"Ed25519"),
            (3072, "rsa:3072", BOTH, b""), (2048, "rsa:2048", BOTH, b""),
            (4096, "rsa:4096", BOTH, b""), (1024, "rsa:2048", BOTH, b"")), 4):
        key, cert = SUB_CA.issue(ALICE, key=new_key(kind), usage=usage)
        with Home(key, cert) as place:
            got = place.take(place.pkcs12(), passphrase="sesame")
            place.holds("key of kind %s" % kind, got, keys=(key,))
            tap.ok(place.listed()[0]["key"] == name and
                   (warned in got.stderr if warned else not got.stderr) and
                   (not warned or "Thunderbird" in place.listed()[0]["why"]),
                   "key of kind %s: what is said" % kind, got, place.listed())
    key, cert = SUB_CA.issue(ALICE, key=new_key(512 + 256), usage=BOTH)
    with Home(key, cert) as place:
        got = place.take(place.key, place.cert)
        refused(place, "RSA with 768 bits", got, 65, "less than 1024 bits")


def test_usages():
    for usage, want in ((BOTH, "both"), (("digital_signature",), "sign"),
                        (("key_encipherment",), "encrypt"), (None, "both")):
        key, cert = SUB_CA.issue(ALICE, key=KEY, usage=usage)
        with Home(key, cert) as place:
            place.take(place.key, place.cert)
            tap.equal([one["usage"] for one in place.listed()], [want],
                      "usage %s" % (usage,))
    key, cert = SUB_CA.issue(None, key=KEY, usage=BOTH, extension=san(
        (0x81, b"Alice@EXAMPLE.org"), (0x82, b"www.example.org"),
        (0x81, b"Alice@example.ORG"), (0x81, b"al@example.org")))
    with Home(key, cert) as place:
        place.take(place.key, place.cert)
        tap.equal(place.listed()[0]["addresses"],
                  ["Alice@example.org", "al@example.org"], "addresses")


def test_limits():
    old = datetime.datetime(2020, 1, 1)
    for what, how, said in (
            ("expired", {"start": old, "end": datetime.datetime(2021, 1, 1)},
             "has expired"),
            ("before 1970", {"start": datetime.datetime(1950, 1, 1),
                             "end": datetime.datetime(1969, 1, 1)},
             "has expired"),
            ("without an end", {"end": datetime.datetime(
                9999, 12, 31, 23, 59, 59)}, None),
            ("for anything", {"extended": ()}, None),
            ("for servers", {"extended": [ExtendedKeyUsageOID.SERVER_AUTH]},
             "lacks emailProtection")):
        key, cert = SUB_CA.issue(ALICE, key=KEY, usage=BOTH, **how)
        with Home(key, cert) as place:
            got = place.take(place.key, place.cert, place.chain)
            place.holds(what, got)
            tap.ok((said or "") in got.stderr.decode() and
                   bool(said) == bool(got.stderr) and
                   (said or "") in (place.listed()[0].get("why") or ""),
                   what + ": is said", got)


def with_iterations(path, count):
    """The file, saying that its MAC has so many: nobody waits for them."""
    with open(path, "rb") as f:
        raw = f.read()
    at = raw.rindex(bytes.fromhex("30413031300d"))
    assert raw[:2] == b"\x30\x82" and raw.endswith(b"\x02\x02\x08\x00")
    return der(0x30, raw[4:at], der(0x30, raw[at + 2:-4], integer(count)))


def test_refused():
    with Home() as place:
        whole = open(place.pkcs12("-keypbe", "PBE-SHA1-3DES", "-certpbe",
                                  "PBE-SHA1-3DES", "-macalg", "sha1"),
                     "rb").read()
        cut = place.write("cut", whole[:500])
        flipped = bytearray(whole)
        flipped[len(whole) // 2] ^= 4
        nokey = place.path("nokey")
        openssl("pkcs12", "-export", "-nokeys", "-in", place.cert, "-passout",
                "pass:sesame", "-out", nokey)
        many = place.write("many", with_iterations(place.pkcs12(), 10**7 + 1))
        for what, names, said, name in (
                ("wrong passphrase", (place.pkcs12(),),
                 "p12: the passphrase is wrong, or the file is damaged",
                 "bad-passphrase"),
                ("a flipped bit", (place.write("flipped", bytes(flipped)),),
                 "the passphrase is wrong, or the file is damaged",
                 "bad-passphrase"),
                ("cut", (cut,), "cut: it ends too early (500 of %d bytes)" %
                 len(whole), "bad-file"),
                ("no MAC", (place.pkcs12("-nomac", name="nomac"),),
                 "it has no MAC", "bad-file"),
                ("too many iterations", (many,),
                 "more than 10000000 iterations", "bad-file"),
                ("no key", (nokey,), "the private key of the certificate for "
                 + ALICE + " is neither here nor in the home", "bad-file"),
                ("no certificate", (place.key,), "name both files", "bad-file"),
                ("the key of another", (place.write("other", pem(new_key())),
                                        place.cert), "neither here nor",
                 "bad-file"),
                ("CA certificate", (place.write("ca.pem", pem(SUB_CA.key)),
                                    place.chain), "that of a CA", "bad-file"),
                ("text", (place.write("text", "hello\n"),),
                 "text: it is not a PKCS #12, PEM or DER file", "bad-file"),
                ("empty", (place.write("empty", ""),), "it is empty",
                 "bad-file"),
                ("too large", (place.write("large", bytes(1024 * 1024 + 1)),),
                 "it is larger than 1048576 bytes", "bad-file"),
                ("cut PEM", (place.write("half.pem", pem(KEY)[:300]),),
                 "damaged, or ends too early", "bad-file")):
            word = "Sesame" if what.startswith("wrong") else "sesame"
            got = place.take(*names, passphrase=word)
            refused(place, what, got, 65, said, name)
            tap.equal(got.stdout, b"", what + ": nothing is printed")
        got = place.take("--json", cut)
        answer = json.loads(got.stdout)
        tap.equal((answer["error"], answer["status"]), ("bad-file", 65),
                  "--json: the error")
        refused(place, "no such file", place.take("absent"), 74, "absent: No")
        refused(place, "a directory", place.take(place.dir), 64,
                "neither a file nor a pipe")
        got = place.take(place.pkcs12())
        refused(place, "nobody to ask", got, 65, "set password_command",
                "needs-a-person")
    for what, cert, said in (
            ("no address", SUB_CA.issue(None, key=KEY)[1],
             "names no mail address"),
            ("nonsense for an address", SUB_CA.issue("a b@c", key=KEY)[1],
             "invalid mail address"),
            ("another key in the certificate's place", make(
                SUB_CA.key, ROOT_CA, "Sub", ca=True, usage=None),
             "that of a CA")):
        with Home(cert=cert) as place:
            refused(place, what, place.take(place.key, place.cert), 65, said)


def test_two():
    """Two pairs in one file, and a certificate beside whose key is nowhere."""
    other, second = SUB_CA.issue("bob@example.org")
    third = SUB_CA.issue("carol@example.org")[1]
    with Home() as place:
        path = place.write("two", pem(other) + pem(KEY) + CHAIN +
                           cert_pem(CERT, third, second))
        got = place.take(path)
        place.holds("two pairs", got, keys=(KEY, other))
        tap.ok(b"carol@example.org is neither here" in got.stderr,
               "two pairs: the third is named", got)
        before = place.state()
        got = place.take("--json", path)
        tap.ok(got.returncode == 0 and place.state() == before and
               [one["result"] for one in json.loads(
                   got.stdout)["certificates"]] == ["unchanged"] * 2,
               "again: nothing changes", got)


def test_same_key():
    """A certificate alone finds the key of an older one; old ones that come
    later are marked as replaced."""
    def year(n):
        return SUB_CA.issue(ALICE, key=KEY, usage=BOTH,
                            end=datetime.datetime(n, 1, 1))[1]

    with Home(cert=year(2098)) as place:
        place.take(place.key, place.cert)
        got = place.take(place.write("new", cert_pem(year(2099))))
        tap.ok(got.returncode == 0 and len(place.listed()) == 2,
               "the key is in the home", got)
        got = place.take(place.write("old", cert_pem(year(2090))))
        by_year = {one["expires"][:4]: one for one in place.listed()}
        tap.equal({n: one["replaced"] for n, one in by_year.items()},
                  {"2099": None, "2098": by_year["2099"]["id"],
                   "2090": by_year["2099"]["id"]}, "the newest one counts")
        keys = {public(open(path, "rb").read())
                for path in glob.glob(place.home + "/keys/*.pem")}
        tap.equal(len(keys), 1, "each has the key")


def test_lost_key():
    """Importing it again brings a lost key back."""
    with Home() as place:
        path = place.pkcs12()
        place.take(path, passphrase="sesame")
        (key,) = glob.glob(place.home + "/keys/*.pem")
        os.unlink(key)
        got = place.take(place.cert)
        tap.ok(got.returncode == 0 and b"already" in got.stdout and
               not os.path.exists(key), "the certificate alone", got)
        got = place.run("-o", "password_command=echo sesame", "import",
                        "--passphrase", "--json", path)
        tap.equal(json.loads(got.stdout)["certificates"][0]["result"],
                  "restored", "with the key")
        place.holds("it is back", got, locked="sesame")
        got = place.run("-o", "password_command=echo sesame", "export", ALICE,
                        place.path("out"))
        tap.ok(got.returncode == 0, "and its passphrase is asked for", got)


def typed(terminal, text):
    terminal.paste(text, bracketed=False)
    terminal.keys("Enter")


def test_terminal():
    with Home() as place:
        path = place.pkcs12()
        with Terminal(place, "%s import %s" % (MAILCERT, path)) as terminal:
            for tries in (1, 2, 3):
                terminal._until(lambda: terminal.screen().count(
                    "Passphrase of ") == tries, 60)
                typed(terminal, "secret-nonsense")
            tap.ok(terminal.wait("[exit 65]") and
                   "secret-nonsense" not in terminal.screen() and
                   terminal.screen().count("Passphrase of ") == 3,
                   "three tries, not shown", terminal.screen())
        with Terminal(place, "%s import --passphrase %s" % (
                MAILCERT, path)) as terminal:
            terminal.wait("Passphrase of ")
            typed(terminal, "sesame")
            terminal.wait("Passphrase for the new key")
            typed(terminal, "inside")
            terminal.wait("Repeat")
            typed(terminal, "inside")
            tap.ok(terminal.wait("[exit 0]"), "locked", terminal.screen())
        place.holds("locked in the home", place.run("status"), locked="inside")
        subprocess.run(["rm", "-rf", place.home])
        with Terminal(place, "%s -o 'password_command=echo wrong' import %s" %
                      (MAILCERT, path)) as terminal:
            terminal.wait("Passphrase of ")
            typed(terminal, "sesame")
            tap.ok(terminal.wait("[exit 0]"), "password_command is wrong: "
                   "the terminal is asked", terminal.screen())


def test_passphrases():
    locked = openssl("pkcs8", "-topk8", "-passout", "pass:sesame",
                     stdin=pem(KEY))
    old = openssl("rsa", "-traditional", "-aes128", "-passout", "pass:sesame",
                  stdin=pem(KEY))
    for what, text in (("PKCS #8", locked), ("traditional", old)):
        with Home() as place:
            got = place.take(place.write("locked", text), place.cert,
                             place.chain, passphrase="sesame")
            place.holds("an encrypted key stays locked: " + what, got,
                        locked="sesame")
    with Home() as place:
        path = place.pkcs12()
        got = place.run("-o", "password_command=echo sesame", "-o",
                        "lock_keys=yes", "import", path)
        place.holds("lock_keys", got, locked="sesame")
    with Home() as place:
        latin1 = subprocess.run(
            [b"openssl", b"pkcs12", b"-export", b"-inkey",
             place.key.encode(), b"-in", place.cert.encode(), b"-certfile",
             place.chain.encode(), b"-passout", b"pass:M\xfche", b"-out",
             place.path("latin1").encode()], capture_output=True)
        assert latin1.returncode == 0, latin1.stderr
        place.holds("Latin-1, typed in UTF-8", place.take(
            place.path("latin1"), passphrase="M\u00fche"))
        subprocess.run(["rm", "-rf", place.home])
        got = place.take(place.pkcs12(passphrase="x" * 1000),
                         passphrase="x" * 1000)
        place.holds("1000 characters", got)


def test_processes():
    """The key is in mailcert-key only: mailcert does not open the file, and
    neither passphrase nor key is among its arguments."""
    with Home() as place:
        path = place.pkcs12(passphrase="open-sesame")
        trace = place.path("trace")
        word = place.write("word", "open-sesame\n")
        place.run("-f", "-q", "-o", trace, "-s", "4096", "-e",
                  "trace=execve,openat,read", MAILCERT, "-o",
                  "password_command=cat " + word, "import", path,
                  program="strace")
        with open(trace, errors="replace") as f:
            lines = f.read().splitlines()
        first = lines[0].split()[0]
        opened = [line for line in lines if 'openat' in line and
                  '"%s"' % path in line]
        names = dict(re.findall(r'^(\d+) +execve\("[^"]*/([\w-]+)", \["[^]]*'
                                r'(?:inspect|take)', line)[0]
                     for line in lines if re.match(
                         r'^\d+ +execve\("[^"]*mailcert-key', line))
        tap.ok(len(opened) >= 2 and all(
            names.get(line.split()[0]) == "mailcert-key" for line in opened),
            "only mailcert-key opens the file", opened, names)
        tap.ok(not any("open-sesame" in line for line in lines
                       if "execve" in line), "no passphrase in arguments")
        tap.ok(not any("PRIVATE KEY" in line for line in lines
                       if line.split()[0] == first),
               "no key in what mailcert reads")
        place.holds("and it is imported", place.run("status"))


def test_afterwards():
    """What other commands do with it."""
    now = datetime.datetime.utcnow()
    day = datetime.timedelta(1)
    soon = SUB_CA.issue(ALICE, key=KEY, usage=BOTH, start=now - 80 * day,
                        end=now + 10 * day)[1]
    with Home(cert=soon) as place:
        place.take(place.key, place.cert)
        one = place.listed()[0]
        got = place.run("renew")
        tap.ok(got.returncode == 1 and
               b"mailcert did not order it and cannot renew it" in got.stdout
               and b"1 certificate waits for you" in got.stderr,
               "renew warns", got)
        got = place.run("status", ALICE)
        tap.ok(b"imported" in got.stdout and b"mailcert csr" in got.stdout,
               "status says what to do", got)
        got = place.run("finish", one["id"])
        tap.ok(got.returncode == 0 and got.stdout.decode().strip() ==
               one["certificate"], "finish: it is there", got)
        got = place.run("revoke", "--yes", ALICE)
        tap.ok(got.returncode == 1 and b"at the CA that issued it" in
               got.stderr, "revoke: elsewhere", got)
        place.take(place.write("next", cert_pem(CERT)), place.key)
        got = place.run("renew")
        tap.ok(got.returncode == 0 and got.stdout == b"",
               "renew: a newer one is there", got)
    with Home() as place:
        place.take(place.key, place.cert)
        got = place.run("renew")
        tap.ok(got.returncode == 0 and not got.stdout, "renew: not due", got)
        got = place.run("renew", "--dry-run")
        tap.ok(b"to be replaced" in got.stdout, "renew --dry-run", got)


run_tests(tests_of(globals()))
tap.done()
