#!/usr/bin/python3
# Runs in: check
"""mailcert mutt-verify: real mutt and neomutt ask it about signatures, and show
who signed; by itself, beside `openssl cms -verify`."""
import base64
import datetime
import email
import functools
import os
import shutil
import subprocess
import sys

TESTS = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path[:0] = [TESTS, os.path.join(TESTS, "ca"), os.path.dirname(__file__)]
import cms
from install import BOB, User, push, start
from lib import BUILD, Place, make_maildir, run_tests, tap

ENTITY = b"Content-Type: text/plain\r\n\r\nHello\r\n"
GOOD, BAD = "Verification successful", "Verification failure"
NOBODY = "Unverified signer: "


def cases(root):
    """Name, signer, opaque, whether it is changed; what is shown, in order."""
    alice = root.issue("alice@example.net")
    stranger = cms.Authority("Somebody Else").issue(BOB)
    old = root.issue(BOB, end=datetime.datetime(2021, 1, 1))
    two = root.issue(None, extension=cms.san(
        (0x81, b"bob@example.net"), (0x81, b"rob@example.net")))
    bob = root.issue(BOB)
    odd = cms.Authority("\x1b[31mRed").issue(BOB)
    return (
        ("good", bob, False, False, GOOD, "Signer: " + BOB),
        ("changed", bob, False, True, BAD, "Because: the signature does not "
         "match the content"),
        ("foreign", alice, False, False, GOOD, "Signer: alice@example.net"),
        ("untrusted", stranger, False, False, BAD, "unable to get local "
         "issuer", NOBODY + BOB),
        ("expired", old, False, False, BAD, "has expired", NOBODY + BOB),
        ("two", two, False, False, GOOD, "Signer: bob@example.net, "
         "rob@example.net"),
        ("opaque", bob, True, False, GOOD, "Signer: " + BOB),
        ("opaque, untrusted", stranger, True, False, BAD, NOBODY + BOB),
        ("odd", odd, False, False, BAD, "Unverified issuer: CN=\\x1b[31mRed"))


def message(subject, signer, opaque, changed):
    raw = cms.openssl_sign(ENTITY, [signer], opaque=opaque)
    if changed:
        raw = raw.replace(b"Hello", b"Hullo")
    return (b"From: Bob <bob@example.net>\nTo: alice@example.org\n"
            b"Subject: %s\nMessage-ID: <%s@example.net>\n" % (
                subject.encode(), subject.replace(", ", ".").encode())
            + raw.replace(b"\r\n", b"\n"))


def shown(program):
    """What the user reads, and the program's own verdict on the last line."""
    with User(key="ec:p256") as user:
        user.certificate()
        user.install("--back-end", "classic", "--yes", program)
        all_of_them = cases(user.town.ca.root)
        shutil.rmtree(user.place.path("in"))
        make_maildir(user.place.path("in"), *[
            message("letter %d" % i, *case[1:4])
            for i, case in enumerate(all_of_them)])
        with start(user, program, "-e", "'set sort=subject'") as terminal:
            terminal.wait("letter 0")
            for i, (name, _, opaque, _, *words) in enumerate(all_of_them):
                name = "%s: %s" % (program, name)
                terminal.keys(str(i + 1), "Enter")
                tap.ok(push(terminal, "Enter", lambda: words[0] in
                            terminal.screen()) and
                       all(word in terminal.screen() for word in words),
                       name, terminal.screen())
                if words[0] == BAD:
                    verdict = "could NOT be verified"
                elif name.endswith("foreign"):
                    verdict = "owner does not match sender"
                else:
                    verdict = "successfully verified"
                tap.ok(terminal.wait(verdict, 5), name + ": " + verdict,
                       terminal.screen())
                tap.ok(("Hullo" if "changed" in name else "Hello") in
                       terminal.screen(), name + ": the text is shown",
                       terminal.screen())
                terminal.keys("q")
                terminal.wait("q:Quit")


def settings():
    """What install writes: short enough for neomutt, and where it has written
    something else before, it replaces that."""
    with User(key="ec:p256") as user:
        user.certificate()
        user.install("--back-end", "classic", "--yes", "neomutt")
        rc = os.path.join(user.place.home, "mail", "neomutt.rc")
        with open(rc) as f:
            now = f.read()
        ours = [line for line in now.splitlines() if "mutt-verify" in line]
        tap.ok([line.split("=")[0] for line in ours] == [
            "set smime_verify_command", "set smime_verify_opaque_command"] and
            all(len(line.split("'")[1]) <= 55 for line in ours),
            "settings: both commands, and short", now)
        # As version 0.1 would have written it.
        with open(rc, "w") as f:
            f.write("".join(line + "\n" for line in now.splitlines()
                            if "mutt-verify" not in line))
        user.install("--back-end", "classic", "--yes", "neomutt")
        with open(rc) as f:
            tap.equal(f.read(), now, "settings: an older form is replaced")
        far = user.place.path("a/path/too/long/for/a/command/of/neomutt")
        os.makedirs(far)
        for name in os.listdir(BUILD):
            if name.startswith("mailcert") and os.path.isfile(
                    os.path.join(BUILD, name)):
                shutil.copy(os.path.join(BUILD, name), far)
        got = user.run("install", "neomutt",
                       program=os.path.join(far, "mailcert"))
        with open(rc) as f:
            now = f.read()
        tap.ok(got.returncode == 0 and b"openssl verifies signatures" in
               got.stdout and "mutt-verify" not in now,
               "settings: a path that is too long", got, now)


def parts(raw):
    """The DER, and what is signed, as mutt takes it out."""
    inner = email.message_from_bytes(raw)
    if not inner.is_multipart():
        return inner.get_payload(decode=True), None
    boundary = b"--" + inner.get_boundary().encode()
    content = raw.split(boundary)[1].split(b"\n", 1)[1].rsplit(b"\n", 1)[0]
    return (inner.get_payload()[1].get_payload(decode=True),
            content.rstrip(b"\r").replace(b"\r\n", b"\n").replace(
                b"\n", b"\r\n"))


def by_itself():
    """The words, the exit status, and nothing else on standard output; openssl
    says the same where it can."""
    root = cms.Authority("Test Root")
    with Place(config="") as place:
        anchors = place.write("roots/root.pem", cms.cert_pem(root.cert))
        for name, signer, opaque, changed, *words in cases(root):
            der, content = parts(message("hello", signer, opaque, changed))
            files = [place.write("der", der)]
            if content is not None:
                files.append(place.write("content", content))
            good = words[0] == GOOD
            got = place.run("-o", "smime_anchors=" + anchors, "mutt-verify",
                            "--CAfile", "", *files)
            said = got.stderr.decode()
            tap.ok(got.returncode == (0 if good else 1) and
                   said.splitlines()[0] == words[0] and
                   all(word in said for word in words) and
                   "\x1b" not in said, "alone: " + name, got)
            tap.equal(got.stdout, ENTITY if opaque else b"",
                      "alone: %s: standard output" % name)
            for option, roots in (("--CAfile", anchors),
                                  ("--CApath", os.path.dirname(anchors))):
                again = place.run("mutt-verify", option, roots, *files)
                tap.equal((again.returncode, again.stderr),
                          (got.returncode, got.stderr),
                          "alone: %s: mutt's own roots count" % name)
            theirs = subprocess.run(
                ["openssl", "cms", "-verify", "-inform", "DER", "-in",
                 files[0], "-CAfile", anchors, "-out", "/dev/null",
                 *(["-content", files[1]] if files[1:] else [])],
                capture_output=True)
            tap.equal(theirs.returncode == 0, good,
                      "alone: %s: openssl agrees" % name)


def refused():
    """What is not a signature, or not one that can be checked."""
    root = cms.Authority("Test Root")
    der, content = parts(message("hello", root.issue(BOB), False, False))
    with Place(config="") as place:
        anchors = place.write("root.pem", cms.cert_pem(root.cert))
        one, text = place.write("der", der), place.write("content", content)
        whole = place.write("whole", cms.openssl_sign(
            ENTITY, [root.issue(BOB)], opaque=True,
            args=["-outform", "DER"]))
        unnamed = place.write("unnamed", parts(message("hello", root.issue(
            None), True, False))[0])
        for name, args, want in (
                ("not CMS", [text], "not a CMS object"),
                ("cut", [place.write("cut", der[:-20]), text], "CMS object"),
                ("no content", [one], "not the signed content"),
                ("content twice", [whole, text], "must not hold content"),
                ("no address", [unnamed], "does not name a mail address"),
                ("a NUL", [one, place.write("nul", content + b"\0")], "NUL")):
            got = place.run("mutt-verify", "--CAfile", anchors, *args)
            said = got.stderr.decode().splitlines()
            tap.ok(got.returncode == 1 and said[0] == BAD and want in said[1],
                   "refused: " + name, got)
        for name, args, code in (
                ("no such file", ["--CAfile", anchors, "nowhere"], 74),
                ("no such roots", ["--CAfile", "nowhere", one, text], 78),
                ("no file", [], 64)):
            got = place.run("mutt-verify", *args)
            tap.ok(got.returncode == code and GOOD.encode() not in got.stderr,
                   "refused: " + name, got)


tests = {"mutt": functools.partial(shown, "mutt"),
         "neomutt": functools.partial(shown, "neomutt"),
         "settings": settings, "by_itself": by_itself, "refused": refused}
if __name__ == "__main__":
    run_tests(tests, 2)
    tap.done()
