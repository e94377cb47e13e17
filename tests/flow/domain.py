#!/usr/bin/python3
# Runs in: check check-slow
"""An administrator answers for a domain: real Postfix and Dovecot hand the
challenges of a list of addresses to mailcert, by the recipes as they are."""
import os
import pwd
import re
import shutil
import smtplib
import subprocess
import sys
import threading
import time

TESTS = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path[:0] = [TESTS, os.path.join(TESTS, "ca")]
from lib import BUILD, ROOT, SLOW, run_tests, tap, tests_of
from servers.dovecot import Dovecot
from servers.postfix import Postfix
from town import Town

COUNT = 20
PEOPLE = ["user%d@example.org" % n for n in range(COUNT)]


def block(heading, before):
    """The block of code that follows this text under the heading."""
    with open(os.path.join(ROOT, "mailcap/recipes.md")) as f:
        text = f.read()
    section = text.split("\n%s\n" % heading, 1)[1]
    return re.search(r"```\w*\n(.*?)```", section.split(before, 1)[1],
                     re.S).group(1)


class Domain:
    """A town whose user is the one as whom the mail server runs programs.  Each
    answer continues its order in the background, as by default."""

    def __init__(self):
        self.town = Town("set finish = auto\n" + block(
            "## A whole domain", "`answer_for` says").replace(
                "set ca = NAME\n", ""), window=60)
        self.place = self.town.place
        # Nobody may not read where we were built.
        for name in os.listdir(BUILD):
            if name.startswith("mailcert"):
                shutil.copy(os.path.join(BUILD, name), self.place.dir)
        self.as_user = {}
        if os.getuid() == 0:
            nobody = pwd.getpwnam("nobody")
            self.as_user = {"user": nobody.pw_uid, "group": nobody.pw_gid,
                            "extra_groups": []}
        # The home is where it is by default, below HOME.
        self.place.home = self.place.path("user/.local/share/mailcert")
        del self.place.env["MAILCERT_HOME"]

    def __enter__(self):
        return self

    def __exit__(self, *unused):
        self.town.__exit__()

    def own(self):
        """All that is here belongs to the user."""
        if not self.as_user:
            return
        for top, _, files in os.walk(self.place.dir):
            for name in ["", *files]:
                os.chown(os.path.join(top, name), self.as_user["user"],
                         self.as_user["group"])

    def text(self, recipe):
        """A recipe with the paths of this place."""
        return recipe.replace("/usr/local/bin/mailcert ", self.place.path(
            "mailcert ")).replace("/var/lib/mailcert", self.place.user)

    def set(self, line):
        with open(self.place.path("user/.config/mailcert/config"), "a") as f:
            f.write(line)

    def start(self, *args):
        return subprocess.Popen(
            [self.place.path("mailcert"), *args], env=self.place.env,
            cwd=self.place.user, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            start_new_session=True, **self.as_user)


def carry(domain, postfix, command, seconds=150):
    """Be the mail between the CA and Postfix until the command ends."""
    town = domain.town
    town.started = True
    end = time.monotonic() + seconds
    while command.poll() is None and time.monotonic() < end:
        if not town.ca.challenges() or not town.expected():
            time.sleep(0.05)
            continue
        for path in town.ca.challenges():
            with open(path, "rb") as f:
                raw = f.read()
            os.unlink(path)
            to = re.search(rb"^To: (\S+)", raw, re.M).group(1).decode()
            with smtplib.SMTP("localhost", postfix.smtp) as client:
                client.sendmail("bounces@ca.example", [to],
                                raw.replace(b"\n", b"\r\n"))
    if command.poll() is None:
        command.kill()
    return command.communicate()


def judge(domain, name, command, dovecot, postfix):
    out, err = carry(domain, postfix, command)
    ca = domain.town.ca
    lines = out.decode().splitlines()
    tap.ok(command.returncode == 0 and len(lines) == COUNT and all(
        line.startswith(address + ": certificate in /")
        for address, line in zip(PEOPLE, lines)),
        name + ": one command orders %d, and all are issued" % COUNT, out, err,
        postfix.log()[-3000:], dovecot.log()[-2000:])
    answered = sorted(envelope[0] for envelope in ca.envelopes)
    tap.equal(answered, sorted(PEOPLE), name + ": one answer each")
    tap.ok(len(ca.certs) == COUNT and len(ca.orders) == COUNT,
           name + ": one certificate each", len(ca.orders))
    postfix.wait_for(lambda: postfix.queue() == [], "an empty queue")
    kept = [dovecot.messages(user=address.split("@")[0])
            for address in PEOPLE]
    tap.ok(all(len(one) == 1 and b"type=acme" in one[0] for one in kept),
           name + ": each challenge is delivered, too", kept)


def users():
    return {address.split("@")[0]: "secret" for address in PEOPLE}


def available(name):
    why = Postfix.missing()
    if why:
        tap.skip(name + ": %d addresses answered" % COUNT, why)
    return not why


def transport(domain, dovecot):
    """A Postfix with the recipe for a transport."""
    heading = "### Postfix"
    checks = domain.place.write("checks", block(
        heading, "`/etc/postfix/mailcert_checks`"), 0o644)
    maps = domain.place.write(
        "transport", block(heading, "`/etc/postfix/mailcert_transport`") +
        "example.org lmtp:inet:127.0.0.1:%d\n" % dovecot.lmtp, 0o644)
    settings = block(heading, "In main.cf").replace(
        "/etc/postfix/mailcert_checks", checks).replace(
        "/etc/postfix/mailcert_transport", maps)
    services = domain.text(block(heading, "master.cf:")).replace(
        "user=mailcert", "user=nobody")
    os.chmod(domain.place.dir, 0o755)
    return Postfix(dovecot, relay=domain.town.ca.smtp.port, settings=settings,
                   services=services)


def test_postfix():
    """The recipe for a transport."""
    if not available("transport"):
        return
    with Domain() as domain, Dovecot(users()) as dovecot, \
            transport(domain, dovecot) as postfix:
        domain.set("set sendmail = %s\n" % postfix.sendmail)
        listed = domain.place.write("user/addresses", "\n".join(PEOPLE))
        domain.own()
        command = domain.start("order", "--from-file", listed)
        judge(domain, "transport", command, dovecot, postfix)


def test_postfix_waits():
    """What is over a limit stays in Postfix's queue until it may be
    answered; what nobody agreed to does not."""
    if not SLOW or not available("transport"):
        return
    names = [*PEOPLE[:3], "webmaster@example.org"]
    with Domain() as domain, Dovecot({**users(), "webmaster": "x"}) as \
            dovecot, transport(domain, dovecot) as postfix:
        domain.set("set sendmail = %s\nset answers_per_day_in_all = 1\n" %
                   postfix.sendmail)
        listed = domain.place.write("user/addresses", "\n".join(names))
        domain.own()
        command = domain.start("order", "--from-file", listed)
        threading.Thread(target=wait_and_allow, args=(domain, postfix, command)
                         ).start()
        out, err = carry(domain, postfix, command)
        tap.equal(sorted(envelope[0] for envelope in
                         domain.town.ca.envelopes), PEOPLE[:3],
                  "transport: over a limit, the copy waits in the queue and "
                  "is answered later; an office is left to a person")
        tap.ok(b"a person must answer for webmaster@example.org" in err and
               postfix.queue() == [], "transport: of which order warns", err)


def wait_and_allow(domain, postfix, command):
    """Raise the limit as soon as two copies wait for it; end the command when
    the three that may be answered are."""
    seen = set()  # not all at once: Postfix is trying some of them again

    def waiting():
        seen.update(mail["queue_id"] for mail in postfix.queue()
                    for one in mail["recipients"]
                    if one["address"] == "challenge@mailcert.invalid" and
                    "answers_per_day_in_all" in one.get("delay_reason", ""))
        return len(seen) >= 2 and domain.town.ca.envelopes
    until(waiting)
    if len(domain.town.ca.envelopes) == 1:  # and no other before it is raised
        domain.set("set answers_per_day_in_all = 9\n")
        until(lambda: len(domain.town.ca.certs) == 3 and
              postfix.queue() == [])
    command.kill()


def until(holds, seconds=100):
    end = time.monotonic() + seconds
    while not holds() and time.monotonic() < end:
        time.sleep(0.2)


def test_sieve():
    """The recipe for Dovecot's LMTP."""
    if not available("sieve_before"):
        return
    heading = "### Dovecot"
    settings = block(heading, "as whom Dovecot starts the program:")
    tap.ok("sieve_before = /etc/dovecot/mailcert.sieve" in settings,
           "sieve_before: the recipe names the script", settings)
    with open(os.path.join(ROOT, "mailcap", "sieve")) as f:
        script = f.read()
    with Domain() as domain, Dovecot(users(), sieve=script) as dovecot:
        # The server of the tests has the settings of the recipe, with paths
        # of its own.
        with open(dovecot.path("dovecot.conf")) as f:
            conf = f.read()
        missing = [line.strip() for line in settings.splitlines()
                   if "=" in line and re.sub(r"= /.*|\$mail_plugins ", "",
                                             line.strip()) not in
                   re.sub(r"= /.*", "", conf)]
        tap.equal(missing, [], "sieve_before: each setting is in force")
        dovecot.pipe_program("mailcert-answer", domain.text(block(
            heading, "mailcert-answer`")))
        os.chmod(domain.place.dir, 0o755)
        with Postfix(dovecot, relay=domain.town.ca.smtp.port) as postfix:
            domain.set("set sendmail = %s\n" % postfix.sendmail)
            listed = domain.place.write("user/addresses", "\n".join(PEOPLE))
            domain.own()
            command = domain.start("order", "--from-file", listed)
            judge(domain, "sieve_before", command, dovecot, postfix)


run_tests(tests_of(globals()))
tap.done()
