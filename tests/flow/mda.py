#!/usr/bin/python3
# Runs in: check check-quick check-ages
"""Real deliveries: procmail, maildrop, and sieve in Dovecot's lda.

The challenge is answered once, everything is delivered all the same, and what
is refused never bounces.
"""
import functools
import glob
import os
import pwd
import shutil
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from lib import (BUILD, PART1, ROOT, Place, challenge, check_reply,
                 fake_sendmail, run_tests, sent, tap)


def recipe(name, place, send):
    """The recipe as we ship it, with the paths of this place."""
    with open(os.path.join(ROOT, "mailcap", name)) as f:
        text = f.read()
    return text.replace("/usr/local/bin/mailcert", "%s/mailcert -C %s "
                        "-o sendmail=%s -o authenticate=none" %
                        (BUILD, place.home, send))


def delivered(place):
    return sum(len(files) for top, _, files in
               os.walk(place.path("user/Maildir"))
               if os.path.basename(top) in ("new", "cur"))


def procmail(place, send):
    place.write("procmailrc", "MAILDIR=%s\nDEFAULT=%s/\nLOGFILE=%s\n" % (
        place.user, place.path("user/Maildir"), place.path("log")) +
        recipe("procmailrc", place, send))
    return ["procmail", "-t", place.path("procmailrc")]


def maildrop(place, send):
    place.write("mailfilter", recipe("mailfilter", place, send) +
                '\nto "%s"\n' % place.path("user/Maildir"))
    return ["maildrop", place.path("mailfilter")]


def try_agent(agent):
    name = agent.__name__
    with Place() as place:
        send, box = fake_sendmail(place)
        os.makedirs(place.path("user/Maildir/tmp"))
        os.makedirs(place.path("user/Maildir/new"))
        os.makedirs(place.path("user/Maildir/cur"))
        command = agent(place, send)
        order = place.expect("--expires", "24h")

        def deliver(raw):
            return subprocess.run(command, input=raw, env=place.env,
                                  cwd=place.user, capture_output=True,
                                  start_new_session=True)

        for what, raw in (("ordinary mail", challenge(subject="lunch")),
                          ("a forged challenge",
                           challenge(sender="eve@evil.example")),
                          ("a bad token", challenge(subject="ACME: short")),
                          ("list mail", challenge(extra="List-Id: <l.x>\n")),
                          ("one for a person",
                           challenge(extra="Reply-To: x@evil.example\n"))):
            before = delivered(place)
            got = deliver(raw)
            tap.ok(got.returncode == 0 and delivered(place) == before + 1 and
                   sent(box) == [], "%s: %s is delivered, not answered" % (
                       name, what), got)
        got = deliver(challenge())
        tap.ok(got.returncode == 0 and len(sent(box)) == 1,
               name + ": the challenge is answered", got)
        if sent(box):
            tap.equal(check_reply(sent(box)[0]), [],
                      name + ": section 3.2 holds")
            tap.ok(b"\nAuto-Submitted: auto-replied\n" in sent(box)[0],
                   name + ": and says that nobody looked")
        tap.equal(place.order(order)["state"], "sent", name + ": recorded")
        got = deliver(challenge(msgid="<again@ca.example>"))
        tap.ok(got.returncode == 0 and len(sent(box)) == 1,
               name + ": once", got)
        tap.equal(delivered(place), 7, name + ": every mail is delivered")


def try_sieve():
    """Pigeonhole's lda runs the recipe; the program directory is its way to
    say which programs a script may start."""
    with Place() as place:
        send, box = fake_sendmail(place)
        order = place.expect("--expires", "24h")
        # Nobody may not read where we were built.
        for program in ("mailcert", "mailcert-verify", "mailcert-key"):
            shutil.copy(os.path.join(BUILD, program), place.dir)
        place.write("bin/mailcert-answer", "#!/bin/sh\nexec env HOME=%s "
                    "%s/mailcert -C %s -o sendmail=%s -o authenticate=none "
                    "handle --auto-approve --mda\n" % (
                        place.user, place.dir, place.home, send), 0o755)
        uid, gid = os.getuid(), os.getgid()
        name = pwd.getpwuid(uid).pw_name
        # As root, Dovecot drops to the mail user: here that is nobody.
        if uid == 0:
            nobody = pwd.getpwnam("nobody")
            uid, gid = nobody.pw_uid, nobody.pw_gid
        with open(os.path.join(ROOT, "mailcap", "sieve")) as f:
            place.write("user/script.sieve", f.read(), 0o644)
        os.makedirs(place.path("user/Maildir"))
        conf = place.write("dovecot.conf", "".join("%s = %s\n" % pair for pair
                           in (("mail_location", "maildir:" +
                                place.path("user/Maildir")),
                               ("base_dir", place.path("run")),
                               ("log_path", place.path("user/lda.log")),
                               ("ssl", "no"), ("mail_uid", uid),
                               ("mail_gid", gid), ("first_valid_uid", 0),
                               ("postmaster_address", "postmaster@example.org"),
                               ("hostname", "example.org"),
                               ("default_internal_user", name),
                               ("default_login_user", name),
                               ("stats_writer_socket_path", ""))) +
            "protocol lda {\n mail_plugins = sieve\n}\nplugin {\n"
            " sieve = file:%s\n sieve_plugins = sieve_extprograms\n"
            " sieve_extensions = +vnd.dovecot.pipe\n"
            " sieve_pipe_bin_dir = %s\n}\n" % (
                place.path("user/script.sieve"), place.path("bin")), 0o644)
        os.chmod(place.dir, 0o755)
        for top, dirs, files in os.walk(place.dir):
            for entry in [""] + files:
                os.chown(os.path.join(top, entry), uid, gid)

        def deliver(raw):
            as_user = {"user": uid, "group": gid, "extra_groups": []} \
                if os.getuid() == 0 else {}
            return subprocess.run(
                ["/usr/lib/dovecot/dovecot-lda", "-c", conf, "-f",
                 "ca@ca.example"], input=raw,
                env=dict(place.env, USER=pwd.getpwuid(uid).pw_name),
                cwd=place.dir, capture_output=True, start_new_session=True,
                **as_user)

        got = deliver(challenge(subject="lunch"))
        tap.ok(got.returncode == 0 and sent(box) == [],
               "sieve: ordinary mail is delivered", got)
        got = deliver(challenge())
        log = open(place.path("user/lda.log")).read() if os.path.exists(
            place.path("user/lda.log")) else ""
        tap.ok(got.returncode == 0 and len(sent(box)) == 1,
               "sieve: the challenge is answered", got, log)
        if sent(box):
            tap.equal(check_reply(sent(box)[0]), [],
                      "sieve: section 3.2 holds")
        deliver(challenge())
        tap.ok(len(sent(box)) == 1 and delivered(place) == 3,
               "sieve: once, and all mail is delivered")


run_tests({"procmail": functools.partial(try_agent, procmail),
           "maildrop": functools.partial(try_agent, maildrop),
           "sieve": try_sieve})
tap.done()
