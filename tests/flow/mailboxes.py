#!/usr/bin/python3
# Runs in: check check-slow
"""mailcert verify on mailboxes: Maildir, mbox, IMAP and JMAP, with filters,
the cache, and hostile text."""
import itertools
import json
import os
import shutil
import stat
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
import cms
from lib import (BUILD, MAILCERT, SLOW, Place, make_maildir, make_mbox,
                 run_tests, tap, tests_of)
from servers.cyrus import Cyrus
from servers.dovecot import Dovecot
from servers.jmap import Jmap

CA = "ca@ca.example"
STATUS = {"signed/verified", "signed/failed", "unknown", "none"}


class Post:
    """A root, who it vouches for, and messages of theirs."""

    def __init__(self, place):
        self.place = place
        self.root = cms.Authority("Mailboxes")
        self.signer = self.root.issue(CA)
        self.anchors = place.write("root.pem", cms.cert_pem(self.root.cert))
        self.good = self.message(1)
        self.bad = self.message(2).replace(b"body 2", b"body X")
        self.plain = self.head(3) + b"\nnothing\n"
        self.mixed = self.head(4) + (
            b"Content-Type: multipart/mixed; boundary=b\n\n--b\n\nx\n--b--\n")
        self.pgp = self.head(5) + (
            b"Content-Type: multipart/signed; boundary=b; "
            b"protocol=\"application/pgp-signature\"\n\n--b\n\nx\n--b\n"
            b"Content-Type: application/pgp-signature\n\nx\n--b--\n")
        self.all = [self.good, self.bad, self.plain, self.mixed, self.pgp]
        self.want = ["signed/verified", "signed/failed", "none", "none",
                     "unknown"]

    def head(self, number, sender=CA):
        return (b"From: %s\nDate: Sun, 22 Nov 2026 04:13:%02d +0100\n"
                b"Message-ID: <m%d@ca.example>\n" % (
                    sender.encode(), number % 60, number))

    def message(self, number, sender=CA):
        made = cms.openssl_sign(
            b"Content-Type: text/plain\n\nbody %d\n" % number, [self.signer])
        return self.head(number, sender) + made.replace(b"\r\n", b"\n")

    def run(self, *args, settings=(), **more):
        extra = [x for s in settings for x in ("-o", s)]
        return self.place.run("-o", "smime_anchors=" + self.anchors, *extra,
                              "verify", *args, **more)

    def lines(self, *args, **more):
        got = self.run(*args, **more)
        return [line.split("\t") for line in
                got.stdout.decode().splitlines()], got

    def objects(self, *args, **more):
        got = self.run("--json", *args, **more)
        return [json.loads(line) for line in
                got.stdout.decode().splitlines()], got


def statuses(lines):
    return sorted(line[0] for line in lines)


def test_kinds():
    """Every kind of mailbox, named in every way."""
    with Place(config="") as place:
        post = Post(place)
        maildir = make_maildir(place.path("m"), *post.all)
        mbox = make_mbox(place.path("box"), *post.all)
        mmdf = place.write("mmdf", b"".join(
            b"\1\1\1\1\n" + m + b"\1\1\1\1\n" for m in post.all))
        files = [place.write("f%d" % i, m) for i, m in enumerate(post.all)]
        for what, args in (
                ("a Maildir", [maildir]), ("maildir:", ["maildir:" + maildir]),
                ("an mbox", [mbox]), ("mbox:", ["mbox:" + mbox]),
                ("MMDF", [mmdf]), ("files", files),
                ("Maildirs below", ["maildir:%s/**" % place.dir])):
            lines, got = post.lines(*args)
            tap.ok(statuses(lines) == sorted(post.want) and
                   got.returncode == 1 and got.stderr == b"", what, got)
            tap.ok(all(len(line) == 5 and line[2] == CA for line in lines) and
                   sorted((line[1], line[3]) for line in lines) == [
                       ("2026-11-22T03:13:0%dZ" % n, "<m%d@ca.example>" % n)
                       for n in range(1, 6)], what + ": columns", got)
            objects, _ = post.objects(*args)
            tap.equal([o["smimeStatus"] or "none" for o in objects],
                      [line[0] for line in lines], what + ": JSON, in order")
            tap.equal([o["where"] for o in objects],
                      [line[4] for line in lines], what + ": where")
        lines, got = post.lines(maildir, mbox, files[0])
        tap.equal(len(lines), 11, "several at once")
        tap.equal([line[0] for line in lines[5:]], post.want + [
            "signed/verified"], "an mbox keeps its order")
        paths = {line[4] for line in post.lines(maildir)[0]}
        tap.ok(paths == {os.path.join(maildir, "cur", name) for name in
                         os.listdir(maildir + "/cur")}, "paths of a Maildir",
               paths)
        lines, got = post.lines(make_mbox(place.path("two"), post.good,
                                          post.good))
        tap.ok(len(lines) == 2 and got.returncode == 0,
               "a message that is there twice is listed twice", got)
        for what, args, code in (
                ("an empty Maildir", [make_maildir(place.path("none"))], 0),
                ("a directory that is not one", [place.dir], 1),
                ("no mbox", ["mbox:" + place.path("nowhere")], 1),
                ("not a mailbox", ["imap:nonsense"], 64)):
            got = post.run(*args)
            tap.ok(got.stdout == b"" and got.returncode == code and
                   (got.stderr != b"") == (code != 0), what, got)
        for locale, want in (("C.UTF-8", "gr\u00fcn"), ("C", "gr<U+00FC>n")):
            path = make_maildir(place.path("gr\u00fcn"), post.good)
            got = post.run(path, env=dict(place.env, LC_ALL=locale))
            line = got.stdout.decode().rstrip("\n").split("\t")
            tap.ok(want in line[4] and len(line) == 5,
                   "a path beyond ASCII, " + locale, got)
        lines, got = post.lines(place.path("nowhere"), maildir)
        tap.ok(len(lines) == 5 and got.returncode not in (0, 1) and
               b"nowhere" in got.stderr, "one that is missing hides no other",
               got)
        lines, got = post.lines(maildir, settings=["max_message=65536"])
        tap.equal(len(lines), 5, "max_message: all fit")
        make_maildir(place.path("large"), post.good,
                     post.head(9) + b"\n" + b"x" * 70000)
        lines, got = post.lines(place.path("large"),
                                settings=["max_message=65536"])
        tap.ok(len(lines) == 1 and got.returncode == 1 and
               b"larger than max_message" in got.stderr,
               "what is too large is said, not left out in silence", got)
        if os.getuid() != 0:
            os.chmod(maildir + "/cur/" + os.listdir(maildir + "/cur")[0], 0)
            got = post.run(maildir)
            tap.ok(b"Permission denied" in got.stderr, "unreadable", got)


def test_filters():
    """RFC 9219 section 4.2, beside what it says of each status."""
    conditions = {
        "has-smime": lambda o: o["smimeStatus"] is not None,
        "has-verified-smime": lambda o: o["smimeStatus"] in (
            "signed/verified", "encrypted+signed/verified"),
        "has-verified-smime-at-delivery": lambda o: o[
            "smimeStatusAtDelivery"] == "signed/verified"}
    with Place(config="") as place:
        post = Post(place)
        # Good when it came, and expired since.
        old = post.root.issue(CA, end=cms.datetime.datetime(2021, 1, 1))
        made = cms.openssl_sign(b"Content-Type: text/plain\n\nold\n", [old])
        expired = (b"Received: from x by y; Mon, 1 Jun 2020 00:00:00 +0000\n" +
                   post.head(6) + made.replace(b"\r\n", b"\n"))
        box = make_mbox(place.path("box"), *post.all, expired)
        os.mkdir(place.home, 0o700)
        everything, _ = post.objects(box)
        tap.equal(len({(o["smimeStatus"], o["smimeStatusAtDelivery"])
                       for o in everything}), 5, "five kinds of messages")
        for number in (1, 2):
            for names in itertools.combinations(conditions, number):
                for signs in itertools.product((True, False), repeat=number):
                    args = ["--%s%s" % ("" if yes else "no-", name)
                            for name, yes in zip(names, signs)]
                    got, _ = post.objects(*args, box)
                    want = [o for o in everything if all(
                        conditions[name](o) == yes
                        for name, yes in zip(names, signs))]
                    tap.equal(got, want, " ".join(args))
        for name in conditions:
            got = post.run("--" + name, "--no-" + name, box)
            tap.ok(got.returncode == 64 and got.stdout == b"",
                   "--%s and its negation" % name, got)
        got = post.run("--has-verified-smime", box)
        tap.equal(got.returncode, 0, "what a filter drops does not count")
        lines, got = post.lines("--has-smime", stdin=post.good)
        tap.ok([line[0] for line in lines] == ["signed/verified"] and
               lines[0][4] == "-", "a filter on standard input", got)


def test_hostile():
    """One line each, and nothing that a terminal obeys."""
    with Place(config="") as place:
        post = Post(place)
        odd = (b"From: \"\x1b[31m\" <a@b.example>\nMessage-ID: <\x1b]0;x\x07"
               b"\t\n x\xe2\x80\xaey>\nDate: \x1b\n\n\x1b\n")
        worse = (b"From: a@b.example\rFrom: c@d.example\nMessage-ID:\n\n")
        files = [odd, worse, b"", b"\0" * 5000, b"\n" * 100,
                 b"Message-ID: " + b"<" + b"x" * 100000 + b">\n\n"]
        maildir = make_maildir(place.path("m"), *files)
        name = maildir + "/cur/1\t\x1b[2J\n.eml"
        with open(name, "wb") as f:
            f.write(post.good)
        lines, got = post.lines(maildir)
        tap.ok(len(lines) == len(files) + 1 and
               all(len(line) == 5 and line[0] in STATUS for line in lines),
               "one line each", got)
        tap.ok(not any(c < 32 and c not in (9, 10) or c == 127
                       for c in got.stdout) and
               "\u202e" not in got.stdout.decode(), "no controls", got)
        objects, got = post.objects(maildir)
        tap.ok(len(objects) == len(files) + 1 and b"\x1b" not in got.stdout,
               "JSON", got)
        got = place.run("-c", "exec %s verify %s >/dev/full" % (MAILCERT,
                                                              maildir),
                        program="sh")
        tap.ok(got.returncode == 74 and got.stderr == b"mailcert: standard "
               b"output: No space left on device\n", "a full disk", got)


def test_cache():
    """24 hours, the same anchors, and what was good once."""
    with Place(config="") as place:
        post = Post(place)
        os.mkdir(place.home, 0o700)
        maildir = make_maildir(place.path("m"), *post.all)

        def at(*args):
            objects, _ = post.objects(*args, maildir)
            return {o["messageId"]: o for o in objects}

        first = at()
        time.sleep(1.1)
        tap.equal(at(), first, "the second run is from the cache")
        fresh = at("--fresh")
        tap.ok(all(fresh[i]["smimeVerifiedAt"] > first[i]["smimeVerifiedAt"]
                   for i in first if first[i]["smimeVerifiedAt"]), "--fresh",
               first, fresh)
        other = cms.Authority("Other")
        with open(post.anchors, "wb") as f:
            f.write(cms.cert_pem(other.cert))
        gone = at()["<m1@ca.example>"]
        tap.ok(gone["smimeStatus"] == "signed/failed" and
               gone["smimeStatusAtDelivery"] == "signed/verified",
               "anchors: another one in the same file", gone)
        folder = place.path("anchors")
        place.write("anchors/other.pem", cms.cert_pem(other.cert))
        post.anchors = folder
        tap.equal(at()["<m1@ca.example>"]["smimeStatus"], "signed/failed",
                  "anchors: a directory")
        place.write("anchors/root.pem", cms.cert_pem(post.root.cert))
        tap.equal(at()["<m1@ca.example>"]["smimeStatus"], "signed/verified",
                  "anchors: one more in the directory")
        crl = place.write("crl.pem", post.root.crl())
        more = ["smime_crls=" + crl]
        objects, _ = post.objects(maildir, settings=more)
        tap.equal(objects[0]["smimeStatus"] is not None, True, "with a list")
        with open(crl, "wb") as f:
            f.write(post.root.crl((post.signer[1],
                                   cms.datetime.datetime(2026, 1, 2))))
        got = {o["messageId"]: o for o in post.objects(
            maildir, settings=more)[0]}["<m1@ca.example>"]
        tap.ok(got["smimeStatus"] == "signed/failed" and
               "revoked" in got["smimeErrors"][0], "a list that changed", got)
        # Older versions had a file for each message.
        for i in range(100):
            with open(place.home + "/verified/%064x" % i, "wb") as f:
                f.write(b"x")
        at("--fresh")
        tap.ok(len(os.listdir(place.home + "/verified")) <= 16,
               "files of older versions go", os.listdir(
                   place.home + "/verified"))


def test_many():
    """More than one verifier takes; a message that it does not survive."""
    with Place(config="") as place:
        post = Post(place)
        programs = place.path("bin")
        shutil.copytree(BUILD, programs, symlinks=True,
                        ignore=lambda d, names: [
                            n for n in names if not n.startswith("mailcert")])
        real = programs + "/real-verify"
        os.rename(programs + "/mailcert-verify", real)
        count = place.path("count")
        with open(programs + "/mailcert-verify", "w") as f:
            f.write("#!/bin/sh\nPATH=/bin:/usr/bin\necho $1 >> '%s'\n"
                    "cat > '%s.'$$\nif [ \"$1\" != digest ] && grep -q "
                    "CRASH '%s.'$$; then kill -9 $$; fi\n"
                    "'%s' $1 < '%s.'$$\ns=$?\nrm -f '%s.'$$\nexit $s\n" % (
                        count, count, count, real, count, count))
        os.chmod(programs + "/mailcert-verify", 0o755)
        os.mkdir(place.home, 0o700)
        body = [post.mixed.replace(b"<m4@", b"<n%d@" % i) for i in range(300)]
        body[77] = post.mixed.replace(b"<m4@", b"<CRASH@")
        body[5] = post.good
        box = make_mbox(place.path("box"), *body)
        lines, got = post.lines(box, program=programs + "/mailcert")
        want = ["none"] * 300
        want[77], want[5] = "signed/failed", "signed/verified"
        tap.ok([line[0] for line in lines] == want and got.returncode == 1,
               "a message that ends the verifier hides no other", got)
        with open(count) as f:
            runs = f.read().split()
        tap.ok(runs.count("statuses") <= 20, "many messages to a verifier",
               runs)
        os.remove(count)
        lines, _ = post.lines(box, program=programs + "/mailcert")
        with open(count) as f:
            runs = f.read().split()
        tap.ok([line[0] for line in lines] == want and
               runs.count("statuses") == 1,
               "then only that one is judged again", runs)


def test_identities():
    """Threats I1 to I3: only the user says who may sign for whom."""
    with Place(config="") as place:
        post = Post(place)
        boss = post.message(7, "boss@ca.example")

        def one(settings, raw=boss):
            got = post.run("--json", settings=settings, stdin=raw)
            return json.loads(got.stdout)

        got = one([])
        tap.ok(got["smimeStatus"] == "signed/failed" and
               "not for the sender" in got["smimeErrors"][0],
               "another From fails", got)
        pair = "smime_identities=boss@ca.example:" + CA
        got = one([pair])
        tap.ok(got["smimeStatus"] == "signed/verified" and
               got["signer"] == CA and got["from"] == "boss@ca.example" and
               "smime_identities" in got["why"], "the user allows it", got)
        got = one(["smime_identities=x@ca.example:%s boss@CA.example:%s" % (
            CA, CA)])
        tap.equal(got["smimeStatus"], "signed/verified", "one of several")
        for name, settings in (
                ("for another sender", "x@ca.example:" + CA),
                ("for another signer", "boss@ca.example:x@ca.example"),
                ("the other way round", CA + ":boss@ca.example")):
            got = one(["smime_identities=" + settings])
            tap.equal(got["smimeStatus"], "signed/failed", "not " + name)
        for value in ("boss@ca.example", "a:b", "@ca.example:" + CA):
            got = post.run(settings=["smime_identities=" + value], stdin=boss)
            tap.ok(got.returncode in (64, 78) and b"FROM:SIGNER" in got.stderr,
                   "not valid: " + value, got)
        got = one([pair], boss.replace(b"body 7", b"body 8"))
        tap.equal(got["smimeStatus"], "signed/failed",
                  "and what was changed fails all the same")


def test_imap():
    with Dovecot() as dovecot, Place(config="""
set mail_ca_file = %s
set password.alice@localhost = "echo secret"
""" % dovecot.ca) as place:
        post = Post(place)
        for message in post.all:
            dovecot.deliver(message)
        for scheme, port in (("imaps", dovecot.imaps), ("imap", dovecot.imap)):
            source = "%s://alice@localhost:%d/INBOX" % (scheme, port)
            lines, got = post.lines(source)
            tap.ok([line[0] for line in lines] == post.want and
                   got.returncode == 1 and got.stderr == b"" and
                   [line[4] for line in lines] == [
                       source + ": UID %d" % n for n in range(1, 6)], scheme,
                   got)
        tap.ok(all("\\Seen" not in str(m.flags) and "S" not in str(m.flags)
                   for m in dovecot.messages("INBOX")), "nothing is seen")
        lines, got = post.lines(
            "imaps://alice@localhost:%d/none" % dovecot.imaps)
        tap.ok(lines == [] and got.returncode == 1 and b"none" in got.stderr,
               "a folder that does not exist", got)


def test_jmap():
    with Jmap() as jmap, Place(config="""
set mail_ca_file = %s
set password.alice@127.0.0.1 = "echo secret"
""" % jmap.ca) as place:
        post = Post(place)
        ids = [jmap.deliver(m, 1000 + i) for i, m in enumerate(post.all)]
        source = "jmap:https://alice@127.0.0.1:%d" % jmap.port
        lines, got = post.lines(source)
        tap.ok([line[0] for line in lines] == post.want[::-1] and
               [line[4] for line in lines] == [
                   "%s: %s" % (source, i) for i in ids[::-1]] and
               got.stderr == b"", "jmap, the newest first", got)


def test_cyrus():
    with Cyrus() as cyrus, Place(config="""
set mail_ca_file = %s
set password.alice@127.0.0.1 = "echo secret"
""" % cyrus.ca) as place:
        post = Post(place)
        for message in post.all:
            cyrus.deliver(message)
        lines, got = post.lines("jmap:https://alice@127.0.0.1:%d" % cyrus.https)
        tap.equal(statuses(lines), sorted(post.want), "cyrus")


# In check only what needs no server.
run_tests({name: test for name, test in tests_of(globals()).items()
           if SLOW or name not in ("test_imap", "test_jmap", "test_cyrus")})
tap.done()
