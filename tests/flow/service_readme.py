#!/usr/bin/python3
# Runs in: check-slow
"""README, "A certificate for your mail server": its commands, in their order,
with a real Dovecot, a real Postfix and a DNS that takes updates; then its line
for cron, in cron's environment."""
import os
import re
import subprocess
import sys

TESTS = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path[:0] = [TESTS, os.path.join(TESTS, "ca")]
from lib import MAILCERT, run_tests, tap, tests_of
from servers.dns import Zones
from servers.dovecot import Dovecot
from servers.postfix import Postfix
from service_desk import HOST, INCLUDE, Desk, accepted, shown

# What a privileged program can lose without being noticed.
UNIT = ["setpriv", "--no-new-privs"]


def section():
    with open(os.path.join(os.path.dirname(TESTS), "README.md")) as f:
        return f.read().split("## A certificate for your mail server\n")[
            1].split("\n## ")[0]


def here(command, server, ports):
    """The command, with the ports and paths of the test."""
    words = command.split()[1:]
    for i, word in enumerate(words):
        if words[i - 1] == "--service":
            words[i] = "%s:%d" % (word, ports[word])
    if words[1] == "install":
        words += ["--config", server[words[2]]]
    if words[1] in ("order", "check"):
        words += ["--address", "127.0.0.1"]
    return words


def test_readme(zones):
    if Postfix.missing():
        tap.skip("README", Postfix.missing())
        return
    with Dovecot(settings=INCLUDE) as dovecot, Postfix(dovecot, settings=(
            "smtpd_tls_security_level = may")) as postfix, Desk(
                zones.settings, resolver=zones.resolver.at) as desk:
        dovecot.folder("conf.d")
        with open(desk.place.path("user/.config/mailcert/config"), "a") as f:
            f.write("set mail_ca_file = %s\n" % desk.root)
        ports = {"imaps": dovecot.imaps, "smtp": postfix.smtp}
        config = {"dovecot": dovecot.path("dovecot.conf"),
                  "postfix": postfix.path("etc")}
        # Where the administrator's are: on the PATH of cron, or in sbin.
        env = dict(desk.place.env, PATH=postfix.path("bin") +
                   ":/usr/bin:/bin", SHELL="/bin/sh")
        names = re.findall(r"^set (\w+) =", section(), re.M)
        tap.ok({"dns_update_server", "dns_update_key"} <= set(names),
               "the configuration", names)
        commands = re.findall(r"^mailcert .*", section(), re.M)
        tap.equal(len(commands), 4, "four commands")
        for command in commands:
            got = desk.run(*here(command, config, ports), env=env)
            tap.ok(got.returncode == 0, command, got, desk.ca.problems)

        def on_wire():
            return {shown(dovecot.imaps), shown(postfix.smtp, "smtp")}

        first = on_wire()
        tap.ok(len(first) == 1 and accepted(dovecot.imaps, desk.root) and
               accepted(postfix.smtp, desk.root, "smtp"),
               "both servers show the certificate", first)
        got = desk.run("doctor", env=env)
        tap.ok(not re.findall(rb"^error +certificate.*", got.stdout, re.M),
               "doctor does not look for it in mail programs", got)
        (line,) = re.findall(r"^\d+ \*/6 \* \* \* root (.*)", section(), re.M)
        tap.equal(line, "/usr/local/bin/mailcert renew", "the line for cron")

        def cron(*args):
            return subprocess.run([*UNIT, MAILCERT, "renew", *args], env=env,
                                  stdin=subprocess.DEVNULL, cwd="/",
                                  capture_output=True, timeout=120)

        got = cron()
        tap.ok(got.returncode == 0 and got.stderr == b"" and
               on_wire() == first, "cron has nothing to do, and says nothing",
               got)
        got = cron("--force")
        tap.ok(got.returncode == 0 and len(on_wire()) == 1 and
               on_wire().isdisjoint(first) and
               accepted(postfix.smtp, desk.root, "smtp"),
               "cron renews it, and both servers show the new one", got,
               desk.ca.problems)
        tap.equal(zones.ask("_acme-challenge." + HOST, "TXT"), [],
                  "and the DNS is clean")
        for server in ("dovecot", "postfix"):
            got = desk.run("service", "install", server, "--remove", env=env)
            tap.ok(got.returncode == 0, "--remove: " + server, got)


why = Zones.missing()
if why:
    tap.skip("README", why)
    tap.done()
with Zones({"example.org": "mail A 127.0.0.1\n"}) as zones:
    run_tests(tests_of(globals(), zones))
tap.done()
