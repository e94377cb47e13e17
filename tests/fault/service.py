#!/usr/bin/python3
# Runs in: check-slow
"""service install and service publish, killed at every step: the server's
configuration is whole and it serves; the next run completes the change, or
takes it back."""
import os
import subprocess
import sys

TESTS = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path[:0] = [TESTS, os.path.join(TESTS, "ca")]
from lib import MAILCERT, Place, run_tests, tap, tests_of
from servers import program
from servers.dovecot import Dovecot
from servers.exim import Exim
from servers.postfix import Postfix
from service_desk import HOST, Desk, dovecot, files, shown

# What changes something, in mailcert itself.
CALLS = "rename,link,unlink,chmod,chown,fsync"
VALUE = "aBcDeFgHiJkLmNoPqRsTuVwXyZ0123456789-_AbCdE"


def traced(place, arguments, *more, env=None):
    return place.run("-q", "-e", "trace=" + CALLS, *more, MAILCERT, *arguments,
                     program="strace", **({"env": env} if env else {}))


def killed(place, arguments, step, **more):
    """Is it killed at that step?"""
    got = traced(place, arguments, "-o", "/dev/null", "-e",
                 "inject=%s:signal=KILL:when=%d" % step, **more)
    return got.returncode not in (0, 1)


def plan(place, arguments, **more):
    """The steps of a whole run, each as a call and its number: strace counts
    every call for itself."""
    trace = place.path("trace")
    got = traced(place, arguments, "-o", trace, **more)
    assert got.returncode == 0, got
    counts, out = {}, []
    with open(trace) as f:
        for line in f:
            call = line.partition("(")[0].split()[-1]
            if "(" in line and call in CALLS.split(","):
                counts[call] = counts.get(call, 0) + 1
                out.append((call, counts[call]))
    return out


def spread(steps, most):
    """That many of them, the first and the last among them: each takes
    seconds, so check-slow has no room for all."""
    return [steps[i * (len(steps) - 1) // (most - 1)] for i in range(most)]


def is_whole(server):
    """Does Dovecot accept its configuration?"""
    return subprocess.run(
        [program("doveconf"), "-n", "-c", server.path("dovecot.conf")],
        capture_output=True).returncode == 0


def serves(server, digests):
    """After it has read its files, does it show one of these?"""
    server.reload()
    return shown(server.imaps) in digests and \
        shown(server.imap, "imap") in digests


def test_install():
    with Desk() as desk, dovecot() as server:
        arguments = ["-o", "mail_ca_file=" + desk.root, "service", "install",
                     "dovecot"]
        where = ["--config", server.path("dovecot.conf"), "--address",
                 "127.0.0.1"]
        services = ["--service", "imap:%d" % server.imap, "--service",
                    "imaps:%d" % server.imaps]
        none = shown(server.imaps)
        first, leaf = desk.order(*services)
        all_files = ["99-mailcert-tls.conf", "mailcert.pem"]
        remove = [*arguments, "--remove"]

        def begin(*more):
            got = desk.run(*arguments, *where, *more)
            assert got.returncode == 0, got

        # The first one.
        for step in spread(plan(desk.place, arguments + where), 6):
            assert desk.run(*remove).returncode == 0
            name = "the first one, killed at %s %d" % step
            tap.ok(killed(desk.place, arguments + where, step), name)
            tap.ok(is_whole(server) and serves(server, {none, leaf}),
                   name + ": Dovecot serves", files(server))
            begin()
            tap.ok(shown(server.imaps) == leaf and files(server) == all_files,
                   name + ": the next run completes it", files(server))
        # The next one, in its place.
        desk.older(first)
        second, leaf2 = desk.order(*services)
        back, on = [*arguments, first], [*arguments, second]
        assert desk.run(*back).returncode == 0
        for step in spread(plan(desk.place, on), 5):
            assert desk.run(*back).returncode == 0
            name = "the next one, killed at %s %d" % step
            tap.ok(killed(desk.place, on, step), name)
            tap.ok(is_whole(server) and serves(server, {leaf, leaf2}),
                   name + ": Dovecot serves", files(server))
            got = desk.run("renew")
            tap.ok(shown(server.imaps) == leaf2 and
                   files(server) == all_files,
                   name + ": renew completes it", got, files(server))
        # Taking it away.
        for step in spread(plan(desk.place, remove), 3):
            begin()
            name = "--remove, killed at %s %d" % step
            tap.ok(killed(desk.place, remove, step), name)
            tap.ok(is_whole(server) and serves(server, {none, leaf2}),
                   name + ": Dovecot serves", files(server))
            got = desk.run(*remove)
            tap.ok(got.returncode == 0 and files(server) == [] and
                   serves(server, {none}), name + ": and once more", got)


def test_publish():
    with Place() as place, dovecot() as server:
        arguments = ["-o", "mail_ca_file=" + server.ca, "service", "publish",
                     "dovecot", HOST, "--value", VALUE, "--service",
                     "imap:%d" % server.imap, "--address", "127.0.0.1",
                     "--config", server.path("dovecot.conf")]
        remove = ["service", "publish", "dovecot", "--remove"]
        before = shown(server.imaps)
        for step in spread(plan(place, arguments), 6):
            place.run(*remove)
            name = "publish, killed at %s %d" % step
            tap.ok(killed(place, arguments, step), name)
            tap.ok(is_whole(server) and serves(server, {before}),
                   name + ": Dovecot serves", files(server))
            got = place.run(*remove)
            tap.ok(got.returncode == 0 and files(server) == [] and
                   "announce-dovecot" not in
                   os.listdir(place.path("data", "installed")),
                   name + ": it can be taken away", got, files(server))


def env_of(desk, server):
    """With the programs of the server on the PATH."""
    return dict(desk.place.env, PATH=server.path("bin") + ":" +
                desk.place.env["PATH"])


def rest(server):
    """What mailcert has left beside the configuration."""
    return sorted(name for name in os.listdir(server.path("etc"))
                  if "mailcert" in name or name.endswith(".tmp"))


def test_postfix():
    """It reads main.cf and the pair with each process that it starts: also
    without a reload, what lies there must fit at any time."""
    if Postfix.missing():
        tap.skip("Postfix", Postfix.missing())
        return
    with Desk() as desk, Dovecot() as dovecot, \
            Postfix(dovecot, settings="smtpd_tls_security_level = may") as \
            server:
        env = env_of(desk, server)
        arguments = ["-o", "mail_ca_file=" + desk.root, "service", "install",
                     "postfix"]
        services = ["--service", "smtp:%d" % server.smtp, "--service",
                    "submissions:%d" % server.submissions, "--address",
                    "127.0.0.1"]
        where = ["--config", server.path("etc")]
        remove = [*arguments, "--remove"]

        def main():
            with open(server.path("etc/main.cf")) as f:
                return f.read()

        def sees():
            return {shown(server.smtp, "smtp"), shown(server.submissions)}

        def serves(digests):
            """Its own programs accept the configuration, and it shows one of
            these everywhere, as it is and after a reload."""
            for again in (False, True):
                if again:
                    subprocess.run([server.path("bin/postfix"), "-c",
                                    server.path("etc"), "reload"],
                                   capture_output=True, check=True)
                got = sees()
                if len(got) != 1 or not got <= digests:
                    return False
            return subprocess.run(
                [server.path("bin/postconf"), "-n", "-c", server.path("etc")],
                capture_output=True).stderr == b""

        plain, none = main(), sees()
        first, leaf = desk.order(*services)
        for step in spread(plan(desk.place, arguments + where, env=env), 4):
            assert desk.run(*remove, env=env).returncode == 0
            name = "Postfix, the first one, killed at %s %d" % step
            tap.ok(killed(desk.place, arguments + where, step, env=env), name)
            tap.ok(serves(none | {leaf}), name + ": it serves", main()[-300:])
            got = desk.run(*arguments, *where, env=env)
            tap.ok(sees() == {leaf} and rest(server) == ["mailcert.pem"],
                   name + ": the next run completes it", got, rest(server))
        desk.older(first)
        second, leaf2 = desk.order(*services, env=env)
        back, on = [*arguments, first], [*arguments, second]
        assert desk.run(*back, env=env).returncode == 0
        for step in spread(plan(desk.place, on, env=env), 3):
            assert desk.run(*back, env=env).returncode == 0
            name = "Postfix, the next one, killed at %s %d" % step
            tap.ok(killed(desk.place, on, step, env=env), name)
            tap.ok(serves({leaf, leaf2}), name + ": it serves")
            got = desk.run("renew", env=env)
            tap.ok(sees() == {leaf2} and rest(server) == ["mailcert.pem"],
                   name + ": renew completes it", got, rest(server))
        for step in spread(plan(desk.place, remove, env=env), 2):
            assert desk.run(*on, *where, env=env).returncode == 0
            name = "Postfix, --remove, killed at %s %d" % step
            tap.ok(killed(desk.place, remove, step, env=env), name)
            tap.ok(serves(none | {leaf2}), name + ": it serves")
            got = desk.run(*remove, env=env)
            tap.ok(got.returncode == 0 and main() == plain and
                   rest(server) == [], name + ": and once more", got)


def test_exim():
    """Its configuration is the administrator's; it notices another pair within
    five seconds, so two steps of that are all."""
    if Exim.missing():
        tap.skip("Exim", Exim.missing())
        return
    with Desk() as desk, Exim() as server:
        env = env_of(desk, server)
        pair = server.path("mailcert.pem")
        arguments = ["-o", "mail_ca_file=" + desk.root, "service", "install",
                     "exim"]
        services = ["--service", "smtp:%d" % server.smtp, "--service",
                    "submissions:%d" % server.submissions, "--address",
                    "127.0.0.1"]
        where = ["--config", server.conf]
        remove = [*arguments, "--remove"]

        def ours():
            return sorted(name for name in os.listdir(server.dir)
                          if "mailcert" in name)

        first, leaf = desk.order(*services)
        for step in spread(plan(desk.place, arguments + where, env=env), 3):
            assert desk.run(*remove, env=env).returncode == 0
            name = "Exim, the first one, killed at %s %d" % step
            tap.ok(killed(desk.place, arguments + where, step, env=env), name)
            got = desk.run(*arguments, *where, env=env)
            tap.ok(got.returncode == 0 and ours() == ["mailcert.pem"],
                   name + ": the next run completes it", got, ours())
        server.configure("tls_certificate = %s\ntls_privatekey = %s" % (
            pair, pair))
        server.restart()
        assert desk.run(*arguments, env=env).returncode == 0

        def sees():
            return {shown(server.smtp, "smtp"), shown(server.submissions)}

        desk.older(first)
        second, leaf2 = desk.order(*services, env=env)
        back, on = [*arguments, first], [*arguments, second]
        assert desk.run(*back, env=env).returncode == 0
        steps = plan(desk.place, on, env=env)
        for step in [one for one in steps if one[0] in ("link", "rename")][-2:]:
            assert desk.run(*back, env=env).returncode == 0
            name = "Exim, the next one, killed at %s %d" % step
            tap.ok(killed(desk.place, on, step, env=env), name)
            got = sees()
            tap.ok(len(got) == 1 and got <= {leaf, leaf2} and
                   os.stat(pair).st_gid == server.gid,
                   name + ": it serves", got)
            got = desk.run("renew", env=env)
            tap.ok(sees() == {leaf2} and ours() == ["mailcert.pem"],
                   name + ": renew completes it", got, ours())
        server.configure("")
        server.restart()
        for step in spread(plan(desk.place, remove, env=env), 2):
            assert desk.run(*arguments, *where, env=env).returncode == 0
            name = "Exim, --remove, killed at %s %d" % step
            tap.ok(killed(desk.place, remove, step, env=env), name)
            got = desk.run(*remove, env=env)
            tap.ok(got.returncode == 0 and ours() == [],
                   name + ": and once more", got, ours())


run_tests(tests_of(globals()), workers=4)
tap.done()
