#!/usr/bin/python3
# Runs in: check
"""The servers of tests/servers do what they are for: a short dialogue with
each, by Python's own clients."""
import imaplib
import json
import os
import shutil
import signal
import smtplib
import socket
import ssl
import subprocess
import sys
import time
import urllib.error

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from lib import challenge, run_tests, tap, tests_of
from servers import Authority, group_lives
from servers.cyrus import Cyrus
from servers.dovecot import Dovecot
from servers.faults import CUT, RESET, SILENT, Endless, Scripted
from servers.imap_faults import (Relay, endless_line, huge_literal,
                                 lying_literal, other_uidvalidity,
                                 promised_literal)
from servers.postfix import Postfix
from servers.smtp_faults import Smtp


def trusting(file):
    return ssl.create_default_context(cafile=file)


def until(holds, seconds=60):
    """Wait for it; False if it never holds."""
    end = time.monotonic() + seconds
    while not holds() and time.monotonic() < end:
        time.sleep(0.01)
    return bool(holds())


def refused(kind, do, *args, **more):
    """What do() raises, or None."""
    try:
        do(*args, **more)
    except kind as error:
        return error
    return None


STAGES = {  # what smtplib says of a refusal at each stage
    "banner": smtplib.SMTPConnectError,
    "EHLO": smtplib.SMTPHeloError,
    "HELO": smtplib.SMTPHeloError,
    "MAIL": smtplib.SMTPSenderRefused,
    "RCPT": smtplib.SMTPRecipientsRefused,
    "DATA": smtplib.SMTPDataError,
    ".": smtplib.SMTPDataError,
}


def code_of(error):
    """The reply code that smtplib was told."""
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        return error.recipients["ca@ca.example"][0]
    return error.smtp_code if error else None


# --- Dovecot -----------------------------------------------------------------

def bearer(token):
    return lambda _: b"n,a=alice,\1auth=Bearer " + token + b"\1\1"


def xoauth2(token):
    return lambda _: b"user=alice\1auth=Bearer " + token + b"\1\1"


def signed_in(dovecot, user="alice", password="secret"):
    imap = imaplib.IMAP4_SSL("localhost", dovecot.imaps,
                             ssl_context=trusting(dovecot.ca))
    imap.login(user, password)
    return imap


def test_dovecot_tls():
    with Dovecot() as dovecot:
        near = imaplib.IMAP4(dovecot.host, dovecot.imap)
        far = imaplib.IMAP4(dovecot.far, dovecot.imap)
        tap.ok("LOGINDISABLED" not in near.capabilities and
               "LOGINDISABLED" in far.capabilities,
               "dovecot: LOGINDISABLED without TLS, from another address",
               near.capabilities, far.capabilities)
        got = refused(imaplib.IMAP4.error, far.login, "alice", "secret")
        tap.ok("PRIVACYREQUIRED" in str(got), "dovecot: and no login", got)
        far.starttls(trusting(dovecot.ca))
        tap.equal(far.login("alice", "secret")[0], "OK",
                  "dovecot: STARTTLS, then it takes the password")
        os.mkdir(dovecot.path("other"))
        other = Authority(dovecot.path("other"))
        got = refused(ssl.SSLError, near.starttls, trusting(other.file))
        tap.ok(got, "dovecot: another CA does not vouch for it", got)
        got = refused(imaplib.IMAP4.error, signed_in, dovecot, "alice", "no")
        tap.ok("AUTHENTICATIONFAILED" in str(got), "dovecot: IMAPS, and not "
               "with another password", got)


def test_dovecot_oauth():
    with Dovecot() as dovecot:
        dovecot.tokens["good"] = "alice"
        for name, answer in (("XOAUTH2", xoauth2), ("OAUTHBEARER", bearer)):
            for token, want in ((b"good", True), (b"bad", False)):
                imap = imaplib.IMAP4_SSL(dovecot.host, dovecot.imaps,
                                         ssl_context=trusting(dovecot.ca))
                got = refused(imaplib.IMAP4.error, imap.authenticate, name,
                              answer(token))
                tap.ok((got is None) == want, "dovecot: %s takes %s token" % (
                    name, "the" if want else "no other"), got)
        tap.ok("good" in dovecot.oauth.asked, "dovecot: it asked whose it is")


def test_dovecot_mail():
    message = challenge(body="One line.\n.\n\xa0\n".encode().decode("latin1"))
    with Dovecot({"alice": "secret", "bob": "hush"}) as dovecot:
        dovecot.deliver(message)
        dovecot.drop(message, "Drafts", "DS")
        dovecot.drop(message, "&AMQ-tzend", user="bob")
        got = dovecot.messages()
        tap.ok(len(got) == 1 and got[0].endswith(message) and
               got[0].startswith(b"Return-Path: <ca@ca.example>\n"),
               "dovecot: LMTP delivers", got)
        drafts = dovecot.messages("Drafts")
        tap.ok(drafts == [message] and drafts[0].flags == "DS",
               "dovecot: a draft is there as it was written", drafts)
        imap = signed_in(dovecot)
        tap.equal([line for line in imap.list()[1] if b"\\Drafts" in line
                   or b"\\Sent" in line], [
            b'(\\HasNoChildren \\Drafts) "/" Drafts',
            b'(\\HasNoChildren \\Sent) "/" Sent'],
            "dovecot: it says which folders are for drafts and sent mail")
        imap.select("Drafts")
        got = imap.fetch("1", "(FLAGS BODY.PEEK[])")[1]
        tap.ok(got[0][1] == message.replace(b"\n", b"\r\n") and
               b"\\Draft" in got[0][0], "dovecot: IMAP gives the same", got)
        first = imap.response("UIDVALIDITY")
        imap.append("Sent", "\\Seen", None, message.replace(b"\n", b"\r\n"))
        sent = dovecot.messages("Sent")
        tap.ok(sent == [message] and sent[0].flags == "S",
               "dovecot: what a client appends is seen", sent)
        imap.logout()
        dovecot.forget("Drafts")
        imap = signed_in(dovecot)
        tap.ok(imap.select("Drafts")[1] == [b"1"] and
               imap.response("UIDVALIDITY") != first,
               "dovecot: forget() changes UIDVALIDITY", first)
        dovecot.remove("Sent")
        tap.ok(dovecot.folders() == ["INBOX", "Drafts"],
               "dovecot: remove() lets a folder vanish", dovecot.folders())
        imap = signed_in(dovecot, "bob", "hush")
        tap.equal(imap.select("&AMQ-tzend"), ("OK", [b"1"]),
                  "dovecot: a folder beyond ASCII, of another user")


SIEVE = """require ["vnd.dovecot.pipe", "copy", "fileinto", "mailbox"];
if header :contains "Auto-Submitted" "type=acme" {
    pipe :copy :try "keep" ["--mda"];
    fileinto :create "acme";
}
"""


def test_dovecot_sieve():
    with Dovecot(sieve=SIEVE) as dovecot:
        out = dovecot.path("home/piped")
        dovecot.pipe_program("keep", "#!/bin/sh\n/bin/cat > %s\n"
                             "echo \"$@\" >> %s\n" % (out, out))
        dovecot.deliver(challenge())
        dovecot.deliver(challenge(auto=None))
        with open(out) as f:
            got = f.read()
        tap.ok("type=acme" in got and got.endswith("\n--mda\n"),
               "dovecot: a sieve script starts a program", got, dovecot.log())
        tap.equal([len(dovecot.messages(f)) for f in ("INBOX", "acme")],
                  [1, 1], "dovecot: and files the message")


def test_dovecot_life():
    with Dovecot() as dovecot:
        idle = signed_in(dovecot)
        dovecot.configure("imap_capability = +ACME=Value")
        dovecot.reload()
        tap.equal(idle.noop()[0], "OK", "dovecot: reload() keeps sessions")

        def shown():
            # imaplib folds what it was told.
            out = subprocess.run(
                ["openssl", "s_client", "-quiet", "-verify_quiet", "-connect",
                 "127.0.0.1:%d" % dovecot.imaps], input=b"a LOGOUT\r\n",
                capture_output=True).stdout
            return b" ACME=Value" in out
        dovecot.wait_for(shown, "another capability")
        tap.ok(True, "dovecot: and takes other settings")
        dovecot.stop()
        tap.equal(idle.file.readline(), b"* BYE Server shutting down.\r\n",
                  "dovecot: stop() says BYE")
        got = refused(OSError, signed_in, dovecot)
        tap.ok(got, "dovecot: then it is gone", got)
        dovecot.start()
        tap.equal(signed_in(dovecot).noop()[0], "OK",
                  "dovecot: and back, on its ports")
        dovecot.kill()
        dovecot.start_after_crash()
        tap.equal(signed_in(dovecot).noop()[0], "OK",
                  "dovecot: and after a crash")


# --- Postfix -----------------------------------------------------------------

def test_postfix():
    why = Postfix.missing()
    if why:
        tap.skip("postfix: submission, relay, LMTP, pipes, refusals", why)
        return
    message = b"Subject: x\r\n\r\nHello.\r\n"
    with Dovecot() as dovecot, Smtp() as far, \
            Postfix(dovecot, relay=far.port) as postfix:
        with smtplib.SMTP("localhost", postfix.submission) as client:
            code, _ = client.docmd("MAIL FROM:<alice@example.org>")
            tap.equal(code, 530, "postfix: submission wants TLS")
            client.starttls(context=trusting(postfix.ca))
            client.ehlo()
            tap.equal(client.esmtp_features["auth"].split(), [
                "PLAIN", "LOGIN", "SCRAM-SHA-256", "OAUTHBEARER", "XOAUTH2"],
                "postfix: and has Dovecot's ways to log in")
            client.login("alice", "secret")
            client.sendmail("alice@example.org",
                            ["alice@example.org", "ca@ca.example"], message)
        with smtplib.SMTP_SSL("localhost", postfix.submissions,
                              context=trusting(postfix.ca)) as client:
            got = refused(smtplib.SMTPRecipientsRefused, client.sendmail,
                          "alice@example.org", ["ca@ca.example"], message)
            tap.ok(got, "postfix: submissions takes nothing without a login")
            got = refused(smtplib.SMTPAuthenticationError, client.login,
                          "alice", "no")
            tap.ok(got, "postfix: nor with another password")
        postfix.wait_for(lambda: far.accepted and dovecot.messages(), "mail")
        tap.ok(far.accepted[0][:2] == ("alice@example.org", ["ca@ca.example"])
               and b"with ESMTPSA" in far.accepted[0][2],
               "postfix: mail goes to the relay", far.accepted)
        tap.ok(b"with ESMTPSA" in dovecot.messages()[0],
               "postfix: and to Dovecot by LMTP", dovecot.messages())
        subprocess.run([postfix.sendmail, "-i", "alice@example.org"],
                       input=message, check=True)
        postfix.wait_for(lambda: len(dovecot.messages()) == 2, "sendmail")
        tap.ok(True, "postfix: sendmail hands it mail")
        dovecot.stop()
        subprocess.run([postfix.sendmail, "-i", "alice@example.org"],
                       input=message, check=True)
        postfix.wait_for(lambda: any(
            "refused" in mail["recipients"][0].get("delay_reason", "")
            for mail in postfix.queue()), "a delay")
        tap.ok(True, "postfix: what cannot be delivered stays in the queue")


def test_postfix_refusals():
    why = Postfix.missing()
    if why:
        tap.skip("postfix: a pipe, and 4xx and 5xx at each stage", why)
        return
    pipe = "#!/bin/sh\ncat > %s.new\necho \"$@\" >> %s.new\nmv %s.new %s\n"
    refuses = {stage: "554 5.7.1 never" if stage == "DATA" else
               "451 4.3.0 later" for stage in STAGES if stage != "HELO"}
    with Dovecot() as dovecot:
        dovecot.folder("piped")
        out = dovecot.path("piped/mail")
        with Postfix(refuses=refuses, pipes={
                "answer@example.org": pipe % (out, out, out, out)}) as postfix:
            with smtplib.SMTP("localhost", postfix.smtp) as client:
                client.sendmail("ca@ca.example", ["answer@example.org"],
                                b"Subject: x\r\n\r\nHello.\r\n")
            postfix.wait_for(lambda: os.path.exists(out), "the pipe")
            with open(out) as f:
                got = f.read()
            tap.ok("\nHello.\nca@ca.example answer@example.org\n" in got,
                   "postfix: mail goes to a program", got)
            for stage, port in postfix.refuses.items():
                want = int(refuses[stage][:3])
                tap.equal(code_of(refused(STAGES[stage], one_mail, port)),
                          want, "postfix: %d at %s" % (want, stage))


def one_mail(port):
    with smtplib.SMTP("localhost", port) as client:
        client.sendmail("alice@example.org", ["ca@ca.example"],
                        b"Subject: x\r\n\r\nHello.\r\n")


# --- Cyrus -------------------------------------------------------------------

def test_cyrus():
    why = Cyrus.missing()
    if why:
        tap.skip("cyrus: JMAP", why)
        return
    message = challenge()
    with Smtp() as smtp, Cyrus({"alice": "secret", "bob": "hush"},
                               smtp=smtp.port) as cyrus:
        cyrus.deliver(message)
        cyrus.deliver(message, "bob")
        got = cyrus.messages()
        tap.ok(len(got) == 1 and got[0].endswith(
            b"\r\n\r\nThis is an ACME challenge.\r\n"),
            "cyrus: LMTP delivers, JMAP has it", got)
        mailboxes = cyrus.ask("bob", [["Mailbox/get", {"accountId": "bob"},
                                       "a"]])[0][1]["list"]
        tap.equal(sorted(m["role"] for m in mailboxes),
                  ["archive", "drafts", "inbox", "sent", "trash"],
                  "cyrus: mailboxes have roles")
        session = json.loads(cyrus.open("/jmap/"))
        tap.ok("urn:ietf:params:jmap:submission" in
               session["accounts"]["alice"]["accountCapabilities"],
               "cyrus: it submits mail", session)
        cyrus.users["alice"] = "no"
        got = refused(urllib.error.HTTPError, cyrus.open, "/jmap/")
        tap.ok(got and got.code == 401, "cyrus: not with another password",
               got)
        cyrus.users["alice"] = "secret"
        cyrus.restart()
        tap.equal(len(cyrus.messages()), 1, "cyrus: it remembers")


# --- servers that misbehave --------------------------------------------------

def submit(smtp, message=b"Subject: x\n\nHello.\n", login=None):
    """Send by submission; gives the reply codes of each step that failed."""
    implicit = smtp.tls == "implicit"
    client = (smtplib.SMTP_SSL("localhost", smtp.port, timeout=60,
                               context=trusting(smtp.ca)) if implicit else
              smtplib.SMTP("localhost", smtp.port, timeout=60))
    with client:
        if smtp.tls == "starttls":
            client.starttls(context=trusting(smtp.ca))
        if login:
            client.login(*login)
        return client.sendmail("alice@example.org", ["ca@ca.example"],
                               message)


def test_smtp_faults():
    message = b"Subject: x\r\n\r\n.dot\r\n..\r\nend\r\n"
    for tls in ("", "starttls", "implicit"):
        with Smtp(tls=tls, users={"alice": "secret"},
                  auth_in_clear=True) as smtp:
            submit(smtp, message, ("alice", "secret"))
            tap.equal(smtp.accepted, [("alice@example.org", ["ca@ca.example"],
                                       message)],
                      "smtp %s: a message comes as it was sent" %
                      (tls or "in clear"))
            got = refused(smtplib.SMTPSenderRefused, submit, smtp)
            tap.ok(got and got.smtp_code == 530,
                   "smtp %s: not without login" % (tls or "in clear"), got)
            got = refused(smtplib.SMTPAuthenticationError, submit, smtp,
                          login=("alice", "no"))
            tap.ok(got and got.smtp_code == 535, "smtp %s: not by another "
                   "password" % (tls or "in clear"), got)
            tap.equal(smtp.errors, [], "smtp %s: no fault that was not asked "
                      "for" % (tls or "in clear"))
    for stage, kind in STAGES.items():
        answers = {stage: ["451 4.3.0 later"]}
        if stage in ("EHLO", "HELO"):
            answers = {"EHLO": ["502 5.5.1 never heard of it"],
                       "HELO": ["451 4.3.0 later"]}
        with Smtp(answers) as smtp:
            got = refused(kind, submit, smtp)
            tap.equal(code_of(got), 451, "smtp: 451 at %s" % stage)
            submit(smtp)
            tap.equal((len(smtp.received), len(smtp.accepted)),
                      (2 if stage == "." else 1, 1),
                      "smtp: and only once at %s" % stage)
    with Smtp({"STARTTLS": "454 4.7.0 no"}, tls="starttls") as smtp:
        got = refused(smtplib.SMTPResponseException, submit, smtp)
        tap.ok(got and got.smtp_code == 454, "smtp: TLS is not to be had",
               repr(got))
    with Smtp() as smtp:
        client = smtplib.SMTP("localhost", smtp.port)
        client.ehlo()
        tap.ok(not client.has_extn("STARTTLS") and
               client.docmd("STARTTLS")[0] == 502, "smtp: TLS is not offered")
        client.close()
    for name, answer in (("CUT", CUT), ("RESET", RESET)):
        with Smtp({".": answer}) as smtp:
            got = refused(smtplib.SMTPServerDisconnected, submit, smtp)
            tap.ok(got and len(smtp.received) == 1 and not smtp.accepted,
                   "smtp: no answer after the dot: " + name, repr(got))
    with Smtp({".": SILENT}) as smtp:
        client = smtplib.SMTP("localhost", smtp.port, timeout=0.5)
        got = refused(smtplib.SMTPServerDisconnected, client.sendmail,
                      "a@example.org", ["b@example.org"], b"x\n")
        tap.ok("timed out" in str(got) and len(smtp.received) == 1,
               "smtp: silence after the dot", repr(got))
        client.close()
    for cut in (1, 20, 90):
        with Smtp(cut_after=cut) as smtp:
            got = refused(Exception, submit, smtp)
            tap.ok(got and sum(len(line) + 2 for line in smtp.heard) <= cut and
                   not smtp.received, "smtp: cut at octet %d" % cut,
                   repr(got), smtp.heard)
    with Smtp(cut_sent_after=3) as smtp:
        with socket.create_connection((smtp.host, smtp.port)) as s:
            tap.equal(s.makefile("rb").read(), b"220",
                      "smtp: cut after three octets of the banner")
    with Smtp({"EHLO": Endless(b"250-x\r\n")}) as smtp:
        with socket.create_connection((smtp.host, smtp.port)) as s:
            s.sendall(b"EHLO x\r\n")
            s.settimeout(60)
            got = 0
            while got < 1 << 20:
                got += len(s.recv(65536))
            tap.ok(True, "smtp: an answer without end")
    with Smtp({"STARTTLS": b"220 go\r\n250 injected\r\n"},
              tls="starttls") as smtp:
        submit(smtp)
        tap.equal(len(smtp.accepted), 1, "smtp: octets between STARTTLS and "
                  "TLS (smtplib does not mind)")


def fetched(relay, tls="", timeout=60):
    """Log in, search and fetch by UID; what imaplib makes of it."""
    if tls == "implicit":
        imap = imaplib.IMAP4_SSL("localhost", relay.port,
                                 ssl_context=trusting(relay.ca))
    else:
        imap = imaplib.IMAP4("localhost", relay.port, timeout)
    if tls == "starttls":
        assert "LOGINDISABLED" in imap.capabilities, imap.capabilities
        imap.starttls(trusting(relay.ca))
    assert "STARTTLS" not in imap.capabilities, imap.capabilities
    imap.login("alice", "secret")
    imap.select()
    uids = imap.uid("SEARCH", "ALL")[1][0].split()
    return imap.uid("FETCH", uids[-1].decode(), "(UID BODY.PEEK[])")[1]


COMMANDS = ("greeting", "CAPABILITY", "LOGIN", "SELECT", "UID SEARCH",
            "UID FETCH")


def test_imap_faults():
    message = b"Subject: x\r\n\r\nHello.\r\n"
    with Dovecot() as dovecot:
        dovecot.drop(message)
        for tls in ("", "starttls", "implicit"):
            with Relay(dovecot.imap, tls=tls) as relay:
                got = fetched(relay, tls)
                tap.ok(got[0][1] == message and not relay.errors,
                       "imap %s: a message, through the relay" %
                       (tls or "in clear"), got, relay.errors)
        with Relay(dovecot.imap) as relay:
            imap = imaplib.IMAP4("localhost", relay.port)
            imap.login("alice", "secret")
            imap.append("Sent", None, None, message)
            tap.equal(dovecot.messages("Sent"), [message.replace(
                b"\r\n", b"\n")], "imap: and one to the server")
        for stage in COMMANDS:
            with Relay(dovecot.imap, {stage: [("* BYE not today",
                                               CUT)]}) as relay:
                got = refused(imaplib.IMAP4.error, fetched, relay)
                tap.ok(got and not relay.errors, "imap: BYE at " + stage,
                       repr(got), relay.errors)
                tap.equal(fetched(relay)[0][1], message, "imap: and the next "
                          "time as usual")
        with Relay(dovecot.imap, {"UID FETCH": "%TAG% NO cannot"}) as relay:
            tap.equal(fetched(relay), [b"cannot"], "imap: NO with its tag")
        with Relay(dovecot.imap, change=lying_literal(-3)) as relay:
            got = refused(imaplib.IMAP4.error, fetched, relay)
            tap.ok("unexpected response" in str(got),
                   "imap: a literal that is longer than its size", repr(got))
        for change in (lying_literal(1000), promised_literal()):
            with Relay(dovecot.imap, change=change) as relay:
                got = refused(TimeoutError, fetched, relay, timeout=1)
                tap.ok(got and b" UID FETCH " in relay.heard[-1],
                       "imap: a literal that is shorter", repr(got))
        with Relay(dovecot.imap, change=other_uidvalidity(7)) as relay:
            imap = imaplib.IMAP4("localhost", relay.port)
            imap.login("alice", "secret")
            imap.select()
            tap.equal(imap.response("UIDVALIDITY")[1], [b"7"],
                      "imap: another UIDVALIDITY")
        with Relay(dovecot.imap, change=huge_literal(8 << 20)) as relay:
            got = fetched(relay)
            tap.ok(len(got[0][1]) == (8 << 20) + len(message) and
                   got[0][1].endswith(message), "imap: a huge literal")
        with Relay(dovecot.imap, change=endless_line(b"SEARCH")) as relay:
            got = refused(imaplib.IMAP4.error, fetched, relay)
            tap.ok("got more than" in str(got), "imap: a line without end",
                   repr(got))

        def expunge(session, line):
            other = signed_in(dovecot)
            other.select()
            other.store("1", "+FLAGS", "\\Deleted")
            other.expunge()
            other.logout()
        with Relay(dovecot.imap, {"UID FETCH": expunge}) as relay:
            tap.equal((fetched(relay), dovecot.messages()),
                      ([b"1 (UID 1 BODY[] NIL)"], []),
                      "imap: expunged between SEARCH and FETCH")

    def script(session):
        session.say("* PREAUTH hello")
        tag = session.line().split()[0].decode()
        session.say(("* CAPABILITY IMAP4rev1", tag + " OK done"))
        session.line()
        session.say(RESET)

    ends = []

    def last(session):
        session.say("garbage")
        ends.append(session.ended(0.01))  # it is silent
        session.say("* BYE")
        ends.append(session.ended())

    with Scripted([script, lambda s: s.say("garbage"), last]) as server:
        imap = imaplib.IMAP4("localhost", server.port)
        got = refused(OSError, imap.noop)
        tap.ok(imap.state == "AUTH" and server.heard[-1].endswith(b" NOOP"),
               "scripted: what no server does", repr(got), server.heard)
        got = refused(imaplib.IMAP4.error, imaplib.IMAP4, "localhost",
                      server.port)
        tap.ok("garbage" in str(got), "scripted: and the next connection",
               repr(got))
        with socket.create_connection((server.host, server.port)) as client:
            tap.equal(client.makefile("rb").readlines(2), [b"garbage\r\n"],
                      "scripted: and one more")
            until(lambda: ends)
        until(lambda: len(ends) == 2)
        tap.equal((ends, server.errors), ([False, True], []),
                  "scripted: it sees that the client goes, not that it waits")


ABANDONED = """import sys
sys.path.insert(0, sys.argv[1])
from servers.cyrus import Cyrus
from servers.dovecot import Dovecot
from servers.postfix import Postfix
servers = [c() for c in (Cyrus, Dovecot, Postfix)
           if not (hasattr(c, "missing") and c.missing())]
for server in servers:
    server.start()
    print(server.process.pid, server.dir, flush=True)
print(flush=True)
sys.stdin.read()
"""


def test_killed():
    """A test that is killed takes its servers along."""
    test = subprocess.Popen(
        [sys.executable, "-c", ABANDONED,
         os.path.dirname(os.path.dirname(os.path.abspath(__file__)))],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    servers = [line.split() for line in iter(test.stdout.readline, "\n")]
    test.send_signal(signal.SIGKILL)
    test.communicate()
    for pid, directory in servers:
        tap.ok(until(lambda: not group_lives(int(pid))), "killed: %s ends with its test" %
               os.path.basename(directory).split(".")[0])
        shutil.rmtree(directory)


run_tests(tests_of(globals()), workers=4)
tap.done()
