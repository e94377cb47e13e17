#!/usr/bin/python3
# Runs in: check check-slow
"""mailcert doctor: a good installation is all ok; with one thing broken, it
names exactly that thing.  Real mutt, neomutt, gpgsm and a validating unbound;
msmtp's configuration is read, msmtp is not run.  Messages are signed by a real
OpenDKIM (opendkim -t, without a mail server around it); two recorded ones went
through Postfix as well, and tests/flow/provider.py sends some all the way."""
import base64
import email.utils
import itertools
import json
import os
import shutil
import socket
import subprocess
import sys
import time

TESTS = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path[:0] = [TESTS, os.path.join(TESTS, "ca"), os.path.dirname(__file__)]
from dnsserver import SERVFAIL, Dns
from install import ALICE, User
from lib import (BUILD, KERNEL, SLOW, make_maildir, run_tests, sample, tap,
                 tests_of)
from servers.smtp_faults import Smtp
from unboundzone import Unbound, txt

BOTH = ["mutt", "neomutt"]
MAILCAP = ["mailcap", "mailcap"]


def unconfined(check):
    """Programs with sanitizers do not confine themselves, and kernels that
    cannot are for tests/fault/unconfined.py."""
    return os.path.basename(BUILD) == "san" and \
        check["check"] in ("parser", "verifier") or KERNEL != (True, True) \
        and check["check"] in ("landlock", "seccomp", "sandbox", "parser",
                               "verifier")


# There is no service manager in a test: what it would say of a unit is in a
# file of that name.  It knows only what the user has.
SYSTEMCTL = """#!/bin/sh
[ "$1" = --user ] && [ "$2" = show ] || exit 1
for unit; do :; done
cat "$HOME/units/$unit" 2>/dev/null || echo LoadState=not-found
"""
CRONTAB = """#!/bin/sh
cat "$HOME/crontab" 2>/dev/null || { echo "no crontab" >&2; exit 1; }
"""
RUNS = "Result=success\nLoadState=loaded\nActiveState=active\n" \
    "UnitFileState=enabled\n"
CRON = "MAILTO=alice\n17 6 * * * /usr/local/bin/mailcert renew\n"


class Patient:
    """A user whose installation is good, and can be made so again."""

    def __init__(self, setting="", **personality):
        self.zone = Unbound({"example": {"x": txt("x")}})
        self.user = User(**personality)
        self.place = self.user.place
        self.append("user/.config/mailcert/config", setting)
        self.id = self.user.certificate()
        self.append("user/.muttrc", "set use_envelope_from=yes\n")
        self.place.write("bin/systemctl", SYSTEMCTL, 0o755)
        self.place.write("bin/crontab", CRONTAB, 0o755)
        self.place.env["PATH"] = self.place.path("bin") + ":" + \
            self.place.env["PATH"]
        self.place.write("user/crontab", CRON)
        got = self.place.run("install", "mailcap")
        assert got.returncode == 0, got
        self.trees = (self.place.user, self.place.home)
        for tree in self.trees:
            shutil.copytree(tree, tree + ".good", symlinks=True)

    def __enter__(self):
        return self

    def __exit__(self, *unused):
        self.user.__exit__()
        self.zone.__exit__()

    def heal(self):
        for tree in self.trees:
            shutil.rmtree(tree)
            shutil.copytree(tree + ".good", tree, symlinks=True)

    def read(self, name):
        with open(self.place.path(name)) as f:
            return f.read()

    def write(self, name, text):
        self.place.write(name, text)

    def append(self, name, text):
        self.write(name, self.read(name) + text)

    def replace(self, name, old, new):
        text = self.read(name)
        assert old in text, (name, old)
        self.write(name, text.replace(old, new))

    def doctor(self, *args):
        """On a busy machine the resolver may need longer than doctor waits."""
        late = "the resolver (%s) does not answer" % self.zone.resolver
        for _ in range(10):
            got = self.place.run("-o", "resolver=" + self.zone.resolver, "-o",
                                 "dnssec_anchor=" + self.zone.anchor, *args,
                                 "doctor", "--json")
            if late.encode() not in got.stdout:
                break
        return got

    def bad(self, *args):
        """What is not ok: [check, status, message]."""
        got = self.doctor(*args)
        checks = json.loads(got.stdout)["checks"]
        error = any(c["status"] == "error" for c in checks)
        bad = [(c["check"], c["status"], c["message"]) for c in checks
               if c["status"] != "ok" and not unconfined(c)]
        return bad, got.returncode == error and not got.stderr, got


def muttrc(line):
    return lambda p: p.append("user/.muttrc", line + "\n")


def sourced(p):
    p.write("user/more.rc", "my_hdr From: Bob <bob@elsewhere.example>\n")
    p.append("user/.muttrc", "source ~/more.rc\n")


def endless(p):
    p.write("user/.neomuttrc", p.read("user/.muttrc"))
    p.append("user/.muttrc", "set editor=`sleep 60`\n")


def msmtp(text, call="msmtp -a work"):
    """An executable of that name, which nobody calls."""
    def change(p):
        p.write("user/.msmtprc", "defaults\nhost %s\nport %d\n" % (
            p.smtp.host, p.smtp.port) + text)
        program = p.place.write("user/msmtp", "#!/bin/false\n", 0o755)
        p.append("user/.muttrc", 'set sendmail="%s"\n' % call.replace(
            "msmtp", program, 1))
    return change


def mailcap_first(line):
    return lambda p: p.write("user/.mailcap", line + "\n" +
                             p.read("user/.mailcap"))


def in_mailcap(old, new):
    return lambda p: p.replace("user/.mailcap", old, new)


def without_mailcap(p):
    os.unlink(p.place.path("user/.mailcap"))


# What is broken; the checks that say so, how, and a part of what each says.
MAIL = {
    "pipe_decode": (muttrc("set pipe_decode"), BOTH, "warning",
                    "pipe_decode is set"),
    "edit_headers": (muttrc("set edit_headers"), BOTH, "warning",
                     "edit_headers is set"),
    "From in my_hdr": (muttrc("my_hdr From: bob@elsewhere.example"), BOTH,
                       "warning", "my_hdr From: bob@elsewhere.example"),
    "From in a sourced my_hdr": (sourced, BOTH, "warning",
                                 "more.rc: my_hdr From: Bob"),
    "use_envelope_from": (muttrc("unset use_envelope_from"), BOTH, "warning",
                          "use_envelope_from is not set"),
    "another envelope sender": (
        muttrc("set envelope_from_address=bob@elsewhere.example"), BOTH,
        "warning", "envelope_from_address = bob@elsewhere.example"),
    "no sendmail in mutt": (muttrc("set sendmail=/nowhere/sendmail"), BOTH,
                            "error", "sendmail = /nowhere/sendmail does not"),
    "a faulty muttrc": (muttrc("set nonsense=1"), BOTH, "error",
                        "configuration is faulty"),
    "a muttrc without end": (endless, ["mutt"], "error",
                             "does not print its settings"),
    "set_from_header": (
        msmtp("account work\nfrom bob@elsewhere.example\n"
              "set_from_header on\n"), BOTH, "error",
        "replace From with bob@elsewhere.example"),
    "set_from_header by default": (
        msmtp("set_from_header on\naccount a\nfrom bob@elsewhere.example\n"
              "account default : a\n", "msmtp"), BOTH, "error",
        "replace From with bob@elsewhere.example"),
    "allow_from_override": (
        msmtp("account work\nfrom bob@elsewhere.example\n"
              "allow_from_override off\n"), BOTH, "warning",
        "always bob@elsewhere.example"),
    "msmtp without configuration": (
        msmtp("", "msmtp -C ~/nowhere"), BOTH, "warning", "no configuration"),
    "msmtp's server is away": (
        msmtp("account work\nport 9\nfrom %s\n" % ALICE), BOTH, "warning",
        "port 9, does not answer: "),
    "an SMTP server that is away": (
        muttrc("set smtp_url=smtps://alice:secret@127.0.0.1:9/"), BOTH,
        "warning", "its SMTP server 127.0.0.1, port 9, does not answer: "),
    "an SMTP server that does not exist": (
        muttrc("set smtp_url=smtp://alice:sec/ret@mail.invalid"), BOTH,
        "warning", "its SMTP server cannot be reached: mail.invalid: "),
    "no mailcap entry": (without_mailcap, MAILCAP, "warning",
                         "mailcert install mailcap"),
    "another entry first": (
        mailcap_first("application/acme; less %s"), MAILCAP, "error",
        "application/acme is shown by"),
    "a wildcard first": (mailcap_first("text/*; less \\\n%s"), [
        *MAILCAP, *MAILCAP], "error", ".mailcap line 1 (less %s)"),
    "quotes": (in_mailcap("handle --type %t -- %s\ntext", "handle --type %t "
                          "-- '%s'\ntext"), MAILCAP, "error", "quotes"),
    "a program that has gone": (
        lambda p: p.write("user/.mailcap", "\n".join(
            line.replace(line.split("; ")[1].split(" ")[0],
                         "/old/bin/mailcert") if "; " in line and
            line.startswith("application/acme") else line
            for line in p.read("user/.mailcap").split("\n"))),
        MAILCAP, "error", "does not exist (/old/bin/mailcert"),
    "entries out of order": (
        in_mailcap("-- %s\napplication", "-- %s; copiousoutput\napplication"),
        MAILCAP, "error", "copiousoutput"),
}
# What is as good as before.
FINE = {
    "as installed": lambda p: None,
    "the macro alone": lambda p: (without_mailcap(p), p.append(
        "user/.muttrc", "macro index X \"<pipe-message>true<enter>"
        "<enter-command>source 'mailcert mutt-rc|'<enter>\"\n")),
    "an entry with a test first": mailcap_first(
        "text/plain; less %s; test=false"),
    "msmtp with that From": msmtp("account work\nfrom %s\nset_from_header on"
                                  "\n" % ALICE),
    "another account of msmtp": msmtp(
        "account other\nfrom bob@elsewhere.example\nset_from_header on\n"
        "account work\nfrom bob@elsewhere.example\n"),
    "From in a comment": muttrc("# my_hdr From: bob@elsewhere.example"),
    "SMTP": lambda p: muttrc(
        "set smtp_url=smtp://alice:secret@%s:%d/ sendmail=/nowhere "
        "use_envelope_from=no" % (p.smtp.host, p.smtp.port))(p),
}


# --- the home ----------------------------------------------------------------

def record(kind="certificates", **members):
    """Change the record of that kind, the only one."""
    def change(p):
        top = os.path.join(p.place.home, kind)
        name, = [n for n in os.listdir(top) if n.endswith(".json")]
        with open(os.path.join(top, name)) as f:
            text = json.load(f)
        text.update(members)
        with open(os.path.join(top, name), "w") as f:
            json.dump(text, f)
    return change


def damaged(kind):
    def change(p):
        top = os.path.join(p.place.home, kind)
        for name in os.listdir(top):
            if name.endswith(".json"):
                with open(os.path.join(top, name), "w") as f:
                    f.write("{")
    return change


def key(change):
    return lambda p: change(os.path.join(p.place.home, "keys", p.id + ".pem"))


def no_account(p):
    for name in os.listdir(os.path.join(p.place.home, "accounts")):
        if name.endswith(".json"):
            os.unlink(os.path.join(p.place.home, "accounts", name))


def config(line):
    return lambda p: p.append("user/.config/mailcert/config", line + "\n")


def stray_file(p):
    p.place.run("install", "--yes", "--back-end", "classic", "--trust-root",
                p.user.fingerprint, "mutt")
    top = p.place.path("user/.smime/keys")
    name, = [n for n in os.listdir(top) if n.endswith(".0")]
    os.unlink(os.path.join(top, name))


NOW = int(time.time())
DAY = 24 * 3600
DOUBT = {"state": "answering", "met": 0, "told": 0, "expires": NOW + DAY}
HOME = {
    "a damaged challenge": (damaged("expectations"), ["home"], "error",
                            "expectations/"),
    "a home for everybody": (lambda p: os.chmod(p.place.home, 0o777),
                             ["home"], "error", "chmod 700"),
    "a key for everybody": (key(lambda path: os.chmod(path, 0o644)),
                            ["permissions"], "error", "chmod 600"),
    "a missing key": (key(os.unlink), ["permissions"], "error",
                      "No such file"),
    "an expired certificate": (
        record(starts=NOW - 90 * DAY, expires=NOW - DAY), ["certificate"],
        "error", "has expired; run mailcert renew"),
    "an overdue certificate": (
        record(starts=NOW - 90 * DAY, expires=NOW + DAY), ["certificate"],
        "warning", "overdue"),
    "a certificate of tomorrow": (
        record(starts=NOW + DAY), ["certificate"], "warning",
        "not valid yet"),
    "an order of the future": (record(created=NOW + 9 * DAY), ["clock"],
                               "error", "made in the future"),
    "an account that is gone": (no_account, ["order"], "error",
                                "which is missing"),
    "a deactivated account": (
        record("accounts", deactivated=NOW, end="deactivated"), ["order"],
        "warning", "deactivated"),
    "an answer in doubt": (
        record("expectations", **DOUBT), ["challenge"], "warning", "is not known"),
    "a missing ca_file": (
        config("set ca.other.directory = https://ca.example/\n"
               "set ca.other.ca_file = /nowhere/ca.pem"), ["ca"], "error",
        "ca.other.ca_file = /nowhere/ca.pem: No such file"),
    "a missing command": (
        config("set ca.other.command = /nowhere/ca --issue"), ["ca"], "error",
        "ca.other.command = /nowhere/ca --issue: No such file"),
    "half an external account": (
        config("set ca.other.directory = https://ca.example/\n"
               "set ca.other.eab_kid = 7"), ["ca"], "error", "eab_key_file"),
    "a CA without a directory": (config("set ca.casle.settle = 5"), ["ca"],
                                 "error", "ca.casle.directory"),
    "a CA that is not there": (config("set ca = casle"), ["ca"], "error",
                               "ca = casle"),
    "a CA without proof": (
        config("set ca.other.directory = https://ca.example/\n"
               "set ca.other.authenticate = none"), ["ca"], "warning",
        "can forge"),
    "missing anchors": (config("set smime_anchors = /nowhere.pem"), ["trust"],
                        "error", "/nowhere.pem"),
    "S/MIME without anchors": (
        config("set authenticate = smime\nset smime_anchors ="), ["ca"],
        "error", "smime_anchors is not set"),
    "no proof at all": (config("set authenticate = none"), ["trust"],
                        "warning", "anybody can forge"),
    "no resolver": (config(""), ["dns"], "warning", "does not answer"),
    "no sendmail": (config("set sendmail = /nowhere/sendmail"), ["sendmail"],
                    "warning", "/nowhere/sendmail is missing"),
    "a file of mailcert is gone": (stray_file, ["installed"], "error",
                                   ".smime/keys/"),
}


def unit(name, text):
    def change(p):
        os.unlink(p.place.path("user/crontab"))
        p.place.write("user/units/" + name, text)
    return change


def watches(text):
    def change(p):
        p.append("user/.config/mailcert/config",
                 "set watch = maildir:~/Maildir\n")
        make_maildir(p.place.path("user/Maildir"))
        p.place.write("user/units/mailcert-watch.service", text)
    return change


def limited(p):
    """One answer a day, and that went out already."""
    top = os.path.join(p.place.home, "expectations")
    (name,) = [n for n in os.listdir(top) if n.endswith(".json")]
    with open(os.path.join(top, name)) as f:
        text = json.load(f)
    p.place.run("expect", text["address"], "--from", text["from"],
                "--token-part2", "DGyRejmCefe7v4NfDGDKfA", "--thumbprint",
                text["thumbprint"], "--expires", "24h")
    p.append("user/.config/mailcert/config", "set answers_per_day = 1\n")


UNATTENDED = {
    "no timer": (lambda p: os.unlink(p.place.path("user/crontab")),
                 ["renew"], "warning", "enable --now mailcert-renew.timer"),
    "a line that is turned off": (
        lambda p: p.write("user/crontab", "#" + CRON.split("\n")[1]),
        ["renew"], "warning", "nothing runs mailcert renew"),
    "a line for something else": (
        lambda p: p.write("user/crontab", "1 1 * * * mailcert status\n"),
        ["renew"], "warning", "nothing runs mailcert renew"),
    "a timer without linger": (
        unit("mailcert-renew.timer", RUNS), ["renew"], "warning",
        "only while you are logged in"),
    "a timer that is disabled": (
        unit("mailcert-renew.timer", RUNS.replace("=active", "=inactive")
             .replace("=enabled", "=disabled")), ["renew"], "warning",
        "nothing runs"),
    "a timer that is stopped": (
        unit("mailcert-renew.timer", RUNS.replace("=active", "=inactive")),
        ["renew"], "error", "--user start mailcert-renew.timer"),
    "a renewal that failed": (
        lambda p: (unit("mailcert-renew.timer", RUNS)(p), p.place.write(
            "user/units/mailcert-renew.service", RUNS.replace(
                "=active", "=failed").replace("success", "exit-code"))),
        ["renew"], "error", "journalctl --user -u mailcert-renew.service"),
    "nobody watches": (watches("LoadState=not-found\n"), ["watch"], "warning",
                       "nothing runs mailcert watch"),
    "a watcher that failed": (
        watches(RUNS.replace("=active", "=failed")), ["watch"], "error",
        "mailcert-watch.service has failed"),
    "a limit is reached": (limited, ["limits"], "warning", "answers_per_day"),
}


def judge(patient, name, change, checks, status, words):
    if not tap.wanted(name):
        return
    change(patient)
    bad, exits, got = patient.bad(*(
        ["-o", "resolver=127.0.0.1@1"] if name == "no resolver" else []))
    tap.ok(exits and [c for c, _, _ in bad] == checks and
           all(s == status and words in m for _, s, m in bad),
           name + ": it is named, and nothing else", *bad, got.returncode,
           got.stderr)
    tap.ok(b"secret" not in got.stdout, name + ": no password is shown")
    patient.heal()


def test_mail():
    with Patient() as patient, Smtp(tls="starttls") as patient.smtp:
        for name, change in FINE.items():
            judge(patient, name, change, [], "", "")
        for name, (change, checks, status, words) in sample(MAIL.items(), 12):
            judge(patient, name, change, checks, status, words)


def test_home():
    with Patient() as patient:
        for name, (change, checks, status, words) in sample(HOME.items(), 10):
            judge(patient, name, change, checks, status, words)


def test_unattended():
    with Patient() as patient:
        for name, (change, checks, status, words) in sample(
                UNATTENDED.items(), 2):
            judge(patient, name, change, checks, status, words)


def test_many():
    """What does not fit is counted, and its errors count."""
    with Patient() as patient:
        top = os.path.join(patient.place.home, "expectations")
        name, = [n for n in os.listdir(top) if n.endswith(".json")]
        with open(os.path.join(top, name)) as f:
            challenge = json.load(f)
        challenge.update(DOUBT)
        for a, b in itertools.product("abcdefghijkl", repeat=2):
            challenge["id"] = name[:6] + a + b
            with open(os.path.join(top, challenge["id"] + ".json"), "w") as f:
                json.dump(challenge, f)
        bad, exits, got = patient.bad()
        tap.ok(exits and bad[-1][0] == "more" and
               (bad[-1][1] == "warning") == (got.returncode == 0) and
               "other findings are left out" in bad[-1][2],
               "144 answers in doubt", bad[-1], got.returncode)
        bad, exits, got = patient.bad("-o", "ca=casle")
        tap.ok(exits and got.returncode == 1 and
               bad[-1][:2] == ("more", "error"),
               "an error among those left out", bad[-1], got.returncode)


def test_gpgsm():
    """A certificate that gpgsm has, cannot have, and cannot sign with."""
    with Patient() as patient:
        patient.user.install("gpgsm")
        bad, _, got = patient.bad()
        tap.ok(not bad and b"have the certificates" in got.stdout,
               "gpgsm has it and signs: all is ok", bad, got)
    with Patient("set ca.local.subject = empty\n") as patient:
        bad, exits, got = patient.bad()
        tap.ok(exits and [c[:2] for c in bad] == [("gpgsm", "warning")] and
               "empty subject" in bad[0][2] and "subject = address" in
               bad[0][2], "an empty subject", *bad, got)
    with Patient(crl="http://127.0.0.1:9/list.crl") as patient:
        conf = patient.place.write("user/.gnupg/gpgsm.conf",
                                   "disable-crl-checks\n")
        os.chmod(os.path.dirname(conf), 0o700)
        patient.user.install("gpgsm")
        tap.equal(patient.bad()[0], [], "revocation lists switched off")
        os.unlink(conf)
        bad, exits, got = patient.bad()
        tap.ok(exits and [c[:2] for c in bad] == [("gpgsm", "error")] and
               patient.id in bad[0][2] and "wants the revocation list from "
               "http://127.0.0.1:9/list.crl, which the certificate of "
               "CN=alice@example.org names: " in bad[0][2] and
               "disable-crl-checks" in bad[0][2],
               "a revocation list out of reach: its server is named",
               *bad, got)
        patient.heal()
        ask = ("-o", "retrieve_revocation=both", "-o", "revocation=soft")
        bad, exits, got = patient.bad(*ask)
        tap.ok(exits and [c[:2] for c in bad] == [("revocation", "warning")]
               and "http://127.0.0.1:9/list.crl" in bad[0][2],
               "and verify would wait for it", *bad, got)


def test_silent_list():
    """A server of revocation lists that accepts, and says nothing: doctor ends
    all the same, and names it."""
    if not SLOW:
        return
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = "http://127.0.0.1:%d/list.crl" % silent.getsockname()[1]
        with Patient(crl=url) as patient:
            conf = patient.place.write("user/.gnupg/gpgsm.conf",
                                       "disable-crl-checks\n")
            os.chmod(os.path.dirname(conf), 0o700)
            patient.user.install("gpgsm")
            os.unlink(conf)
            bad, exits, got = patient.bad()
            tap.ok(exits and [c[0] for c in bad] == ["gpgsm"] and
                   url in bad[0][2] and "disable-crl-checks" in bad[0][2],
                   "a silent server of revocation lists is named", *bad, got)


# --- a message that came back ------------------------------------------------

TWELVE = ["From", "Sender", "Reply-To", "To", "Cc", "Subject", "Date",
          "In-Reply-To", "References", "Message-ID", "Content-Type",
          "Content-Transfer-Encoding"]
RESPONSE = "-----BEGIN ACME RESPONSE-----\n%s\n-----END ACME RESPONSE-----\n" \
    % ("x" * 43)


def to_oneself(body=RESPONSE, **fields):
    """What mutt would send."""
    fields = {"From": ALICE, "To": ALICE, "Subject": "Re: ACME: test",
              "Date": email.utils.formatdate(NOW), "Message-ID":
              "<1@example.org>", "MIME-Version": "1.0", "Content-Type":
              "text/plain; charset=us-ascii", **{
                  k.replace("_", "-"): v for k, v in fields.items()}}
    return ("".join("%s: %s\n" % f for f in fields.items() if f[1]) + "\n" +
            body).encode()


OVERSIGN = "OversignHeaders %s\n" % ",".join(TWELVE)
BOTH_LISTS = "SignHeaders %s\n" % ",".join(TWELVE) + OVERSIGN


class Provider:
    """OpenDKIM, a real one, signs as a mail server lets it; a DNS has the key
    and the policies of the domain."""

    def __init__(self, place):
        self.place = place
        self.key = place.path("dkim.pem")
        subprocess.run(["openssl", "genrsa", "-out", self.key, "2048"],
                       check=True, capture_output=True)
        der = subprocess.run(["openssl", "rsa", "-in", self.key, "-pubout",
                              "-outform", "DER"], check=True,
                             capture_output=True).stdout
        record = "v=DKIM1; k=rsa; p=" + base64.b64encode(der).decode()
        self.dns = Dns({"s._domainkey.example.org": record,
                        "s._domainkey.provider.example": record,
                        "example.org": ["v=spf1 mx -all", "something else"],
                        "_dmarc.example.org": "v=DMARC1; p=reject"})

    def sign(self, message, lists=BOTH_LISTS, domain="example.org"):
        raw = self.place.write("unsigned.eml", message)
        conf = self.place.write("opendkim.conf", (
            "Domain %s\nSelector s\nKeyFile %s\nMode s\nBackground no\n"
            "Canonicalization relaxed/simple\nRequireSafeKeys no\n"
            "SenderHeaders From\n%s" % (domain, self.key, lists)) + (
                    "SigningTable refile:%s\nKeyTable %s\n" % (
                        self.place.write("signing", "* k\n"),
                        self.place.write("keys", "k %s:s:%s\n" % (
                            domain, self.key)))))
        got = subprocess.run(["opendkim", "-x", conf, "-vvv", "-t", raw],
                             capture_output=True, cwd=self.place.dir)
        text = got.stdout.decode()
        assert "hvalue='" in text, got
        value = text.split("hvalue='", 1)[1].rsplit("'\n", 1)[0]
        return b"DKIM-Signature: " + value.encode() + b"\n" + message


def spoil(message):
    """Another value of b=."""
    head, tail = message.split(b"\tb=", 1)
    return head + b"\tb=" + (b"B" if tail[:1] != b"B" else b"C") + tail[1:]


def examine(patient, provider, name, message, want, *args, stdin=b""):
    """want: {check: (status, words)} of all that is not ok."""
    if not tap.wanted(name):
        return
    got = patient.place.run(
        "-o", "resolver=" + provider.dns.resolver, "-o", "dnssec_anchor=none",
        *args, "doctor", "--json", "--message",
        "-" if stdin else patient.place.write("m.eml", message), stdin=stdin)
    checks = json.loads(got.stdout)["checks"]
    bad = [c for c in checks if c["status"] != "ok"]
    tap.ok({c["check"]: c["status"] for c in bad} ==
           {check: status for check, (status, _) in want.items()} and
           len(bad) == len(want) and
           all(want[c["check"]][1] in c["message"] for c in bad) and
           got.returncode == any(c["status"] == "error" for c in bad),
           name, *bad, got.returncode, got.stderr)
    return checks


def recorded(name):
    with open(os.path.join(TESTS, "vectors", name), "rb") as f:
        return f.read()


def through_postfix(patient, provider):
    """Recorded: they went through Postfix, and its milter OpenDKIM."""
    own = provider.dns.records["s._domainkey.example.org"]
    provider.dns.records["s._domainkey.example.org"] = recorded(
        "postfix-opendkim.dkim-key.txt").decode().strip()
    examine(patient, provider, "Postfix, the twelve",
            recorded("postfix-opendkim-twelve.eml"), {})
    examine(patient, provider, "Postfix, as it comes",
            recorded("postfix-opendkim-default.eml"), {"dkim-h": (
                "error", "h= lacks Sender, Reply-To, CC, In-Reply-To, "
                "References, Message-ID, Content-Type, Content-Transfer-"
                "Encoding; write")})
    provider.dns.records["s._domainkey.example.org"] = own


def test_message():
    with Patient() as patient:
        provider = Provider(patient.place)
        through_postfix(patient, provider)
        good = provider.sign(to_oneself())
        checks = examine(patient, provider, "OpenDKIM lists the twelve",
                         good, {})
        tap.equal([c["check"] for c in checks or []],
                  ["from", "dkim-d", "dkim-h", "dkim", "body", "spf",
                   "dmarc"], "what is looked at")
        examine(patient, provider, "standard input", b"", {}, stdin=good)
        narrow = provider.sign(to_oneself(), "")
        examine(patient, provider, "OpenDKIM as it comes", narrow, {"dkim-h": (
            "error", "h= lacks Sender, Reply-To, CC, In-Reply-To, References, "
            "Message-ID, Content-Type, Content-Transfer-Encoding; write to "
            "your provider: \"Please list Sender")})
        examine(patient, provider, "one of two signatures is enough",
                narrow.split(b"From: ")[0] + good, {})
        # OpenDKIM then lists what it has not signed.
        examine(patient, provider, "OversignHeaders without SignHeaders",
                provider.sign(to_oneself(), OVERSIGN), {"dkim": (
                    "error", "does not match the header")})
        examine(patient, provider, "another domain signs", provider.sign(
            to_oneself(), domain="provider.example"), {"dkim-d": (
                "error", "sign mail from example.org with d=example.org")})
        examine(patient, provider, "not signed", to_oneself(), {"dkim-d": (
            "error", "no DKIM signature")})
        examine(patient, provider, "the wide one is broken, a narrow one holds",
                narrow.split(b"From: ")[0] + spoil(good), {
                    "dkim": ("error", "only one that covers less")})
        examine(patient, provider, "a footer after signing",
                good + b"--\nA disclaimer.\n", {
                    "dkim": ("error", "the body was changed"),
                    "body": ("warning", "disclaimer")})
        examine(patient, provider, "a footer before signing", provider.sign(
            to_oneself(RESPONSE + "A disclaimer.\n")), {
                "body": ("warning", "disclaimer")})
        examine(patient, provider, "a changed header", good.replace(
            b"Re: ACME: test", b"[SPAM] Re: ACME: test"), {
                "dkim": ("error", "does not match the header")})
        examine(patient, provider, "From is rewritten", provider.sign(
            to_oneself(From="info@example.org")), {
                "from": ("error", "From is info@example.org")})
        examine(patient, provider, "a stranger's address", provider.sign(
            to_oneself(From="info@example.org", To="info@example.org")), {
                "from": ("warning", "not an address of your orders")})
        examine(patient, provider, "quoted-printable", provider.sign(
            to_oneself(Content_Transfer_Encoding="quoted-printable")), {
                "body": ("warning", "quoted-printable")})
        examine(patient, provider, "multipart", provider.sign(to_oneself(
            Content_Type="multipart/mixed; boundary=x")), {
                "body": ("warning", "multipart")})
        examine(patient, provider, "signed", provider.sign(to_oneself(
            Content_Type="multipart/signed; boundary=x")), {})
        examine(patient, provider, "a mailing list", provider.sign(
            to_oneself(List_Id="<l.example.org>")), {
                "body": ("error", "List-")})
        examine(patient, provider, "another envelope",
                b"Return-Path: <login@host.example>\n" + good, {
                    "spf": ("warning", "login@host.example")})
        examine(patient, provider, "not a message", b"hello\n", {
            "from": ("error", "one From")})
        examine(patient, provider, "control characters", good.replace(
            b"From: ", b"From: \x1b[31m\n <", 1), {
                "from": ("error", "one From")})
        for record, status, words in (
                ("v=spf1 -all", None, ""), ([], "warning", "no v=spf1"),
                (["v=spf1 -all", "v=spf1 +all"], "error", "2 v=spf1"),
                ("v=spf10 -all", "warning", "no v=spf1"),
                (SERVFAIL, "warning", "does not answer")):
            provider.dns.records["example.org"] = record
            examine(patient, provider, "SPF %r" % (record,), good,
                    {"spf": (status, words)} if status else {})
        provider.dns.records["example.org"] = "v=spf1 -all"
        provider.dns.records["_dmarc.example.org"] = []
        examine(patient, provider, "no DMARC", good,
                {"dmarc": ("warning", "no v=DMARC1")})
        provider.dns.records["_dmarc.example.org"] = "v=DMARC1; p=none"
        provider.dns.records["s._domainkey.example.org"] = []
        examine(patient, provider, "no key", good, {"dkim": (
            "error", "no DKIM key record")})
        got = patient.place.run("doctor", "--message", "/nowhere")
        tap.ok(got.returncode == 74 and b"/nowhere" in got.stderr,
               "a file that is not there", got)


def test_own_mail():
    """The message to oneself in a mailbox that is watched; the newest counts."""
    with Patient() as patient:
        provider = Provider(patient.place)
        box = patient.place.path("watched")
        patient.append("user/.config/mailcert/config",
                       "set watch = maildir:%s\n" % box)

        def looked(name, want, *messages):
            shutil.rmtree(box, ignore_errors=True)
            make_maildir(box, *messages)
            got = patient.place.run(
                "-o", "resolver=" + provider.dns.resolver, "-o",
                "dnssec_anchor=none", "doctor", "--json")
            checks = json.loads(got.stdout)["checks"]
            at = [c["check"] for c in checks].index("message")
            said = [(c["check"], c["status"], c["message"])
                    for c in checks[at:]]
            tap.ok(want(said), "own mail: " + name, *said)

        good, narrow = provider.sign(to_oneself()), provider.sign(
            to_oneself(), "")
        later = provider.sign(to_oneself(
            Date=email.utils.formatdate(NOW + 60)))
        other = to_oneself(From="bob@example.org", Subject="ACME stocks",
                           body="Buy!\n")
        for look in (
                ("found, and all is well", lambda said: len(said) == 8 and
                 {s for _, s, _ in said} == {"ok"} and
                 "2.M1.host:2,S" in said[0][2], other, good),
                ("the newest is the last", lambda said:
                 {s for _, s, _ in said} == {"ok"}, narrow, later),
                ("the newest is the first", lambda said:
                 {s for _, s, _ in said} == {"ok"}, later, narrow),
                ("none", lambda said: len(said) == 1 and said[0][1] == "ok" and
                 "send one" in said[0][2], other, to_oneself(Subject="hello")),
                ("fields are missing", lambda said: [
                    c for c, s, _ in said if s != "ok"] == ["dkim-h"], narrow),
                ("From is rewritten", lambda said: [
                    c for c, s, _ in said if s != "ok"] == ["from"],
                 provider.sign(to_oneself(From="info@example.org")))):
            looked(*look)
        shutil.rmtree(box)
        bad, exits, got = patient.bad()
        tap.ok(exits and ["watch", "error"] in [list(b[:2]) for b in bad] and
               any(box in b[2] for b in bad), "own mail: no such mailbox",
               *bad)


tests = tests_of(globals())
# What check-slow tries; in check, provider.py has doctor find one.
if not SLOW:
    del tests["test_own_mail"]
run_tests(tests)
tap.done()
