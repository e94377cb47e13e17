#!/usr/bin/python3
# Runs in: check
"""mailcert doctor --message, on mail that went through a real provider: handed
to Postfix by submission, signed by OpenDKIM or rspamd, delivered to Dovecot,
fetched by IMAP.  With the fields that RFC 8823 wants signed, and as the
program comes."""
import base64
import email.utils
import imaplib
import json
import os
import smtplib
import ssl
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from dnsserver import Dns
from lib import ADDRESS, Place, run_tests, tap
from servers.dovecot import Dovecot
from servers.postfix import Postfix
from servers.signers import OpenDkim, Rspamd

TWELVE = ["From", "Sender", "Reply-To", "To", "Cc", "Subject", "Date",
          "In-Reply-To", "References", "Message-ID", "Content-Type",
          "Content-Transfer-Encoding"]
# The twelve in each program's words: those that are there, and that none may
# be added.
LISTS = {
    OpenDkim: "SignHeaders %s\nOversignHeaders %s\n" % (
        ",".join(TWELVE), ",".join(TWELVE)),
    Rspamd: 'sign_headers = "%s";' % ":".join("(o)" + name.lower()
                                              for name in TWELVE),
}
# What doctor says that h= lacks, of each as it comes.
LACKS = {
    OpenDkim: "h= lacks Sender, Reply-To, CC, In-Reply-To, References, "
              "Message-ID, Content-Type, Content-Transfer-Encoding; write",
    Rspamd: "h= lacks Sender, In-Reply-To, References, "
            "Content-Transfer-Encoding; write",
}


def to_oneself():
    """What doctor asks the user to send."""
    return ("From: %s\r\nTo: %s\r\nSubject: Re: ACME: test\r\nDate: %s\r\n"
            "Message-ID: <1@example.org>\r\nMIME-Version: 1.0\r\n"
            "Content-Type: text/plain; charset=us-ascii\r\n\r\n"
            "-----BEGIN ACME RESPONSE-----\r\n%s\r\n"
            "-----END ACME RESPONSE-----\r\n" % (
                ADDRESS, ADDRESS, email.utils.formatdate(), "x" * 43)).encode()


def there_and_back(signer, dovecot):
    """Submit it, wait for it, and fetch it as a mail program does."""
    with Postfix(dovecot, milters=signer.milter) as postfix:
        trust = ssl.create_default_context(cafile=postfix.ca)
        with smtplib.SMTP("localhost", postfix.submission) as smtp:
            smtp.starttls(context=trust)
            smtp.login("alice", "secret")
            smtp.sendmail(ADDRESS, [ADDRESS], to_oneself())
        postfix.wait_for(dovecot.messages, "mail")
    with imaplib.IMAP4_SSL("localhost", dovecot.imaps,
                           ssl_context=trust) as imap:
        imap.login("alice", "secret")
        imap.select()
        return imap.fetch("1", "(BODY.PEEK[])")[1][0][1]


def judged(place, dns, message):
    """All that is not ok: (check, status, message), and the exit status."""
    got = place.run("-o", "resolver=" + dns.resolver, "-o",
                    "dnssec_anchor=none", "doctor", "--json", "--message",
                    place.write("m.eml", message))
    return [(c["check"], c["status"], c["message"])
            for c in json.loads(got.stdout)["checks"]
            if c["status"] != "ok"], got.returncode


def found(place, dns, dovecot):
    """What doctor says is well, of the message that it finds itself."""
    account = "alice@localhost"
    settings = {"watch": "imaps://%s:%d/INBOX" % (account, dovecot.imaps),
                "mail_ca_file": dovecot.ca, "dnssec_anchor": "none",
                "password." + account: "echo secret",
                "resolver": dns.resolver}
    got = place.run(*[a for n, v in settings.items() for a in
                      ("-o", "%s=%s" % (n, v))], "doctor", "--json")
    checks = json.loads(got.stdout)["checks"]
    names = [c["check"] for c in checks]
    if "message" not in names or "UID 1" not in str(checks):
        return checks
    return [c["check"] for c in checks[names.index("message") + 1:]
            if c["status"] == "ok"]


def signing(kind):
    name = kind.__name__
    why = Postfix.missing() or kind.missing()
    if why:
        tap.skip("%s with Postfix: with the twelve fields and as it comes" %
                 name, why)
        return
    with Place() as place:
        place.expect()
        key = place.path("dkim.pem")
        subprocess.run(["openssl", "genrsa", "-out", key, "2048"], check=True,
                       capture_output=True)
        der = subprocess.run(["openssl", "rsa", "-in", key, "-pubout",
                              "-outform", "DER"], check=True,
                             capture_output=True).stdout
        dns = Dns({"s._domainkey.example.org": "v=DKIM1; k=rsa; p=" +
                   base64.b64encode(der).decode(),
                   "example.org": "v=spf1 mx -all",
                   "_dmarc.example.org": "v=DMARC1; p=reject"})
        with kind(key, lists=LISTS[kind]) as signer, Dovecot() as dovecot:
            message = there_and_back(signer, dovecot)
            tap.equal(judged(place, dns, message), ([], 0),
                      name + ": the twelve fields are signed")
            tap.equal(found(place, dns, dovecot), ["from", "dkim-d", "dkim-h",
                      "dkim", "body", "spf", "dmarc"], name +
                      ": doctor finds it in the folder that is watched")
            tap.ok(b"with ESMTPSA" in message and b"with LMTP" in message,
                   name + ": it went through Postfix and Dovecot", message)
            changed = message.replace(b"ACME: test", b"ACME: best")
            bad, status = judged(place, dns, changed)
            tap.ok([b[:2] for b in bad] == [("dkim", "error")] and status == 1,
                   name + ": what was changed on the way is not", bad)
        with kind(key) as signer, Dovecot() as dovecot:
            message = there_and_back(signer, dovecot)
            bad, status = judged(place, dns, message)
            tap.ok([b[:2] for b in bad] == [("dkim-h", "error")] and
                   bad[0][2].find(LACKS[kind]) >= 0 and status == 1,
                   name + ": as it comes, it signs too few", bad, message)


run_tests({"opendkim": lambda: signing(OpenDkim),
           "rspamd": lambda: signing(Rspamd)}, workers=2)
tap.done()
