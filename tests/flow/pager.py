#!/usr/bin/python3
# Runs in: check-slow
"""The S/MIME status in the pager of mutt and neomutt: Esc-S of mutt.rc."""
import glob
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
import cms
import mail_program
from lib import Place, run_tests, tap

CA = "ca@ca.example"


def message(signer, subject, sender=CA, changed=False):
    made = cms.openssl_sign(b"Content-Type: text/plain\n\nHello %s\n" %
                            subject.encode(), [signer])
    if changed:
        made = made.replace(b"Hello", b"Hallo")
    return b"From: %s\nTo: alice@example.org\nSubject: %s\n" % (
        sender.encode(), subject.encode()) + made.replace(b"\r\n", b"\n")


def show(mua):
    """A verified message, then the next one; and one that fails."""
    root = cms.Authority("Pager")
    signer = root.issue(CA)
    for subject, want, settings in (
            ("ACME good", "signed/verified", ""),
            ("ACME bad", "signed/failed", ""),
            ("ACME good", "signed/verified",
             "set display_filter=\"sed s/Hello/HELLO/\" wait_key=yes\n")):
        name = "%s: %s%s" % (mua, want, ", a filter" if settings else "")
        with Place(config="") as place:
            anchors = place.write("root.pem", cms.cert_pem(root.cert))
            place.write("user/.config/mailcert/config",
                        "set smime_anchors = %s\n" % anchors)
            mail_program.prepare(
                place, "maildir", message(signer, subject,
                                          changed="bad" in subject),
                macro=True, tail="set crypt_verify_sig=no pager_stop=no\n" +
                settings)
            with mail_program.start(place, mua) as terminal:
                terminal.keys("Escape", "S")
                tap.ok(terminal.wait(want) and
                       terminal.wait("Subject: " + subject), name,
                       terminal.screen())
                terminal.keys("Escape", "S")
                tap.ok(terminal.wait(want), name + ", from the pager",
                       terminal.screen())
                terminal.keys("q")
                terminal.wait("lunch")
                terminal.keys("Enter")
                text = "HELLO ACME" if settings else "llo ACME"
                tap.ok(terminal.wait(text) and want not in terminal.screen(),
                       name + ": opened without it, it is not there",
                       terminal.screen())
            left = glob.glob(place.dir + "/**/.mailcert-status*",
                             recursive=True)
            tap.equal(left, [], name + ": nothing is left")


run_tests({"test_" + mua: lambda mua=mua: show(mua)
           for mua in ("mutt", "neomutt")})
tap.done()
