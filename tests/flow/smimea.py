#!/usr/bin/python3
# Runs in: check check-slow
"""SMIMEA records in zones of real servers, and how the DNS is changed: Knot,
nsd, unbound and nsupdate on loopback."""
import datetime
import functools
import glob
import hashlib
import http.server
import itertools
import json
import os
import subprocess
import sys
import threading

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
import dns.rdata
import dns.flags
from cms import (Authority, cert_der, cert_pem, der, entry, new_key, oid,
                 openssl_sign, pem, points, revocation_list)
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from lib import BUILD, SLOW, Place, ask, run_tests, sample, tap, told
from servers.dns import Zones

NET = os.path.join(BUILD, "mailcert-net")

# RFC 8162 section 3 has the first; the others were computed by printf and
# sha256sum.
NAMES = {
    "hugh@example.com":
        "c93f1e400f26708f98cb19d936620da35eec8f72e57f9eec01c1afd6",
    "chris@example.com":
        "5d7f15f2fce8ddb2dbef5c38be896c238ba7e0a432e396759030a853",
    "alexey@example.com":
        "d217e1716cb7b36f8be65117f625a1e39d22fd585528632391bb7431",
    "john.smith@example.com":
        "3b5ed8ad6a408f42015254dd4b116080289038d41c311332e3c00be6",
    "test@example.com":
        "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15",
    "\u7528\u6237@example.com":
        "0d0e1a86b3aa787709b00329fcd32b5baf036c87067c8d6c27a46667",
}


ALICE = "alice@example.org"
LABEL = hashlib.sha256(b"alice").hexdigest()[:56]
OWNER = LABEL + "._smimecert.example.org"
BOTH = ("digital_signature", "key_agreement")
CA = Authority("Test Root")
FORMS = list(itertools.product(range(4), range(2), range(3)))


def issue(address=ALICE, **how):
    """A key and a certificate that signs and encrypts."""
    return CA.issue(address, key=how.pop("key", new_key()), usage=BOTH, **how)


class Home(Place):
    """A place with certificates."""

    def __init__(self, settings="", **more):
        super().__init__(config="set authenticate = none\n" + settings +
                         "set dns_patience = 20s\n", **more)
        self.config = os.path.join(self.user, ".config/mailcert/config")

    def take(self, key, cert):
        """Import a pair; gives its id."""
        path = self.write("pair.pem", pem(key) + cert_pem(cert, CA.cert))
        before = set(self.ids())
        got = self.run("import", path)
        assert got.returncode == 0, got
        return (set(self.ids()) - before).pop()

    def ids(self):
        return [os.path.basename(p)[:-5] for p in glob.glob(
            os.path.join(self.home, "certificates", "*.json"))]

    def published(self):
        """The records of what is published."""
        out = []
        for path in sorted(glob.glob(os.path.join(self.home, "published",
                                                  "*.json"))):
            with open(path) as f:
                out.append(json.load(f))
        return out

    def edit(self, kind, id, **members):
        """Change a record of the home."""
        path = os.path.join(self.home, kind, id + ".json")
        with open(path) as f:
            record = json.load(f)
        record.update(members)
        with open(path, "w") as f:
            json.dump(record, f)

    def smimea(self, *args, **more):
        return self.run("smimea", *args, **more)


def wire(usage, selector, matching, cert):
    """The data of a record (RFC 6698 section 2.1)."""
    data = cert_der(cert) if selector == 0 else \
        cert.public_key().public_bytes(
            serialization.Encoding.DER,
            serialization.PublicFormat.SubjectPublicKeyInfo)
    if matching:
        data = hashlib.new(("sha256", "sha512")[matching - 1], data).digest()
    return bytes((usage, selector, matching)) + data


def text(usage, selector, matching, cert):
    """As dnspython prints it."""
    return dns.rdata.from_wire(1, 53, (data := wire(
        usage, selector, matching, cert)), 0, len(data)).to_text(chunksize=0)


def net(place, verb, *pairs, opens=None):
    """Ask mailcert-net: its frames, as pairs."""
    got = place.run(verb, program=NET, stdin=ask(*pairs, opens=opens))
    return told(got.stdout)[2:-1] if dict(told(got.stdout))[
        "status"] == b"done" else dict(told(got.stdout))


def test_owner():
    with Place() as place:
        for address, label in NAMES.items():
            got = net(place, "owner", ("address", address))
            tap.equal(got[:1], [("name", ("%s._smimecert.example.com" %
                                          label).encode())],
                      "owner of " + address)
        for local, same in (('"john.smith"', "john.smith"),
                            ('"john\\.smith"', "john.smith"),
                            ('"j\\\\ \\"x"', 'j\\ "x'),
                            ("e\u0301", "\u00e9")):
            got = net(place, "owner", ("address", local + "@example.com"))
            want = hashlib.sha256(same.encode()).hexdigest()[:56]
            tap.equal(got[0][1].decode(), want + "._smimecert.example.com",
                      "owner of %s: as of %s" % (local, same))
        upper = net(place, "owner", ("address", "Hugh@example.com"))
        tap.ok(upper[0][1][:56].decode() != NAMES["hugh@example.com"],
               "no case is folded", upper)
        for local, draft in (("chris", b"chris"), ("a.b", b"a\\.b"),
                             ("\u00e9", b"\\195\\169"),
                             ("x" * 63, b"x" * 63)):
            got = dict(net(place, "owner", ("address", local + "@x.org")))
            tap.equal(got.get("draft"), draft + b"._smimecert.x.org",
                      "the draft's name of %s" % local)
        got = dict(net(place, "owner", ("address", "x" * 64 + "@x.org")))
        tap.ok("draft" not in got and "name" in got, "a label has 63 octets",
               got)
        for bad in ("nobody", "@x.org", "a@", "a@b c.org"):
            got = net(place, "owner", ("address", bad))
            tap.equal(dict(got).get("status"), b"malformed",
                      "not an address: " + bad)


def test_print():
    key, cert = issue()
    with Home() as place:
        id = place.take(key, cert)
        for usage, selector, matching in sample(FORMS, 4):
            args = ("--usage", str(usage), "--selector", str(selector),
                    "--matching", str(matching))
            want = text(usage, selector, matching,
                        cert if usage % 2 else CA.cert)
            got = place.smimea("print", *args, "--ttl", "60", ALICE)
            line = got.stdout.decode().strip().split(" ", 4)
            tap.equal(line, [OWNER + ".", "60", "IN", "SMIMEA", want],
                      "print %d %d %d" % (usage, selector, matching))
            got = place.smimea("print", *args, "--format", "generic", id)
            name, ttl, kind, data = got.stdout.decode().strip().split(
                " ", 3)[0:4]
            tap.ok((name, ttl, kind) == (OWNER + ".", "3600", "IN") and
                   data.startswith("TYPE53 \\# ") and dns.rdata.from_text(
                       1, 53, data[7:]).to_text(chunksize=0) == want,
                   "print %d %d %d: generic" % (usage, selector, matching),
                   got)
        got = place.smimea("print", ALICE)
        tap.equal(got.stdout.decode(), "%s. 3600 IN SMIMEA %s\n" % (
            OWNER, text(3, 0, 0, cert)), "print: the certificate, by default")
        got = place.smimea("print", "--draft", "--json", id)
        tap.equal(json.loads(got.stdout), {"records": [{
            "address": ALICE, "certificate": id, "name": OWNER,
            "draft": "alice._smimecert.example.org", "ttl": 3600, "usage": 3,
            "selector": 0, "matching": 0,
            "data": cert_der(cert).hex()}]}, "print --json")
        got = place.smimea("print", "--draft", ALICE)
        tap.ok(got.stdout.startswith(b"; draft-hoffman-dane-smime-02: alice."
                                     b"_smimecert.example.org.\n"),
               "print --draft", got)
        got = place.run("-o", "dns_update_server=ns.example.org@5353",
                        "smimea", "print", "--format", "nsupdate", ALICE)
        tap.equal(got.stdout.decode(), "server ns.example.org 5353\nupdate "
                  "add %s. 3600 SMIMEA %s\nsend\n" % (
                      OWNER, text(3, 0, 0, cert)), "print: a script")
        leaf = place.write("leaf.der", cert_der(cert))
        got = place.smimea("print", "--certificate", leaf, "--matching", "1",
                           "bob@example.com")
        bob = hashlib.sha256(b"bob").hexdigest()[:56]
        tap.equal(got.stdout.decode(), "%s._smimecert.example.com. 3600 IN "
                  "SMIMEA %s\n" % (bob, text(3, 0, 1, cert)),
                  "print: a file, for an address")
        for args, code, says in (
                (("--certificate", leaf, "--usage", "2", "b@x.org"), 65,
                 b"the CA, whose certificate is not in the chain"),
                (("--certificate", place.config, "b@x.org"), 65,
                 b"no certificate"),
                (("--certificate", leaf, "nobody"), 64, b"nobody"),
                (("bob@example.com",), 1, b"no certificate in use"),
                (("nobody",), 1, b"no certificate in use"),
                (("--usage", "4", ALICE), 64, b"--usage"),
                (("--selector", "2", ALICE), 64, b"--selector"),
                (("--matching", "-1", ALICE), 64, b"--matching"),
                (("--ttl", "604801", ALICE), 64, b"--ttl")):
            got = place.smimea("print", *args)
            tap.ok(got.returncode == code and says in got.stderr and
                   got.stdout == b"", "print %s: no" % " ".join(
                       args), got)


def test_gpg():
    """gpg makes the same label (RFC 7929), but for case, which it folds."""
    with Place() as place:
        top = place.path("gnupg")
        os.mkdir(top, 0o700)

        def gpg(*args):
            return subprocess.run(["gpg", "--homedir", top, "--batch",
                                   *args], check=True, capture_output=True,
                                  text=True).stdout
        for address in ("hugh@example.com", "john.smith@example.com",
                        "Upper@example.com"):
            gpg("--passphrase", "", "--quick-generate-key", address,
                "ed25519", "sign", "never")
            said = gpg("--export", "--export-options", "export-dane",
                       address)
            ours = net(place, "owner", ("address", address))[0][1][:56]
            tap.equal(ours.decode() in said, address[0].islower(),
                      "gpg has the same name for " + address)
        subprocess.run(["gpgconf", "--homedir", top, "--kill", "all"],
                       capture_output=True, check=False)


def test_servers(zones):
    """Find a zone and its name servers; ask these."""
    opens = [("resolver", zones.resolver.at),
             ("anchor", zones.resolver.anchor)]
    with Place() as place:
        def zone(name, kind=16):
            return net(place, "zone", ("name", name), ("type", str(kind)),
                       opens=opens)

        got = zone("a.b.example.org")
        tap.equal(sorted(v.decode() for _, v in got), [
            "a.b.example.org", "example.org",
            "ns1.example.org " + zones.primary.address,
            "ns2.example.org " + zones.secondary.address],
            "zone: found by its SOA, with its servers")
        tap.equal(zone("example.org")[1], ("zone", b"example.org"),
                  "zone: its apex")
        tap.equal(zone("alias.example.org")[:2], [
            ("name", b"a.sub.example.net"), ("zone", b"example.net")],
            "zone: an alias leads to another zone")
        got = zone("a.bogus")
        tap.ok(got["status"] == b"dns-trouble" and b"a.bogus" in got["note"],
               "zone: a forged answer is none", got)

        def served(name, kind, *servers):
            got = net(place, "served", ("name", name), ("type", str(kind)),
                      *(("server", "x " + s) for s in servers))
            return [v.decode().split(" ") for _, v in got]

        both = zones.primary.at, zones.secondary.at
        got = served("www.example.org", 16, *both)
        tap.equal([(len(line), line[1]) for line in got],
                  [(4, "unvalidated")] * 2, "served: by both")
        got = served("nowhere.example.org", 16, *both)
        tap.equal([line[:2] for line in got],
                  [["nowhere.example.org", "unvalidated"]] * 2,
                  "served: there is no such name")
        got = served("www.example.org", 16, zones.resolver.at,
                     zones.static.at, "127.0.0.1@1",
                     "127.0.0.1@1 " + zones.primary.at)
        tap.equal([line[1] for line in got], ["trouble"] * 3 + [
            "unvalidated"], "served: only a server of the zone counts")
        got = served("big.example.org", 16, *both)
        tap.ok(all(len(line[3]) > 3000 for line in got),
               "served: a long record comes by TCP", got)


def test_publish(zones):
    """One certificate: published, looked at, taken back."""
    key, cert = issue("pub@example.org")
    owner = hashlib.sha256(b"pub").hexdigest()[:56] + "._smimecert.example.org"
    with Home(zones.settings) as place:
        id = place.take(key, cert)

        def there(*forms, at=None):
            return [r.replace(" ", "") for r in zones.ask(
                owner, "SMIMEA", at)] == sorted(
                    text(*form, cert).replace(" ", "") for form in forms)

        got = place.smimea("publish", "--ttl", "60", "pub@example.org")
        tap.ok(got.returncode == 0 and there((3, 0, 0)) and
               there((3, 0, 0), at=zones.secondary) and
               b"published certificate " + id.encode() in got.stdout,
               "publish: both servers have it", got)
        record, = place.published()
        tap.ok(record["order"] == id and record["name"] == owner and
               record["shown"] > 0 and record["ttl"] == 60,
               "publish: it is recorded", record)
        got = place.smimea("publish", "--ttl", "60", id)
        tap.ok(got.returncode == 0 and there((3, 0, 0)) and
               len(place.published()) == 1, "publish: again", got)
        got = place.smimea("publish", "--matching", "1", "--ttl", "1", id)
        tap.ok(got.returncode == 0 and there((3, 0, 0), (3, 0, 1)) and
               b"stays for" in got.stdout,
               "publish: in another form, beside", got)
        old = next(r for r in place.published() if r["until"])
        tap.ok(old["ttl"] == 60 and old["until"] >= old["shown"] + 60,
               "publish: the old form goes after its TTL", old)
        got = place.run("renew")
        tap.ok(got.returncode == 0 and there((3, 0, 0), (3, 0, 1)),
               "publish: not before", got)
        place.edit("published", old["id"], until=old["shown"])
        got = place.run("renew")
        tap.ok(got.returncode == 0 and there((3, 0, 1)) and
               len(place.published()) == 1, "publish: renew removes it", got)
        got = place.smimea("unpublish", "pub@example.org")
        tap.ok(got.returncode == 0 and there() and
               there(at=zones.secondary) and place.published() == [],
               "unpublish", got)
        got = place.smimea("unpublish", "pub@example.org")
        tap.ok(got.returncode == 1 and b"published nothing" in got.stderr,
               "unpublish: there is nothing", got)


def test_strangers(zones):
    """Records that somebody else has put there."""
    key, cert = issue("other@example.org")
    owner = hashlib.sha256(b"other").hexdigest()[:56] + \
        "._smimecert.example.org"
    zones.update("add %s 60 SMIMEA 3 0 1 %s" % (owner, "ab" * 32))
    with Home(zones.settings) as place:
        id = place.take(key, cert)
        got = place.smimea("publish", id)
        tap.ok(got.returncode == 1 and b"--beside" in got.stderr and
               place.published() == [] and
               len(zones.ask(owner, "SMIMEA")) == 1,
               "strangers: nothing is added without a word", got)
        got = place.smimea("publish", "--beside", id)
        tap.ok(got.returncode == 0 and len(zones.ask(owner, "SMIMEA")) == 2,
               "strangers: --beside", got)
        got = place.smimea("unpublish", id)
        tap.ok(got.returncode == 0 and
               zones.ask(owner, "SMIMEA") == ["3 0 1 " + "ab" * 32],
               "strangers: their record stays", got)


def test_roll_over(zones):
    """A new certificate takes the place of a published one."""
    address = "roll@example.org"
    owner = hashlib.sha256(b"roll").hexdigest()[:56] + \
        "._smimecert.example.org"
    old, new = issue(address), issue(address)

    def there():
        return {r.replace(" ", "") for r in zones.ask(owner, "SMIMEA",
                                                      zones.secondary)}
    first, second = (text(3, 0, 0, cert).replace(" ", "")
                     for _, cert in (old, new))
    with Home(zones.settings) as place:
        one = place.take(*old)
        place.smimea("publish", "--ttl", "30", one)
        two = place.take(*new)
        place.edit("certificates", one, replaced=two)
        got = place.run("renew")
        tap.ok(got.returncode == 0 and there() == {first, second},
               "roll-over: renew publishes the new one beside", got)
        record = {r["order"]: r for r in place.published()}
        tap.ok(record[two]["ttl"] == 30 and not record[two]["until"] and
               record[one]["until"] >= record[two]["shown"] + 30,
               "roll-over: the old one goes after its TTL", record)
        place.edit("published", record[one]["id"],
                   until=record[one]["shown"])
        got = place.run("renew")
        tap.ok(got.returncode == 0 and there() == {second},
               "roll-over: then it is gone", got)
        # Killed after the record was saved, before the DNS was changed.
        place.edit("published", record[two]["id"], shown=0)
        zones.update("delete %s SMIMEA" % owner)
        got = place.run("renew")
        tap.ok(got.returncode == 0 and there() == {second},
               "roll-over: renew completes what was interrupted", got)
        place.edit("certificates", two, state="revoked", revoked=1796050313)
        got = place.run("renew")
        tap.ok(got.returncode == 0 and there() == set() and
               place.published() == [],
               "roll-over: what was revoked is removed", got)
        three = place.take(*issue(address))
        tap.ok(there() == set(), "roll-over: nothing is published by itself")
        four = issue(address)
        with open(place.config, "a") as f:
            f.write("set smimea_publish = @example.org\n")
        place.take(*four)
        tap.equal(there(), {text(3, 0, 0, four[1]).replace(" ", "")},
                  "roll-over: smimea_publish names the domain")
        tap.ok(three not in [r["order"] for r in place.published()],
               "roll-over: older ones are left alone")


def test_refused(zones):
    """What nsupdate and the servers may say."""
    key, cert = issue("no@example.org")
    owner = hashlib.sha256(b"no").hexdigest()[:56] + "._smimecert.example.org"
    with Home(zones.settings) as place:
        id = place.take(key, cert)
        open_key = place.write("open", open(zones.key, "rb").read(), 0o644)

        def publish(*settings):
            return place.run(*(x for s in settings for x in ("-o", s)),
                             "smimea", "publish", id)
        for setting, code, says in (
                ("dns_update_key=" + zones.wrong_key, 78, b"another secret"),
                ("dns_update_key=", 78, b"not signed"),
                ("dns_update_key=/nowhere", 78, b"/nowhere"),
                ("dns_update_key=" + open_key, 77, b"chmod 600"),
                ("dns_update_server=" + zones.static.at, 78,
                 b"takes no updates"),
                ("dns_update_server=127.0.0.1@1", 75, b"does not answer"),
                ("dns_update_command=/bin/false", 78, b"cannot change"),
                ("dns_update_command=/nowhere/nsupdate", 73, b"/nowhere")):
            got = publish(setting)
            tap.ok(got.returncode == code and says in got.stderr and
                   zones.ask(owner, "SMIMEA") == [],
                   "refused: " + setting.split("/")[0] + " " +
                   says.decode(), got)
            tap.equal(len(place.published()), code == 75,
                      "refused: what may be there is remembered: " + setting)
            for record in place.published():
                os.unlink(os.path.join(place.home, "published",
                                       record["id"] + ".json"))
        got = publish("dns_update_key=", "dns_update_server=")
        tap.ok(got.returncode == 78 and b"set dns_update_key" in got.stderr,
               "refused: nothing is configured", got)
        got = publish("resolver=127.0.0.1@1")
        tap.ok(got.returncode == 75 and place.published() == [],
               "refused: no resolver", got)


def test_lag(zones):
    """A secondary that is down, and comes back."""
    key, cert = issue("lag@example.org")
    owner = hashlib.sha256(b"lag").hexdigest()[:56] + "._smimecert.example.org"
    with Home(zones.settings) as place:
        id = place.take(key, cert)
        zones.secondary.stop()
        try:
            got = place.run("-o", "dns_patience=1s", "smimea", "publish", id)
            tap.ok(got.returncode == 75 and b"1 of 2 name servers of "
                   b"example.org show it" in got.stderr and
                   zones.secondary.address.encode() in got.stderr,
                   "lag: the secondary is down", got)
            tap.equal([r["shown"] for r in place.published()], [0],
                      "lag: it is not complete")
        finally:
            zones.secondary.start()
        got = place.run("renew")
        tap.ok(got.returncode == 0 and place.published()[0]["shown"] > 0 and
               len(zones.ask(owner, "SMIMEA", zones.secondary)) == 1,
               "lag: renew waits for the rest", got)
        place.smimea("unpublish", id)


def test_killed(zones):
    """mailcert is killed before or after the DNS is changed: renew makes it
    good, and nothing is there twice."""
    for when in ("before", "after"):
        address = "killed-%s@example.org" % when
        owner = hashlib.sha256(("killed-" + when).encode()).hexdigest()[
            :56] + "._smimecert.example.org"
        key, cert = issue(address)
        with Home(zones.settings) as place:
            id = place.take(key, cert)
            run = "/usr/bin/nsupdate \"$@\"\n"
            killer = place.write("killer", "#!/bin/sh\n%skill -9 $PPID\n" % (
                run if when == "after" else ""), 0o755)
            for act, there in (("publish", 1), ("unpublish", 0)):
                got = place.run("-o", "dns_update_command=" + killer,
                                "smimea", act, id)
                tap.ok(got.returncode == -9 and len(place.published()) == 1 and
                       len(zones.ask(owner, "SMIMEA")) == (
                           there if when == "after" else 1 - there),
                       "killed %s: %s" % (when, act), got)
                got = place.run("renew")
                tap.ok(got.returncode == 0 and len(place.published()) ==
                       there == len(zones.ask(owner, "SMIMEA")),
                       "killed %s: %s is completed" % (when, act), got)


def label(local):
    return hashlib.sha256(local.encode()).hexdigest()[:56]


CAPABILITIES = x509.UnrecognizedExtension(
    x509.ObjectIdentifier("1.2.840.113549.1.9.15"),
    der(0x30, der(0x30, oid(2, 16, 840, 1, 101, 3, 4, 1, 42)),
        der(0x30, oid(1, 2, 840, 113549, 3, 7)),
        der(0x30, oid(1, 2, 3, 4))))
PADDING = x509.UnrecognizedExtension(
    x509.ObjectIdentifier("1.3.6.1.4.1.55555.1"), b"\x04" + b"\x82\x0a\xf0" +
    b"x" * 0xaf0)
# Whose certificates are in the zone, and what else their certificates have.
PEOPLE = {
    "bob": {"key": new_key(2048)},
    "capable": {"more": (CAPABILITIES,)},
    "huge": {"more": (PADDING,)},
    "old": {"end": datetime.datetime(2021, 1, 1)},
    "gone": {},
}
CERTIFICATES = {
    name: issue(name + "@example.org", **how)
    for name, how in PEOPLE.items()}
CERTIFICATES["foreign"] = issue("somebody@example.net")
CERTIFICATES["signs"] = CA.issue("signs@example.org", key=new_key())


def zone_records():
    """The records of example.org that are looked up."""
    out = ""
    for name, (_, cert) in CERTIFICATES.items():
        out += "%s._smimecert SMIMEA %s\n" % (label(name),
                                             text(3, 0, 0, cert))
    bob = CERTIFICATES["bob"][1]
    for usage, selector, matching in FORMS:
        out += "%s._smimecert SMIMEA %s\n" % (
            label("form%d%d%d" % (usage, selector, matching)), text(
                usage, selector, matching, bob if usage % 2 else CA.cert))
    out += "*._smimecert.wild SMIMEA %s\n" % text(3, 0, 0, bob)
    out += "%s._smimecert CNAME %s._smimecert\n" % (label("alias"),
                                                   label("bob"))
    out += "%s._smimecert TXT x\n" % label("nodata")
    for data in ("255 0 1 00aa", "3 0 1 00aa", "3 9 0 00aa", "3 0 0 3000"):
        out += "%s._smimecert SMIMEA %s\n" % (label("odd"), data)
    out += "".join("%s._smimecert SMIMEA %s\n" % (label("many"), text(
        3, 0, 1, cert)) for _, cert in CERTIFICATES.values())
    return out


class Looking(Home):
    """A place that looks up."""

    def __init__(self, zones, more=""):
        anchor = zones.primary.path("root.pem")
        with open(anchor, "wb") as f:
            f.write(cert_pem(CA.cert))
        super().__init__(zones.settings + "set smime_anchors = %s\n" %
                         anchor + more)
        self.run("csr", ALICE)  # makes the home

    def look(self, local, *args, domain="example.org", settings=()):
        return self.run(*(x for s in settings for x in ("-o", s)), "smimea",
                        "lookup", *args, "%s@%s" % (local, domain))

    def file(self, name, *certs):
        return self.write(name, cert_pem(*certs))


def test_lookup(zones):
    bob = CERTIFICATES["bob"][1]
    with Looking(zones) as place:
        got = place.look("bob", "--json")
        seen = json.loads(got.stdout)
        cert = seen["records"][0].pop("certificate")
        tap.ok(got.returncode == 0 and seen == {
            "address": "bob@example.org", "name": label("bob") +
            "._smimecert.example.org", "dnssec": "secure", "reason": None,
            "remembered": False, "records": [{
                "usage": 3, "selector": 0, "matching": 0, "data":
                cert_der(bob).hex(), "fault": None, "names": []}],
            "compared": []}, "lookup --json", got)
        tap.ok(cert["pem"] == cert_pem(bob).decode() and cert["addresses"] ==
               ["bob@example.org"] and cert["fault"] is None and
               "Test Root" in cert["issuer"] and cert["sha256"] ==
               hashlib.sha256(cert_der(bob)).hexdigest() and
               cert["expires"].startswith("2120-01-01"),
               "lookup --json: the certificate", cert)
        got = place.look("bob")
        tap.ok(got.returncode == 0 and b"3 0 0 the certificate\n      of bob@"
               b"example.org, issued by CN=Test Root\n" in got.stdout,
               "lookup: in words", got)
        for local, domain in (("anybody", "wild.example.org"),
                              ("alias", "example.org")):
            got = place.look(local, "--json", domain=domain)
            tap.ok(got.returncode == 0 and json.loads(got.stdout)["records"][
                0]["data"] == cert_der(bob).hex(), "lookup: " + local, got)
        got = place.look("capable", "--json")
        tap.equal(json.loads(got.stdout)["records"][0]["certificate"][
            "capabilities"], ["AES-256", "Triple DES (weak)", "1.2.3.4"],
            "lookup: S/MIME capabilities")
        got = place.look("capable")
        tap.ok(b"prefers AES-256, Triple DES (weak), 1.2.3.4\n" in got.stdout,
               "lookup: S/MIME capabilities in words", got)
        got = place.look("many", "--json")
        tap.equal(len(json.loads(got.stdout)["records"]), len(CERTIFICATES),
                  "lookup: many records")
        got = place.look("odd", "--json")
        faults = [r["fault"] for r in json.loads(got.stdout)["records"]]
        tap.ok(got.returncode == 0 and all(faults) and len(faults) == 4 and
               "it holds no certificate" in faults,
               "lookup: records that are of no use", faults)
        got = place.look("odd", "--save")
        tap.ok(got.returncode == 1 and b"certificate to encrypt to" in
               got.stderr, "lookup: nothing to save", got)
        for local, says in (("old", "has expired"),
                            ("foreign", "not for this address"),
                            ("signs", "not for encrypting")):
            got = place.look(local, "--json")
            cert = json.loads(got.stdout)["records"][0]["certificate"]
            tap.ok(says in cert["fault"], "lookup: " + says, cert)
            got = place.look(local)
            tap.ok(b"not to be used: " in got.stdout,
                   "lookup: in words: " + says, got)
        got = place.look("nobody at all")
        tap.ok(got.returncode == 64 and got.stdout == b"",
               "lookup: not an address", got)
        got = place.look("Bob")
        tap.ok(got.returncode == 1, "lookup: case counts", got)


def test_failures(zones):
    """No record, no DNSSEC, a forgery, no answer; and what is remembered."""
    with Looking(zones) as place:
        for local, domain, code, says in (
                ("missing", "example.org", 1, b"no SMIMEA record"),
                ("nodata", "example.org", 1, b"no SMIMEA record"),
                ("ee", "insecure", 65, b"not secured by DNSSEC"),
                ("ee", "bogus", 65, b"bogus")):
            got = place.look(local, domain=domain)
            tap.ok(got.returncode == code and says in got.stderr and
                   b"--again" not in got.stderr and got.stdout == b"",
                   "failure: %s@%s" % (local, domain), got)
            before = place.run("-o", "resolver=" + zones.resolver.at, "smimea",
                               "lookup", "%s@%s" % (local, domain))
            tap.ok(before.returncode == code and b"--again" in before.stderr,
                   "failure: %s@%s is remembered" % (local, domain), before)
            got = place.look(local, "--again", domain=domain)
            tap.ok(got.returncode == code and b"--again" not in got.stderr,
                   "failure: %s@%s is asked again" % (local, domain), got)
            got = place.look(local, "--json", domain=domain)
            tap.equal(json.loads(got.stdout)["status"], code,
                      "failure: %s@%s as JSON" % (local, domain))
        zones.update("add %s._smimecert.example.org 60 SMIMEA %s" % (
            label("missing"), text(3, 0, 0, CERTIFICATES["bob"][1])))
        got = place.look("missing")
        tap.ok(got.returncode == 1, "failure: it lasts", got)
        got = place.look("missing", "--again")
        tap.ok(got.returncode == 0, "failure: and ends by --again", got)
        kept = [n for n in os.listdir(os.path.join(place.home, "dns"))
                if n.startswith("failed.")]
        tap.ok(len(kept) == 4, "failure: four are kept", kept)


def test_size(zones):
    """Truncated by UDP, whole by TCP."""
    owner = label("huge") + "._smimecert.example.org"
    short = zones.resolver.ask(owner, "SMIMEA", tcp=False)
    tap.ok(short.flags & dns.flags.TC and not short.answer,
           "huge: truncated by UDP", short)
    tap.ok(len(wire(3, 0, 0, CERTIFICATES["huge"][1])) > 3000,
           "huge: 3000 octets")
    with Looking(zones) as place:
        got = place.look("huge", "--json")
        tap.ok(got.returncode == 0 and json.loads(got.stdout)["records"][0][
            "data"] == cert_der(CERTIFICATES["huge"][1]).hex(),
            "huge: looked up", got)
        with zones.another("do-udp: no") as resolver:
            got = place.look("bob", settings=("resolver=" + resolver.at,))
            tap.ok(got.returncode == 0, "by TCP where there is no UDP", got)
        with zones.another("do-tcp: no") as resolver:
            got = place.look("bob", "--again", settings=(
                "resolver=" + resolver.at,))
            tap.ok(got.returncode == 0, "by UDP where there is no TCP", got)


def test_compare(zones):
    """Every form names what it is made of, and nothing else."""
    bob, other = CERTIFICATES["bob"][1], CERTIFICATES["gone"][1]
    with Looking(zones) as place:
        good = place.file("good.pem", bob, CA.cert)
        wrong = place.file("wrong.pem", other, Authority("Other").cert)
        for form in sample(FORMS, 4):
            name = "form%d%d%d" % form
            got = place.look(name, "--certificate", good)
            tap.ok(got.returncode == 0 and b"names " + good.encode() in
                   got.stdout, "compare: %s names it" % name, got)
            got = place.look(name, "--certificate", wrong)
            tap.ok(got.returncode == 1 and b"no record of" in got.stderr,
                   "compare: %s does not name another" % name, got)
        leaf = place.write("leaf.der", cert_der(bob))
        got = place.look("bob", "--certificate", leaf)
        tap.equal(got.returncode, 0, "compare: in DER")
        got = place.look("bob", "--certificate", place.config)
        tap.ok(got.returncode == 65 and b"no certificate" in got.stderr,
               "compare: not a certificate", got)
        got = place.look("bob", "--own")
        tap.ok(got.returncode == 1 and b"no certificate in use" in got.stderr,
               "compare: there is no own one", got)
        id = place.take(*CERTIFICATES["bob"])
        got = place.look("bob", "--own")
        tap.ok(got.returncode == 0 and b"names your certificate " +
               id.encode() in got.stdout, "compare: our own", got)
        place.take(*issue("gone@example.org"))
        got = place.look("gone", "--own")
        tap.ok(got.returncode == 1 and b"no record names your certificate" in
               got.stdout, "compare: our own is not there", got)
        got = place.look("gone")
        tap.ok(got.returncode == 0, "compare: which is told, no more", got)


def signed(key, cert, sender):
    entity = b"Content-Type: text/plain\r\n\r\nHello\r\n"
    return (b"From: %s\r\nTo: alice@example.org\r\nSubject: hello\r\n"
            b"Message-ID: <b1@example.org>\r\n" % sender.encode() +
            openssl_sign(entity, [(key, cert)], [CA.cert]))


def test_message(zones):
    key, cert = CERTIFICATES["bob"]
    with Looking(zones, "set revocation = soft\n") as place:
        good = signed(key, cert, "bob@example.org")
        for name, raw, code, says in (
                ("good", good, 0, b""),
                ("forged", good.replace(b"Hello", b"Hullo"), 1,
                 b"not verified"),
                ("of another key", signed(*issue("bob@example.org"),
                                          "bob@example.org"), 1,
                 b"another certificate"),
                ("from another", signed(key, cert, "eve@example.org"), 1,
                 b"is not from bob@example.org")):
            got = place.look("bob", "--message", place.write("m", raw))
            tap.ok(got.returncode == code and says in got.stderr,
                   "message: " + name, got)


def test_save(zones):
    """Certificates are installed as remember does it, unless they may not be
    used."""
    with Looking(zones) as place:
        got = place.look("bob", "--save")
        tap.ok(got.returncode == 1 and b"mailcert install" in got.stderr,
               "save: nothing is installed yet", got)
        place.take(*issue(key=new_key(2048)))
        root = hashlib.sha256(cert_der(CA.cert)).hexdigest().upper()
        place.write("user/.mailrc", b"")
        got = place.run("install", "--yes", "--trust-root", root, "s-nail")
        tap.equal(got.returncode, 0, "save: s-nail has our own") or \
            print("#", got)

        def files():
            found = set()
            for top, _, names in os.walk(os.path.join(place.home, "mail")):
                found |= {os.path.join(top, n) for n in names}
            return found
        before = files()
        got = place.look("bob", "--save", "--dry-run")
        tap.ok(got.returncode == 0 and b"would " in got.stdout and
               files() == before, "save: dry run", got)
        got = place.look("bob", "--save")
        new = files() - before
        tap.ok(got.returncode == 0 and len(new) == 1 and
               b"BEGIN CERTIFICATE" in open(new.pop(), "rb").read(),
               "save: bob's is installed", got)
        before = files()
        for local in ("old", "foreign", "signs"):
            got = place.look(local, "--save")
            tap.ok(got.returncode == 1 and files() == before,
                   "save: not that of " + local, got)
        # A list says that it was revoked.
        crl = place.write("crl.pem", CA.crl((CERTIFICATES["bob"][1],
                                             datetime.datetime(2026, 1, 1))))
        for name in ("bob", "form100"):
            got = place.look(name, "--json", settings=("smime_crls=" + crl,))
            fault = json.loads(got.stdout)["records"][0]["certificate"][
                "fault"]
            tap.ok("revoked" in fault or name != "bob",
                   "save: %s was revoked" % name, fault)
        got = place.look("bob", "--save", settings=("smime_crls=" + crl,))
        tap.ok(got.returncode == 1, "save: not what was revoked", got)


def test_retrieval(zones):
    """A CA is asked whether it has revoked what a record holds."""
    lists = {}

    class Handler(http.server.BaseHTTPRequestHandler):
        def log_message(self, *unused):
            pass

        def do_GET(self):
            self.send_response(200)
            self.end_headers()
            self.wfile.write(lists["now"])

    web = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=web.serve_forever, args=(0.02,),
                     daemon=True).start()
    _, cert = issue("listed@example.org", more=(points(
        "http://127.0.0.1:%d/ca.crl" % web.server_address[1]),))
    zones.update("add %s._smimecert.example.org 60 SMIMEA %s" % (
        label("listed"), text(3, 0, 0, cert)))
    for name, revoked in (("good", []), ("revoked", [entry(
            cert, datetime.datetime(2026, 1, 1))])):
        lists["now"] = revocation_list(CA, revoked)
        with Looking(zones) as place:
            got = place.look("listed", "--json", settings=(
                "retrieve_revocation=crl", "retrieve_private=yes"))
            fault = json.loads(got.stdout)["records"][0]["certificate"][
                "fault"]
            tap.ok(got.returncode == 0 and ("revoked" in (fault or "")) ==
                   (name == "revoked"), "retrieval: " + name, got)
    web.shutdown()
    web.server_close()


def main():
    plain = {test.__name__: test for test in (
        test_owner, test_print, *((test_gpg,) if SLOW or tap.asked else ()))}
    why = Zones.missing()
    if why:
        tap.skip("records on real servers", why)
        run_tests(plain)
        tap.done()
    records = 'www TXT "x"\nalias CNAME a.sub.example.net.\nbig TXT %s\n' % \
        " ".join('"%s"' % ("x" * 250) for _ in range(12))
    ee = {label("ee") + "._smimecert": "SMIMEA " + text(
        3, 0, 0, CERTIFICATES["bob"][1])}
    with Zones({"example.org": records + zone_records()}, static={
            "example.net": {"a.sub": 'TXT "y"'}, "insecure": ee,
            "bogus": {"a": 'TXT "v=DKIM1; x"', **ee}}) as zones:
        chosen = [test_servers, test_publish, test_lookup, test_failures]
        if SLOW or tap.asked:
            chosen += [test_strangers, test_roll_over, test_refused,
                       test_killed, test_size, test_compare, test_message,
                       test_save, test_retrieval]
        tests = {**plain, **{test.__name__: functools.partial(test, zones)
                             for test in chosen}}
        if tap.asked:
            run_tests({**tests, "test_lag": functools.partial(test_lag,
                                                              zones)})
            tap.done()
        run_tests(tests, workers=3)
        if SLOW:
            test_lag(zones)  # stops a server that the others need
    tap.done()


main()
