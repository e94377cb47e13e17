#!/usr/bin/python3
# Runs in: check-slow
"""Certificates in the DNS, from the order on: what the offer after an order
does, how a renewal goes on, several secondaries that are slow, and zones that
have keys of their own.  Knot, nsd, unbound and nsupdate on loopback."""
import hashlib
import json
import os
import sys
import time

TESTS = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path[:0] = [TESTS, os.path.join(TESTS, "ca")]
from cms import Authority, cert_der, cert_pem, new_key, pem
import dns.flags
from cryptography import x509
from lib import Place, Terminal, run_tests, tap
from servers.dns import Follower, Zones
from town import Town

ROOT = Authority("Test Root")
BOTH = ("digital_signature", "key_agreement")


def owner(address):
    local, domain = address.split("@")
    return "%s._smimecert.%s" % (hashlib.sha256(
        local.encode()).hexdigest()[:56], domain)


def pairs(zones, address, *servers):
    """The records of an address on each of these servers."""
    return [sorted(r.replace(" ", "") for r in server.records(
        owner(address), "SMIMEA")) for server in servers]


def answer(town):
    """As town.answer(), but the CA's own DNS has its key."""
    for path in town.wait_for_mail():
        with open(path, "rb") as f:
            got = town.run("-o", "resolver=" + town.ca.dns.resolver, "handle",
                           "--auto-approve", "--mda", stdin=f.read())
        tap.ok(got.returncode == 0, "the challenge is answered", got)
        os.unlink(path)


def certificates(town):
    return json.loads(town.run("status", "--json", "--all").stdout)[
        "certificates"]


def record_of(town, id):
    with open("%s/certificates/%s.pem" % (town.place.home, id), "rb") as f:
        cert = x509.load_pem_x509_certificate(f.read())
    return "300" + cert_der(cert).hex()


def test_order(zones, third):
    """Order on a terminal, say yes to the offer, look it up; renew."""
    address = "order@example.org"
    servers = [zones.primary, zones.secondary, third]
    with Town(zones.settings + "set dns_patience = 30s\n") as town:
        with Terminal(town.place, "mailcert order " + address,
                      columns=100) as terminal:
            tap.ok(terminal.wait("waiting for you"), "order: it waits",
                   terminal.screen())
            answer(town)
            tap.ok(terminal.wait("Publish the certificate in the DNS") and
                   pairs(zones, address, *servers) == [[]] * 3,
                   "order: it asks before", terminal.screen())
            terminal.keys("y", "Enter")
            tap.ok(terminal.wait("[exit 0]"), "order: yes", terminal.screen())
        one, = certificates(town)
        first = record_of(town, one["id"])
        tap.equal([[r.lower() for r in s] for s in pairs(
            zones, address, *servers)], [[first]] * 3,
            "order: every name server has it when the command ends")
        got = town.run("smimea", "lookup", address)
        tap.ok(got.returncode == 0 and b"names your certificate " +
               one["id"].encode() in got.stdout,
               "order: it is found, secure, and ours", got)
        answered = zones.resolver.ask(owner(address), "SMIMEA")
        tap.ok(answered.flags & dns.flags.AD, "order: the resolver says so")
        got = town.run("-o", "dnssec_anchor=none", "smimea", "lookup",
                       "--again", address)
        tap.ok(got.returncode == 65, "order: not found where nothing is "
               "validated", got)
        # Renewed, the record follows by itself: it was published once.
        renew = town.run("renew", "--force", address)
        tap.ok(renew.returncode == 0, "renew: ordered", renew,
               town.ca.problems)
        answer(town)
        got = town.run("renew")
        both = certificates(town)
        new = next((c for c in both if c["id"] != one["id"]), None)
        tap.ok(new is not None and new["state"] == "issued",
               "renew: issued", got, both)
        second = record_of(town, new["id"])
        tap.equal([[r.lower() for r in s] for s in pairs(
            zones, address, *servers)], [sorted([first, second])] * 3,
            "renew: the new record stands beside the old one")
        got = town.run("smimea", "unpublish", address)
        tap.ok(got.returncode == 0 and pairs(zones, address, *servers) ==
               [[]] * 3, "unpublish: gone everywhere", got)


class Home(Place):
    def __init__(self, settings):
        super().__init__(config="set authenticate = none\n" + settings)

    def take(self, address):
        key, cert = ROOT.issue(address, key=new_key(), usage=BOTH)
        path = self.write(address, pem(key) + cert_pem(cert, ROOT.cert))
        got = self.run("import", path)
        assert got.returncode == 0, got

    def shown(self):
        top = os.path.join(self.home, "published")
        return [json.load(open(os.path.join(top, name)))["shown"]
                for name in os.listdir(top)]


def test_secondaries(zones, third):
    """One is notified and transfers all of it, one asks for the changes now
    and then: publish waits for both, and says for whom."""
    address = "slow@example.org"
    servers = [zones.primary, zones.secondary, third]
    with Home(zones.settings) as place:
        place.take(address)
        got = place.run("-o", "dns_patience=30s", "smimea", "publish", address)
        tap.ok(got.returncode == 0 and [len(r) for r in pairs(
            zones, address, *servers)] == [1, 1, 1] and
            place.shown()[0] > 0, "published: all three have it", got)
        with open(third.path("log")) as f:
            tap.ok("IXFR" in f.read(), "one asked for the changes only")
        got = place.run("-o", "dns_patience=30s", "smimea", "unpublish",
                        address)
        tap.ok(got.returncode == 0 and [len(r) for r in pairs(
            zones, address, *servers)] == [0, 0, 0],
            "unpublished: none has it any more", got)
        # It does not ask for an hour, and nobody tells it.
        third.stop()
        third.refresh = 3600
        third.start()
        try:
            began = time.monotonic()
            got = place.run("-o", "dns_patience=2s", "smimea", "publish",
                            address)
            tap.ok(got.returncode == 75 and b"2 of 3 name servers of "
                   b"example.org show it" in got.stderr and
                   third.address.encode() in got.stderr and
                   b"does not have it yet" in got.stderr and
                   time.monotonic() - began < 30, "one is late", got)
            tap.ok([len(r) for r in pairs(zones, address, *servers)] ==
                   [1, 1, 0] and place.shown() == [0],
                   "it does not count as published", place.shown())
        finally:
            third.stop()
            third.refresh = 2
            third.start()
        got = place.run("-o", "dns_patience=30s", "renew")
        tap.ok(got.returncode == 0 and place.shown()[0] > 0 and [
            len(r) for r in pairs(zones, address, *servers)] == [1, 1, 1],
            "renew waits for the rest", got)
        place.run("smimea", "unpublish", address)


def test_keys(zones, unused):
    """Two zones, two keys."""
    one, two = "key@example.org", "key@example.info"
    with Home(zones.settings + "set dns_patience = 20s\n") as place:
        def servers(zone):
            return [] if zones.primary.listens == 53 else [
                "dns_servers.%s=%s %s" % (zone, zones.primary.at,
                                          zones.secondary.at)]

        def publish(address, *settings):
            got = place.run(*(x for s in [
                *settings, *servers("example.info")] for x in ("-o", s)),
                "smimea", "publish", address)
            return got, len(zones.ask(owner(address), "SMIMEA"))
        place.take(one)
        place.take(two)
        got, there = publish(two)
        tap.ok(got.returncode == 78 and there == 0 and
               b"example.info" in got.stderr, "the default is for another zone",
               got)
        own = "dns_update_key.example.info=" + zones.other_key
        for settings in (
                [own], ["dns_update_key.EXAMPLE.info.=" + zones.other_key],
                [own, "dns_update_key.info=" + zones.wrong_key],
                [own, "dns_update_key.x.example.info=" + zones.wrong_key,
                 "dns_update_server.example.info=" + zones.primary.at,
                 "dns_update_server=127.0.0.1@1"]):
            got, there = publish(two, *settings)
            tap.ok(got.returncode == 0 and there == 1 and
                   len(zones.ask(owner(two), "SMIMEA",
                                 zones.secondary)) == 1,
                   "a key of its own: " + settings[-1].split("=")[0], got)
            for setting in ("dns_update_key.info=" + zones.wrong_key,
                            "dns_update_key.example.info=/nowhere"):
                got, _ = publish(two, own, setting)
                good = "example.info=" not in setting
                tap.ok((got.returncode == 0) == good,
                       "the nearest counts: " + setting.split("=")[0], got)
            got = place.run(*(x for s in settings + servers("example.info")
                              for x in ("-o", s)), "smimea", "unpublish", two)
            tap.ok(got.returncode == 0 and zones.ask(
                owner(two), "SMIMEA") == [], "unpublished by its key", got)
        got, there = publish(one, own)
        tap.ok(got.returncode == 0 and there == 1,
               "the default stays for the other", got)
        got = place.run("-o", "dns_update_server.example.info=ns.one@54",
                        "smimea", "print", "--format", "nsupdate", two)
        tap.ok(got.stdout.startswith(b"server ns.one 54\nupdate add ") and
               got.stdout.endswith(b"\nsend\n"), "the script names it", got)


def main():
    why = Zones.missing()
    if why:
        tap.skip("zones of real servers", why)
        tap.done()
    third = Follower()
    with Zones({"example.org": "@ IN NS ns3\nns3 IN A %s\n" % third.address,
                "example.info": ""}, others=("example.info",)) as zones:
        third.follow("example.org", zones.primary.at, zones.primary.secret)
        zones.start(third)
        if third.listens != 53:
            Zones.settings = property(lambda self, old=Zones.settings.fget:
                                      old(self) + "set dns_servers = %s\n" %
                                      " ".join(s.at for s in (
                                          self.primary, self.secondary,
                                          third)))
        run_tests({test.__name__: (lambda test=test: test(zones, third))
                   for test in (test_order, test_keys, test_secondaries)})
    tap.done()


main()
