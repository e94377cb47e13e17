"""DNS servers: a primary that takes updates, a secondary, static zones, and a
resolver that validates.

    with Zones({"example.org": 'www 300 IN TXT "x"'}) as zones:
        place.configure(zones.settings)     # resolver, anchor, server, key
        zones.secondary.stop()              # nsd; zones.primary is Knot
        zones.ask("www.example.org", "TXT") # what the primary says; at=...

Knot signs the zones and takes updates that are signed with the TSIG key
`zones.key` (a file); nsd is the secondary, a second nsd serves the root, which
is signed, too, and has DS records, and the static zones: {zone: records} of
tests/unboundzone.py, of which "insecure" has no DS and "bogus" was changed.
unbound validates before them all.

Each server has an address of its own below 127.0.0.0/8, so that its port can
be 53 where the tests run as root: then mailcert finds the servers as it does
anywhere.  Otherwise `settings` has dns_servers.
"""
import base64
import os
import random
import secrets
import socket
import subprocess
import time

import dns.dnssec
import dns.exception
import dns.message
import dns.query
import dns.rdatatype
from unboundzone import Unbound

from . import Server, packages, program

KNOT = """\
server:
  rundir: {dir}/run
  listen: {address}@{listens}
  udp-max-payload: 1232
log:
  - target: stderr
    any: info
database:
  storage: {dir}/db
key:
  - id: upd.
    algorithm: hmac-sha256
    secret: {secret}
  - id: other.
    algorithm: hmac-sha256
    secret: {other}
remote:
  - id: second
    address: {second}
    key: upd.
acl:
  - id: upd
    key: upd.
    action: [update, transfer]
    update-type: [TXT, SMIMEA, TLSA]
  - id: other
    key: other.
    action: update
  - id: pull
    key: upd.
    action: transfer
policy:
  - id: p
    algorithm: ecdsap256sha256
    single-type-signing: on
    nsec3: on
    nsec3-iterations: 0
    nsec3-salt-length: 0
zone:
"""

KNOT_ZONE = """\
  - domain: {zone}.
    file: {dir}/{zone}.zone
    dnssec-signing: on
    dnssec-policy: p
    acl: [{acl}]
    notify: [second]
    zonefile-sync: -1
    zonefile-load: difference-no-serial
    journal-content: all
    serial-policy: unixtime
"""

FOLLOWER = """\
server:
  rundir: {dir}/run
  listen: {address}@{listens}
log:
  - target: {dir}/log
    any: info
database:
  storage: {dir}/db
key:
  - id: upd.
    algorithm: hmac-sha256
    secret: {secret}
remote:
  - id: primary
    address: {primary}
    key: upd.
zone:
  - domain: {zone}.
    master: primary
    refresh-max-interval: {refresh}
"""

NSD = """\
server:
  ip-address: {address}@{listens}
  username: ""
  chroot: ""
  database: ""
  zonesdir: {dir}
  pidfile: {dir}/pid
  logfile: {dir}/log
  xfrdfile: {dir}/xfrd
  xfrdir: {dir}
  zonelistfile: {dir}/zones
  server-count: 1
  xfrd-reload-timeout: 0
  verbosity: 1
remote-control:
  control-enable: no
"""

UNBOUND = """\
server:
  interface: {address}@{listens}
  port: {listens}
  do-daemonize: no
  username: ""
  chroot: ""
  directory: "{dir}"
  pidfile: ""
  use-syslog: no
  logfile: "{dir}/log"
  module-config: "validator iterator"
  trust-anchor-file: "{anchor}"
  num-threads: 1
  so-reuseport: no
  do-not-query-localhost: no
  access-control: 127.0.0.0/8 allow
  val-bogus-ttl: 1
  cache-max-negative-ttl: 0
  cache-max-ttl: {cache}
  edns-buffer-size: 1232
  max-udp-size: 1232
"""


def new_secret():
    return base64.b64encode(secrets.token_bytes(32)).decode()


class Loopback(Server):
    """A server with an address of its own."""

    def __init__(self):
        super().__init__()
        self.address = "127.%d.%d.%d" % (random.randint(2, 254), random.
                                         randint(0, 254), random.randint(
                                             2, 254))
        self.listens = 53 if os.getuid() == 0 else self.free_port()

    def free_port(self):
        with socket.socket() as s:
            s.bind((self.address, 0))
            return s.getsockname()[1]

    @property
    def at(self):
        """ADDRESS@PORT, as in the configuration of mailcert."""
        return "%s@%d" % (self.address, self.listens)

    def begin(self, *command):
        """Start it, as a user who may use port 53."""
        self.spawn(*command, ports=True,
                   env={"LD_LIBRARY_PATH": packages.libraries})

        self.wait_for(self.answers, "an answer of " + self.at)

    def answers(self):
        with socket.socket() as s:
            return s.connect_ex((self.address, self.listens)) == 0

    def ask(self, name, kind, tcp=True, seconds=20):
        """The answer, a dns.message.Message."""
        query = dns.message.make_query(name, kind, want_dnssec=True)
        ask = dns.query.tcp if tcp else dns.query.udp
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            try:
                return ask(query, self.address, timeout=seconds,
                           port=self.listens)
            except ConnectionResetError:  # nsd loads a zone
                time.sleep(0.02)
        raise TimeoutError("%s resets every connection" % self.at)

    def records(self, name, kind):
        """The records there, in their presentation form."""
        return sorted(
            rdata.to_text() for rrset in self.ask(name, kind).answer
            if rrset.rdtype == dns.rdatatype.from_text(kind)
            for rdata in rrset)

    def serves(self, zone, kind):
        """nsd ends connections when it loads a zone."""
        try:
            return bool(self.records(zone, kind))
        except (OSError, EOFError):
            return False


class Knot(Loopback):
    """Signs zones and takes updates."""

    name = "knot"

    def __init__(self, secret, second, others=()):
        super().__init__()
        self.secret, self.second, self.zones = secret, second, []
        self.others = others
        self.other = new_secret()

    def serve(self, zones):
        """{zone: records}, before the start."""
        self.zones = list(zones)
        self.folder("run")
        self.folder("db")
        for zone, text in zones.items():
            self.write(zone + ".zone", text)
        self.write("knot.conf", KNOT.format(**vars(self)) + "".join(
            KNOT_ZONE.format(zone=zone, dir=self.dir, acl="other, pull" if
                             zone in self.others else "upd")
            for zone in zones))

    def start(self):
        self.begin(packages.find("/usr/sbin/knotd"), "-c",
                   self.path("knot.conf"))
        for zone in self.zones:
            self.wait_for(lambda zone=zone: self.serves(zone, "DNSKEY"),
                          "the keys of " + zone)

    def ds(self, zone):
        """The DS records of a zone, for its parent."""
        key = next(r for r in self.ask(zone, "DNSKEY").answer
                   if r.rdtype == dns.rdatatype.DNSKEY)
        return "".join("%s. 300 IN DS %s\n" % (
            zone, dns.dnssec.make_ds(zone + ".", one, "SHA256").to_text())
            for one in key)


class Follower(Loopback):
    """Knot as a secondary that nobody notifies: it asks the primary for what
    has changed (IXFR) every so many seconds."""

    name = "knot2"

    def __init__(self):
        super().__init__()
        self.refresh = 2

    def follow(self, zone, primary, secret):
        self.zone, self.primary, self.secret = zone, primary, secret
        self.folder("run")
        self.folder("db")

    def start(self):
        self.write("knot.conf", FOLLOWER.format(**vars(self)))
        self.begin(packages.find("/usr/sbin/knotd"), "-c",
                   self.path("knot.conf"))
        self.wait_for(lambda: self.serves(self.zone, "SOA"),
                      "the zone " + self.zone)


class Nsd(Loopback):
    """A secondary of zones at a primary, or a server of zones in files."""

    name = "nsd"
    dated = ()
    sign, zone, spoil = Unbound.sign, staticmethod(Unbound.zone), Unbound.spoil

    def __init__(self):
        super().__init__()
        self.conf = NSD.format(**vars(self))

    def run(self, *command, **more):
        return super().run(*command, **more).strip()

    def follow(self, zones, primary, secret):
        self.zones = list(zones)
        self.conf += 'key:\n  name: "upd."\n  algorithm: hmac-sha256\n' \
            '  secret: "%s"\n' % secret
        for zone in zones:
            self.conf += 'zone:\n  name: "%s"\n  zonefile: "%s.zone"\n' \
                "  request-xfr: AXFR %s upd.\n" \
                "  allow-notify: 127.0.0.0/8 NOKEY\n" \
                "  allow-notify: 127.0.0.0/8 upd.\n" % (zone, zone, primary)

    def serve(self, zones):
        self.zones = list(zones)
        for zone in zones:
            self.conf += 'zone:\n  name: "%s"\n  zonefile: "%s.zone.signed"' \
                "\n" % (zone, "root" if zone == "." else zone)

    def start(self):
        for name in os.listdir(self.dir):
            self.own(self.path(name))
        self.write("nsd.conf", self.conf)
        self.begin(packages.find("/usr/sbin/nsd"), "-d", "-c",
                   self.path("nsd.conf"))
        for zone in self.zones:
            self.wait_for(lambda zone=zone: self.serves(zone, "SOA"),
                          "the zone " + zone)


class Resolver(Loopback):
    """stubs: {zone: ADDRESS@PORT}; cache: the longest TTL."""

    name = "unbound"

    def __init__(self, anchor, stubs, cache=0, more=""):
        super().__init__()
        self.cache = cache
        self.anchor = self.write("root.key", anchor)
        self.write("unbound.conf", UNBOUND.format(
            **vars(self)) + more + "".join(
            'stub-zone:\n  name: "%s"\n  stub-addr: %s\n' % stub
            for stub in stubs.items()))

    def answers(self):
        """By TCP or by UDP: it may have only one of them."""
        for tcp in (True, False):
            try:
                return bool(self.ask(".", "SOA", tcp, seconds=1))
            except (OSError, dns.exception.DNSException):
                pass
        return False

    def start(self):
        self.begin(program("unbound"), "-c", self.path("unbound.conf"))


class Zones:
    """All of them: see the head of this file.  cache: how many seconds the
    resolver keeps an answer at most; others: which of the zones are changed
    with `other_key` instead."""

    START = "$TTL 300\n@ IN SOA ns1 host 1 3600 600 86400 60\n" \
        "@ IN NS ns1\n@ IN NS ns2\nns1 IN A %s\nns2 IN A %s\n"

    def __init__(self, zones, static=None, cache=0, others=()):
        secret = new_secret()
        self.names, self.records = list(zones), dict(static or {})
        self.cache = cache
        self.static, self.secondary = Nsd(), Nsd()
        self.primary = Knot(secret, self.secondary.at, others)
        self.primary.serve({zone: self.START % (
            self.primary.address, self.secondary.address) + text
            for zone, text in zones.items()})
        self.secondary.follow(zones, self.primary.at, secret)
        self.resolver = None
        self.key = self.make_key("key", secret)
        self.other_key = self.make_key("other", self.primary.other, "other.")
        self.wrong_key = self.make_key("wrong", base64.b64encode(
            b"x" * 32).decode())

    @staticmethod
    def missing():
        """Why they cannot run here, or None."""
        for path in ("/usr/sbin/knotd", "/usr/sbin/nsd"):
            if not packages.find(path):
                return "%s is not here (make deps)" % os.path.basename(path)
        return None if program("unbound") else "unbound is not here"

    def make_key(self, name, secret, id="upd."):
        path = self.primary.path(name)
        with open(path, "w") as f:
            f.write('key "%s" { algorithm hmac-sha256; secret "%s"; };\n' %
                    (id, secret))
        os.chmod(path, 0o600)
        return path

    def __enter__(self):
        self.running = []
        try:
            if os.getuid() == 0:
                packages.readable()
            self.start(self.primary)
            self.start(self.secondary)
            parents = "".join(self.primary.ds(zone) + "%s. 300 IN NS ns1.%s."
                              "\nns1.%s. 300 IN A %s\n" % (
                                  zone, zone, zone, self.primary.address)
                              for zone in self.names)
            for zone, records in self.records.items():
                parents += "%s. 300 IN NS ns.example.\n" % zone
                text = self.static.zone(records)
                if zone == "insecure":
                    self.static.write("insecure.zone.signed", text)
                else:
                    parents += self.static.sign(zone, text)
                if zone == "bogus":
                    self.static.spoil(zone)
            self.static.sign(".", "$TTL 300\n. IN SOA ns.example. host."
                             "example. 1 3600 600 86400 60\n. IN NS ns."
                             "example.\n" + parents)
            self.static.serve([".", *self.records])
            self.start(self.static)
            with open(self.static.path("root.key")) as f:
                self.root_key = f.read()
            self.resolver = self.another()
            self.start(self.resolver)
        except BaseException:
            self.__exit__()
            raise
        return self

    def another(self, more=""):
        """Another resolver, with one more line in its configuration."""
        return Resolver(self.root_key, {
            **{zone: self.primary.at for zone in self.names},
            **{zone: self.static.at for zone in (".", *self.records)}},
            self.cache, "  %s\n" % more)

    def start(self, server):
        self.running.append(server)
        server.__enter__()

    def __exit__(self, *unused):
        for server in self.running:
            server.__exit__()

    @property
    def settings(self):
        """Lines of a configuration of mailcert."""
        text = "set resolver = %s\nset dnssec_anchor = %s\n" \
            "set dns_update_server = %s\nset dns_update_key = %s\n" % (
                self.resolver.at, self.resolver.anchor, self.primary.at,
                self.key)
        if self.primary.listens != 53:
            text += "set dns_servers = %s %s\n" % (self.primary.at,
                                                  self.secondary.at)
        return text

    def ask(self, name, kind, at=None):
        """The records of a name in their presentation form, from the primary
        or another one."""
        return (at or self.primary).records(name, kind)

    def update(self, *lines):
        """Change a zone by nsupdate: "add NAME TTL TYPE DATA"."""
        script = "server %s %d\n%ssend\n" % (
            self.primary.address, self.primary.listens, "".join(
                "update %s\n" % line for line in lines))
        subprocess.run([program("nsupdate"), "-k", self.key, "-v"],
                       input=script.encode(), check=True,
                       capture_output=True)
