#!/usr/bin/python3
# Runs in: check check-slow
"""SMIMEA records in zones of real servers, and how the DNS is changed: Knot,
nsd, unbound and nsupdate on loopback."""
import functools
import hashlib
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from lib import BUILD, Place, ask, run_tests, tap, told
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


def main():
    run_tests({"test_owner": test_owner})
    why = Zones.missing()
    if why:
        tap.skip("records on real servers", why)
        tap.done()
    records = 'www TXT "x"\nalias CNAME a.sub.example.net.\nbig TXT %s\n' % \
        " ".join('"%s"' % ("x" * 250) for _ in range(12))
    with Zones({"example.org": records}, static={
            "example.net": {"a.sub": 'TXT "y"'},
            "bogus": {"a": 'TXT "v=DKIM1; x"'}}) as zones:
        run_tests({
            "test_servers": functools.partial(test_servers, zones)})
    tap.done()


main()
