#!/usr/bin/python3
# Runs in: check-slow
"""service publish: a real mail server announces a value, beside what its
administrator has set, and no more when it is taken away."""
import json
import os
import socket
import sys

TESTS = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path[:0] = [TESTS, os.path.join(TESTS, "ca")]
from lib import Place, run_tests, tap, tests_of
from servers.dns import Zones
from servers.dovecot import Dovecot
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
            got = town.run("service", "publish", "dovecot", *where)
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


def test_usage():
    with Place() as place:
        for arguments, why in (
                (["dovecot", HOST, "--value", VALUE], b"go together"),
                (["dovecot", "--value", VALUE, "--service", "imap"],
                 b"HOST"),
                (["sendmail", HOST], b"use dns or dovecot"),
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
