#!/usr/bin/python3
# Runs in: check check-ages
"""The recipes of mailcap/recipes.md in the real programs: each command line in
a block of the page is run here as it stands."""
import functools
import os
import re
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from lib import (ROOT, Place, challenge, check_reply, fake_sendmail,
                 make_maildir, make_mbox, run_tests, sent, tap)

OTHER = (b"From: friend@example.net\nTo: alice@example.org\nSubject: lunch\n"
         b"Message-ID: <lunch@example.net>\n"
         b"Date: Sat, 21 Nov 2026 10:00:00 +0000\n\nShall we?\n")


def recipe(name):
    """The block of code under the heading of that name."""
    with open(os.path.join(ROOT, "mailcap/recipes.md")) as f:
        text = f.read()
    section = text.split("\n## %s\n" % name, 1)[1].split("\n## ")[0]
    return re.search(r"```\w*\n(.*?)```", section, re.S).group(1)


def run(place, script, **env):
    return subprocess.run(["sh", "-eu", "-c", script], cwd=place.user,
                          env=dict(place.env, **env), capture_output=True,
                          stdin=subprocess.DEVNULL, timeout=30,
                          start_new_session=True)


def check(name, prepare):
    with Place() as place:
        send, box = fake_sendmail(place)
        with open(place.path("user/.config/mailcert/config"), "a") as f:
            f.write("set sendmail = %s\n" % send)
        order = place.expect("--expires", "24h")
        env = prepare(place, send) or {}
        # Unattended here: the question is tests/flow/commands.py's.
        script = recipe(name).replace("mailcert handle",
                                      "mailcert handle --auto-approve")
        got = run(place, script, **env)
        mails = sent(box)
        if tap.ok(got.returncode == 0 and len(mails) == 1,
                  name + ": answered", script, got):
            tap.equal(check_reply(mails[0]), [], name + ": section 3.2 holds")
        tap.ok(place.order(order)["state"] in ("sent", "drafted"),
               name + ": recorded", place.order(order))


def s_nail(place, send):
    make_mbox(place.path("user/inbox"), OTHER, challenge())
    place.write("user/.mailrc", "set mta=%s v15-compat\nset folder=%s\n"
                "set from=alice@example.org\n" % (send, place.user))
    return {"MAILRC": place.path("user/.mailrc")}


def mblaze(place, send):
    make_maildir(place.path("user/Maildir"), OTHER, challenge())
    run(place, "mlist Maildir | sort | mseq -S; mseq -C 2", MBLAZE=place.user)
    return {"MBLAZE": place.user}


def nmh(place, send):
    mail = place.path("user/Mail")
    os.makedirs(mail + "/inbox")
    for i, raw in enumerate((OTHER, challenge())):
        with open("%s/inbox/%d" % (mail, i + 1), "wb") as f:
            f.write(raw)
    place.write("user/.mh_profile", "Path: Mail\n")
    place.write("user/Mail/context", "Current-Folder: inbox\n")
    place.write("user/Mail/inbox/.mh_sequences", "cur: 2\n")
    return {"PATH": place.env["PATH"] + ":/usr/lib/mh:/usr/bin/mh"}


def notmuch(place, send):
    make_maildir(place.path("user/mail/in"), OTHER)
    place.write("user/mail/in/new/9.unread", challenge())
    place.write("user/.notmuch-config", "[database]\npath=%s\n[user]\n"
                "name=Alice\nprimary_email=alice@example.org\n"
                "[new]\ntags=new;unread\n" % place.path("user/mail"))
    got = run(place, "notmuch new")
    assert got.returncode == 0, got.stderr


run_tests({name: functools.partial(check, name, prepare) for name, prepare in (
    ("s-nail", s_nail), ("mblaze", mblaze), ("nmh", nmh),
    ("notmuch", notmuch))})
tap.done()
