#!/usr/bin/python3
# Runs in: check
"""The servers of tests/servers do what they are for: a short dialogue with
each, by Python's own clients."""
import imaplib
import os
import re
import signal
import smtplib
import ssl
import subprocess
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from lib import challenge, run_tests, tap, tests_of
from servers import Authority, group_lives
from servers.dovecot import Dovecot


def trusting(file):
    return ssl.create_default_context(cafile=file)


def refused(kind, do, *args, **more):
    """What do() raises, or None."""
    try:
        do(*args, **more)
    except kind as error:
        return error
    return None


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


ABANDONED = """import sys
sys.path.insert(0, sys.argv[1])
from servers.dovecot import Dovecot
with Dovecot() as dovecot:
    print(dovecot.process.pid, dovecot.dir, flush=True)
    sys.stdin.read()
"""


def test_killed():
    """A test that is killed takes its servers along."""
    test = subprocess.Popen(
        [sys.executable, "-c", ABANDONED,
         os.path.dirname(os.path.dirname(os.path.abspath(__file__)))],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    group, directory = test.stdout.readline().split()
    tap.ok(group_lives(int(group)), "killed: the server runs")
    test.send_signal(signal.SIGKILL)
    test.wait()
    end = time.monotonic() + 60
    while group_lives(int(group)) and time.monotonic() < end:
        time.sleep(0.05)
    tap.ok(not group_lives(int(group)), "killed: and ends with its test")
    subprocess.run(["rm", "-rf", directory], check=True)


run_tests(tests_of(globals()), workers=4)
tap.done()
