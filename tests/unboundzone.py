"""Signed zones on loopback, served by a real unbound; keys and signatures by
ldns.

Names below "example." are signed under a root of our own, those below
"insecure." have a delegation without DS, those below "bogus." were changed
after they were signed, and those below "dated." were signed for a day long ago.
The anchor is our root's key.  No root rights, no
network.
"""
import os
import shutil
import subprocess
import tempfile

from dnsserver import both_sockets
from lib import answers

SOA = "@ 300 IN SOA ns.example. host.example. 1 3600 600 86400 60\n" \
      "@ 300 IN NS ns.example.\n"


def free_port():
    udp, tcp = both_sockets()
    with udp, tcp:
        return udp.getsockname()[1]


def txt(text):
    return "TXT " + " ".join('"%s"' % text[i:i + 250]
                             for i in range(0, len(text), 250))


class Unbound:
    """records: {zone: {name without the zone: "TYPE rdata" or a list}}."""

    def __init__(self, records, dated=("dated",)):
        self.dated = dated
        self.dir = tempfile.mkdtemp(prefix="mailcert-zone.")
        ds = ""
        for zone in records:
            ds += "%s. 300 IN NS ns.example.\n" % zone
            if zone != "insecure":
                ds += self.sign(zone, self.zone(records[zone]))
            else:
                self.write("insecure.zone.signed", self.zone(records[zone]))
        if "bogus" in records:
            self.spoil("bogus")
        self.sign(".", SOA.replace("@", ".") + ds)
        self.port = free_port()
        self.start(list(records) + ["."])

    def __enter__(self):
        return self

    def __exit__(self, *unused):
        self.process.kill()
        self.process.wait()
        shutil.rmtree(self.dir, ignore_errors=True)

    @property
    def resolver(self):
        return "127.0.0.1@%d" % self.port

    @property
    def anchor(self):
        return os.path.join(self.dir, "root.key")

    def write(self, name, text):
        path = os.path.join(self.dir, name)
        with open(path, "w") as f:
            f.write(text)
        return path

    @staticmethod
    def zone(names):
        # unbound's proofs of absence fail below names that have no records.
        between = {name.split(".", i)[i] for name in names
                   for i in range(1, name.count(".") + 1)} - set(names)
        out = SOA + "".join('%s 300 IN TXT "-"\n' % b for b in between)
        for name, values in names.items():
            for value in [values] if isinstance(values, str) else values:
                out += "%s 300 IN %s\n" % (name, value)
        return out

    def run(self, *command):
        return subprocess.run(command, check=True, cwd=self.dir,
                              capture_output=True, text=True).stdout.strip()

    def sign(self, zone, text):
        """Sign; gives the DS record for the parent."""
        name = "root" if zone == "." else zone
        self.write(name + ".zone", text)
        key = self.run("ldns-keygen", "-a", "ECDSAP256SHA256", "-k",
                       zone if zone == "." else zone + ".")
        days = ("-i", "20200101", "-e", "20200102") if zone in self.dated \
            else ()
        self.run("ldns-signzone", *days, "-o",
                 zone if zone == "." else zone + ".", "-f",
                 name + ".zone.signed", name + ".zone", key)
        with open(os.path.join(self.dir, key + ".key")) as f:
            self.write(name + ".key", f.read())
        return self.run("ldns-key2ds", "-n", "-2", key + ".key") + "\n"

    def spoil(self, zone):
        """What the signatures were made for is not what is served."""
        path = os.path.join(self.dir, zone + ".zone.signed")
        with open(path) as f:
            text = f.read()
        changed = "".join(
            line.replace("v=DKIM1;", "v=DKIM1; n=x;").replace(
                "SMIMEA\t3 0 0 ", "SMIMEA\t3 1 0 ") + "\n"
            for line in text.splitlines())
        assert changed.strip() != text.strip()
        self.write(zone + ".zone.signed", changed)

    def start(self, zones):
        config = """server:
 interface: 127.0.0.1@%d
 port: %d
 do-daemonize: no
 username: ""
 chroot: ""
 directory: "%s"
 pidfile: ""
 use-syslog: no
 logfile: "log"
 module-config: "iterator"
 num-threads: 1
 so-reuseport: no
 do-not-query-localhost: no
""" % (self.port, self.port, self.dir)
        for zone in zones:
            config += """auth-zone:
 name: "%s"
 zonefile: "%s.zone.signed"
 for-downstream: yes
 for-upstream: no
 fallback-enabled: no
""" % (zone if zone == "." else zone + ".", "root" if zone == "." else zone)
        self.process = subprocess.Popen(
            [shutil.which("unbound", path="/usr/sbin:/usr/bin:/sbin"), "-c",
             self.write("unbound.conf", config)],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        if answers(self.port, self.process):
            return
        with open(os.path.join(self.dir, "log")) as f:
            raise RuntimeError("unbound does not start: " + f.read()[-1500:])
