#!/usr/bin/python3
# Runs in: check check-slow check-ages
"""What comes beside and after an order: accounts, renewal, revocation, chains,
CAA, keys with a passphrase, going on by itself.  On the CA of tests/ca."""
import base64
import glob
import itertools
import json
import os
import re
import subprocess
import sys
import threading
import time

TESTS = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path[:0] = [TESTS, os.path.join(TESTS, "ca")]
import cms
from ca import thumbprint
from lib import MAILCERT, Terminal, run_tests, sample, tap, tests_of
from town import Town

ALICE = "alice@example.org"
YEAR = 365 * 86400


def get(town, *args, address=ALICE):
    """Order, answer, finish; gives the certificate's path."""
    got = town.run("order", "--no-wait", *args, address)
    tap.ok(got.returncode == 0, "ordered %s" % (args,), got,
           town.ca.problems)
    town.wait_for_mail()
    town.answer()
    got = town.run("finish")
    tap.ok(got.returncode == 0, "finished %s" % (args,), got,
           town.ca.problems)
    return got.stdout.decode().strip()


def certificates(town):
    return json.loads(town.run("status", "--json").stdout)["certificates"]


def records(town):
    """The files behind them; to change what time would change."""
    return sorted(glob.glob(town.place.home + "/certificates/*.json"),
                  key=os.path.getmtime)


def change(path, **members):
    with open(path) as f:
        record = json.load(f)
    record.update(members)
    with open(path, "w") as f:
        json.dump(record, f)


def age(town, days):
    """Make everything that many days older."""
    for path in records(town):
        with open(path) as f:
            record = json.load(f)
        record["created"] -= days * 86400
        change(path, **record)


def test_status_all():
    """The challenges of an order that is over are listed with --all only."""
    with Town() as town:
        get(town)
        short, long = (town.run("status", *args).stdout.decode()
                       for args in ((), ("--all",)))
        tap.ok("challenge for" not in short and "challenge for" in long and
               all(line in long for line in short.split("\n")),
               "status --all", short, long)


def test_accounts():
    with Town(terms=True) as town:
        got = town.run("account")
        tap.ok(got.returncode == 0 and b"no account" in got.stdout,
               "account: none yet", got)
        got = town.run("account", "show")
        tap.ok(got.returncode == 1 and b"register" in got.stderr,
               "account show: there is none", got)
        got = town.run("account", "register")
        tap.ok(got.returncode == 65 and b"/terms" in got.stderr and
               town.ca.accounts == {}, "account register: terms", got)
        got = town.run("account", "register", "--existing")
        tap.ok(got.returncode == 69 and town.ca.accounts == {} and
               b"accountDoesNotExist" in got.stderr and
               glob.glob(town.place.home + "/accounts/*") == [],
               "account register --existing makes none", got)
        got = town.run("account", "register", "--agree", "--contact",
                       "alice@example.net")
        tap.ok(got.returncode == 0 and
               b"Contact     mailto:alice@example.net" in got.stdout,
               "account register", got, town.ca.problems)
        got = town.run("account", "contact", "a@example.org", "b@example.org")
        account, = town.ca.accounts.values()
        tap.ok(got.returncode == 0 and account["contact"] == [
            "mailto:a@example.org", "mailto:b@example.org"],
            "account contact", got)
        got = town.run("account", "contact")
        tap.ok(got.returncode == 0 and account["contact"] == [],
               "account contact: none", got)
        got = town.run("account", "contact", "no address")
        tap.ok(got.returncode == 64, "account contact: no address", got)
        told, = json.loads(town.run("account", "--json").stdout)["accounts"]
        tap.equal((told["url"], told["thumbprint"], told["deactivated"]),
                  (account["url"], thumbprint(account["jwk"]), None),
                  "account --json")

        tap.equal(json.loads(town.run("status", "--json").stdout)["accounts"],
                  [told], "status --json has it")
        # Roll-over, to every kind of key.
        for kind, kty in (("ed25519", "OKP"), ("rsa:2048", "RSA"),
                          ("ec:p256", "EC")):
            got = town.run("account", "roll-over", "--key", kind)
            tap.ok(got.returncode == 0 and account["jwk"]["kty"] == kty and
                   thumbprint(account["jwk"]).encode() in got.stdout,
                   "account roll-over to " + kind, got, town.ca.problems)
            got = town.run("account", "show")
            tap.ok(got.returncode == 0 and b"valid" in got.stdout,
                   "and it is used", got, town.ca.problems)
        keys = glob.glob(town.place.home + "/accounts/*.pem")
        tap.equal(len(keys), 1, "only the present key is kept")
        tap.equal(os.stat(keys[0]).st_mode & 0o777, 0o600, "privately")
        path = get(town)
        tap.ok(os.path.exists(path), "and an order with it")
        town.run("order", "--no-wait", "bob@example.org")
        got = town.run("account", "roll-over")
        tap.ok(got.returncode == 75 and b"finish it first" in got.stderr,
               "no roll-over while a challenge is open", got)

        got = town.run("account", "deactivate")
        tap.ok(got.returncode == 1 and account["status"] == "valid",
               "account deactivate asks", got)
        got = town.run("account", "deactivate", "--yes")
        tap.ok(got.returncode == 0 and account["status"] == "deactivated",
               "account deactivate --yes", got)
        got = town.run("account", "show")
        tap.ok(got.returncode == 1, "it is not used any more", got)
        got = town.run("account")
        tap.ok(b"deactivated" in got.stdout, "but listed", got)
        got = town.run("account", "register", "--agree", "--key", "rsa:2048")
        tap.ok(got.returncode == 0 and len(town.ca.accounts) == 2,
               "another one, with an RSA key", got, town.ca.problems)
        # What the closed one had is renewed with the new one.
        town.run("finish", "--forget", next(
            c["id"] for c in certificates(town) if c["state"] != "issued"))
        before = len(town.ca.orders)
        got = town.run("renew", "--force")
        tap.ok(got.returncode == 0 and len(town.ca.orders) == before + 1,
               "renew with another account", got, town.ca.problems)
        tap.equal([c["certificate"] for c in certificates(town)],
                  [path, None], "status --json: where the certificate is")


def test_other_client():
    """The key of another client's account, and the account with it."""
    with Town() as town:
        key = town.place.write("other.pem", cms.pem(cms.new_key("ed25519")))
        got = town.run("account", "register", "--existing", "--key-file", key)
        tap.ok(got.returncode == 69, "no account of that key", got)
        # An account that was not registered gives way to a key of ours.
        town.ca.how["terms"] = True
        town.run("account", "register")
        tap.equal(len(glob.glob(town.place.home + "/accounts/*.pem")), 1,
                  "begun with another key")
        town.ca.how["terms"] = False
        first = town.run("account", "register", "--key-file", key)
        tap.equal([a["jwk"]["kty"] for a in town.ca.accounts.values()],
                  ["OKP"], "the key that was named is the one")
        tap.ok(first.returncode == 0 and len(town.ca.accounts) == 1,
               "registered with that key", first, town.ca.problems)
        # The same in another home: the account is found.
        args = ("-C", town.place.path("second"), "account", "register",
                "--key-file", key, "--existing")
        got = town.run(*args)
        tap.ok(got.returncode == 0 and len(town.ca.accounts) == 1 and
               got.stdout == first.stdout, "--existing finds it", got)
        os.chmod(key, 0o644)
        got = town.run("-C", town.place.path("third"), "account", "register",
                       "--key-file", key)
        tap.ok(got.returncode == 77, "not a key that others can read", got)


def test_roll_over_crash():
    """Killed before the CA hears of the new key, and after."""
    for at in ("before", "after"):
        with Town() as town:
            town.run("account", "register")
            account, = town.ca.accounts.values()
            record, = glob.glob(town.place.home + "/accounts/*.json")
            pem, = glob.glob(town.place.home + "/accounts/*.pem")
            with open(record) as f:
                old = f.read()
            with open(pem) as f:
                old_pem = f.read()
            if at == "after":
                town.run("account", "roll-over", "--key", "ed25519")
                new, = glob.glob(town.place.home + "/accounts/*.pem")
                tap.ok(new != pem, "another file")
                # As if we had died before the rename of the record.
                with open(record, "w") as f:
                    f.write(old)
                with open(pem, "w") as f:
                    f.write(old_pem)
                os.chmod(pem, 0o600)
            else:
                subprocess.run(["openssl", "genpkey", "-algorithm", "ed25519",
                                "-out", pem.replace(".pem", ".1.pem")])
                os.chmod(pem.replace(".pem", ".1.pem"), 0o600)
                # The CA may still hear of it: for a while it stays.
                got = town.run("account", "show")
                tap.ok(got.returncode == 0 and len(glob.glob(
                    town.place.home + "/accounts/*.pem")) == 2,
                    "a roll-over just cut short: both keys stay", got)
                hour = time.time() - 3600
                os.utime(pem.replace(".pem", ".1.pem"), (hour, hour))
            got = town.run("account", "show")
            tap.ok(got.returncode == 0 and
                   thumbprint(account["jwk"]).encode() in got.stdout,
                   "a roll-over cut short %s the CA heard of it" % at, got,
                   town.ca.problems)
            tap.equal(len(glob.glob(town.place.home + "/accounts/*.pem")), 1,
                      "one key is left")


def test_eab():
    with Town(eab=("kid-1", b"0123456789abcdef")) as town:
        mac = town.place.write("mac", "MDEyMzQ1Njc4OWFiY2RlZg\n")
        got = town.run("order", "--no-wait", "--eab-kid", "kid-1",
                       "--eab-key-file", mac, ALICE)
        tap.ok(got.returncode == 0, "order --eab-kid", got, town.ca.problems)


def test_revoke():
    for args, reason in (((), 0), (("--reason", "superseded"), 4),
                         (("--with-certificate-key", "--reason",
                           "key-compromise"), 1)):
        with Town() as town:
            path = get(town)
            got = town.run("revoke", *args, ALICE)
            tap.ok(got.returncode == 1 and town.ca.revoked == {},
                   "revoke asks", got)
            got = town.run("revoke", *args, "--yes", ALICE)
            serial = int(subprocess.run(
                ["openssl", "x509", "-in", path, "-noout", "-serial"],
                capture_output=True, text=True).stdout.split("=")[1], 16)
            tap.ok(got.returncode == 0 and
                   town.ca.revoked == {serial: reason},
                   "revoke %s" % (args,), got, town.ca.problems)
            tap.equal(certificates(town)[0]["state"], "revoked", "status")
            got = town.run("revoke", "--yes", os.path.basename(path)[:-4])
            tap.ok(got.returncode == 0 and b"already" in got.stdout,
                   "revoke twice", got)
            got = town.run("renew")
            tap.ok(got.returncode == 0 and len(town.ca.orders) == 1,
                   "what is revoked is not renewed", got)
            got = town.run("renew", ALICE)
            tap.ok(got.returncode == 1 and len(town.ca.orders) == 1,
                   "and asked for, it is said", got)
            tap.ok(os.path.exists(path) and os.path.exists(
                path.replace("certificates", "keys")),
                "certificate and key stay")
            # Died before the record said so: the CA says alreadyRevoked.
            change(records(town)[0], state="issued", revoked=0)
            got = town.run("revoke", "--yes", ALICE)
            tap.ok(got.returncode == 0, "revoked at the CA already", got)
    with Town() as town:
        for args, code in ((("--yes", "nobody@example.org"), 1),
                           (("--reason", "spite", ALICE), 64), ((), 64)):
            got = town.run("revoke", *args)
            tap.equal(got.returncode, code, "revoke %s" % (args,))


def test_renew_by_lifetime():
    with Town(days=90) as town:
        got = town.run("renew")
        tap.ok(got.returncode == 0 and got.stdout + got.stderr == b"",
               "renew: nothing there", got)
        for name in ("nobody@example.org", ALICE, "nosuchid"):
            got = town.run("renew", name)
            tap.ok(got.returncode == 1 and got.stderr.count(b"\n") == 1 and
                   name.encode() in got.stderr, "renew: no " + name, got)
        old = get(town)
        asked = len(town.ca.orders)
        for name in (ALICE, "Alice@EXAMPLE.org", os.path.basename(old)[:-4]):
            got = town.run("renew", "--dry-run", name)
            tap.ok(got.returncode == 0 and b": due 20" in got.stdout,
                   "renew " + name, got)
        got = town.run("renew", ALICE, "nobody@example.org")
        tap.ok(got.returncode == 1 and b"nobody@example.org" in got.stderr,
               "renew: one name of two is a mistake", got)
        got = town.run("renew")
        tap.ok(got.returncode == 0 and got.stdout + got.stderr == b"" and
               len(town.ca.orders) == asked, "renew: not due", got)
        got = town.run("renew", "--dry-run")
        tap.ok(b"alice@example.org: due 20" in got.stdout, "renew --dry-run",
               got)
        told = town.run("status").stdout
        tap.ok(b"to be renewed " + re.search(rb"due (.*)\)", got.stdout)[1] in
               told, "status says it too", told)
        # A third of the lifetime is left, and then less.
        now = int(time.time())
        age(town, 61)
        change(records(town)[0], starts=now - 61 * 86400,
               expires=now + 29 * 86400)
        got = town.run("-o", "renew_before=7d", "renew")
        tap.ok(got.returncode == 0 and got.stdout == b"" and
               len(town.ca.orders) == asked, "renew_before: not due", got)
        got = town.run("renew", "--dry-run")
        tap.ok(b"would be renewed" in got.stdout and
               len(town.ca.orders) == asked, "renew --dry-run: due", got)
        four = [subprocess.Popen(
            [MAILCERT, "renew"], env=town.place.env,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE) for _ in range(4)]
        codes = []
        for process in four:
            process.communicate()
            codes.append(process.returncode)
        tap.ok(set(codes) <= {0, 75} and 0 in codes and
               len(town.ca.orders) == asked + 1,
               "renew: four at once make one order", codes, town.ca.problems)
        got = town.run("renew")
        tap.ok(got.returncode == 0 and b"waiting for your answer" in
               got.stdout and len(town.ca.orders) == asked + 1,
               "renew: again says what is awaited", got)
        town.wait_for_mail()
        town.answer()
        got = town.run("renew")
        tap.ok(got.returncode == 0 and b"certificate in " in got.stdout,
               "renew: and finishes it", got, town.ca.problems)
        told = {c["id"]: c for c in certificates(town)}
        first = told[os.path.basename(old)[:-4]]
        second = told[first["replaced"]]
        tap.equal((len(told), second["replaces"], second["state"]),
                  (2, first["id"], "issued"), "renew: they know each other")
        keys = [open("%s/keys/%s.pem" % (town.place.home, i)).read()
                for i in told]
        tap.ok(keys[0] != keys[1], "renew: a new key")
        got = town.run("renew")
        tap.ok(got.returncode == 0 and got.stdout == b"" and
               len(town.ca.orders) == asked + 1, "renew: done", got)
        # C16: a certificate that is always due is not renewed all day.
        path = "%s/certificates/%s.json" % (town.place.home, second["id"])
        change(path, starts=now - 7200, expires=now + 60)
        got = town.run("renew")
        tap.ok(got.returncode == 0 and len(town.ca.orders) == asked + 1,
               "C16: once in 24 hours", got)
        got = town.run("renew", "--dry-run")
        tap.ok(b"less than 24 hours ago" in got.stdout, "C16: says so", got)
        got = town.run("renew", "--force")
        tap.ok(got.returncode == 0 and len(town.ca.orders) == asked + 2,
               "renew --force", got)


def test_renew_short_lived():
    """Certificates of a day or two are renewed in time, and not all day."""
    hour = 3600
    for life, left, since, due in sample((
            # hours: lifetime, what is left of it, since it was ordered
            (24, 7.9, 16.1, True), (24, 8.1, 15.9, False),
            (24, 7.9, 4.1, True), (24, 7.9, 3.9, False),
            (48, 15.9, 32.1, True), (48, 15.9, 7.9, False),
            (7, 2.2, 4.8, True), (144, 40, 24.1, True), (144, 40, 23.9, False),
            (2160, 600, 23.9, False), (5, 1, 4, False), (5, 1, 24.1, True)), 4):
        with Town() as town:
            get(town)
            now = int(time.time())
            change(records(town)[0], created=int(now - since * hour),
                   starts=int(now - (life - left) * hour),
                   expires=int(now + left * hour))
            got = town.run("renew")
            tap.ok(got.returncode == 0 and
                   len(town.ca.orders) == (2 if due else 1),
                   "%d hours, %s left, ordered %s ago: %s" % (
                       life, left, since, "renewed" if due else "not yet"),
                   got, town.ca.problems)
    # One that failed is tried again before the old one ends.
    with Town() as town:
        get(town)
        now = int(time.time())
        change(records(town)[0], created=now - 17 * hour,
               starts=now - 17 * hour, expires=now + 7 * hour)
        town.run("renew")
        change(records(town)[-1], created=int(now - 4.1 * hour),
               state="failed")
        got = town.run("renew", "--dry-run")
        tap.ok(b"would be renewed now" in got.stdout,
               "a renewal that failed is tried again", got)
        change(records(town)[-1], created=int(now - 3.9 * hour))
        got = town.run("renew", "--dry-run")
        tap.ok(b"ordered less than 4 hours ago" in got.stdout,
               "but not at once", got)


def test_renew_by_ari():
    for name, ari, due in (("later", (86400, 2 * 86400, 3600), False),
                           ("now", (-7200, -3600, 3600), True),
                           ("backwards", (7200, 3600, 3600), False),
                           ("no Retry-After", (-7200, -3600, None), True),
                           ("after the end", (900 * 86400, 901 * 86400, 60),
                            False)):
        with Town(ari=ari) as town:
            get(town)
            age(town, 2)
            got = town.run("renew")
            tap.ok(got.returncode == 0 and
                   len(town.ca.orders) == (2 if due else 1),
                   "ARI: a window %s" % name, got, town.ca.problems)
            asked = [p for m, p in town.ca.seen if "/renewal/" in p]
            tap.equal(len(asked), 1, "ARI: asked once")
            cert_id = next(iter(town.ca.orders.values()))["cert_id"]
            tap.ok(asked[0].endswith("/" + cert_id), "ARI: its identifier")
            if due:
                tap.equal(list(town.ca.orders.values())[1]["replaces"],
                          cert_id, "ARI: replaces")
                continue
            town.run("renew")
            tap.equal(len([p for m, p in town.ca.seen if "/renewal/" in p]),
                      1, "ARI: not asked again before Retry-After")
            if name == "later":
                told, = certificates(town)
                when = time.mktime(time.strptime(told["renewal"],
                                                 "%Y-%m-%dT%H:%M:%SZ")) \
                    - time.timezone
                tap.ok(86000 < when - time.time() < 2 * 86400,
                       "ARI: a moment of the window", told["renewal"])
                # The CA wants it earlier (a mass revocation, say).
                town.ca.how["ari"] = (-7200, -3600, 3600)
                change(records(town)[0], window_ask_again=0)
                got = town.run("renew", "--dry-run")
                tap.ok(b"https://ca.example/why" in got.stdout,
                       "ARI: the CA's explanation", got)
                town.run("renew")
                tap.equal(len(town.ca.orders), 2, "ARI: the window moved")
    # Somebody else has replaced it: an order without that.
    with Town(ari=(-7200, -3600, 3600)) as town:
        get(town)
        age(town, 2)
        town.ca.replaced.add(next(iter(town.ca.orders.values()))["cert_id"])
        got = town.run("renew")
        tap.ok(got.returncode == 0 and
               [o["replaces"] for o in town.ca.orders.values()] ==
               [None, None], "ARI: alreadyReplaced", got, town.ca.problems)
    # Not there, nonsense, an error: the lifetime counts.
    for name, answer in (("nonsense", (200, {}, {"suggestedWindow": 5})),
                         ("an error", (500, {}, {"type": "x"})),
                         ("HTML", (200, {}, b"<html>"))):
        with Town(ari=(-7200, -3600, 3600)) as town:
            get(town)
            age(town, 2)
            town.ca.on_renewal = lambda path: answer
            got = town.run("renew")
            tap.ok(got.returncode == 0 and len(town.ca.orders) == 1,
                   "ARI: " + name, got, town.ca.problems)


def test_chains():
    with Town(alternates=2) as town:
        def top(path):
            text = subprocess.run(
                ["openssl", "crl2pkcs7", "-nocrl", "-certfile", path],
                capture_output=True).stdout
            text = subprocess.run(["openssl", "pkcs7", "-print_certs",
                                   "-noout"], input=text,
                                  capture_output=True).stdout.decode()
            return re.findall(r"issuer=.*CN ?= ?(.*)", text)[-1]
        tap.equal(top(get(town)), "Example Root", "the CA's own chain")
        got = get(town, "--new")
        for name in ("Other Root 0", "Other Root 1"):
            town.run("order", "--no-wait", "--new", "bob@example.org")
            town.wait_for_mail()
            town.answer()
            got = town.run("-o", "ca.local.chain=" + name, "finish")
            tap.equal(top(got.stdout.decode().strip()), name,
                      "the chain to " + name)
        town.run("order", "--no-wait", "--new", "bob@example.org")
        town.wait_for_mail()
        town.answer()
        got = town.run("-o", "ca.local.chain=Nobody", "finish")
        tap.ok(got.returncode == 0 and b"no chain to Nobody" in got.stderr and
               top(got.stdout.decode().strip()) == "Example Root",
               "none to that root: the CA's own, and it is said", got)


def test_caa():
    def caa(tag, value, flags=0):
        return bytes([flags, len(tag)]) + tag.encode() + value.encode()
    for name, domain, where, rdata, warned in (
            ("none", "example.org", None, None, False),
            ("ours", "example.org", "example.org",
             [caa("issuemail", "ca.example; account=1")], False),
            ("ours and nobody", "example.org", "example.org",
             [caa("issuemail", ";"), caa("issuemail", "CA.example")], False),
            ("another", "example.org", "example.org",
             [caa("issuemail", "other.example")], True),
            ("nobody", "example.org", "example.org",
             [caa("issuemail", ";")], True),
            ("malformed", "example.org", "example.org",
             [caa("issuemail", "%%%%%")], True),
            ("about the web only", "example.org", "example.org",
             [caa("issue", ";"), caa("issuewild", ";")], False),
            ("critical and unknown", "example.org", "example.org",
             [caa("tbs", "x", 128)], True),
            ("of a domain above", "mail.example.org", "example.org",
             [caa("issuemail", ";")], True),
            ("of a domain above, hidden", "mail.example.org",
             "mail.example.org", [caa("issuemail", "ca.example")], False)):
        with Town(caa=("ca.example",)) as town:
            town.ca.dns.other = {(where, 257): rdata} if where else {}
            got = town.run("order", "--dry-run", "a@" + domain)
            tap.ok(got.returncode == 0 and
                   (b"CAA records for" in got.stderr) == warned and
                   town.ca.accounts == {}, "CAA: " + name, got)
    # A CA that does not say what it is called may be the one that is named.
    for value, warned in (("other.example", False), (";", True)):
        with Town() as town:
            town.ca.dns.other = {("example.org", 257): [
                caa("issuemail", value)]}
            got = town.run("order", "--dry-run", ALICE)
            tap.equal(b"CAA records for" in got.stderr, warned,
                      "CAA: a CA without a name, " + value)
    with Town(caa=("ca.example",)) as town:
        town.ca.dns.other = {("example.org", 257): [caa("issuemail", ";")]}
        got = town.run("-o", "caa=no", "order", "--dry-run", ALICE)
        tap.ok(b"CAA" not in got.stderr, "caa = no", got)
        got = town.run("order", "--no-wait", ALICE)
        tap.ok(got.returncode == 0 and b"CAA" in got.stderr,
               "it is a warning", got)


def test_dry_run():
    with Town(terms=True, eab=("k", b"0123456789abcdef")) as town:
        got = town.run("order", "--dry-run", "--usage", "separate", ALICE)
        tap.ok(got.returncode == 0 and b"/terms" in got.stdout and
               b"external account" in got.stdout and
               b"two certificates" in got.stdout and
               b"Nothing was ordered" in got.stdout, "order --dry-run", got)
        tap.equal((town.ca.accounts, town.ca.orders), ({}, {}),
                  "nothing was made at the CA")
        tap.equal(glob.glob(town.place.home + "/[ak]*/*"), [],
                  "and nothing here")


def usage_of(path):
    return subprocess.run(["openssl", "x509", "-in", path, "-noout", "-ext",
                           "keyUsage"], capture_output=True, text=True).stdout


def test_usage():
    with Town() as town:
        process = town.start("--usage", "separate", "--key", "rsa:2048",
                             ALICE)
        for n in (1, 2):
            tap.ok(town.wait_for_mail() != [], "separate: mail %d" % n)
            town.answer()
        out, err = process.communicate(timeout=120)
        paths = out.decode().split()
        tap.ok(process.returncode == 0 and len(paths) == 2,
               "separate: two certificates", out, err)
        uses = [usage_of(p) for p in paths]
        tap.ok("Digital Signature" in uses[0] and
               "Encipherment" not in uses[0] and
               "Key Encipherment" in uses[1] and
               "Signature" not in uses[1], "separate: one signs, one encrypts",
               uses)
    with Town("set key = ec:p384\nset usage = encrypt\n") as town:
        path = get(town)
        text = subprocess.run(["openssl", "x509", "-in", path, "-noout",
                               "-text"], capture_output=True,
                              text=True).stdout
        tap.ok("P-384" in text and "Key Agreement" in usage_of(path),
               "key and usage of the configuration", text)
        got = town.run("order", "--key", "ed25519", "--usage", "separate",
                       ALICE)
        tap.equal(got.returncode, 64, "an Ed25519 key cannot encrypt")


def test_signing_requests():
    """In the words of the openssl command, for every kind of key."""
    with Town() as town:
        kinds = ("rsa:2048", "rsa:3072", "rsa:4096", "ec:p256", "ec:p384",
                 "ed25519")
        for kind, usage in sample(itertools.product(
                kinds, ("sign", "encrypt", "both")), 5):
            name = "%s, %s" % (kind, usage)
            words = {"sign": {"Digital Signature"}, "encrypt": set(),
                     "both": {"Digital Signature"}}[usage]
            if usage != "sign":
                words.add("Key Encipherment" if "rsa" in kind else
                          "Key Agreement")
            got = town.run("order", "--no-wait", "--new", "--key", kind,
                           "--usage", usage, ALICE, "bob@example.org")
            if kind == "ed25519" and usage != "sign":
                tap.equal(got.returncode, 64, name + ": cannot be")
                continue
            with open("%s/certificates/%s.json" % (
                    town.place.home, got.stdout.decode().strip())) as f:
                csr = json.load(f)["csr"]
            text = subprocess.run(
                ["openssl", "req", "-inform", "DER", "-verify", "-noout",
                 "-text"], input=base64.urlsafe_b64decode(
                     csr + "=" * (-len(csr) % 4)), capture_output=True)
            out = text.stdout.decode()
            tap.ok(text.returncode == 0 and b"verify OK" in text.stderr,
                   name + ": openssl req -verify", text)
            use = re.search(r"Key Usage: critical\s*(.*)", out)
            tap.ok(set(use[1].split(", ")) == words and
                   "email:alice@example.org, email:bob@example.org" in out
                   and re.search(r"Subject: CN *= *alice@example.org\n", out)
                   and "Extended" not in out and
                   "challengePassword" not in out, name + ": exactly",
                   out)


def opens(key, passphrase):
    return subprocess.run(["openssl", "pkey", "-in", key, "-noout", "-passin",
                           "pass:" + passphrase],
                          capture_output=True).returncode == 0


def test_passphrase():
    with Town("set password_command = \"echo 'open sesame'\"\n"
              "set lock_keys = yes\n") as town:
        path = get(town)
        key = path.replace("/certificates/", "/keys/")
        with open(key) as f:
            text = f.read()
        tap.ok("BEGIN ENCRYPTED PRIVATE KEY" in text and
               opens(key, "open sesame") and not opens(key, "x"),
               "a key with a passphrase", text)
        info = subprocess.run(["openssl", "asn1parse", "-in", key],
                              capture_output=True, text=True).stdout
        tap.ok("PBKDF2" in info and "hmacWithSHA256" in info and
               "aes-256-cbc" in info and ":0927C0" in info,
               "PBES2, 600000 rounds, AES-256", info)
        age(town, 80)
        now = int(time.time())
        change(records(town)[0], starts=now - 80 * 86400,
               expires=now + 10 * 86400)
        got = town.run("renew")
        town.wait_for_mail()
        town.answer()
        got = town.run("renew")
        new = got.stdout.decode().split()[-1].replace("/certificates/",
                                                      "/keys/")
        tap.ok(got.returncode == 0 and new != key and
               opens(new, "open sesame"), "renewed with it", got)
        got = town.run("-o", "password_command=echo wrong", "revoke", "--yes",
                       "--with-certificate-key", os.path.basename(path)[:-4])
        tap.ok(got.returncode == 65 and b"the key is wrong" in got.stderr,
               "revoke with the wrong passphrase", got)
        got = town.run("revoke", "--yes", "--with-certificate-key",
                       os.path.basename(path)[:-4])
        tap.ok(got.returncode == 0, "revoke with the right one", got,
               town.ca.problems)
        got = town.run("-o", "password_command=false", "order", "--new",
                       ALICE)
        tap.ok(got.returncode == 78 and b"password_command" in got.stderr,
               "a command that fails", got)
        got = town.run("-o", "password_command=", "order", "--new", ALICE)
        tap.ok(got.returncode == 65 and b"needs-a-person" in got.stderr,
               "nobody to ask", got)
    with Town() as town:
        with Terminal(town.place, "mailcert order --no-wait --passphrase " +
                      ALICE) as terminal:
            tap.ok(terminal.wait("Passphrase for the new key:"),
                   "asked for", terminal.screen())
            terminal.keys("sesame", "Enter")
            tap.ok(terminal.wait("Repeat the passphrase:"), "twice")
            terminal.keys("sesame", "Enter")
            tap.ok(terminal.wait("[exit 0]"), "and taken", terminal.screen())
            tap.ok("sesame" not in terminal.screen(), "not shown")
        key, = glob.glob(town.place.home + "/keys/*.pem")
        tap.ok(opens(key, "sesame"), "the key has it")


def test_forget():
    with Town() as town:
        order = town.run("order", "--no-wait", ALICE).stdout.decode().strip()
        again = town.run("order", "--no-wait", ALICE)
        tap.ok(again.stdout.decode().strip() == order and
               b"resuming order" in again.stderr and len(town.ca.orders) == 1,
               "the same order again is the same order", again)
        got = town.run("order", "--no-wait", "--new", ALICE)
        tap.ok(len(town.ca.orders) == 2, "--new is another", got)
        got = town.run("finish", "--forget", order)
        left = json.loads(town.run("status", "--json").stdout)
        tap.ok(got.returncode == 0 and order not in [
            c["id"] for c in left["certificates"]] and
            len(left["expectations"]) == 1 and
            len(glob.glob(town.place.home + "/keys/*")) == 1,
            "finish --forget", got, left)
    with Town() as town:
        path = get(town)
        got = town.run("finish", "--forget", os.path.basename(path)[:-4])
        tap.ok(got.returncode == 64 and os.path.exists(path),
               "not what has a certificate", got)
    with Town() as town:
        def route(http, body, plain=town.ca.route):
            if http.path == "/order":
                from ca import Problem
                raise Problem(403, kind, "not this\x1b[31m one")
            return plain(http, body)
        town.ca.route = route
        for kind, advice in (("rejectedIdentifier", b"does not issue for"),
                             ("userActionRequired", b"what it asks for"),
                             ("caa", b"CAA records"), ("odd", b"one\n")):
            got = town.run("order", ALICE)
            tap.ok(got.returncode == 69 and b"not this\\x1b[31m one" in
                   got.stderr and advice in got.stderr and
                   glob.glob(town.place.home + "/[ki]*/*") == [],
                   "an order that the CA refuses leaves nothing: " + kind,
                   got)


def wait_for(condition, seconds=90):
    end = time.monotonic() + seconds
    while time.monotonic() < end and not condition():
        time.sleep(0.1)
    return condition()


def test_by_itself():
    """After an answer that is known to be sent nobody need do anything."""
    with Town("set finish = auto\n", pending=1) as town:
        order = town.run("order", "--no-wait", ALICE).stdout.decode().strip()
        town.wait_for_mail()
        # The CA says nothing until handle has ended.
        ended, late = threading.Event(), []
        town.ca.on_answer = lambda n: ended.wait(60) or late.append(n)
        got, = town.answer()
        tap.ok(got.returncode == 0 and not late, "handle does not wait", got,
               late)
        ended.set()
        tap.ok(wait_for(lambda: glob.glob(
            town.place.home + "/certificates/*.pem")),
            "finish = auto: the certificate comes by itself",
            town.ca.problems)
        tap.ok(wait_for(lambda: "finish %s: done" % order in open(
            town.place.home + "/log").read()), "and the log says so")
    with Town("set finish = manual\n") as town:
        town.run("order", "--no-wait", ALICE)
        town.wait_for_mail()
        asked = len(town.ca.seen)
        town.answer()
        time.sleep(0.5)
        tap.equal(len(town.ca.seen), asked, "finish = manual: it does not")
    with Town("set finish = ask\n") as town:
        town.run("order", "--no-wait", ALICE)
        path, = town.wait_for_mail()
        with Terminal(town.place, "mailcert handle --auto-approve --draft "
                      "sendmail " + path) as terminal:
            tap.ok(terminal.wait("Finish the order in the background? [y/N]"),
                   "finish = ask: it asks", terminal.screen())
            terminal.keys("y", "Enter")
            tap.ok(terminal.wait("[exit 0]") and wait_for(
                lambda: glob.glob(town.place.home + "/certificates/*.pem")),
                "finish = ask: yes", terminal.screen())
    # What is happening is seen, whatever the width.
    with Town(pending=1) as town:
        with Terminal(town.place, "mailcert order " + ALICE) as terminal:
            tap.ok(terminal.wait("waiting for you") and "Valid until" in
                   terminal.screen(), "progress on a terminal",
                   terminal.screen())
            town.wait_for_mail()
            time.sleep(0.4)
            town.answer()
            tap.ok(terminal.wait("waiting for the CA"), "and what follows",
                   terminal.screen())
            tap.ok(terminal.wait("[exit 0]"), "and the end",
                   terminal.screen())
            tap.ok("waiting" not in terminal.screen() and
                   "valid until" in terminal.screen(),
                   "nothing is left of what was painted over",
                   terminal.screen())
            tap.ok("mailcertsmimeaprint" in "".join(
                terminal.screen().split()), "how others can find the "
                "certificate", terminal.screen())
    with Town("set dns_update_server = 127.0.0.1@1\n") as town:
        with Terminal(town.place, "mailcert order " + ALICE) as terminal:
            tap.ok(terminal.wait("waiting for you"), "it waits",
                   terminal.screen())
            town.wait_for_mail()
            town.answer()
            tap.ok(terminal.wait("Publish the certificate in the DNS"),
                   "where the DNS can be changed, it asks", terminal.screen())
            terminal.keys("n", "Enter")
            tap.ok(terminal.wait("[exit 0]") and not os.path.exists(
                town.place.home + "/published"), "and no is no",
                terminal.screen())
    # A draft: the copy in the sent folder tells.
    for kind in ("maildir", "mbox"):
        with Town() as town:
            box = town.place.path("Sent")
            if kind == "maildir":
                for sub in ("cur", "new", "tmp"):
                    os.makedirs(os.path.join(box, sub))
            folder = "sent_folder=%s:%s" % (kind, box)
            order = town.run("order", "--no-wait",
                             ALICE).stdout.decode().strip()
            path, = town.wait_for_mail()
            draft = town.place.path("draft.eml")
            got = town.run("-o", "finish=auto", "-o", folder, "handle",
                           "--auto-approve", "--draft", "file:" + draft, path)
            tap.ok(got.returncode == 0, "sent_folder: drafted", got)
            with open(draft, "rb") as f:
                reply = f.read()
            decoy = reply.replace(b"In-Reply-To: <", b"In-Reply-To: <x")
            time.sleep(1)

            def keep(message, name):
                if kind == "maildir":
                    town.place.write("Sent/cur/%s:2,S" % name, message)
                else:
                    with open(box, "ab") as f:
                        f.write(b"From me Sun Nov 22 10:00:00 2026\n" +
                                message + b"\n")
            keep(decoy, "1")
            keep(b"Subject: lunch\n\nSee " + reply, "2")
            got = town.run("-o", folder, "finish", order)
            tap.ok(got.returncode == 75 and b"--sent" in got.stderr,
                   "sent_folder %s: others are not it" % kind, got)
            subprocess.run([town.send], input=reply, check=True)
            keep(reply, "3")
            tap.ok(wait_for(lambda: glob.glob(
                town.place.home + "/certificates/*.pem")),
                "sent_folder %s: the certificate comes by itself" % kind,
                town.ca.problems)
    # Nothing tells: finish asks.
    with Town() as town:
        order = town.run("order", "--no-wait", ALICE).stdout.decode().strip()
        path, = town.wait_for_mail()
        draft = town.place.path("draft.eml")
        town.run("handle", "--auto-approve", "--draft", "file:" + draft, path)
        with Terminal(town.place, "mailcert finish") as terminal:
            tap.ok(terminal.wait("Was it sent? [y/N]"), "finish asks",
                   terminal.screen())
            terminal.keys("n", "Enter")
            tap.ok(terminal.wait("[exit 75]"), "no is no", terminal.screen())
        with open(draft, "rb") as f:
            subprocess.run([town.send], input=f.read(), check=True)
        with Terminal(town.place, "mailcert finish") as terminal:
            terminal.wait("Was it sent? [y/N]")
            terminal.keys("y", "Enter")
            tap.ok(terminal.wait("[exit 0]"), "yes finishes it",
                   terminal.screen())


def test_terms_on_terminal():
    with Town(terms=True) as town:
        with Terminal(town.place, "mailcert order --no-wait " + ALICE) as t:
            tap.ok(t.wait("Do you agree to them? [y/N]") and
                   "/terms" in t.screen(), "terms are shown and asked for",
                   t.screen())
            t.keys("n", "Enter")
            tap.ok(t.wait("[exit 65]") and town.ca.accounts == {},
                   "no is no", t.screen())
        with Terminal(town.place, "mailcert order --no-wait " + ALICE) as t:
            t.wait("Do you agree to them? [y/N]")
            t.keys("y", "Enter")
            tap.ok(t.wait("[exit 0]") and len(town.ca.accounts) == 1,
                   "yes is yes", t.screen())


def test_clock():
    """The CA's clock and ours are a year apart."""
    for name, clock in (("behind", YEAR), ("ahead", -YEAR)):
        # Its server's certificate tells first.
        with Town(clock=clock, tls=(clock - 86400, clock + 86400)) as town:
            got = town.run("order", "--no-wait", ALICE)
            tap.ok(got.returncode == 75 and b"certificate" in got.stderr and
                   b"clock" in got.stderr,
                   "a year %s: the server's certificate" % name, got)
        with Town(clock=clock) as town:
            got = town.run("order", "--no-wait", ALICE)
            tap.ok(got.returncode == 0, "a year %s: ordered" % name, got)
            town.wait_for_mail()
            for got in town.answer():
                tap.ok(got.returncode == 0, "a year %s: handled" % name, got)
            got = town.run("finish")
            order, = json.loads(town.run("status", "--json").stdout)[
                "certificates"]
            tap.ok(b"clock" in got.stderr and order["state"] in (
                "ordered", "finalizing", "issued") and
                (got.returncode == 0) == (order["state"] == "issued"),
                "a year %s: finish says so, nothing is given up" % name, got,
                order)


run_tests(tests_of(globals()), 2)
tap.done()
