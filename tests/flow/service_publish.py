#!/usr/bin/python3
# Runs in: check-slow
"""service publish: a real mail server announces a value, beside what its
administrator has set, and no more when it is taken away."""
import json
import os
import socket
import subprocess
import sys

TESTS = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path[:0] = [TESTS, os.path.join(TESTS, "ca")]
from lib import Place, run_tests, tap, tests_of
from servers import Authority, Server
from servers.dns import Zones
from servers.dovecot import Dovecot
from servers.exim import Exim
from servers.nginx import Nginx
from town import Town

HOST = "mail.example.org"
VALUE = "aBcDeFgHiJkLmNoPqRsTuVwXyZ0123456789-_AbCdE"
OTHER = "ZYXwvuTSRqpoNMLkjiHGFedcBA9876543210_-aBcDE"
OURS = "99-mailcert-acme.conf"
INCLUDE = "!include_try conf.d/*.conf\n"


def dovecot(settings=""):
    server = Dovecot(settings=settings + INCLUDE)
    server.folder("conf.d")
    return server


class Ports(Server):
    """Ports for a server that is still to be written, and a pair for it."""

    def __init__(self, *names):
        super().__init__()
        for name in names:
            setattr(self, name, self.port())
        cert, key = Authority(self.dir).issue(self.path("server"))
        with open(key) as f, open(cert) as g:
            self.pair = self.write("pair.pem", f.read() + g.read())

    def start(self):
        pass


def publish(place, server, *args, value=VALUE, services=None):
    return place.run(
        "-o", "mail_ca_file=" + server.ca, "service", "publish", "dovecot",
        HOST, "--config", server.path("dovecot.conf"), "--value", value,
        "--address", "127.0.0.1", *[word for pair in services or (
            ("imap", server.imap), ("imaps", server.imaps))
            for word in ("--service", "%s:%d" % pair)], *args)


def remove(place, *args):
    return place.run("service", "publish", "dovecot", "--remove", *args)


def capabilities(server):
    """As a client sees them, with their case."""

    with socket.create_connection(("127.0.0.1", server.imap)) as s, \
            s.makefile("rwb") as f:
        greeting = f.readline()
        f.write(b"a CAPABILITY\r\n")
        f.flush()
        return greeting.decode() + f.readline().decode()


def ours(server):
    return [name for name in os.listdir(server.path("conf.d"))
            if "mailcert" in name]


def test_dovecot():
    """Whatever the administrator has set stays."""
    for name, settings, kept in (
            ("nothing set", "", ""),
            ("a capability", "imap_capability = +XMINE\n", "XMINE"),
            ("a section", "protocol imap {\n  imap_capability = +XMINE XTOO\n"
             "}\n", "XMINE XTOO"),
            ("a whole list", "imap_capability = IMAP4rev1 XMINE\n", "XMINE")):
        with Place() as place, dovecot(settings) as server:
            before = capabilities(server)
            got = publish(place, server, "--dry-run")
            tap.ok(got.returncode == 0 and b"would write" in got.stdout and
                   not ours(server) and capabilities(server) == before,
                   name + ": --dry-run does nothing", got)
            got = publish(place, server)
            now = capabilities(server)
            tap.ok(got.returncode == 0 and now.count("ACME=" + VALUE) == 2 and
                   kept in now, name + ": announced, with its case", got, now)
            got = publish(place, server, value=OTHER)
            now = capabilities(server)
            tap.ok(got.returncode == 0 and now.count("ACME=") == 2 and
                   now.count(OTHER) == 2 and kept in now,
                   name + ": another value takes its place", got, now)
            got = remove(place)
            server.wait_for(lambda: "ACME" not in capabilities(server),
                            "reload")
            tap.ok(got.returncode == 0 and not ours(server) and
                   capabilities(server) == before,
                   name + ": --remove restores what was", got)
            got = remove(place)
            tap.ok(got.returncode == 0 and b"nothing was published" in
                   got.stdout, name + ": --remove again", got)


def test_refused():
    """What Dovecot does not take leaves no trace."""
    for name, settings, why in (
            ("local and protocol", "local 127.0.0.1 {\n  protocol imap {\n"
             "    imap_capability = +XMINE\n  }\n}\n", b"imap"),
            ("a broken file", None, b"doveconf")):
        with Place() as place, dovecot(settings or "") as server:
            if settings is None:
                server.write("conf.d/50-broken.conf", "no_such = 1\n")
            before = capabilities(server)
            got = publish(place, server)
            tap.ok(got.returncode == 1 and why in got.stderr,
                   name + ": refused", got)
            # A broken configuration stops Dovecot's new processes for a while.
            tap.ok(not ours(server) and (settings is None or
                                         capabilities(server) == before),
                   name + ": nothing is left", got)
    with Place() as place, dovecot() as server:
        server.configure()
        got = publish(place, server)
        tap.ok(got.returncode == 1 and b"include_try" in got.stderr and
               not ours(server), "no include", got)
    with Place() as place, dovecot() as server:
        other = server.port()
        got = publish(place, server, services=(("imap", other),))
        tap.ok(got.returncode == 1 and b"cannot connect" in got.stderr and
               not ours(server), "another port", got)
    with Place() as place, dovecot() as server:
        server.stop()
        got = publish(place, server)
        tap.ok(got.returncode == 1 and not ours(server), "a server that is "
               "down", got)
        server.start()
        tap.ok("ACME" not in capabilities(server), "and it starts", server.log())


def test_order():
    """From the order to the certificate, at a CA that connects to Dovecot."""
    if Zones.missing():
        tap.skip("an order by capability", Zones.missing())
        return
    for reads in ("before", "after", "both"):
        with Zones({"example.org": "mail A 127.0.0.1\n"}) as zones, \
                dovecot() as server, \
                Town("set mail_ca_file = %s\n" % server.ca, reads=reads,
                     resolver=zones.resolver.at) as town:
            where = ["--config", server.path("dovecot.conf"), "--address",
                     "127.0.0.1"]
            got = town.run("service", "publish", "dovecot", *where)
            tap.ok(got.returncode == 1, reads + ": nothing to publish", got)
            got = town.run("service", "order", "--no-wait", "--challenge",
                           "capability-imap-00", "--service",
                           "imap:%d" % server.imap, "--service",
                           "imaps:%d" % server.imaps, HOST)
            id = got.stdout.decode().strip()
            tap.ok(got.returncode == 0, reads + ": an order", got)
            check = ["service", "check", "--address", "127.0.0.1", "--json",
                     HOST]
            got = town.run(*check)
            tap.ok(got.returncode == 1 and b'"none"' in got.stdout,
                   reads + ": check looks for it", got)
            got = town.run("service", "publish", "dovecot", *where)
            tap.ok(b"next: mailcert finish " + id.encode() in got.stderr,
                   reads + ": publish says what comes next", got)
            tap.ok(town.run(*check).returncode == 0, reads + ": and finds it")
            tap.ok(got.returncode == 0 and
                   capabilities(server).count("ACME=") == 2,
                   reads + ": announced", got)
            got = town.run("renew")
            tap.ok(ours(server), reads + ": renew leaves it while it is needed",
                   got)
            got = town.run("finish", "--sent", id)
            tap.ok(got.returncode == 0, reads + ": the CA sees it", got,
                   town.ca.problems)
            tap.ok(not ours(server) and "ACME" not in capabilities(server),
                   reads + ": and it is taken away", got)
            order = json.loads(town.run("status", "--json", id).stdout)
            tap.equal(order["certificates"][0]["state"], "issued",
                      reads + ": the certificate is there")


def test_addresses():
    """The addresses of the order are looked at; one that is wrong is named, by
    publish, by check, and by the CA."""
    if Zones.missing():
        tap.skip("addresses", Zones.missing())
        return
    zone = "mail A 127.0.0.1\nmail A 127.0.0.3\n"
    with Zones({"example.org": zone}) as zones, dovecot() as server, \
            Town("set mail_ca_file = %s\n" % server.ca,
                 resolver=zones.resolver.at) as town:
        got = town.run("service", "order", "--no-wait", "--challenge",
                       "capability-imap-00", "--service",
                       "imap:%d" % server.imap, "--address", "127.0.0.1",
                       "--address", "127.0.0.3", HOST)
        id = got.stdout.decode().strip()
        config = ["--config", server.path("dovecot.conf")]
        got = town.run("service", "publish", "dovecot", *config)
        tap.ok(got.returncode == 0 and b"not yet: imap on port %d at "
               b"127.0.0.3: cannot connect" % server.imap in got.stdout,
               "publish looks at the order's addresses", got)
        got = town.run("service", "check", HOST)
        tap.ok(got.returncode == 1 and b"1 of 2" in got.stderr,
               "so does check", got)
        got = town.run("finish", id)
        tap.ok(got.returncode == 75 and b"127.0.0.3" in got.stderr and
               ours(server), "and finish waits", got)
        got = town.run("finish", "--sent", id)
        tap.ok(got.returncode == 69 and b"127.0.0.3" in got.stderr,
               "the CA refuses it with a reason", got)
        tap.ok(not ours(server) and "ACME" not in capabilities(server),
               "and the value is gone", got)
        got = town.run("service", "order", "--no-wait", "--challenge",
                       "capability-imap-00", "--service",
                       "imap:%d" % server.imap, HOST)
        id = got.stdout.decode().strip()
        town.run("service", "publish", "dovecot", *config, "--address",
                 "127.0.0.1")
        was = ours(server)
        got = town.run("finish", "--forget", id)
        tap.ok(was and got.returncode == 0 and not ours(server),
               "finish --forget takes it away, too", got)
    with Place() as place, dovecot() as server:
        got = publish(place, server, "--address", server.far)
        tap.ok(got.returncode == 0 and b"not yet" not in got.stdout,
               "two addresses that show it", got)


def test_records():
    """check asks every name server of the zone."""
    if Zones.missing():
        tap.skip("check of records", Zones.missing())
        return
    with Zones({"example.org": "mail A 127.0.0.1\n"}) as zones:
        settings = zones.settings
        # What somebody else has to put there.
        plain = "".join(line + "\n" for line in settings.splitlines()
                        if "dns_update" not in line)
        with Town(plain, resolver=zones.resolver.at) as town:
            got = town.run("service", "order", "--no-wait", "--challenge",
                           "dns-01", "--service", "imaps", HOST)
            id = got.stdout.decode().strip()
            got = town.run("service", "check", id)
            tap.ok(got.returncode == 1 and b"_acme-challenge." in got.stdout
                   and b"_acme-challenge." in got.stderr,
                   "check: the record is missing", got)
            for line in settings.splitlines():
                if "dns_update" in line:
                    with open(town.place.path(
                            "user/.config/mailcert/config"), "a") as f:
                        f.write(line + "\n")
            got = town.run("service", "publish", "dns", id)
            assert got.returncode == 0, got
            got = town.run("service", "check", id)
            tap.ok(got.returncode == 0 and b"every name server" in got.stdout,
                   "check: it is there", got)
            zones.secondary.stop()
            got = town.run("service", "check", "--json", HOST)
            tap.ok(got.returncode == 1 and
                   json.loads(got.stdout)["ok"] is False,
                   "check: one name server does not answer", got)


def test_killed_order():
    """An announcement whose order is gone is taken away by renew."""
    with Place() as place, dovecot() as server:
        publish(place, server)
        path = place.path("data", "installed", "announce-dovecot")
        with open(path) as f:
            text = f.read()
        with open(path, "w") as f:
            f.write(text.replace("order\tserver\t-", "order\tserver\tgone1234"))
        got = place.run("renew")
        tap.ok(not ours(server) and b"removed" in got.stderr and
               not os.path.exists(path), "an order that is gone", got)


def at(server, *names):
    return [word for name in names for word in (
        "--service", "%s:%d" % (name, getattr(server, name)))]


def announced(place, server, services, value=VALUE):
    """What service check says of each of them."""
    got = place.run("service", "check", *services, "--value", value, "--json",
                    "--address", "127.0.0.1", HOST)
    return [one["addresses"][0]["verdict"]
            for one in json.loads(got.stdout)["services"]]


def test_nginx():
    """The printed text in a real nginx, for all that it can: with TLS and
    STARTTLS, before and inside TLS; and the test CA believes it."""
    if Nginx.missing() or Zones.missing():
        tap.skip("nginx", Nginx.missing() or Zones.missing())
        return
    with Ports("smtp", "submission", "submissions", "pop3", "pop3s", "imap",
               "imaps") as ports, Zones(
                   {"example.org": "mail A 127.0.0.1\n"}) as zones:
        for challenge, names in (
                ("capability-smtp-00", ("smtp", "submission", "submissions")),
                ("capability-pop-00", ("pop3", "pop3s")),
                ("capability-imap-00", ("imap", "imaps"))):
            for reads in ("before", "after"):
                with Town(reads=reads, resolver=zones.resolver.at) as town:
                    services = at(ports, *names)
                    got = town.run("service", "order", "--no-wait",
                                   "--challenge", challenge, *services, HOST)
                    id = got.stdout.decode().strip()
                    got = town.run("service", "publish", "nginx", "--pair",
                                   ports.pair, "--address", "127.0.0.1", id)
                    name = "nginx, %s, %s: " % (challenge, reads)
                    tap.ok(got.returncode == 0, name + "printed", got)
                    with Nginx(got.stdout.decode(),
                               getattr(ports, names[0])) as nginx:
                        got = town.run("finish", "--sent", id)
                        tap.ok(got.returncode == 0, name + "the CA sees it",
                               got, town.ca.problems, nginx.log())
    with Place() as place, Ports("smtp", "submissions", "pop3") as ports:
        services = at(ports, "smtp", "submissions", "pop3")
        got = place.run("service", "publish", "nginx", HOST, "--pair",
                        ports.pair, "--value", VALUE, *services, "--address",
                        "127.0.0.1")
        with Nginx(got.stdout.decode(), ports.smtp):
            tap.equal(announced(place, ports, services), ["announced"] * 3,
                      "nginx: check sees it")


def test_exim():
    """The printed lines in a real Exim: as long as the file is there."""
    if Exim.missing():
        tap.skip("Exim", Exim.missing())
        return
    with Place() as place, Ports() as ports, Exim() as server:
        services = at(server, "smtp", "submissions")
        got = place.run("service", "publish", "exim", HOST, "--value", VALUE,
                        *services)
        text = got.stdout.decode()
        tap.ok(got.returncode == 0 and "printf %s " + VALUE in text,
               "Exim: printed", got)
        # The file is the test's, not the system's.
        acme = server.path("acme")
        server.configure("tls_certificate = %s\n" % ports.pair +
                         text.replace("/etc/exim4/acme", acme))
        server.restart()
        tap.equal(announced(place, server, services), ["none"] * 2,
                  "Exim: nothing yet")
        command = [line[4:] for line in text.splitlines()
                   if line.startswith("#   ")]
        subprocess.run(["sh", "-c", command[0].replace("/etc/exim4/acme",
                                                       acme)], check=True)
        tap.equal(announced(place, server, services), ["announced"] * 2,
                  "Exim: before and after STARTTLS, and in TLS")
        tap.equal(announced(place, server, services, OTHER), ["other"] * 2,
                  "Exim: another value is refused")
        os.unlink(acme)
        tap.equal(announced(place, server, services), ["none"] * 2,
                  "Exim: gone with the file")


def test_usage():
    with Place() as place:
        for arguments, why in (
                (["dovecot", HOST, "--value", VALUE], b"go together"),
                (["dovecot", "--value", VALUE, "--service", "imap"],
                 b"HOST"),
                (["sendmail", HOST], b"dns, dovecot, postfix, nginx or exim"),
                (["nginx", "--remove"], b"no --remove"),
                (["dovecot", "--pair", "/x"], b"for nginx"),
                (["exim", HOST, "--value", VALUE, "--service", "imap"],
                 b"cannot announce"),
                (["dovecot", HOST, "--value", "short", "--service", "imap"],
                 b"43 characters"),
                (["dovecot", HOST, "--value", VALUE[:-1] + "\n", "--service",
                  "imap"], b"43 characters"),
                (["dovecot", HOST, "--value", VALUE, "--service", "pop3"],
                 b"cannot announce")):
            got = place.run("service", "publish", *arguments)
            tap.ok(got.returncode == 64 and why in got.stderr,
                   "usage: " + " ".join(arguments).strip(), got)


run_tests(tests_of(globals()), workers=3)
tap.done()
