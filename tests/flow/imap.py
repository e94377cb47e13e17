#!/usr/bin/python3
# Runs in: check check-slow
"""mailcert-mail and IMAP servers: a real Dovecot, and servers that misbehave.
What is found, what is fetched for it, what changes and what does not; and what
is said of a server that is of no use."""
import os
import re
import subprocess
import sys
import time

TESTS = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path.insert(0, TESTS)
from lib import (BUILD, MAILCERT, SLOW, Place, ask, at_once, challenge,
                 check_reply, fake_sendmail, nomalloc, run_tests, sample, sent,
                 tap, tests_of, told)
from servers import Authority
from servers.dovecot import Dovecot
from servers.faults import CUT, RESET, Gone, Scripted
from servers.imap_faults import (Relay, endless_line, huge_literal,
                                 lying_literal, promised_literal)

MAIL = os.path.join(BUILD, "mailcert-mail")
MOST = 100000
# MiB that it may take; sanitizers need more.
ROOM = 200 if os.path.basename(BUILD) == "san" else 40


def from_ca(subject="x", sender="acme@ca.example", auto="auto-generated; "
            "type=acme", body="hello\n"):
    return ("From: %s\nTo: alice@example.org\nSubject: %s\n%s\n%s" % (
        sender, subject, "Auto-Submitted: %s\n" % auto if auto else "",
        body)).encode()


class Mail:
    """mailcert-mail with one verb, running for several questions."""

    def __init__(self, verb, server, tls="implicit", **more):
        self.open = [("ca-file", more.get("ca", getattr(server, "ca", "")))]
        port = more.get("port") or (
            server.port if not isinstance(server, Dovecot) else
            server.imaps if tls == "implicit" else server.imap)
        self.server = [("tls", tls), ("host", more.get("host", "localhost")),
                       ("port", str(port)), ("user", more.get("user", "alice"))]
        self.server += [("token", more["token"])] if "token" in more else [
            ("secret", more.get("secret", "secret"))]
        self.process = subprocess.Popen(
            [MAIL, verb], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, env={})

    def __enter__(self):
        return self

    def __exit__(self, *unused):
        self.process.stdin.close()
        said = self.process.stderr.read()
        if self.process.wait() != 0 or said:
            tap.ok(False, "the end of mailcert-mail", self.process.returncode,
                   said.decode())
        self.process.stdout.close()
        self.process.stderr.close()

    def ask(self, *pairs):
        """The status, the note, and the frames of an answer."""
        self.process.stdin.write(ask(*self.server, *pairs, opens=self.open))
        self.process.stdin.flush()
        got = b""
        while not got.endswith(b"end 0\n\n"):
            piece = os.read(self.process.stdout.fileno(), 65536)
            if not piece:
                return "", "no answer: %r" % got[:200], []
            got += piece
        frames = told(got)
        return frames[0][1].decode(), frames[1][1].decode(), frames[2:-1]

    def look(self, validity=None, after=None, folder="INBOX",
             domains=("ca.example",), auto=True, most=MOST, since=0):
        status, note, frames = self.ask(
            ("folder", folder), ("since", str(since)), ("most", str(most)),
            *([("validity", validity), ("after", after)] if after else []),
            *[("domain", domain) for domain in domains],
            *([("auto-submitted", "1")] if auto else []))
        return Found(status, note, frames)

    def peak(self):
        """MiB of memory, at most."""
        with open("/proc/%d/status" % self.process.pid) as f:
            return int(re.search(r"VmHWM:\s+(\d+)", f.read())[1]) / 1024


class Found:
    """What a look gives."""

    def __init__(self, status, note, frames):
        self.status, self.note = status, note
        one = dict(frames)
        self.validity = one.get("validity", b"").decode()
        self.after = one.get("after", b"").decode()
        self.more = "more" in one
        self.uids = [int(v) for n, v in frames if n == "uid"]
        self.messages = [v for n, v in frames if n == "message"]

    def subjects(self):
        return [re.search(rb"(?m)^Subject: (.*?)\r$", m)[1].decode()
                if m else "" for m in self.messages]

    def __repr__(self):
        return "%s %r %s" % (self.status, self.note, self.subjects())


def once(verb, server, *pairs, **more):
    with Mail(verb, server, **more) as mail:
        return mail.ask(*pairs)


def look(server, folder="INBOX", **more):
    with Mail("look", server, **more) as mail:
        return mail.look(folder=folder)


def refused(found, status, note, name):
    """It was refused, in these words."""
    tap.ok(found.status == status and re.search(note, found.note), name,
           repr(found))


# --- Dovecot: logging in

def test_mechanisms():
    """Each way to log in, as the server's log names it."""
    with Dovecot() as dovecot:
        dovecot.tokens["good"] = "alice"
        dovecot.deliver(from_ca())
        for offered, method, secret in (
                ("plain", "PLAIN", {}), ("login", "LOGIN", {}),
                ("scram-sha-256", "SCRAM-SHA-256", {}),
                ("plain login scram-sha-256", "SCRAM-SHA-256", {}),
                ("oauthbearer", "OAUTHBEARER", {"token": "good"}),
                ("xoauth2", "XOAUTH2", {"token": "good"})):
            dovecot.configure("auth_mechanisms = %s\n" % offered)
            dovecot.reload()
            for tls in "implicit", "starttls":
                name = "%s, %s" % (offered, tls)
                used = "method=%s," % method
                before = dovecot.log().count(used)
                found = look(dovecot, tls=tls, **secret)
                tap.equal((found.status, found.uids), ("done", [1]), name)
                # The log is written by another process.
                dovecot.wait_for(lambda: dovecot.log().count(used) > before,
                                 "its line in the log")
                tap.equal(dovecot.log().count(used), before + 1,
                          name + ": by " + method)


def test_login_command():
    """A server without AUTHENTICATE; one that forbids LOGIN, too."""
    def without_auth(line):
        return re.sub(rb" AUTH=[A-Z0-9-]+", b"", line)

    def disabled(line):
        return without_auth(line).replace(b"IMAP4rev1",
                                          b"IMAP4rev1 LOGINDISABLED")
    with Dovecot({"alice": 'se"c\\ret', "b\xf6b": "gr\xfc\xdf"}) as dovecot:
        dovecot.deliver(from_ca())
        with Relay(dovecot.imap, change=without_auth, tls="implicit") as relay:
            found = look(relay, secret='se"c\\ret')
            tap.equal((found.status, found.uids), ("done", [1]), "LOGIN")
            refused(look(relay, secret="wrong"), "login-failed",
                    "^it does not accept the password: ", "LOGIN, wrong")
            tap.ok(any(b" LOGIN " in line for line in relay.heard),
                   "it was LOGIN", relay.heard)
            # What is not ASCII goes as a literal.
            found = look(relay, user="b\xf6b", secret="gr\xfc\xdf")
            tap.ok(any(line.endswith(b"LOGIN {4}") for line in relay.heard),
                   "a name in a literal", relay.heard, repr(found))
        with Relay(dovecot.imap, change=disabled, tls="implicit") as relay:
            refused(look(relay), "no", "^it offers no way to log in",
                    "LOGINDISABLED")
            tap.ok(not any(b"LOGIN" in line for line in relay.heard),
                   "no password left", relay.heard)


def test_refused():
    """A wrong password or token, a wrong name, a certificate that is not
    trusted: each in its own words, and asked only once."""
    with Dovecot() as dovecot:
        def logins():
            return dovecot.log().count("auth failed")
        before = logins()
        refused(look(dovecot, secret="wrong"), "login-failed",
                "^it does not accept the password: ", "a wrong password")
        dovecot.wait_for(lambda: logins() > before, "its log")
        tap.equal(logins(), before + 1, "asked once")
        refused(look(dovecot, token="bad"), "login-failed",
                "^it does not accept the token: ", "a wrong token")
        refused(look(dovecot, user="mallory"), "login-failed",
                "^it does not accept the password: ", "an unknown user")
        refused(look(dovecot, ca=""), "network-trouble",
                "^its certificate is not trusted", "an unknown CA")
        refused(look(dovecot, tls="starttls", ca=""), "network-trouble",
                "^its certificate is not trusted", "STARTTLS: an unknown CA")
        refused(look(dovecot, port=dovecot.imap), "network-trouble", "TLS",
                "TLS where there is none")
        dovecot.folder("another")
        other = Authority(dovecot.path("another"))
        cert, key = dovecot.authority.issue(
            dovecot.path("wrong"), names=("wrong.example",))
        with Relay(dovecot.imap, tls="implicit",
                   authority=dovecot.authority) as relay:
            refused(look(relay, ca=other.file), "network-trouble",
                    "^its certificate is not trusted", "another CA")
            relay.certificate(cert, key)
            refused(look(relay), "network-trouble",
                    "^its certificate is not for this host", "another name")
            tap.equal(relay.heard, [], "nothing was said without trust")


def test_stripped():
    """Whoever strips STARTTLS learns nothing."""
    with Dovecot() as dovecot, Relay(dovecot.imap) as relay:
        refused(look(relay, tls="starttls", ca=dovecot.ca), "network-trouble",
                "offers no TLS", "STARTTLS stripped")
        relay.answers["greeting"] = "* PREAUTH welcome"
        refused(look(relay, tls="starttls", ca=dovecot.ca), "network-trouble",
                "TLS", "PREAUTH before TLS")
        tap.ok(not re.search(rb"(?i)login|authenticate|alice",
                             b"\n".join(relay.heard)),
               "nothing was said in plain text", relay.heard)
        with Relay(dovecot.imap, {"greeting": "* PREAUTH welcome"},
                   tls="implicit") as inside:
            refused(look(inside), "network-trouble", "PREAUTH",
                    "PREAUTH inside TLS")


def test_secrets():
    """No password in what the system shows of the program."""
    with Dovecot() as dovecot, Mail("look", dovecot) as mail:
        mail.look()
        seen = b""
        for name in "cmdline", "environ":
            with open("/proc/%d/%s" % (mail.process.pid, name), "rb") as f:
                seen += f.read()
        tap.equal(seen, MAIL.encode() + b"\0look\0", "argv and environment")


# --- Dovecot: looking

def test_look():
    """What may be a challenge comes, and nothing changes."""
    with Dovecot() as dovecot, Mail("look", dovecot) as mail:
        found = mail.look()
        tap.equal((found.status, found.uids, found.after),
                  ("done", [], "0"), "an empty folder")
        folded = from_ca("folded").replace(
            b"From: ", b"From:\n \"A, B\"\n <").replace(
            b"ca.example\n", b"CA.example>\n")
        for message in (from_ca("one"), from_ca("other", "eve@evil.example"),
                        from_ca("reply", auto="auto-replied"), folded,
                        from_ca("no field", auto=None),
                        from_ca("umlaut", "a@b\u00fccher.example")):
            dovecot.deliver(message)
        before = [(m.flags, m.path) for m in dovecot.messages()]
        found = mail.look()
        tap.equal((found.uids, found.subjects(), found.after, found.more),
                  ([1, 4, 6], ["one", "folded", "umlaut"], "6", False),
                  "what may be one")
        tap.ok(found.messages[0].endswith(b"\r\n\r\nhello\r\n"), "whole")
        tap.equal([(m.flags, m.path) for m in dovecot.messages()], before,
                  "nothing changed")
        tap.ok(all("/new/" in path for _, path in before), "all still new")
        tap.equal(mail.look(auto=False).subjects(),
                  ["one", "reply", "folded", "no field", "umlaut"],
                  "any Auto-Submitted")
        tap.equal(len(mail.look(domains=(), auto=False).uids), 6, "no filter")
        tap.equal(mail.look(domains=("b.example", "evil.example"))
                  .subjects(), ["other", "umlaut"], "two domains")
        again = mail.look(found.validity, found.after)
        tap.equal((again.uids, again.after), ([], "6"), "nothing new")
        dovecot.deliver(from_ca("late"))
        again = mail.look(found.validity, found.after)
        tap.equal((again.subjects(), again.after), (["late"], "7"), "a new one")
        tap.equal(dovecot.log().count("Login: "), 1, "one connection")


def test_sizes():
    """What is too large is named and not fetched; what does not fit into one
    answer comes with the next."""
    with Dovecot() as dovecot, Mail("look", dovecot) as mail:
        for n in range(5):
            dovecot.deliver(from_ca("n%d" % n, body="x" * 60 + "\n"))
        dovecot.deliver(from_ca("large", body=("x" * 70 + "\n") * 3000))
        got, after, validity, rounds = [], None, None, 0
        while rounds < 10:
            found = mail.look(validity, after, most=1500)
            got += zip(found.uids, found.subjects())
            after, validity, rounds = found.after, found.validity, rounds + 1
            if not found.more:
                break
        tap.equal(got, [(n + 1, "n%d" % n) for n in range(5)] + [(6, "")],
                  "all, in order, the large one empty")
        tap.ok(1 < rounds < 6, "in some answers", rounds)


def test_since():
    """Where no message was looked at, only those since that day."""
    with Dovecot() as dovecot, Mail("look", dovecot) as mail:
        now = int(time.time())
        dovecot.drop(from_ca("old"))
        path = dovecot.messages()[0].path
        os.utime(path, (now - 5 * 86400, now - 5 * 86400))
        os.rename(path, re.sub(r"/\d+\.", "/%d." % (now - 5 * 86400), path))
        dovecot.drop(from_ca("new"))
        found = mail.look(since=now)
        tap.equal((found.subjects(), found.after), (["new"], "2"), "since")
        tap.equal(mail.look(since=now - 6 * 86400).subjects(), ["old", "new"],
                  "since long ago")
        tap.equal(mail.look(found.validity, "0", since=now).subjects(),
                  ["old", "new"], "a number goes before the date")


def test_folders():
    """Folders that are missing, or have names in other scripts."""
    with Dovecot() as dovecot, Mail("look", dovecot) as mail:
        dovecot.drop(from_ca("x"), "Zertifikate &ANwtYg-", "")
        found = mail.look(folder="Zertifikate \u00dc\u2d62")
        tap.ok(found.subjects() == ["x"], "modified UTF-7", repr(found),
               dovecot.folders())
        refused(mail.look(folder="Nirgends \u00fc"), "missing",
                "^it refuses the folder Nirgends \u00fc: ", "a missing folder")
        refused(mail.look(folder='a"b\\c'), "missing", "the folder", "quotes")
        tap.equal(mail.look().status, "done", "and then another one")
        dovecot.drop(from_ca("x"), "Gone")
        tap.equal(mail.look(folder="Gone").subjects(), ["x"], "it is there")
        dovecot.remove("Gone")
        refused(mail.look(folder="Gone"), "missing", "the folder Gone",
                "it vanishes while it is open")


def test_renumbered():
    """UIDVALIDITY changes, on a connection that was open before."""
    with Dovecot() as dovecot, Mail("look", dovecot) as mail:
        for n in range(3):
            dovecot.deliver(from_ca("n%d" % n))
        found = mail.look()
        tap.equal(found.uids, [1, 2, 3], "at first")
        dovecot.kick()
        time.sleep(1.1)  # the new number is a time in seconds
        dovecot.forget()
        again = mail.look(found.validity, found.after)
        tap.ok(again.validity != found.validity and
               again.subjects() == ["n0", "n1", "n2"], "all comes again",
               found.validity, again.validity, repr(again))


def test_restart():
    """The server restarts, or says BYE, between two questions."""
    with Dovecot() as dovecot, Mail("look", dovecot) as mail:
        dovecot.deliver(from_ca("one"))
        found = mail.look()
        dovecot.kick()
        dovecot.deliver(from_ca("two"))
        found = mail.look(found.validity, found.after)
        tap.equal((found.status, found.subjects()), ("done", ["two"]),
                  "after BYE")
        dovecot.stop()
        down = mail.look(found.validity, found.after)
        refused(down, "network-trouble", "^cannot connect", "down")
        dovecot.start()
        dovecot.deliver(from_ca("three"))
        found = mail.look(found.validity, found.after)
        tap.equal((found.status, found.subjects()), ("done", ["three"]),
                  "after a restart")
        dovecot.kill()
        refused(mail.look(found.validity, found.after), "network-trouble", ".",
                "killed")
        dovecot.start_after_crash()
        dovecot.deliver(from_ca("four"))
        found = mail.look(found.validity, found.after)
        tap.equal((found.status, found.subjects()), ("done", ["four"]),
                  "after a crash")


def test_expunged():
    """A message vanishes between SEARCH and FETCH, or between its header and
    its body: the others come."""
    with Dovecot() as dovecot:
        def expunge(session, line):
            dovecot.run("/usr/bin/doveadm", "-c", dovecot.path("dovecot.conf"),
                        "expunge", "-u", "alice", "mailbox", "INBOX", "uid",
                        "1")
        for n in range(4):
            dovecot.deliver(from_ca("n%d" % n))
        for answers, uids in (
                ([None, "%TAG% OK nothing"], [2, 3, 4]),
                ([None, "%TAG% NO [EXPUNGEISSUED] gone"], [2, 3, 4]),
                ([expunge], [2, 3, 4])):
            with Relay(dovecot.imap, {"UID FETCH": answers},
                       tls="implicit") as relay, Mail("look", relay) as mail:
                name = "expunged: %s" % (
                    answers[-1] if len(answers) > 1 else "before its header")
                found = mail.look()
                tap.equal((found.status, found.uids, found.after),
                          ("done", uids, "4"), name)
                tap.equal(relay.errors, [], "no error")
        # A server may refuse all for the sake of one.
        with Relay(dovecot.imap, {"UID FETCH": ["%TAG% NO some are gone"]},
                   tls="implicit") as relay, Mail("look", relay) as mail:
            found = mail.look()
            uids = found.uids
            while found.more:
                found = mail.look(found.validity, found.after)
                uids += found.uids
            tap.equal(uids, [2, 3, 4], "expunged: refused at first")


LARGE = 100000 if SLOW else 3000


def test_large():
    """A large folder, of which one message in a hundred may be a challenge:
    these are fetched, each once, and of the others no body."""
    with Dovecot() as dovecot:
        top = dovecot.maildir()
        for sub in "cur", "new", "tmp":
            dovecot.folder(os.path.join(top, sub))
        for n in range(LARGE):
            with open(dovecot.path(top, "cur", "%d.M%dP1.test:2,S" % (
                    1700000000 + n, n)), "wb") as f:
                f.write(from_ca("n%d" % n, body="x" * 70 + "\n") if n % 100 == 7
                        else from_ca("n%d" % n, "list@else.example",
                                     body="x" * 70 + "\n"))
        dovecot.run("/bin/chown", "-R", str(dovecot.uid), dovecot.path("home"))
        times, got = [], []
        with Mail("look", dovecot) as mail:
            found = Found("", "", [("more", b"")])
            while found.more:
                start = time.monotonic()
                found = mail.look(found.validity, found.after)
                times.append(time.monotonic() - start)
                got += found.subjects()
            tap.equal(got, ["n%d" % n for n in range(7, LARGE, 100)],
                      "all that may be one, and each once")
            start = time.monotonic()
            found = mail.look(found.validity, found.after)
            times.append(time.monotonic() - start)
            tap.equal((found.status, found.uids, found.after),
                      ("done", [], str(LARGE)), "and then nothing new")
            tap.ok(mail.peak() < ROOM, "in bounded memory", mail.peak())
            print("# %d messages: %.1f s, the first answer after %.1f s, the "
                  "last one after %.3f s; %.1f MiB" % (
                      LARGE, sum(times), times[0], times[-1], mail.peak()))
        dovecot.wait_for(lambda: "Disconnected" in dovecot.log(), "its log")
        # The server reads each header once, to search them.
        counts = re.search(r"hdr_count=(\d+) .* body_count=(\d+)",
                           dovecot.log())
        tap.equal(int(counts[2]), LARGE // 100, "bodies fetched")


# --- Servers that misbehave

def healed(relay, mail, name):
    """The next question is answered as if nothing had been."""
    found = mail.look()
    tap.equal((found.status, found.uids, relay.errors), ("done", [1], []),
              name + ": the next question")


STAGES = ("greeting", "CAPABILITY", "AUTHENTICATE", "EXAMINE", "UID SEARCH",
          "UID FETCH")


def test_stages():
    """BYE, the end, a reset, nonsense, NO for now and for good: at each
    stage."""
    with Dovecot() as dovecot:
        dovecot.deliver(from_ca())
        cases = [(stage, answer) for stage in STAGES for answer in (
            "* BYE not today", CUT, RESET, b"\0\xff\r\n\x1b[31m\n",
            "%TAG% NO [UNAVAILABLE] later", "%TAG% BAD what")]
        at_once([lambda case=case: at_stage(dovecot, *case)
                 for case in cases], 4)


def at_stage(dovecot, stage, answer):
    name = "%s at %s" % (answer, stage)
    with Relay(dovecot.imap, {stage: [answer]}, tls="implicit") as relay, \
            Mail("look", relay) as mail:
        found = mail.look()
        expected = {"network-trouble"}
        if "NO [" in str(answer) and stage != "greeting":
            expected = {"try-again"}
        if "BAD" in str(answer) and stage != "greeting":
            expected = {"no"}
        # The fields of one message may be refused; then it is fetched whole.
        if "BAD" in str(answer) and stage == "UID FETCH":
            expected = {"done"}
        if "BYE" in str(answer) and stage == "greeting":
            expected = {"try-again"}
        tap.ok(found.status in expected and (
            found.note or found.status == "done"), name, repr(found))
        tap.ok("\x1b" not in found.note, name + ": safe text")
        healed(relay, mail, name)


def test_cut():
    """The connection ends after any number of octets."""
    with Dovecot() as dovecot:
        dovecot.deliver(from_ca())
        with Relay(dovecot.imap, tls="implicit") as relay, \
                Mail("look", relay) as mail:
            mail.look()
            # Less than all: the server says how long it took, to the digit.
            whole = relay.sessions[0].sent - 100

        def cut(after):
            with Relay(dovecot.imap, tls="implicit",
                       cut_sent_after=after) as relay, \
                    Mail("look", relay) as mail:
                found = mail.look()
                refused(found, "network-trouble", ".", "cut at %d" % after)
        at_once([lambda n=n: cut(n) for n in
                 range(1, whole, max(1, whole // 40))], 4)


def test_sizes_lie():
    """Literals that lie, a message of 100 MB, lines without end: no memory, no
    time, and the next question is answered."""
    changes = {
        "longer literal": (lying_literal(5), "network-trouble"),
        "shorter literal": (lying_literal(-5), "network-trouble"),
        "100 MB that come": (huge_literal(), "network-trouble"),
        "100 MB that do not come": (promised_literal(), "network-trouble"),
        "endless SEARCH": (endless_line(rb"SEARCH"), "network-trouble"),
        "endless OK": (endless_line(rb"OK .*Search"), "network-trouble"),
        "endless capabilities": (endless_line(rb"CAPABILITY"),
                                 "network-trouble"),
    }
    if SLOW:  # it takes a minute
        changes["octets that do not come"] = (lying_literal(5000),
                                              "network-trouble")

    def one(name, change, status):
        with Dovecot() as dovecot:
            dovecot.deliver(from_ca())
            with Relay(dovecot.imap, change=change, tls="implicit",
                       cut_after=None) as relay, Mail("look", relay) as mail:
                found = mail.look()
                refused(found, status, ".", name)
                tap.ok(mail.peak() < ROOM, name + ": memory", mail.peak())
                relay.change = None
                healed(relay, mail, name)
    at_once([lambda n=n, c=c, s=s: one(n, c, s)
             for n, (c, s) in changes.items()], 3)


def test_more_than_said():
    """A message that is larger than the server said, and than is wanted."""
    answers = {
        "CAPABILITY": "* CAPABILITY IMAP4rev1 AUTH=PLAIN SASL-IR",
        "EXAMINE": ("* 1 EXISTS", "* OK [UIDVALIDITY 7] x",
                    "* OK [UIDNEXT 2] x"),
        "UID SEARCH": "* SEARCH 1",
    }

    def script(session):
        session.say("* OK hello")
        while True:
            tag, _, command = session.line().decode().partition(" ")
            fields = b"From: a@ca.example\r\nAuto-Submitted: auto-generated"
            body = b"x" * (MOST + 1) if "BODY.PEEK[]" in command else fields
            for begin, answer in answers.items():
                if command.startswith(begin):
                    session.say(answer)
            if "FETCH" in command:
                session.say(b"* 1 FETCH (UID 1 RFC822.SIZE 20 BODY[] {%d}\r\n"
                            % len(body) + body + b")\r\n")
            session.say(tag + " OK done")
    with Scripted(script, tls="implicit") as server:
        found = look(server)
        tap.equal((found.status, found.uids, found.messages),
                  ("done", [1], [b""]), "larger than said: empty")


# --- Appending

def test_append():
    """Into the folder for drafts or another one, with its flags."""
    draft = [("flag", "\\Draft"), ("flag", "\\Seen"), ("message",
             "From: a@example.org\nSubject: \u00fc\n\nx\r\n.\n\nlast")]
    with Dovecot() as dovecot:
        got = once("append", dovecot, ("special", "drafts"), *draft)
        tap.equal(got, ("done", "", [("folder", b"Drafts")]), "drafts")
        kept, = dovecot.messages("Drafts")
        tap.equal((kept, kept.flags), (
            "From: a@example.org\nSubject: \u00fc\n\nx\n.\n\nlast".encode(),
            "DS"), "as it was, with its flags")
        got = once("append", dovecot, ("special", "sent"), ("flag", "\\Seen"),
                   ("message", "x: y\n\n" + "z" * 2000000))
        tap.equal(got[0::2], ("done", [("folder", b"Sent")]), "sent")
        kept, = dovecot.messages("Sent")
        tap.equal((len(kept), kept.flags), (2000006, "S"), "2 MB")
        dovecot.drop(b"x: y\n\n", "Entw&APw-rfe", "S")
        got = once("append", dovecot, ("folder", "Entw\u00fcrfe"), *draft)
        tap.equal(got[0::2], ("done", [("folder", "Entw\u00fcrfe".encode())]),
                  "a name in UTF-8")
        tap.equal(len(dovecot.messages("Entw&APw-rfe")), 2, "it is there")
        got = once("append", dovecot, ("folder", "Nirgends"), *draft)
        tap.ok(got[0] == "missing" and "the folder Nirgends" in got[1],
               "a missing folder", got)
        tap.ok("Nirgends" not in dovecot.folders(), "none was made")
        got = once("append", dovecot, ("special", "drafts"), *draft,
                   secret="wrong")
        tap.equal(got[0], "login-failed", "a wrong password")


def test_append_by_name():
    """A server that knows no special uses; one without such a folder."""
    def plain(line):
        line = re.sub(rb" (SPECIAL-USE|LIST-EXTENDED)", b"", line)
        return re.sub(rb" \\(Drafts|Sent)", b"", line)
    draft = [("special", "drafts"), ("flag", "\\Draft"), ("message", "x: y\n")]
    with Dovecot() as dovecot:
        with Relay(dovecot.imap, change=plain, tls="implicit") as relay:
            got = once("append", relay, *draft)
            tap.equal(got[0::2], ("done", [("folder", b"Drafts")]), "by name")
            tap.ok(not any(b"SPECIAL-USE" in line for line in relay.heard),
                   "not asked for", relay.heard)
        with Relay(dovecot.imap, change=lambda line: plain(line).replace(
                b"Drafts", b"Other"), tls="implicit") as relay:
            got = once("append", relay, *draft)
            tap.ok(got[0] == "missing" and "make one" in got[1], "none", got)
        for answer, status in (("%TAG% NO [OVERQUOTA] full", "no"),
                               ("%TAG% NO [INUSE] later", "try-again"),
                               ("* BYE no", "network-trouble"),
                               (CUT, "network-trouble")):
            with Relay(dovecot.imap, {"APPEND": answer},
                       tls="implicit") as relay:
                got = once("append", relay, *draft)
                tap.equal(got[0], status, "APPEND: %s" % answer)
        tap.equal(len(dovecot.messages("Drafts")), 1, "one draft only")


# --- Marking

def test_mark():
    """Flagged, moved, and nothing else touched."""
    with Dovecot() as dovecot:
        for n in range(3):
            dovecot.deliver(from_ca("n%d" % n))
        dovecot.drop(from_ca("deleted by its owner"), "INBOX", "ST")
        dovecot.drop(b"x: y\n\n", "Done", "S")
        validity = look(dovecot).validity

        def flags():
            return sorted(m.flags for m in dovecot.messages())

        def mark(uid, *pairs, server=dovecot, number=validity):
            return once("mark", server, ("folder", "INBOX"),
                        ("validity", number), ("uid", str(uid)), *pairs)
        tap.equal(mark(1, ("answered", "1")), ("done", "", []), "answered")
        tap.equal(flags(), ["", "", "R", "ST"],
                  "one flag")
        tap.equal(mark(2, ("answered", "1"), ("move", "Done"))[0], "done",
                  "moved")
        tap.equal([m.flags for m in dovecot.messages("Done")], ["S", "R"],
                  "it is there")
        tap.equal(flags(), ["", "R", "ST"],
                  "and the others stay")

        def without_move(line):
            return line.replace(b" MOVE", b"")
        with Relay(dovecot.imap, change=without_move, tls="implicit") as relay:
            tap.equal(mark(3, ("move", "Done"), server=relay)[0], "done",
                      "moved without MOVE")
        tap.equal(flags(), ["R", "ST"],
                  "what others deleted is not expunged")
        tap.equal(len(dovecot.messages("Done")), 3, "all there")
        with Relay(dovecot.imap, change=lambda line: without_move(
                line).replace(b" UIDPLUS", b""), tls="implicit") as relay:
            got = mark(1, ("move", "Done"), server=relay)
            tap.ok(got[0] == "no" and "cannot move" in got[1],
                   "neither MOVE nor UIDPLUS", got)
        got = mark(1, ("move", "Nirgends"))
        tap.ok(got[0] == "missing" and "the folder Nirgends" in got[1],
               "to a missing folder", got)
        tap.equal(mark(99, ("answered", "1"))[0], "missing", "no such message")
        tap.equal(mark(1, ("answered", "1"), number="1")[0], "missing",
                  "another UIDVALIDITY")
        tap.equal(flags(), ["R", "ST"],
                  "nothing changed")


# --- Memory

def test_memory():
    """Where memory runs out, no message is passed over, and the program knows
    whether a draft is there."""
    with Dovecot() as dovecot, Place() as place:
        dovecot.deliver(from_ca())
        preload, bad, failed = nomalloc(place), [], 0

        def answer(verb, *pairs, **env):
            got = subprocess.run([MAIL, verb], input=ask(
                ("tls", "implicit"), ("host", "localhost"),
                ("port", str(dovecot.imaps)), ("user", "alice"),
                ("secret", "secret"), *pairs, opens=[("ca-file", dovecot.ca)]),
                env=env, capture_output=True, timeout=60)
            return got, dict(told(got.stdout)) if got.stdout.endswith(
                b"\nend 0\n\n") else {}

        # From 48 on: those of glibc while it reads nsswitch.conf.
        for n in sample([*range(1, 48), *range(58, 7000, 61)], 24):
            env = {"LD_PRELOAD": preload, "FAIL_AT": str(n)}
            got, one = answer("look", ("folder", "INBOX"), ("most", "1000"),
                              **env)
            failed += one.get("status") not in (b"done", None)
            if one.get("status") == b"done" and (
                    one["uid"], one["after"]) != (b"1", b"1"):
                bad.append("look, allocation %d: %r" % (n, got))
            before = len(dovecot.messages("Drafts"))
            got, one = answer("append", ("special", "drafts"),
                              ("message", "x: y\n"), **env)
            there = len(dovecot.messages("Drafts")) - before
            if there > 1 or one and "doubt" not in one and \
                    there != ("folder" in one):
                bad.append("append, allocation %d: %d, %r" % (n, there, got))
        tap.ok(not bad and failed > 5, "allocations", failed, *bad)


# --- mailcert handle --draft imap

def handle(place, dovecot, *args, folder="", password="secret", port=None,
           draft=("--draft", "imap")):
    account = "alice@localhost"
    settings = {
        "imap": "imaps://%s:%d%s" % (account, port or dovecot.imaps, folder),
        "mail_ca_file": dovecot.ca,
        "password." + account: "echo " + password}
    return place.run(*[word for pair in settings.items()
                       for word in ("-o", "%s=%s" % pair)],
                     "handle", "--auto-approve", *draft, *args,
                     stdin=challenge())


def test_draft():
    with Dovecot() as dovecot, Place() as place:
        ident = place.expect("--expires", "24h")
        before = place.orders_bytes()

        def nothing(got, code, words, name):
            tap.ok(got.returncode == code and words in got.stderr.decode(),
                   name + ": said", got)
            tap.ok(place.orders_bytes() == before and
                   not dovecot.messages("Drafts"), name + ": nothing changed")
        nothing(handle(place, dovecot, password="wrong"), 77,
                "does not accept the password", "a wrong password")
        nothing(handle(place, dovecot, port=dovecot.lmtp), 75,
                "imaps://alice@localhost", "not an IMAP server")
        nothing(handle(place, dovecot, folder="/Entw%C3%BCrfe"), 78,
                "Entw", "a missing folder")
        nothing(handle(place, dovecot, "--mda", folder="/x"), 75, "",
                "a missing folder under --mda")
        nothing(place.run("handle", "--auto-approve", "--draft", "imap",
                          stdin=challenge()), 78, "set imap = ", "no server")
        got = handle(place, dovecot)
        tap.ok(got.returncode == 0 and
               place.order(ident)["state"] == "drafted", "drafted", got)
        draft, = dovecot.messages("Drafts")
        tap.equal(check_reply(bytes(draft)), [], "the draft is the reply")
        tap.ok(draft.flags == "DS" and b"\nMessage-ID: <" in draft and
               b"Date: " in draft, "flagged, with Message-ID and Date",
               draft, draft.flags)
        got = handle(place, dovecot)
        tap.ok(got.returncode == 65 and len(dovecot.messages("Drafts")) == 1,
               "and never again", got)


def test_draft_in_doubt():
    """The connection breaks when the draft has left."""
    with Dovecot() as dovecot, Place() as place:
        ident = place.expect("--expires", "24h")
        with Relay(dovecot.imap, tls="implicit") as relay:
            relay.change = lambda line: b"" if b"OK [APPENDUID" in line \
                else line
            relay.imaps = relay.port
            stop = relay.back

            def back(session):
                done = stop(session)
                if any(b"APPEND" in heard for heard in relay.heard) and \
                        dovecot.messages("Drafts"):
                    raise Gone
                return done
            relay.back = back
            got = handle(place, relay)
            tap.ok(got.returncode == 74 and
                   b"the draft may be in Drafts" in got.stderr, "in doubt", got)
            tap.equal(place.order(ident)["state"], "answering",
                      "the record says so")
            tap.equal(len(dovecot.messages("Drafts")), 1, "it is there")
            tap.equal(relay.errors, [], "no error")


# --- mailcert watch

def watching(place, dovecot, *args, port=None):
    """How to watch INBOX; answers go to a sendmail that keeps them."""
    send, box = fake_sendmail(place)
    account = "alice@localhost"
    settings = {"sendmail": send, "mail_ca_file": dovecot.ca,
                "password." + account: "echo secret"}
    return box, [*[word for pair in settings.items()
                   for word in ("-o", "%s=%s" % pair)], "watch", *args,
                 "imaps://%s:%d/INBOX" % (account, port or dovecot.imaps)]


def test_watch_once():
    """The one that is awaited is answered, once, and the folder stays as it
    is."""
    with Dovecot() as dovecot, Place("set authenticate = none\n") as place:
        box, command = watching(place, dovecot, "--once")
        for raw in (challenge(subject="lunch", auto=None),
                    challenge(sender="eve@evil.example"), challenge(),
                    challenge(to="bob@example.org")):
            dovecot.deliver(raw)
        before = [(m.flags, m.path) for m in dovecot.messages()]
        got = place.run(*command)
        tap.ok(got.returncode == 0 and not sent(box) and
               "Login" not in dovecot.log(),
               "nothing is awaited: no connection", got)
        place.expect("--expires", "24h")
        got = place.run(*command)
        tap.ok(got.returncode == 0 and len(sent(box)) == 1, "answered", got)
        tap.equal(check_reply(sent(box)[0]), [], "the reply is right")
        place.run(*command)
        tap.equal(len(sent(box)), 1, "only once")
        tap.equal([(m.flags, m.path) for m in dovecot.messages()], before,
                  "nothing changed")
        counts = [int(n) for n in re.findall(r"body_count=(\d+)",
                                             dovecot.log())]
        tap.ok(max(counts) <= 2, "only what is from the CA was fetched",
               counts)


def test_watch_marks():
    """Flagged and moved, only where the user asks for it, and only what was
    answered."""
    for settings, flags, folder in (
            ({"answered_flag": "yes"}, "RS", "INBOX"),
            ({"answered_folder": "Sent"}, "", "Sent"),
            ({"answered_flag": "yes", "answered_folder": "Sent"}, "R", "Sent"),
            ({"answered_folder": "Nowhere"}, "", "INBOX")):
        with Dovecot() as dovecot, Place(
                "set authenticate = none\n") as place:
            box, command = watching(place, dovecot, "--once")
            place.expect("--expires", "24h")
            dovecot.deliver(challenge(sender="eve@ca.example"))
            dovecot.deliver(challenge())
            got = place.run(*[word for pair in settings.items()
                              for word in ("-o", "%s=%s" % pair)], *command)
            name = "watch with " + " ".join("%s=%s" % p
                                            for p in settings.items())
            there = {m for m in dovecot.messages(folder)
                     if b"From: acme-challenge+1@ca.example" in m}
            left = {m for m in dovecot.messages()
                    if b"eve@ca.example" in m}
            tap.ok(got.returncode == 0 and len(sent(box)) == 1 and
                   len(left) == 1 and not next(iter(left)).flags and
                   len(there) == 1, name + ": the other message stays", got)
            tap.ok(all(("R" in m.flags) == ("R" in flags) for m in there),
                   name + ": its flag", [m.flags for m in there])
            tap.equal(got.stderr.count(b"\n"), "Nowhere" in str(settings),
                      name + ": what went wrong is told")


def test_watch_stays():
    """The server restarts, says BYE, and numbers its messages in another way,
    while mailcert watches: each challenge is answered once."""
    with Dovecot() as dovecot, Place("set authenticate = none\n") as place:
        box, command = watching(place, dovecot)
        cas = ["acme%d@ca.example" % n for n in range(4)]
        for ca in cas:
            place.expect("--expires", "24h", ca=ca)

        def arrives(ca):
            dovecot.deliver(challenge(sender=ca, msgid="<%s>" % ca))
        with open(place.path("watch.log"), "wb") as log:
            process = subprocess.Popen(
                [MAILCERT, *command], env=place.env,
                stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        try:
            def answered(count, name):
                for _ in range(600):
                    if len(sent(box)) >= count:
                        break
                    time.sleep(0.1)
                with open(place.path("watch.log")) as f:
                    tap.ok(len(sent(box)) == count, name, len(sent(box)),
                           f.read())
            arrives(cas[0])
            answered(1, "a challenge is answered")
            dovecot.kick()
            arrives(cas[1])
            answered(2, "after BYE")
            dovecot.stop()
            dovecot.start()
            arrives(cas[2])
            answered(3, "after a restart")
            dovecot.kick()
            dovecot.forget()
            arrives(cas[3])
            answered(4, "after another UIDVALIDITY")
            tap.equal(process.poll(), None, "it goes on")
        finally:
            process.terminate()
            process.wait()
        tap.equal(len(sent(box)), 4, "four answers, and no other")


if __name__ == "__main__":
    run_tests(tests_of(globals()))
    tap.done()
