#!/usr/bin/python3
# Runs in: check check-quick
"""Certificates that stay fresh without a person: deploy_hook, reuse_key, and
reports to the person for what needs one."""
import email
import glob
import json
import os
import re
import subprocess
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(
    os.path.abspath(__file__))), "ca"))
from lib import (ADDRESS, BUILD, MAILCERT, ROOT, Place, challenge,
                 fake_sendmail, run_tests, sent, tap, tests_of)
from town import Town

HOOK = """#!/bin/sh
# Notes each run; fails while there is a file "broken" beside it.
here=$(dirname "$0")
echo "$MAILCERT_ID $MAILCERT_ADDRESSES $MAILCERT_EXPIRES" >> "$here/runs"
[ -e "$here/broken" ] && { echo "the server is away" >&2; exit 3; }
openssl x509 -in "$MAILCERT_CERTIFICATE" -noout -pubkey > "$here/one" &&
openssl pkey -in "$MAILCERT_KEY" -pubout | cmp - "$here/one"
"""


def issue(town, *args):
    town.run("order", "--no-wait", *(args or [ADDRESS]))
    town.wait_for_mail()
    town.answer()
    return town.run("finish")


def runs(town):
    path = town.place.path("user/runs")
    if not os.path.exists(path):
        return []
    with open(path) as f:
        return f.read().splitlines()


def test_deploy_hook():
    with Town("set deploy_hook = ~/hook\n") as town:
        town.place.write("user/hook", HOOK, 0o755)
        broken = town.place.write("user/broken", "")
        got = issue(town)
        (one,) = json.loads(town.run("status", "--json").stdout)[
            "certificates"]
        tap.ok(got.returncode == 1 and got.stdout.count(b"\n") == 1 and
               b"exited with status 3: the server is away" in got.stderr and
               one["id"].encode() in got.stderr,
               "a hook that fails is told; the certificate is there", got)
        got = town.run("renew")
        tap.ok(got.returncode == 1 and b"the server is away" in got.stderr and
               len(runs(town)) == 2, "renew runs it again", got, runs(town))
        os.unlink(broken)
        got = town.run("renew")
        tap.ok(got.returncode == 0 and len(runs(town)) == 3,
               "until it succeeds", got)
        town.run("renew")
        tap.equal(len(runs(town)), 3, "and not after that")
        words = runs(town)[-1].split()
        tap.ok(words[:2] == [one["id"], ADDRESS] and words[2].endswith("Z"),
               "it is told which certificate it is", words)


def test_hook_is_set_later():
    with Town() as town:
        town.place.write("user/hook", HOOK, 0o755)
        tap.equal(issue(town).returncode, 0, "issued without a hook")
        got = town.run("-o", "deploy_hook=~/hook", "renew")
        tap.ok(got.returncode == 0 and len(runs(town)) == 1,
               "a hook that is set later sees the certificate once", got)


class Box:
    """A Maildir of reports."""

    def __init__(self, place):
        self.path = place.path("user/Reports")
        for name in ("new", "cur", "tmp"):
            os.makedirs(os.path.join(self.path, name))
        self.setting = "report=maildir:" + self.path

    def take(self):
        """The subjects and texts of what is new; it is removed."""
        out = []
        for name in sorted(os.listdir(self.path + "/new")):
            path = os.path.join(self.path, "new", name)
            with open(path, "rb") as f:
                out.append(email.message_from_bytes(f.read()))
            os.unlink(path)
        return out


def troubles(place):
    top = os.path.join(place.home, "troubles")
    return [os.path.join(top, name) for name in os.listdir(top)
            if name.endswith(".json")] if os.path.isdir(top) else []


def backdate(place, seconds):
    for path in troubles(place):
        with open(path) as f:
            record = json.load(f)
        record["told"] -= seconds
        with open(path, "w") as f:
            json.dump(record, f)


def test_report_of_renew():
    with Town() as town:
        box = Box(town.place)
        tap.equal(issue(town).returncode, 0, "issued")

        def renew(*settings):
            return town.run("-o", box.setting,
                            *[w for s in settings for w in ("-o", s)],
                            "renew", "--force")
        away = "ca.local.ca_file=/nonexistent"
        got = renew(away)
        mails = box.take()
        tap.ok(got.returncode != 0 and len(mails) == 1,
               "a failure makes one message", got)
        (one,) = mails or [email.message_from_string("")]
        tap.ok(one["Subject"].startswith("mailcert: " + ADDRESS) and
               one["Auto-Submitted"] == "auto-generated" and
               "/nonexistent" in one.get_payload() and one["Date"] and
               one["Message-ID"] and one["To"] and
               all(len(line) < 79 for line in one.as_string().splitlines()),
               "it says what is wrong, in lines that fit", one.as_string())
        renew(away)
        tap.equal(len(box.take()), 0, "the same day: no other")
        backdate(town.place, 90000)
        renew(away)
        tap.equal(len(box.take()), 1, "the next day: one more")
        town.run("-o", box.setting, "renew", "--dry-run")
        tap.equal(len(box.take()), 0, "--dry-run reports nothing")
        renew()
        mails = box.take()
        tap.ok(len(mails) == 1 and "resolved" in mails[0]["Subject"] and
               troubles(town.place) == [], "and one when it is resolved",
               mails and mails[0].as_string())


def test_report_of_expiry():
    with Town() as town:
        box = Box(town.place)
        issue(town)
        top = os.path.join(town.place.home, "certificates")
        (path,) = [os.path.join(top, n) for n in os.listdir(top)
                   if n.endswith(".json")]
        with open(path) as f:
            record = json.load(f)

        def subjects(days):
            record["expires"] = int(time.time() + days * 86400)
            with open(path, "w") as f:
                json.dump(record, f)
            town.run("-o", box.setting, "-o",
                     "ca.local.ca_file=/nonexistent", "renew", "--force")
            return [m["Subject"] for m in box.take()
                    if "has not been renewed" in m.get_payload().replace(
                        "\n", " ")]
        for days, warned in ((20, 0), (13.9, 1), (13, 0), (8, 0), (6.9, 1),
                             (6.5, 0), (2.9, 1), (1.5, 0), (0.9, 1), (0.5, 0),
                             (-1, 0)):
            got = subjects(days)
            tap.ok(len(got) == warned, "with %s days left: %d" % (
                days, warned), got)


def test_report_ways():
    """To an address, and to a program; a report that fails is made up for."""
    with Place() as place:
        send, box = fake_sendmail(place)
        place.write("user/pipe", "#!/bin/sh\ncat > %s\n" %
                    place.path("piped"), 0o755)
        for n, (report, settings) in enumerate((
                ("mailto:bob@example.org", ["sendmail=" + send]),
                ("/bin/false", []),
                (place.path("user/pipe"), []))):
            got = place.run("-o", "report=" + report,
                            *[w for s in settings for w in ("-o", s)],
                            "watch", "--once", "maildir:/nonexistent")
            if n == 0:
                tap.ok(got.returncode == 0 and not sent(box),
                       "nothing is awaited: nothing is reported", got)
            place.expect("--expires", "24h", ca="a%d@ca.example" % n)
            got = place.run("-o", "report=" + report,
                            *[w for s in settings for w in ("-o", s)],
                            "watch", "--once", "maildir:/nonexistent")
            tap.equal(got.returncode, 75, report + ": a mailbox is missing")
            if n == 0:
                tap.ok(len(sent(box)) == 1 and b"/nonexistent" in
                       sent(box)[0] and b"To: bob@example.org" in sent(box)[0],
                       "mailto: it is mailed", sent(box))
                for path in troubles(place):
                    os.unlink(path)
        with open(place.path("piped"), "rb") as f:
            tap.ok(b"/nonexistent" in f.read(),
                   "a program gets what /bin/false did not take")
        for value in ("maildr:/x", "mailto:", "mailto:a b", "false"):
            got = place.run("-o", "report=" + value, "status")
            tap.ok(got.returncode == 78 and b"mailto:ADDRESS" in got.stderr,
                   "report = %s is not valid" % value, got)


def test_report_of_refusals():
    """Many forgeries of the awaited challenge: one report; and one when it is
    answered."""
    with Place("") as place:
        box, mail = Box(place), place.path("user/Maildir")
        send, outbox = fake_sendmail(place)
        for name in ("new", "cur", "tmp"):
            os.makedirs(os.path.join(mail, name))
        place.expect("--expires", "24h")
        for n in range(20):
            with open("%s/new/%d.x" % (mail, n), "wb") as f:
                f.write(challenge(msgid="<%d@x>" % n))

        def watch(*settings):
            return place.run("-o", box.setting, "-o", "sendmail=" + send,
                             *[w for s in settings for w in ("-o", s)],
                             "watch", "--once", "--again", "maildir:" + mail)
        watch()
        mails = box.take()
        tap.ok(len(mails) == 1 and "not answered" in mails[0]["Subject"],
               "one report for twenty", [m.as_string() for m in mails])
        watch("authenticate=none")
        mails = box.take()
        tap.ok(len(sent(outbox)) == 1 and len(mails) == 1 and
               "resolved" in mails[0]["Subject"], "one when it is answered",
               [m.as_string() for m in mails])


def test_units():
    """The units for systemd: systemd takes them without a word, and what they
    start works with what they leave."""
    with Place() as place:
        send, box = fake_sendmail(place)
        env = {"HOME": place.user, "XDG_RUNTIME_DIR": place.path("run")}
        os.makedirs(place.path("run"), 0o700)
        paths = []
        for path in glob.glob(ROOT + "/mailcap/*.service") + glob.glob(
                ROOT + "/mailcap/*.timer"):
            with open(path) as f:
                text = f.read()
            paths.append(place.write(
                os.path.basename(path),
                text.replace("/usr/local/bin", BUILD)))
        tap.equal(len(paths), 3, "there are three units")
        got = subprocess.run(["systemd-analyze", "verify", "--user",
                              "--man=no", *paths],
                             env=env, capture_output=True)
        tap.ok(got.returncode == 0 and not got.stdout + got.stderr,
               "systemd-analyze verify says nothing", got)
        mail = place.path("user/Maildir")
        for name in ("new", "cur", "tmp"):
            os.makedirs(os.path.join(mail, name))
        place.write("user/.config/mailcert/config", """
set authenticate = none
set sendmail = %s
set watch = maildir:~/Maildir
""" % send)
        place.expect("--expires", "24h")
        with open(mail + "/new/1.x", "wb") as f:
            f.write(challenge())
        for path in paths:
            with open(path) as f:
                line = re.search("^ExecStart=(.*)", f.read(), re.M)
            if not line:
                continue
            more = ["--once"] if line[1].endswith("watch") else []
            got = subprocess.run(
                ["setpriv", "--no-new-privs", *line[1].split(), *more],
                env={"HOME": place.user, "MAILCERT_HOME": place.home},
                capture_output=True, stdin=subprocess.DEVNULL,
                start_new_session=True)
            tap.ok(got.returncode == 0 and not got.stderr,
                   "without privileges or PATH: " + line[1].split()[-1], got)
        tap.equal(len(sent(box)), 1, "watch has answered")


def issued(town, *known):
    """The records of the certificates, without the known ones."""
    return [one for one in json.loads(town.run("status", "--json").stdout)[
        "certificates"] if one["state"] == "issued" and
        one["id"] not in [other["id"] for other in known]]


def renew(town, *args):
    got = town.run(*args, "renew", "--force", ADDRESS)
    town.wait_for_mail()
    town.answer()
    return got, town.run(*args, "finish")


def public(town, one, passphrase=None):
    """The public key of the certificate, and of the key file."""
    key = os.path.join(town.place.home, "keys", one["id"] + ".pem")
    return [subprocess.run(["openssl", *args], capture_output=True).stdout
            for args in (
                ["x509", "-noout", "-pubkey", "-in", one["certificate"]],
                ["pkey", "-pubout", "-in", key, *(
                    ["-passin", "pass:" + passphrase] if passphrase else
                    [])])]


def test_reuse_key():
    for locked in (False, True):
        with Town(ari=None) as town:
            name = "locked: " if locked else ""
            secret = "hush" if locked else None
            lock = ["-o", "password_command=echo hush", "-o",
                    "lock_keys=yes"] if locked else []
            got = town.run(*lock, "order", "--no-wait", ADDRESS)
            town.wait_for_mail()
            town.answer()
            town.run("finish")
            (first,) = issued(town)
            got = renew(town, *lock, "-o", "reuse_key=yes")
            (second,) = issued(town, first)
            keys = public(town, first, secret) + public(town, second, secret)
            tap.ok(keys[0].startswith(b"-----BEGIN") and len(set(keys)) == 1,
                name + "reuse_key: the renewed one has the same key", got,
                keys)
            with open(os.path.join(town.place.home, "keys",
                                   second["id"] + ".pem"), "rb") as f:
                text = f.read()
            tap.ok((b"ENCRYPTED" in text) == locked,
                   name + "its file is %s" % ("locked, too" if locked else
                                              "a copy"), text[:40])
            if locked:
                got = town.run("-o", "password_command=echo other", "-o",
                               "reuse_key=yes", "renew", "--force", ADDRESS)
                tap.ok(got.returncode != 0 and b"passphrase" in got.stderr
                       and len(issued(town)) == 2 and
                       len(town.ca.orders) == 2,
                       name + "another passphrase orders nothing", got)
            renew(town, *lock)
            (third,) = issued(town, first, second)
            keys = public(town, second, secret) + public(town, third, secret)
            tap.ok(len(set(keys)) == 2 and keys[2] == keys[3],
                   name + "without reuse_key, it has a new one", keys)


def test_reuse_key_is_refused():
    with Town("set reuse_key = yes\n", fresh_keys=True) as town:
        issue(town)
        got = renew(town)[1]
        tap.ok(got.returncode != 0 and b"badPublicKey" in got.stderr and
               b"that key is used already" in got.stderr and
               len(issued(town)) == 1,
               "reuse_key: a CA that refuses it says so itself", got)


def test_cron():
    """The lines of the manual with what cron sets, which is hardly anything."""
    with open(os.path.join(ROOT, "docs", "mailcert.1")) as f:
        man = f.read()
    (renews,) = re.findall(r"^\.Dl (?:[\d*]+ ){5}(.*mailcert .*)$", man, re.M)
    answers = re.findall(r"^\.Dl (/\S*/mailcert handle .*)$", man, re.M)[0]
    with Town() as town:
        town.place.home = town.place.path("user/.local/share/mailcert")
        del town.place.env["MAILCERT_HOME"]
        issue(town)
        (old,) = issued(town)
        path = os.path.join(town.place.home, "certificates",
                            old["id"] + ".json")
        with open(path) as f:
            record = json.load(f)
        for name in ("created", "starts", "expires"):
            record[name] -= 85 * 86400
        with open(path, "w") as f:
            json.dump(record, f)

        def cron(line, **more):
            line = line.replace("/usr/local/bin/mailcert", MAILCERT)
            return subprocess.run(
                ["env", "-i", "PATH=/usr/bin:/bin", "HOME=" + town.place.user,
                 "SHELL=/bin/sh", "LOGNAME=alice", *(
                     ["LD_PRELOAD=" + town.place.env["LD_PRELOAD"]]
                     if "LD_PRELOAD" in town.place.env else []),
                 "/bin/sh", "-c", line], capture_output=True, cwd="/",
                start_new_session=True, **more)
        got = cron(renews, stdin=subprocess.DEVNULL)
        tap.ok(got.returncode == 0 and got.stderr == b"" and
               b"waiting for your answer" in got.stdout,
               "cron: renews what is due, and reports that it waits", got)
        (mail,) = town.wait_for_mail()
        with open(mail, "rb") as f:
            got = cron(answers, stdin=f)
        os.unlink(mail)
        tap.ok(got.returncode == 0 and len(town.ca.replies()) == 2,
               "cron: a delivery agent's line answers", got)
        got = cron(renews, stdin=subprocess.DEVNULL)
        tap.ok(got.returncode == 0 and got.stderr == b"" and
               len(issued(town, old)) == 1, "cron: the next one finishes", got)


run_tests(tests_of(globals()))
tap.done()
