#!/usr/bin/python3
# Runs in: check check-slow
"""Replies by SMTP: sent, surely not sent, or in doubt, with servers that do
everything wrong that a server can; and with a real Postfix."""
import contextlib
import functools
import itertools
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from lib import (ADDRESS, BUILD, CA, MAILCERT, QUESTION, SLOW, Place, Terminal,
                 ask, at_once, challenge, check_reply, fake_sendmail,
                 make_maildir, nomalloc, read_then_yes, run_tests, sample,
                 sample_kinds, sent, tap, tests_of, told)
from servers import Authority
from servers.dovecot import Dovecot
from servers.faults import CUT, RESET, SILENT, Endless
from servers.postfix import Postfix
from servers.smtp_faults import Smtp

PASSWORD = "geheim, with = and 'quotes'"
USERS = {"alice": PASSWORD}


class Desk:
    """A home with an expected challenge, and how to send by a server."""

    def __init__(self, place):
        self.place = place
        self.id = place.expect("--expires", "24h")
        self.before = place.orders_bytes()
        self.password = place.write("password", PASSWORD + "\n")

    def settings(self, server, scheme, host="127.0.0.1", port=None, ca=None,
                 secret=None):
        account = "alice@" + host
        return {"smtp": "%s://%s:%d" % (scheme, account,
                                        port or server.port),
                "mail_ca_file": ca or server.ca,
                **(secret or {"password." + account:
                              "cat " + self.password})}

    def options(self, server, scheme="submission", **more):
        return [word for pair in self.settings(server, scheme, **more).items()
                for word in ("-o", "%s=%s" % pair)]

    def handle(self, server, *args, scheme="submission", raw=None, **more):
        return self.place.run(
            *self.options(server, scheme, **more), "handle", "--auto-approve",
            *(args or ("--draft", "smtp")), stdin=raw or challenge())

    def state(self):
        return self.place.order(self.id)["state"]

    def unchanged(self):
        return self.place.orders_bytes() == self.before

    def log(self):
        with open(os.path.join(self.place.home, "log")) as f:
            return f.read()


@contextlib.contextmanager
def desk(**more):
    with Place(**more) as place:
        yield Desk(place)


def test_sent():
    for tls, scheme in (("starttls", "submission"),
                        ("implicit", "submissions")):
        for mechanisms in ("PLAIN LOGIN", "LOGIN"):
            with Smtp(users=USERS, tls=tls, mechanisms=mechanisms) as smtp, \
                    desk() as one:
                got = one.handle(smtp, scheme=scheme)
                name = "%s, %s" % (scheme, mechanisms.split()[0])
                tap.ok(got.returncode == 0 and one.state() == "sent",
                       name + ": sent", got)
                (sender, to, raw), = smtp.accepted
                tap.equal((sender, to), (ADDRESS, [CA]),
                          name + ": the envelope is ours")
                tap.equal(check_reply(raw.replace(b"\r\n", b"\n")), [],
                          name + ": the reply is right")
                tap.ok(b"Auto-Submitted: auto-replied" in raw and
                       b"\nMessage-ID: <" in raw and b"Date: " in raw,
                       name + ": with what a reply needs", raw)
                tap.equal(smtp.logins, [(mechanisms.split()[0], "alice")],
                          name + ": one login")
                tap.ok("250 2.0.0 queued" in one.log() and
                       "://alice@127.0.0.1" in one.log(),
                       name + ": the log has the server's words", one.log())
                tap.ok(b"EHLO [127.0.0.1]" in smtp.heard and not any(
                    os.uname().nodename.encode() in line
                    for line in smtp.heard),
                       name + ": the name of this machine stays here")
                tap.equal(smtp.errors, [], name + ": a well-formed dialogue")
                got = one.handle(smtp, scheme=scheme)
                tap.ok(got.returncode == 65 and len(smtp.received) == 1,
                       name + ": and never again", got)


def test_token():
    for mechanism in ("OAUTHBEARER", "XOAUTH2"):
        for token, good in (("good.token", True), ("old.token", False)):
            with Smtp(tokens={"good.token": "alice"}, tls="starttls",
                      mechanisms="PLAIN " + mechanism) as smtp, \
                    desk() as one:
                got = one.handle(smtp, secret={
                    "token.alice@127.0.0.1": "echo x >> %s; echo %s" % (
                        one.place.path("calls"), token)})
                name = "%s, %s" % (mechanism, token)
                if good:
                    tap.ok(got.returncode == 0 and smtp.logins ==
                           [(mechanism, "alice")], name + ": sent", got)
                else:
                    tap.ok(got.returncode == 77 and one.unchanged() and
                           b"does not accept the token" in got.stderr,
                           name + ": refused", got)
                with open(one.place.path("calls")) as f:
                    tap.equal(f.read(), "x\n", name + ": asked for once")


def test_stages():
    """4xx and 5xx at each stage, and then a server that works."""
    stages = ("banner", "EHLO", "STARTTLS", "AUTH", "MAIL", "RCPT", "DATA",
              ".")
    answers = ("421 4.3.2 going down", "451 4.3.0 \033[31mlater",
               "550 5.7.1 never")
    for stage, answer in sample_kinds(itertools.product(stages, answers),
                                      lambda pair: pair[0], 12):
        with Smtp({stage: answer}, users=USERS, tls="starttls") as smtp, \
                desk() as one:
            name = "%s at %s" % (answer[:3], stage)
            want = 75 if answer[0] == "4" or stage == "STARTTLS" else \
                77 if stage == "AUTH" else 74
            got = one.handle(smtp)
            # Without STARTTLS there is no TLS, whatever it says.
            tap.ok(got.returncode == want and (
                answer[:3].encode() in got.stderr or stage == "STARTTLS"),
                   name + ": said", got)
            tap.ok(b"\033" not in got.stderr, name + ": in safe text", got)
            tap.ok(one.unchanged() and not smtp.accepted,
                   name + ": nothing was sent, and the record says so")
            got = one.handle(smtp, "--mda")
            tap.ok(got.returncode == 75 and one.unchanged(),
                   name + ": later under --mda", got)
            smtp.answers.clear()
            got = one.handle(smtp, "--mda")
            tap.ok(got.returncode == 0 and len(smtp.accepted) == 1 and
                   one.state() == "sent", name + ": then it is sent", got)


def in_doubt(one, got, name):
    advice = "mailcert finish --sent " + one.id
    tap.ok(one.state() == "answering" and advice in got.stderr.decode(),
           name + ": in doubt, and said", got)
    tap.ok(advice in one.log(), name + ": the log says it", one.log())


def test_doubt():
    """Whatever goes wrong after the dot."""
    for name, answer, words in (
            ("cut", CUT, "after the reply, it closed the connection"),
            ("reset", RESET, "after the reply, "),
            ("half a reply", (b"250 2.0.0 queu", CUT), "it closed the"),
            ("a reply that does not end", ("250-queued", CUT), "it closed"),
            ("no SMTP", "hello", "does not speak SMTP"),
            ("354", "354 go on", "does not speak SMTP"),
            ("a line without end", Endless(b"2"), "more than 2048"),
            ("a reply without end", Endless(b"250-x\r\n"), "more than 64")):
        with Smtp({".": answer}, users=USERS, tls="implicit") as smtp, \
                desk() as one:
            got = one.handle(smtp, scheme="submissions")
            in_doubt(one, got, name)
            tap.ok(got.returncode == 74 and words in got.stderr.decode(),
                   name + ": with the reason", got)
            got = one.handle(smtp, "--mda", scheme="submissions")
            tap.ok(got.returncode == 0 and len(smtp.received) == 1,
                   name + ": and never again", got)
    with Smtp({".": CUT}, users=USERS, tls="implicit") as smtp, \
            desk() as one:
        got = one.handle(smtp, "--mda", scheme="submissions")
        in_doubt(one, got, "--mda")
        tap.equal(got.returncode, 0, "--mda: the agent does not try again")


def children(pid, name):
    out = []
    with contextlib.suppress(FileNotFoundError):
        with open("/proc/%d/task/%d/children" % (pid, pid)) as f:
            for child in f.read().split():
                with open("/proc/%s/comm" % child) as comm:
                    if comm.read().strip() == name:
                        out.append(int(child))
    return out


def test_killed():
    """The program that sends is killed: it cannot say what was sent."""
    for stage in ("MAIL", "."):
        started = []

        def kill(session, line):
            while not started:
                time.sleep(0.01)
            for pid in children(started[0].pid, "mailcert-mail"):
                os.kill(pid, signal.SIGKILL)
            return SILENT
        with Smtp({stage: kill}, users=USERS, tls="starttls") as smtp, \
                desk() as one:
            with subprocess.Popen(
                    [MAILCERT, *one.options(smtp), "handle", "--auto-approve",
                     "--draft", "smtp"], env=one.place.env,
                    stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                    stderr=subprocess.PIPE) as process:
                started.append(process)
                _, err = process.communicate(challenge())
            got = subprocess.CompletedProcess([], process.returncode, b"",
                                              err)
            in_doubt(one, got, "killed at " + stage)
            tap.ok(b"mailcert-mail" in err, "killed at %s: and why" % stage,
                   got)
    # One that is not there has sent nothing.
    with Smtp(users=USERS, tls="starttls") as smtp, desk() as one:
        there = one.place.path("bin")
        os.mkdir(there)
        for name in os.listdir(BUILD):
            if name.startswith("mailcert") and name != "mailcert-mail" and \
                    os.path.isfile(os.path.join(BUILD, name)):
                os.symlink(os.path.join(BUILD, name),
                           os.path.join(there, name))
        os.unlink(os.path.join(there, "mailcert"))
        os.link(MAILCERT, os.path.join(there, "mailcert")) \
            if os.stat(MAILCERT).st_dev == os.stat(there).st_dev else \
            subprocess.run(["cp", MAILCERT, there], check=True)
        got = one.place.run(*one.options(smtp), "handle", "--auto-approve",
                            "--draft", "smtp", stdin=challenge(),
                            program=os.path.join(there, "mailcert"))
        tap.ok(got.returncode == 73 and one.unchanged() and not smtp.heard,
               "not installed: nothing was sent", got)


def test_cut():
    """The connection ends at any octet, of what we send and what it says."""
    with Smtp(users=USERS, tls="implicit") as smtp, desk() as one:
        one.handle(smtp, scheme="submissions")
        time.sleep(0.1)  # its thread adds up
        all_got, all_sent = smtp.sessions[-1].got, smtp.sessions[-1].sent

    def cut(what, octets):
        with Smtp(users=USERS, tls="implicit",
                  **{what: octets}) as smtp, desk() as one:
            got = one.handle(smtp, scheme="submissions")
            name = "%s = %d" % (what, octets)
            state = one.state()
            # What is written when the end comes may be in doubt: it can
            # be on its way.  test_smtp.c has the table, to the octet.
            tap.ok(state in ("sent", "answering") if smtp.received else
                   one.unchanged() or state == "answering",
                   "%s: %s" % (name, state), got)
            tap.ok(state != "sent" or len(smtp.accepted) == 1,
                   name + ": it has what was sent")

    # The message has other random numbers, and the same length.
    at_once([functools.partial(cut, what, octets)
             for what, count in (("cut_after", all_got),
                                 ("cut_sent_after", all_sent))
             for octets in sample([*range(1, count)], 14)])


def test_trust():
    """No TLS, no trust: nothing of ours is said."""
    def nothing(one, smtp, got, name, words, code=75):
        tap.ok(got.returncode == code and words in got.stderr.decode(),
               name + ": refused", got)
        tap.ok(one.unchanged() and not smtp.received and not any(
            re.match(rb"(?i)auth|mail|rcpt", line) for line in smtp.heard),
               name + ": nothing was said", smtp.heard)

    with Place() as place:
        other = Authority(place.path(), "other")
        for name, issue in (
                ("another host", {"names": ("mail.example.net",)}),
                ("expired", {"days": (-30, -1)}),
                ("not yet valid", {"days": (1, 30)}),
                ("another issuer", None)):
            for tls, scheme in (("starttls", "submission"),
                                ("implicit", "submissions")):
                with Smtp(users=USERS, tls=tls) as smtp, desk() as one:
                    smtp.certificate(*(other.issue() if issue is None else
                                       smtp.authority.issue(**issue)))
                    got = one.handle(smtp, scheme=scheme)
                    nothing(one, smtp, got, "%s, %s" % (name, scheme),
                            "not for this host" if "names" in (issue or {})
                            else "is not trusted")
        # mail_ca_file is all that is trusted.
        with Smtp(users=USERS, tls="implicit") as smtp, desk() as one:
            got = one.handle(smtp, scheme="submissions", ca=other.file)
            nothing(one, smtp, got, "mail_ca_file of others",
                    "is not trusted")
            shutil.copy(smtp.ca, one.place.path("user/ca.pem"))
            got = one.handle(smtp, scheme="submissions", ca="~/nothing.pem")
            nothing(one, smtp, got, "mail_ca_file that is missing",
                    one.place.user + "/nothing.pem contains", 78)
            got = one.handle(smtp, scheme="submissions",
                             ca=place.write("empty.pem", "nothing\n"))
            nothing(one, smtp, got, "mail_ca_file without any",
                    "no readable certificates", 78)
            got = one.handle(smtp, scheme="submissions", ca="~/ca.pem")
            tap.ok(got.returncode == 0 and len(smtp.accepted) == 1,
                   "mail_ca_file in the home", got)
        for name, more, words in (
                ("stripped", {"tls": "", "auth_in_clear": True},
                 "offers no TLS"),
                ("refused", {"answers": {"STARTTLS": "454 4.7.0 later"}},
                 "TLS"),
                ("injected", {"answers": {
                    "STARTTLS": b"220 go\r\n250-x\r\n250 AUTH PLAIN\r\n"}},
                 "does not speak SMTP"),
                ("endless", {"answers": {
                    "EHLO": Endless(b"250-x\r\n")}}, "too much before TLS")):
            with Smtp(users=USERS, **{"tls": "starttls", "authority": None,
                                      **more}) as smtp, desk() as one:
                got = one.handle(smtp, ca=other.file if not smtp.tls
                                 else None)
                nothing(one, smtp, got, "STARTTLS " + name, words)
    # Each for the port of the other.
    with Smtp(users=USERS, tls="starttls") as smtp, desk() as one:
        got = one.handle(smtp, scheme="submissions")
        nothing(one, smtp, got, "no TLS at first", "TLS fails")
    if SLOW:  # both wait for the other to begin
        with Smtp(users=USERS, tls="implicit") as smtp, desk() as one:
            got = one.handle(smtp)
            nothing(one, smtp, got, "TLS at first, unexpected",
                    "does this port begin with TLS?")
    # Nobody there.
    with Smtp(users=USERS, tls="implicit") as smtp, desk() as one:
        got = one.handle(smtp, scheme="submissions", port=1)
        nothing(one, smtp, got, "nobody there", "cannot connect")
        got = one.handle(smtp, scheme="submissions", host="mail.invalid")
        nothing(one, smtp, got, "no such name", "does not resolve")


def test_password():
    with Smtp(users={"alice": "another"}, tls="starttls") as smtp, \
            desk() as one:
        got = one.handle(smtp)
        tap.ok(got.returncode == 77 and one.unchanged() and
               b"does not accept the password" in got.stderr,
               "a wrong password", got)
        tap.equal(len([line for line in smtp.heard
                       if line.startswith(b"AUTH")]), 1,
                  "it is tried once, which locks no account")
        got = one.handle(smtp, "--mda")
        tap.ok(got.returncode == 75 and one.unchanged(),
               "a wrong password under --mda", got)
        smtp.heard.clear()
        got = one.handle(smtp, "--mda", secret={"color": "no"})
        tap.ok(got.returncode == 75 and one.unchanged() and
               not smtp.heard and b"set password.alice@127.0.0.1" in
               got.stderr, "no password, and nobody to ask", got)
        got = one.handle(smtp, secret={
            "password.alice@127.0.0.1": "echo no; exit 1"})
        tap.ok(got.returncode == 78 and one.unchanged() and not smtp.heard,
               "a command that fails", got)
        got = one.place.run("handle", "--auto-approve", "--draft", "smtp",
                            stdin=challenge())
        tap.ok(got.returncode == 78 and b"set smtp" in got.stderr and
               one.unchanged(), "no server", got)


def test_prompt():
    """The user is asked for the password, after the question."""
    with Smtp(users=USERS, tls="starttls") as smtp, desk() as one:
        path = one.place.write("c.eml", challenge())
        options = one.options(smtp, secret={"color": "no"})
        for typed, code in (("\r", 1), ("wrong", 77), (PASSWORD, 0)):
            count = smtp.count
            with Terminal(one.place, "mailcert %s handle --plain --draft smtp "
                          "%s" % (" ".join(options), path)) as terminal:
                terminal.wait(QUESTION)
                tap.equal(smtp.count, count, "no connection before the answer")
                read_then_yes(terminal)
                terminal.keys("Enter")
                asked = terminal.wait("Password of alice@127.0.0.1:")
                if typed != "\r":
                    terminal.paste(typed, bracketed=False)
                terminal.keys("Enter")
                tap.ok(asked and terminal.wait("[exit %d]" % code) and
                       PASSWORD not in terminal.screen() and
                       (one.state() == "sent") == (code == 0) and
                       (one.unchanged() or code == 0),
                       "at the prompt: %r" % typed, terminal.screen())
        tap.equal(len(smtp.accepted), 1, "it is sent once")


def test_order():
    """Without a person: draft, else smtp, else sendmail."""
    with Smtp(users=USERS, tls="starttls") as smtp:
        for name, settings, args, wants in (
                ("smtp", (), ("handle", "--mda"), "smtp"),
                ("no smtp", None, ("handle", "--mda"), "sendmail"),
                ("draft", ("draft=sendmail",), ("handle", "--mda"),
                 "sendmail"),
                ("draft = smtp", ("draft=smtp",), ("handle",), "smtp"),
                ("watch", (), ("watch", "--once"), "smtp"),
                ("watch, draft", ("draft=sendmail",), ("watch", "--once"),
                 "sendmail")):
            with desk() as one:
                smtp.accepted.clear()
                program, box = fake_sendmail(one.place)
                mail = one.place.path("user/Maildir")
                make_maildir(mail, challenge())
                options = ["-o", "sendmail=" + program]
                if settings is not None:
                    options += one.options(smtp)
                for setting in settings or ():
                    options += ["-o", setting]
                more = ("maildir:" + mail,) if args[0] == "watch" else \
                    ("--auto-approve",)
                got = one.place.run(*options, *args, *more,
                                    stdin=challenge())
                tap.ok(got.returncode == 0 and
                       (len(smtp.accepted), len(sent(box))) ==
                       ((1, 0) if wants == "smtp" else (0, 1)),
                       "%s: by %s" % (name, wants), got, smtp.accepted)


def test_utf8():
    """An address that is not ASCII goes to servers that take it."""
    address = "jörg@example.org"
    for keywords, good in ((("8BITMIME", "SMTPUTF8"), True),
                           (("8BITMIME",), False), ((), False)):
        with Smtp(users=USERS, tls="starttls", keywords=keywords) as smtp, \
                Place() as place:
            place.expect("--expires", "24h", address=address)
            before = place.orders_bytes()
            one = Desk.__new__(Desk)
            one.place, one.password = place, place.write("p", PASSWORD)
            got = one.handle(smtp, raw=challenge(to=address))
            name = " ".join(keywords) or "nothing"
            if good:
                tap.ok(got.returncode == 0 and smtp.accepted and
                       smtp.accepted[0][0] == address and
                       any(b"SMTPUTF8" in x for x in smtp.heard),
                       name + ": sent", got, smtp.heard)
            else:
                tap.ok(got.returncode == 74 and
                       place.orders_bytes() == before and
                       b"SMTPUTF8" in got.stderr and not any(
                           x.startswith(b"MAIL") for x in smtp.heard),
                       name + ": refused before it is sent", got, smtp.heard)


def test_arguments():
    """What would be more than an address or a message is refused before
    anything is connected."""
    good = {"tls": "implicit", "host": "127.0.0.1", "port": "1",
            "user": "alice", "secret": "x", "sender": ADDRESS,
            "recipient": CA, "message": "Subject: x\n\nx\n"}
    for name, value in (
            ("recipient", "a@b>\r\nRCPT TO:<evil@x"), ("sender", "a@b\n"),
            ("recipient", "a b@c"), ("recipient", ""),
            ("message", "a\rb\n"), ("message", "a\0b\n"), ("message", ""),
            ("message", "x" * 1000), ("host", "127.0.0.1/x"),
            ("host", "a@b"), ("host", "127.0.0.1\r\n"), ("host", ""),
            ("host", "x" * 300), ("port", "0"), ("port", "65536"),
            ("port", "x"), ("tls", "none"), ("tls", "")):
        got = subprocess.run(
            [os.path.join(BUILD, "mailcert-mail"), "send"],
            input=ask(*{**good, name: value}.items(),
                      opens=[("ca-file", "")]), env={}, capture_output=True)
        tap.equal(dict(told(got.stdout))["status"], b"usage",
                  "%s %.20r is refused" % (name, value))


def test_secrets():
    """The password is in no argument vector, no environment and no file."""
    with Smtp(users=USERS, tls="starttls") as smtp, desk() as one:
        log = one.place.path("trace")
        got = subprocess.run(
            ["strace", "-ff", "-v", "-s", "10000", "-e",
             "trace=execve,openat,write", "-o", log, MAILCERT,
             *one.options(smtp), "handle", "--auto-approve", "--draft",
             "smtp"], env=one.place.env, input=challenge(),
            capture_output=True)
        tap.ok(got.returncode == 0 and len(smtp.accepted) == 1,
               "sent under strace", got)
        lines = []
        for name in os.listdir(one.place.dir):
            if name.startswith("trace."):
                with open(one.place.path(name), errors="replace") as f:
                    lines += f.read().splitlines()
        starts = [x for x in lines if x.startswith("execve(")]
        tap.ok(any("mailcert-mail" in x for x in starts) and
               any("cat " in x for x in starts), "it was watched", starts)
        tap.ok(not any("geheim" in x for x in starts),
               "no argument, no environment", starts)
        tap.ok(any("mailcert-mail\", \"send\"], [])" in x.replace(
            BUILD + "/", "") or re.search(
                r'"send"\], \[\]\)', x) for x in starts),
               "the helper has a verb and no environment", starts)
        left = []
        for top, _, names in os.walk(one.place.dir):
            for name in names:
                path = os.path.join(top, name)
                if path == one.password or name.startswith("trace."):
                    continue
                with open(path, "rb") as f:
                    if b"geheim" in f.read():
                        left.append(path)
        tap.equal(left, [], "no file")


def test_copy():
    """What was sent is kept where the user wants it."""
    def mbox(one):
        with open(one.place.path("user/Sent"), "rb") as f:
            return [f.read().split(b"\n", 1)[1]]

    def maildir(one):
        top = one.place.path("user/Maildir/cur")
        names = os.listdir(top)
        tap.ok(len(names) == 1 and names[0].endswith(":2,S"),
               "a copy in a Maildir is seen", names)
        return [open(os.path.join(top, name), "rb").read()
                for name in names]

    with Dovecot({"alice": "secret"}) as dovecot, \
            Smtp(users=USERS, tls="starttls") as smtp:
        imap = ("-o", "imap=imaps://alice@localhost:%d" % dovecot.imaps,
                "-o", "password.alice@localhost=echo secret")
        both = open(smtp.ca).read() + open(dovecot.ca).read()

        def server(_):
            return [bytes(x).replace(b"\r\n", b"\n")
                    for x in dovecot.messages("Sent")]
        for name, draft, setting, read in (
                ("Maildir", "smtp", "maildir:~/Maildir", maildir),
                ("mbox", "smtp", "mbox:~/Sent", mbox),
                ("sendmail", "sendmail", "mbox:~/Sent", mbox),
                ("IMAP", "smtp", "imap", server)):
            with desk() as one:
                program, _ = fake_sendmail(one.place)
                make_maildir(one.place.path("user/Maildir"))
                got = one.place.run(
                    *one.options(smtp, ca=one.place.write("cas", both)),
                    *imap, "-o", "sent_copy=" + setting, "-o",
                    "sendmail=" + program, "handle", "--auto-approve",
                    "--draft", draft, stdin=challenge())
                kept = read(one)
                tap.ok(got.returncode == 0 and one.state() == "sent" and
                       len(kept) == 1, "%s: one copy" % name, got, kept)
                tap.equal(check_reply(kept[0].rstrip(b"\n") + b"\n"), [],
                          "%s: of the reply" % name)
        # A copy that fails does not change what is known of the reply.
        for name, setting, more in (
                ("no Maildir", "maildir:~/nothing", ()),
                ("no server", "imap", ()),
                ("another password", "imap", (
                    *imap[:3], "password.alice@localhost=echo no"))):
            with desk() as one:
                got = one.place.run(
                    *one.options(smtp, ca=one.place.write("cas", both)),
                    *more, "-o", "sent_copy=" + setting, "handle",
                    "--auto-approve", "--mda",
                    stdin=challenge())
                words = "its copy was not kept"
                tap.ok(got.returncode == 0 and one.state() == "sent" and
                       words in got.stderr.decode() and words in one.log(),
                       "%s: said, and sent all the same" % name, got)
        # What was not sent leaves none.
        smtp.answers["RCPT"] = "550 no"
        with desk() as one:
            make_maildir(one.place.path("user/Maildir"))
            one.handle(smtp)
            got = one.place.run(
                *one.options(smtp), "-o", "sent_copy=maildir:~/Maildir",
                "handle",
                    "--auto-approve", "--mda", stdin=challenge())
            tap.ok(got.returncode == 75 and not os.listdir(
                one.place.path("user/Maildir/cur")), "nothing sent, no copy",
                   got)


def test_memory():
    """Where memory runs out, the program knows what it has sent."""
    with Smtp(users=USERS, tls="starttls") as smtp, Place() as place:
        question = ask(
            ("tls", "starttls"), ("host", "127.0.0.1"),
            ("port", str(smtp.port)), ("user", "alice"),
            ("secret", PASSWORD), ("sender", ADDRESS), ("recipient", CA),
            ("message", "Subject: x\n\nx\n"), opens=[("ca-file", smtp.ca)])

        def send(**env):
            before = len(smtp.accepted)
            got = subprocess.run(
                [os.path.join(BUILD, "mailcert-mail"), "send"],
                input=question, env=env, capture_output=True, timeout=60)
            answer = dict(told(got.stdout)) if got.stdout.endswith(
                b"\nend 0\n\n") else {}
            return got, answer, len(smtp.accepted) - before

        got, answer, accepted = send()
        tap.ok(answer.get("outcome") == b"sent" and accepted == 1, "sent",
               got)
        preload, bad, failed = nomalloc(place), [], 0
        # From 48 on: those of glibc while it reads nsswitch.conf.
        for n in [*range(50, 54), *sample(
                [*range(1, 48), *range(58, 9000, 97)], 24)]:
            got, answer, accepted = send(LD_PRELOAD=preload, FAIL_AT=str(n))
            status = answer.get("status")
            failed += status not in (b"done", None)
            if accepted != (answer.get("outcome") == b"sent") and not (
                    answer.get("outcome") == b"doubt" or
                    (not answer and accepted)):
                bad.append("allocation %d: %d, %r" % (n, accepted, got))
        tap.ok(not bad and failed > 5, "allocations", failed, *bad)


def test_doctor():
    """doctor logs in, and sends nothing."""
    with Smtp(users=USERS, tls="starttls") as smtp, desk() as one:
        for name, more, want, words in (
                ("good", {}, "ok", "accepts the login"),
                ("wrong password", {"secret": {
                    "password.alice@127.0.0.1": "echo no"}}, "error",
                 "does not accept the password: 535"),
                ("no password", {"secret": {"color": "no"}}, "error",
                 "set password.alice@127.0.0.1"),
                ("nobody there", {"port": 1}, "warning", "cannot connect")):
            got = one.place.run(*one.options(smtp, **more), "doctor",
                                "--json")
            said = [x for x in json.loads(got.stdout)["checks"]
                    if x["check"] == "smtp"]
            tap.ok(len(said) == 1 and said[0]["status"] == want and
                   words in said[0]["message"] and
                   "alice@127.0.0.1" in said[0]["message"],
                   "doctor, %s: %s" % (name, want), said)
        tap.ok(not smtp.received and not any(
            line.startswith(b"MAIL") for line in smtp.heard) and
               smtp.heard.count(b"QUIT") == 2, "doctor sends nothing",
               smtp.heard)
    with Dovecot({"alice": "secret"}) as dovecot, Place() as place:
        for settings, words, many in (
                (("imap=imaps://alice@localhost:%d" % dovecot.imaps,), ["ok"],
                 1),
                (("watch=imaps://alice@localhost:%d/INBOX "
                  "imaps://alice@localhost:%d/Other imap://alice@localhost:%d"
                  % (dovecot.imaps, dovecot.imaps, dovecot.imap),
                  "imap=imaps://alice@localhost:%d" % dovecot.imaps),
                 ["ok", "ok"], 2)):
            got = place.run(
                *[x for s in settings for x in ("-o", s)], "-o",
                "mail_ca_file=" + dovecot.ca, "-o",
                "password.alice@localhost=echo secret", "doctor", "--json")
            said = [x for x in json.loads(got.stdout)["checks"]
                    if x["check"] == "imap"]
            tap.equal([x["status"] for x in said], words,
                      "doctor, IMAP: each server once (%d)" % many)


def test_postfix():
    if Postfix.missing():
        tap.skip("Postfix", Postfix.missing())
        return
    refuses = {"banner": "421 4.3.2 down", "MAIL": "451 4.3.0 text",
               "RCPT": "550 5.7.1 text", ".": "451 4.3.0 text"}
    users = {"alice": "secret"}
    with Dovecot(users) as dovecot, Smtp() as far, \
            Postfix(dovecot, relay=far.port, refuses=refuses) as postfix:
        for scheme, port in (("submission", postfix.submission),
                             ("submissions", postfix.submissions)):
            with desk() as one:
                far.accepted.clear()
                secret = {"password.alice@localhost": "echo secret"}
                more = {"scheme": scheme, "port": port, "host": "localhost"}
                got = one.handle(postfix, secret={
                    "password.alice@localhost": "echo wrong"}, **more)
                tap.ok(got.returncode == 77 and one.unchanged(),
                       scheme + ": another password is refused", got)
                got = one.handle(postfix, secret=secret, **more)
                tap.ok(got.returncode == 0 and one.state() == "sent" and
                       "queued as" in one.log(), scheme + ": sent", got)
                postfix.wait_for(lambda: far.accepted, "mail")
                sender, to, raw = far.accepted[0]
                tap.ok((sender, to) == (ADDRESS, [CA]) and
                       b"with ESMTPSA" in raw, scheme + ": relayed", raw)
                tap.equal(check_reply(
                    re.sub(rb"(?s)^(Received: .*?)(?=\n\S)\n", b"",
                           raw.replace(b"\r\n", b"\n"))), [],
                          scheme + ": as it was")
        tap.ok("sasl_method=SCRAM-SHA-256" in postfix.log(),
               "the password itself does not leave", postfix.log())


run_tests(tests_of(globals()), workers=4)
tap.done()
