#!/usr/bin/python3
# Runs in: check check-slow
"""mailcert export: what openssl, gpgsm, NSS and mailcert itself make of it, and
what is never overwritten."""
import json
import os
import shutil
import subprocess
import sys

TESTS = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path[:0] = [TESTS]
from cms import Authority, cert_pem, new_key, pem
from lib import (BUILD, MAILCERT, SLOW, Place, Terminal, ask, gnupg,
                 run_tests, tap, tests_of, told)

ALICE = "alice@example.org"
ROOT_CA = Authority("Test Root")
SUB_CA = Authority("Test Sub", parent=ROOT_CA)
KEY, CERT = SUB_CA.issue(ALICE, key=new_key(2048), usage=(
    "digital_signature", "key_encipherment"))
EC_KEY, EC_CERT = SUB_CA.issue(ALICE, usage=("digital_signature",
                                             "key_agreement"))


def openssl(*args, stdin=b""):
    got = subprocess.run(["openssl", *args], input=stdin, capture_output=True)
    assert got.returncode == 0, got.stderr
    return got.stdout


class Home(Place):
    """A place whose home has the certificate."""

    def __init__(self, key=KEY, cert=CERT, *options):
        super().__init__()
        path = self.write("pair.pem", pem(key) + cert_pem(
            ROOT_CA.cert, cert, SUB_CA.cert))
        got = self.run(*options, "import", path)
        assert got.returncode == 0, got.stderr

    def give(self, *args, word="sesame", **more):
        return self.run("-o", "password_command=echo " + word, "export",
                        *args, **more)


def test_openssl():
    for key, cert, kind in ((KEY, CERT, "RSA"), (EC_KEY, EC_CERT, "EC")):
        for form, said in (("modern", ("sha256", "PBES2", "AES-256-CBC")),
                           ("compatible", ("MAC: sha1", "pbeWithSHA1And3-Key"
                                           "TripleDES-CBC"))):
            with Home(key, cert) as place:
                file = place.path("out.p12")
                got = place.give("--format", form, ALICE, file)
                info = subprocess.run(
                    ["openssl", "pkcs12", "-in", file, "-passin",
                     "pass:sesame", "-info", "-nodes"], capture_output=True)
                text = info.stdout
                # Not a name of a parameter: -legacy was not needed.
                tap.ok(got.returncode == 0 and info.returncode == 0 and
                       all(one in info.stderr.decode() for one in said) and
                       b"RC2" not in info.stderr and
                       text.count(b"BEGIN CERTIFICATE") == 3 and
                       b"friendlyName: " + ALICE.encode() in text and
                       os.stat(file).st_mode & 0o777 == 0o600,
                       "%s %s: openssl takes it" % (kind, form), got, info)
                # One reading costs 1.8 million iterations; the certificate
                # that belongs to the key has its id.
                own = text[text.index(b"localKeyID"):]
                tap.equal((openssl("pkey", "-pubout", stdin=text),
                           openssl("x509", stdin=own)),
                          (openssl("pkey", "-pubout", stdin=pem(key)),
                           cert_pem(cert)), "%s %s: key and certificate" % (
                               kind, form))
                wrong = subprocess.run(
                    ["openssl", "pkcs12", "-in", file, "-passin",
                     "pass:Sesame", "-noout"], capture_output=True)
                tap.ok(wrong.returncode != 0, "not with another passphrase")


def test_pem():
    with Home() as place:
        file = place.path("out.pem")
        got = place.run("export", "--format", "pem", ALICE, file)
        text = open(file, "rb").read()
        tap.ok(got.returncode == 0 and b"not encrypted" in got.stderr and
               text == pem(KEY) + cert_pem(CERT, SUB_CA.cert, ROOT_CA.cert)
               and os.stat(file).st_mode & 0o777 == 0o600, "PEM", got)
        got = place.run("export", "--format", "pem", ALICE)
        tap.ok(got.stdout == text, "PEM on standard output", got)
        got = place.run("-c", "(echo first; %s export --format pem %s -) > %s"
                        % (MAILCERT, ALICE, place.path("all")), program="sh")
        tap.equal(open(place.path("all"), "rb").read(), b"first\n" + text,
                  "after what is there already")
    with Home(KEY, CERT, "-o", "lock_keys=yes", "-o",
              "password_command=echo inside") as place:
        got = place.run("export", "--format", "pem", ALICE)
        tap.ok(got.returncode == 0 and b"ENCRYPTED" in got.stdout and
               not got.stderr and openssl(
                   "pkey", "-passin", "pass:inside", "-pubout",
                   stdin=got.stdout) == openssl(
                       "pkey", "-pubout", stdin=pem(KEY)),
               "a locked key stays locked", got)
        got = place.give(ALICE, place.path("out"), word="wrong")
        tap.ok(got.returncode == 65 and b"passphrase of the key is wrong" in
               got.stderr and not os.path.exists(place.path("out")),
               "the wrong passphrase of the key", got)
        got = place.give(ALICE, place.path("out"), word="inside")
        tap.ok(got.returncode == 0, "the right one", got)


def test_other_programs():
    for form in ("modern", "compatible"):
        for key, cert, kind in ((KEY, CERT, "RSA"), (EC_KEY, EC_CERT, "EC")):
            if form == "modern" and kind == "EC" and not SLOW:
                continue
            with Home(key, cert) as place:
                file, nss = place.path("out.p12"), place.path("nss")
                os.mkdir(nss)
                word = place.write("word", "sesame\n")
                empty = place.write("empty", "\n")
                place.give("--format", form, ALICE, file)
                runs = [subprocess.run([*args, "-d", "sql:" + nss],
                                       capture_output=True) for args in (
                    ["certutil", "-N", "--empty-password"],
                    ["pk12util", "-i", file, "-w", word, "-k", empty],
                    ["certutil", "-K", "-f", empty],
                    ["certutil", "-L", "-n", ALICE, "-a"])]
                tap.ok(all(run.returncode == 0 for run in runs) and
                       openssl("x509", stdin=runs[3].stdout) ==
                       cert_pem(cert), "NSS takes it: %s %s" % (kind, form),
                       *runs)
                with Place() as other:
                    got = other.run("-o", "password_command=echo sesame",
                                    "import", "--json", file)
                    tap.ok(got.returncode == 0 and json.loads(got.stdout)[
                        "certificates"][0]["result"] == "imported" and
                        not got.stderr, "mailcert takes it", got)


def gpgsm_takes(place, file, word):
    """Does gpgsm import the key in that file?"""
    home, env = gnupg(place)
    command = ["gpgsm", "--batch", "--disable-dirmngr", "--pinentry-mode",
               "loopback", "--passphrase-fd", "0", "--import", file]
    # On a busy machine gpgsm may give up on its agent: once more.
    for _ in range(3):
        with open(word) as f:
            got = subprocess.run(command, env=env, stdin=f,
                                 capture_output=True)
        if b"secret keys imported: 1" in got.stderr:
            break
    subprocess.run(["gpgconf", "--kill", "gpg-agent"], env=env)
    shutil.rmtree(home, ignore_errors=True)
    return b"secret keys imported: 1" in got.stderr, got


def test_gpgsm():
    """gpgsm 2.2.40 refuses about one RSA key in a hundred, in the files of
    openssl, too: then another one."""
    for _ in range(5):
        key, cert = SUB_CA.issue(ALICE, key=new_key(2048), usage=(
            "digital_signature", "key_encipherment"))
        with Home(key, cert) as place:
            word, file = place.write("word", "sesame\n"), place.path("out.p12")
            place.give("--format", "compatible", ALICE, file)
            taken, got = gpgsm_takes(place, file, word)
            theirs = place.path("openssl.p12")
            openssl("pkcs12", "-export", "-in", place.path("pair.pem"),
                    "-keypbe", "PBE-SHA1-3DES", "-certpbe", "PBE-SHA1-3DES",
                    "-macalg", "sha1", "-passout", "pass:sesame", "-out",
                    theirs)
            if taken or gpgsm_takes(place, theirs, word)[0]:
                break
    tap.ok(taken, "gpgsm takes it", got)


def test_install():
    """install pkcs12:FILE is the same."""
    with Home() as place:
        file = place.path("out.p12")
        args = ["-o", "password_command=echo sesame", "install",
                "pkcs12:" + file]
        got = place.run(*args)
        tap.ok(got.returncode == 0, "install pkcs12:FILE", got)
        tap.ok(cert_pem(CERT) in openssl("pkcs12", "-in", file, "-passin",
                                         "pass:sesame", "-nodes"),
               "install pkcs12:FILE: openssl reads it")
        with open(file, "rb") as f:
            before = f.read()
        got = place.run(*args, ALICE)
        with open(file, "rb") as f:
            tap.ok(got.returncode == 73 and f.read() == before,
                   "install pkcs12:FILE: not over another file", got)
        got = place.run("install", "--format", "pem",
                        "pkcs12:" + place.path("out.pem"))
        with open(place.path("out.pem")) as f:
            tap.ok("PRIVATE KEY" in f.read(),
                   "install --format pem pkcs12:FILE", got)


def test_never_overwritten():
    with Home() as place:
        file = place.write("out.p12", "mine", 0o644)
        os.symlink(place.path("elsewhere"), place.path("link"))
        for name in (file, place.path("link"), place.dir, "/dev/null"):
            got = place.give(ALICE, name)
            tap.ok(got.returncode == 73 and b"exists" in got.stderr,
                   "%s stays" % os.path.basename(name), got)
        tap.ok(open(file).read() == "mine" and
               not os.path.exists(place.path("elsewhere")), "to the octet")
        # The program that writes does not believe the one that asks.
        key = os.path.join(place.home, "keys",
                           os.listdir(place.home + "/keys")[0])
        got = subprocess.run(
            [os.path.join(BUILD, "mailcert-key"), "export"], input=ask(
                ("form", "pem"), ("chain", cert_pem(CERT).decode()),
                opens=[("file", key), ("new", file)]), capture_output=True)
        tap.ok(told(got.stdout)[0] == ("status", b"cannot-create") and
               open(file).read() == "mine", "by mailcert-key itself", got)
        got = place.give("--force", ALICE, file)
        tap.ok(got.returncode == 0 and open(file, "rb").read(1) == b"0" and
               os.stat(file).st_mode & 0o777 == 0o600,
               "--force replaces it, and only we can read it", got)
        got = place.give(ALICE, place.path("no/such/place"))
        tap.ok(got.returncode == 73 and b"no/such" in got.stderr,
               "no such directory", got)
        tap.equal([name for name in place.files() if ".new" in name], [],
                  "nothing is left behind")


def test_damaged():
    """A chain that is damaged in the home is not handed out as a whole one."""
    with Home() as place:
        (name,) = [n for n in os.listdir(place.home + "/certificates")
                   if n.endswith(".pem")]
        path = os.path.join(place.home, "certificates", name)
        with open(path) as f:
            chain = f.read()
        for what, text in (("empty", ""), ("not PEM", "{\n"),
                           ("cut in the first", chain[:300]),
                           ("cut in the last", chain[:-100])):
            place.write(path, text)
            for form in ("modern", "pem"):
                file = place.path("out")
                got = place.give("--format", form, ALICE, file)
                tap.ok(got.returncode == 65 and b"damaged" in got.stderr and
                       not os.path.exists(file), "%s: %s" % (form, what), got)


def test_standard_output():
    """It is where "-" goes; closed, it takes nothing."""
    with Home() as place:
        got = place.give("--format", "pem", ALICE, "-", cwd=place.dir)
        tap.ok(got.returncode == 0 and b"PRIVATE KEY" in got.stdout and
               not os.path.exists(place.path("-")), "-", got)
        for what in ("--format pem " + ALICE, ALICE, "--home"):
            got = place.run("-c", "exec %s -o password_command='echo x' export "
                            "%s >&-" % (MAILCERT, what), program="sh")
            tap.ok(got.returncode == 74 and got.stderr ==
                   b"mailcert: standard output: Bad file descriptor\n",
                   "closed: export " + what, got)


def test_refused():
    with Home() as place:
        for args, code, said in (
                ((), 64, b"CERTIFICATE"), (("nobody@example.org",), 1,
                                           b"there is no certificate"),
                (("--format", "p7", ALICE), 64, b"modern, compatible or pem"),
                (("--force", ALICE), 64, b"--force needs a FILE")):
            got = place.give(*args)
            tap.ok(got.returncode == code and said in got.stderr and
                   not got.stdout, "refused: %s" % (args,), got)
        got = place.give(ALICE, place.path("out"), word="")
        tap.ok(got.returncode == 78 and not os.path.exists(place.path("out")),
               "an empty passphrase", got)
        got = place.run("export", ALICE, place.path("out"))
        tap.ok(got.returncode == 65 and b"set password_command" in got.stderr
               and not os.path.exists(place.path("out")), "nobody to ask", got)


def typed(place, command, *words):
    with Terminal(place, command) as terminal:
        for question, word in zip(("Passphrase for ", "Repeat"), words):
            terminal.wait(question)
            if word:
                terminal.paste(word, bracketed=False)
            terminal.keys("Enter")
        terminal.wait("[exit ")
        return terminal.screen()


def test_terminal():
    with Home() as place:
        command = "%s export %s out.p12" % (MAILCERT, ALICE)
        out = place.path("out.p12")
        screen = typed(place, command, "M\u00fche", "M\u00fche2")
        tap.ok("[exit 64]" in screen and "differ" in screen and
               not os.path.exists(out), "two passphrases", screen)
        screen = typed(place, command, "")
        tap.ok("[exit 1]" in screen and not os.path.exists(out),
               "none: declined", screen)
        screen = typed(place, command, "M\u00fche", "M\u00fche")
        tap.ok("[exit 0]" in screen and "M\u00fc" not in screen and openssl(
            "pkcs12", "-in", out, "-passin", "pass:M\u00fche", "-nodes"),
               "the same twice", screen)
        with Terminal(place, "%s export --format pem %s" % (
                MAILCERT, ALICE)) as terminal:
            tap.ok(terminal.wait("[exit 64]") and "name a FILE" in
                   terminal.screen() and "PRIVATE" not in terminal.screen(),
                   "no key is shown on a terminal", terminal.screen())


run_tests(tests_of(globals()))
tap.done()
