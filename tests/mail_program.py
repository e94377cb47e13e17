"""Real mutt and real neomutt, in a real terminal: docs/hacking.md, "flow".

Every way in (mailcap alone, macro), every place of the macro, every store
(Maildir, mbox, IMAP by Dovecot), with settings on that would spoil a reply.
"""
import functools
import os
import pwd
import subprocess
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from dnsserver import Dns
from lib import (CA, PART1, QUESTION, ROOT, Place, Terminal, challenge,
                 check_reply, fake_sendmail, make_maildir, make_mbox,
                 read_then_yes, run_tests, sample_kinds, sent, tap, with_part)
from signer import RSA_RECORD, sign

HOSTILE = """
set from="bob@elsewhere.example" realname="Bob Elsewhere" use_from=yes
set signature="%(dir)s/signature" text_flowed=yes edit_headers=yes autoedit=yes
set crypt_autosign=yes crypt_replysign=yes postponed="%(dir)s/post poned"
set record="%(dir)s/fcc" copy=yes abort_nosubject=no
set tmpdir="%(dir)s/scratch"
my_hdr X-Advert: buy
my_hdr From: Eve <eve@evil.example>
my_hdr Reply-To: eve@evil.example
send-hook . 'set signature="%(dir)s/signature"'
"""

OTHER = b"""From: friend@example.net
To: alice@example.org
Subject: lunch
Message-ID: <lunch@example.net>
Date: Sat, 21 Nov 2026 10:00:00 +0000

Shall we?
"""

STORES = ("maildir", "mbox", "imap")
NOBODY = "set authenticate = none\n"
WEED = "ignore *\nunignore from to subject date\n"


def dovecot_tunnel(place, message):
    """Dovecot's imap(8) on a pipe: the whole server, no port, no daemon."""
    box = make_maildir(place.path("imapmail"), OTHER, message)
    uid, gid = os.getuid(), os.getgid()
    if uid == 0:  # it will not serve root's mail: nobody's
        nobody = pwd.getpwnam("nobody")
        uid, gid = nobody.pw_uid, nobody.pw_gid
        os.chmod(place.dir, 0o711)
        for top, _, names in os.walk(box):
            for name in [""] + names:
                os.chown(os.path.join(top, name), uid, gid)
    os.makedirs(place.path("dovecot"))
    name = pwd.getpwuid(os.getuid()).pw_name
    conf = place.write("dovecot.conf", "".join("%s = %s\n" % pair for pair in (
        ("mail_location", "maildir:" + box), ("base_dir", place.path("dovecot")),
        ("state_dir", place.path("dovecot")), ("log_path", box + "/log"),
        ("ssl", "no"), ("mail_uid", uid), ("mail_gid", gid),
        ("first_valid_uid", 0), ("default_internal_user", name),
        ("default_login_user", name), ("stats_writer_socket_path", ""))),
        0o644)
    return "env USER=alice HOME=%s /usr/lib/dovecot/imap -c %s" % (box, conf)


def prepare(place, store, message, mailcap=False, macro=False, tail=""):
    """Write a muttrc, and a folder of two messages, one the challenge."""
    send, box = fake_sendmail(place)
    place.write("signature", "-- \nBuy now!\n")
    os.makedirs(place.path("scratch"))
    rc = HOSTILE % {"dir": place.dir} + 'set sendmail="%s"\n' % send
    rc += "set sort=mailbox-order mailcap_path=%s\n" % (
        place.path("user/.mailcap"))
    rc += "set crypt_use_gpgme=no\n"
    if store == "maildir":
        rc += 'set spoolfile="%s"\n' % make_maildir(place.path("in"), OTHER,
                                                    message)
    elif store == "mbox":
        rc += 'set spoolfile="%s"\n' % make_mbox(place.path("in"), OTHER,
                                                 message)
    else:
        rc += 'set tunnel="%s"\n' % dovecot_tunnel(place, message)
        rc += 'set spoolfile="imap://alice@localhost/INBOX"\n'
        rc += "set imap_user=alice ssl_starttls=no\n"
    if macro:
        rc += 'source "%s/mailcap/mutt.rc"\n' % ROOT
    if mailcap:
        got = place.run("install", "mailcap")
        assert got.returncode == 0, got.stderr
    place.write("muttrc", rc + tail)
    return box


def select(terminal, text):
    """Put the cursor on the message of that Subject: its line is reverse.
    Of two messages it is the last or the first; which, a Maildir leaves to
    the inodes."""
    end = time.monotonic() + 20
    while time.monotonic() < end:
        for key in ("*", "="):
            terminal.keys(key)
            time.sleep(0.3)
            if any(b"\x1b[7m " in line and text.encode() in line
                   for line in terminal.raw().split(b"\n")):
                return


def start(place, mua, on="ACME"):
    terminal = Terminal(place, "%s -n -F %s" % (mua, place.path("muttrc")))
    terminal.wait("ACME")
    select(terminal, on)
    return terminal


def approve_and_send(terminal, name):
    if not tap.ok(terminal.wait(QUESTION), name + ": the question is asked",
                  terminal.screen()):
        return False
    read_then_yes(terminal)
    if not tap.ok(terminal.wait("y:Send"), name + ": compose menu",
                  terminal.screen()):
        return False
    time.sleep(0.3)
    terminal.keys("y")
    return True


def wait_sent(box, terminal, seconds=60):
    """The mail program throws typed keys away now and then (it flushes its
    input after errors and programs): where the compose menu still stands
    after a while, press y again."""
    start = pressed = time.monotonic()
    while time.monotonic() < start + seconds and not sent(box):
        time.sleep(0.05)
        if time.monotonic() > pressed + 4 and "y:Send" in terminal.screen():
            terminal.keys("y")
            pressed = time.monotonic()
    return sent(box)


def check_sent(place, box, terminal, order, name, states):
    mails = wait_sent(box, terminal)
    if not tap.ok(len(mails) == 1, name + ": one mail is sent",
                  len(mails), terminal.screen()):
        return
    tap.equal(check_reply(mails[0]), [], name + ": section 3.2 holds")
    tap.ok(b"X-Advert" not in mails[0] and b"Buy now" not in mails[0] and
           b"evil.example" not in mails[0],
           name + ": no my_hdr, no signature", mails[0].decode())
    end = time.monotonic() + 5
    while time.monotonic() < end and \
            place.order(order)["state"] not in states:
        time.sleep(0.05)
    tap.ok(place.order(order)["state"] in states, name + ": order state",
           place.order(order)["state"])


def signed_challenge(**more):
    """One whose signature the pager's copy of it cannot have: mutt and neomutt
    decode the header there."""
    raw = challenge(sender="=?utf-8?q?ACME_=C3=A4_CA?= <%s>" % CA, **more)
    return sign(raw.replace(b"\n", b"\r\n")).replace(b"\r\n", b"\n")


def by_mailcap(mua, store, type_, where="index", tail=""):
    name = "%s, mailcap, %s, %s, %s%s" % (mua, store, type_, where,
                                          tail and ", weeded")
    if not tap.wanted(name):
        return
    dns = Dns({"sel._domainkey.ca.example": RSA_RECORD})
    message = with_part(type_)
    if type_ == "text/plain":
        message = signed_challenge()
    with Place(config="set resolver = %s\n" % dns.resolver
               if type_ == "text/plain" else NOBODY) as place:
        order = place.expect("--expires", "24h")
        box = prepare(place, store, message, mailcap=True, tail=tail)
        with start(place, mua) as terminal:
            if where == "pager":
                terminal.press("Enter", "This is a")
            terminal.press("v", "text/plain")
            # Enter shows text in mutt itself; m always asks mailcap.  The
            # last part is the one.
            terminal.press(("*", "m" if type_.startswith("text/")
                            else "Enter"), QUESTION)
            if approve_and_send(terminal, name):
                check_sent(place, box, terminal, order, name, ("sent",))
            left = [f for f in place.files() if "/drafts/" in f]
            tap.equal(left, [], name + ": no draft file is left")


def which_is_read(mua):
    """Two messages of one mbox hold the same text; the pager shows one."""
    name = mua + ", two alike"
    if not tap.wanted(name):
        return
    other = "ACME: " + PART1[::-1].strip("=")
    with Place() as place:
        order = place.expect("--expires", "24h")
        box = prepare(place, "mbox", challenge(), mailcap=True)
        make_mbox(place.path("in"), challenge(
            subject=other, msgid="<other@ca.example>"), challenge())
        with start(place, mua, on=PART1[:20]) as terminal:
            terminal.press("v", "text/plain")
            tap.ok(terminal.press("m", "2 messages contain this part"),
                   name + ": from the index nobody can tell",
                   terminal.screen())
        with start(place, mua, on=PART1[:20]) as terminal:
            terminal.press("Enter", "This is an ACME challenge")
            terminal.press("v", "text/plain")
            terminal.press("m", QUESTION)
            # check_reply looks at the token.
            if approve_and_send(terminal, name):
                check_sent(place, box, terminal, order, name, ("sent",))


def by_macro(mua, store, where):
    name = "%s, macro, %s, %s" % (mua, store, where)
    if not tap.wanted(name):
        return
    with Place() as place:
        order = place.expect("--expires", "24h")
        box = prepare(place, store, challenge(), macro=True)
        with start(place, mua) as terminal:
            if where == "pager":
                terminal.press("Enter", "This is an ACME challenge")
            elif where == "attach":
                terminal.press("v", "text/plain")
            elif where == "attach from pager":
                terminal.press("Enter", "This is an ACME challenge")
                terminal.press("v", "text/plain")
            terminal.press(("Escape", "a"), QUESTION)
            if approve_and_send(terminal, name):
                check_sent(place, box, terminal, order, name, ("drafted",))
            if where == "index":
                check_restored(terminal, name)


def check_restored(terminal, name):
    """The user's own settings are back."""
    time.sleep(0.3)
    for variable, wants in (
            ("autoedit", ("autoedit is set", 'auto_edit="yes"')),
            ("edit_headers", ("edit_headers is set", 'edit_headers="yes"')),
            ("pipe_decode", ("pipe_decode is unset", 'pipe_decode="no"')),
            ("wait_key", ("wait_key is set", 'wait_key="yes"')),
            ("postponed", ("post poned",))):
        terminal.keys(":set ?%s" % variable, "Enter")
        end = time.monotonic() + 3
        while time.monotonic() < end and not any(
                want in terminal.screen() for want in wants):
            time.sleep(0.05)
        tap.ok(any(want in terminal.screen() for want in wants),
               "%s: %s is restored" % (name, variable), terminal.screen())


def hostile_names(mua):
    """A part named and typed to break out of the mailcap line."""
    name = mua + ", hostile part name"
    if not tap.wanted(name):
        return
    bad = "$(touch PWNED);`touch PWNED`;'touch PWNED'|touch PWNED %s -rf"
    with Place() as place:
        place.expect("--expires", "24h")
        box = prepare(place, "maildir", with_part(
            'application/acme; name="%s"; charset="x;$(touch PWNED)"' % bad,
            extra=""), mailcap=True)
        with start(place, mua) as terminal:
            terminal.press("v", "text/plain")
            tap.ok(terminal.press(("*", "Enter"), QUESTION),
                   name + ": asked as ever",
                   terminal.screen())
            terminal.keys("n")
            terminal.gone(QUESTION)
        tap.equal([f for f in place.files() if f.endswith("PWNED")], [],
                  name + ": nothing of it ran")
        tap.equal(sent(box), [], name + ": no mail")


def declining(mua):
    name = mua + ", declining"
    if not tap.wanted(name):
        return
    with Place() as place:
        place.expect("--expires", "24h")
        box = prepare(place, "maildir", challenge(), mailcap=True, macro=True)
        before, files = place.orders_bytes(), place.files()
        with start(place, mua) as terminal:
            for way in ("n", "q", "Enter", "C-c"):
                tap.ok(terminal.press(("Escape", "a"), QUESTION),
                       "%s: asked (%s)" % (name, way),
                       terminal.screen())
                terminal.keys(way)
                tap.ok(terminal.gone(QUESTION) and terminal.wait("lunch"),
                       "%s: %s leads back at once" % (name, way),
                       terminal.screen())
                time.sleep(0.3)
                tap.ok("Press any key" not in terminal.screen() and
                       "y:Send" not in terminal.screen(),
                       "%s: %s asks for no key" % (name, way),
                       terminal.screen())
        tap.equal(place.orders_bytes(), before, name + ": orders untouched")
        theirs = ("in/", "run", "scratch/")
        tap.equal([f for f in place.files() if not f.startswith(theirs)],
                  [f for f in files if not f.startswith(theirs)],
                  name + ": no file is left")
        tap.equal(sent(box), [], name + ": no mail")


def old_draft(mua):
    """A reply that was approved and dropped must not come up again when the
    next question is answered with No."""
    name = mua + ", dropped reply"
    if not tap.wanted(name):
        return
    with Place() as place:
        place.expect("--expires", "24h")
        box = prepare(place, "maildir", challenge(), macro=True)
        with start(place, mua) as terminal:
            terminal.press(("Escape", "a"), QUESTION)
            read_then_yes(terminal)
            terminal.wait("y:Send")
            time.sleep(0.3)
            terminal.press("q", "ostpone")
            terminal.press("n", "lunch")
            time.sleep(0.3)
            tap.ok(terminal.press(("Escape", "a"), "may already have been sent"),
                   name + ": the second time warns", terminal.screen())
            terminal.keys("n")
            terminal.wait("lunch")
            time.sleep(0.5)
            tap.ok("y:Send" not in terminal.screen(),
                   name + ": No opens nothing", terminal.screen())
            terminal.press(("Escape", "a"), QUESTION)
            read_then_yes(terminal)
            tap.ok(terminal.wait("Answer anyway?"),
                   name + ": a warning asks twice", terminal.screen())
            read_then_yes(terminal)
            tap.ok(terminal.wait("y:Send"), name + ": two yes open it again",
                   terminal.screen())
        tap.equal(sent(box), [], name + ": nothing was sent")


def typed_ahead(mua):
    name = mua + ", typed ahead"
    if not tap.wanted(name):
        return
    with Place() as place:
        place.expect("--expires", "24h")
        box = prepare(place, "maildir", challenge(), macro=True)
        before = place.orders_bytes()
        with start(place, mua) as terminal:
            # All in one write, so that the y is there before the screen.
            subprocess.run(["tmux", "-L", terminal.socket, "send-keys",
                            "Escape", "a", "y", "y", "y"])
            tap.ok(terminal.wait(QUESTION) or terminal.wait("Too soon"),
                   name + ": the question still stands", terminal.screen())
            time.sleep(0.5)
            tap.ok("y:Send" not in terminal.screen(),
                   name + ": nothing was approved", terminal.screen())
            terminal.keys("n")
            terminal.wait("lunch")
        tap.equal(place.orders_bytes(), before, name + ": orders untouched")
        tap.equal(sent(box), [], name + ": no mail")


def resize_and_stop(mua):
    name = mua + ", resize and ^Z"
    if not tap.wanted(name):
        return
    with Place() as place:
        order = place.expect("--expires", "24h")
        box = prepare(place, "maildir", challenge(), macro=True)
        script = "export HISTFILE=/dev/null; exec bash --norc -i"
        with Terminal(place, script) as terminal:
            terminal.keys("%s -n -F %s" % (mua, place.path("muttrc")), "Enter")
            terminal.wait("ACME")
            select(terminal, "ACME")
            terminal.press(("Escape", "a"), QUESTION)
            for columns, rows in ((40, 10), (120, 40), (80, 24)):
                terminal.resize(columns, rows)
                time.sleep(0.3)
                screen = terminal.screen()
                tap.ok("[ No ]" in screen and "alice@example.org" in screen and
                       screen.startswith("Answer this challenge?"),
                       "%s: %dx%d" % (name, columns, rows), screen)
            terminal.keys("C-z")
            tap.ok(terminal.wait("Stopped"), name + ": ^Z stops",
                   terminal.screen())
            terminal.keys("fg", "Enter")
            tap.ok(terminal.wait(QUESTION), name + ": fg paints it again",
                   terminal.screen())
            read_then_yes(terminal)
            tap.ok(terminal.wait("y:Send"), name + ": and y still works",
                   terminal.screen())
            terminal.keys("y")
            check_sent(place, box, terminal, order, name, ("drafted",))


def auto_view(mua):
    name = mua + ", auto_view"
    if not tap.wanted(name):
        return
    with Place() as place:
        place.expect("--expires", "24h")
        box = prepare(place, "maildir", with_part(), mailcap=True,
                      tail="auto_view application/acme\nignore *\n")
        before = place.orders_bytes()
        with start(place, mua) as terminal:
            tap.ok(terminal.press("Enter", "Expected   yes, as challenge"),
                   name + ": the summary is shown", terminal.screen())
        tap.equal(place.orders_bytes(), before, name + ": nothing changed")
        tap.equal(sent(box), [], name + ": no mail")


def other_text(mua, store):
    """text/plain that is no challenge is read as ever, also in an mbox where
    test= cannot tell and our entry takes it."""
    name = "%s, other text, %s" % (mua, store)
    if not tap.wanted(name):
        return
    with Place() as place:
        place.expect("--expires", "24h")
        prepare(place, store, challenge(), mailcap=True)
        before = place.orders_bytes()
        with start(place, mua, on="lunch") as terminal:
            terminal.press("v", "text/plain")
            # Elsewhere test= says no, and mailcap has nothing for it.
            tap.ok(terminal.press("m" if store == "mbox" else "Enter",
                                  "Shall we?"), name + ": it is shown",
                   terminal.screen())
            tap.ok("refused" not in terminal.screen(), name + ": quietly")
            terminal.keys("q")
        tap.equal(place.orders_bytes(), before, name + ": nothing changed")


def refused(mua):
    """What is refused says so and stays readable."""
    name = mua + ", refused"
    if not tap.wanted(name):
        return
    with Place() as place:
        place.expect("--expires", "24h")
        box = prepare(place, "maildir", challenge(auto="no"), macro=True,
                      mailcap=True)
        with start(place, mua) as terminal:
            tap.ok(terminal.press(("Escape", "a"),
                                  "refused: not-auto-generated") and
                   terminal.wait("Press any key"),
                   name + ": the reason is held on the screen",
                   terminal.screen())
            terminal.keys("Space")
            tap.ok(terminal.wait("lunch"), name + ": and back",
                   terminal.screen())
        tap.equal(sent(box), [], name + ": no mail")
    with Place() as place:
        box = prepare(place, "maildir", challenge(), macro=True)
        with start(place, mua) as terminal:
            tap.ok(terminal.press(("Escape", "a"), "[ Close ]") and
                   "(unexpected)" in terminal.screen(),
                   name + ": the reason stands on a page", terminal.screen())
            time.sleep(0.3)
            terminal.keys("y")  # there is nothing to say yes to
            tap.ok(terminal.press("q", "lunch") and
                   "Press any key" not in terminal.screen(),
                   name + ": and back at once", terminal.screen())
        tap.equal(sent(box), [], name + ": no mail for what nobody expects")


def main(mua):
    jobs = [(by_mailcap, store, type_) for store in STORES
            for type_ in ("application/acme", "text/plain")]
    jobs += [(by_macro, store, "index") for store in STORES]
    jobs += [(by_mailcap, "maildir", "text/acme"),
             (by_macro, "maildir", "pager"), (by_macro, "mbox", "attach"),
             (by_macro, "imap", "pager"),
             (by_macro, "maildir", "attach from pager")]
    jobs += [(by_mailcap, store, "text/plain", "pager") for store in STORES]
    jobs += [(by_mailcap, "imap", "text/plain", "pager", WEED),
             (by_mailcap, "maildir", "application/acme", "pager")]
    jobs += [(other_text, store) for store in STORES]
    jobs += [(test,) for test in (which_is_read, declining, resize_and_stop, old_draft,
                                  typed_ahead, hostile_names, auto_view,
                                  refused)]
    # Every test, not in every store.
    if not tap.only:
        jobs = sample_kinds(jobs, lambda job: job[0], 14)
    run_tests({" ".join([test.__name__, *more]):
               functools.partial(test, mua, *more) for test, *more in jobs}, 4)
    tap.done()
