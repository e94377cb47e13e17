#!/usr/bin/python3
# Runs in: check check-quick check-slow
"""mailcert watch: challenges in Maildirs and mboxes are answered once, and
nothing else is touched."""
import contextlib
import json
import os
import subprocess
import sys
import threading
import time

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(
    os.path.abspath(__file__))), "ca"))
from lib import (ADDRESS, MAILCERT, SLOW, Place, challenge, check_reply,
                 fake_sendmail, run_tests, sent, tap, tests_of)
from town import Town

OTHER = "acme-challenge+2@ca.example"


def maildir(path):
    for name in ("new", "cur", "tmp"):
        os.makedirs(os.path.join(path, name))
    return path


def deliver(box, raw, name, to="new"):
    """As delivery agents do: written aside, then renamed."""
    with open(os.path.join(box, "tmp", name), "wb") as f:
        f.write(raw)
    os.rename(os.path.join(box, "tmp", name), os.path.join(box, to, name))


def contents(top):
    out = {}
    for where, _, names in os.walk(top):
        for name in names:
            path = os.path.join(where, name)
            with open(path, "rb") as f:
                out[path] = (f.read(), os.stat(path).st_mtime_ns)
    return out


def until(what, seconds=60):
    end = time.monotonic() + seconds
    while not what() and time.monotonic() < end:
        time.sleep(0.02)
    return what()


class Desk:
    def __init__(self, place):
        self.place = place
        self.send, self.box = fake_sendmail(place)
        self.mail = maildir(place.path("user/Maildir"))
        self.source = "maildir:" + self.mail

    def command(self, *args, settings=()):
        return ["-o", "sendmail=" + self.send,
                *[word for one in settings for word in ("-o", one)],
                "watch", *args]

    def once(self, *args, settings=()):
        return self.place.run(*self.command(
            "--once", *(args or [self.source]), settings=settings))

    @contextlib.contextmanager
    def stay(self, *args, settings=()):
        with open(self.place.path("watch.log"), "ab") as log:
            process = subprocess.Popen(
                [MAILCERT, *self.command(*(args or [self.source]),
                                         settings=settings)],
                env=self.place.env, stdin=subprocess.DEVNULL, stdout=log,
                stderr=log, start_new_session=True)
        try:
            yield process
        finally:
            process.terminate()
            process.wait()

    def sent(self):
        return sent(self.box)

    def log(self):
        with open(os.path.join(self.place.home, "log"), "rb") as f:
            return f.read()


@contextlib.contextmanager
def desk(config="set authenticate = none\n"):
    with Place(config) as place:
        yield Desk(place)


def test_once():
    with desk() as one:
        one.place.expect("--expires", "24h")
        for n, raw in enumerate((challenge(subject="lunch", auto=None),
                                 challenge(sender="eve@evil.example"),
                                 challenge(to="bob@example.org"),
                                 challenge(subject="Re: ACME: x"))):
            deliver(one.mail, raw, "%d.x" % n)
        # type=acme is only recommended.
        deliver(one.mail, challenge(auto="auto-generated"), "right.x:2,S",
                to="cur")
        before = contents(one.mail)
        got = one.once()
        tap.ok(got.returncode == 0 and len(one.sent()) == 1 and
               not got.stdout and not got.stderr,
               "--once answers the one that is expected", got)
        tap.equal(check_reply(one.sent()[0]), [], "the reply is right")
        tap.ok(b"Auto-Submitted: auto-replied" in one.sent()[0],
               "it says that nobody looked")
        tap.equal(contents(one.mail), before, "no message is touched")
        tap.ok(b"[maildir:" in one.log() and b"right.x:2,S]" in one.log(),
               "the log says which message it was", one.log())
        got = one.once()
        tap.ok(got.returncode == 0 and len(one.sent()) == 1,
               "once more: nothing", got)
        got = one.place.run("status")
        tap.ok(b"Lately\n" in got.stdout and b"Z answered" in
               got.stdout and b"Z refused: unexpected" in got.stdout,
               "status shows the latest decisions", got)
        got = json.loads(one.place.run("status", "--json").stdout)
        tap.ok(got["decisions"] and all(set(d) == {"at", "text"} and
                                        d["at"].endswith("Z")
                                        for d in got["decisions"]),
               "status --json, too", got["decisions"])


def test_nothing_awaited():
    with desk() as one:
        deliver(one.mail, challenge(), "1.x")
        got = one.place.run("-o", "sendmail=" + one.send, "watch", "--once",
                            "imaps://alice@127.0.0.1:1", one.source)
        tap.ok(got.returncode == 0 and not got.stderr and not one.sent(),
               "nothing is awaited: nothing is opened or connected", got)


def test_stays():
    with desk() as one, one.stay() as process:
        deliver(one.mail, challenge(), "early.x")
        time.sleep(0.5)
        # The order is recorded after its challenge has arrived.
        one.place.expect("--expires", "24h")
        tap.ok(until(one.sent), "a challenge that came first is answered")
        one.place.expect("--expires", "24h", ca=OTHER)
        deliver(one.mail, challenge(subject="hello", auto=None), "2.x")
        deliver(one.mail, challenge(sender=OTHER, msgid="<2@x>"), "3.x")
        tap.ok(until(lambda: len(one.sent()) == 2),
               "so is one that comes later")

        def ticks():
            with open("/proc/%d/stat" % process.pid) as f:
                fields = f.read().rsplit(")", 1)[1].split()
            return int(fields[11]) + int(fields[12])
        def is_idle():
            before = ticks()
            time.sleep(1)
            return ticks() == before
        tap.ok(until(is_idle) and process.poll() is None,
               "while nothing is awaited it costs nothing")
        with open(one.place.path("watch.log"), "rb") as f:
            tap.equal(f.read(), b"", "and it says nothing")


def test_link_and_rewrite():
    """Deliveries by link(2), and by a program that writes in place."""
    with desk() as one, one.stay():
        one.place.expect("--expires", "24h")
        one.place.expect("--expires", "24h", ca=OTHER)
        time.sleep(0.3)
        with open(one.mail + "/tmp/1.x", "wb") as f:
            f.write(challenge())
        os.link(one.mail + "/tmp/1.x", one.mail + "/new/1.x")
        os.unlink(one.mail + "/tmp/1.x")
        tap.ok(until(one.sent), "a delivery by link is seen")
        raw = challenge(sender=OTHER, msgid="<2@x>")
        with open(one.mail + "/new/2.x", "wb", buffering=0) as f:
            for i in range(0, len(raw), 100):
                f.write(raw[i:i + 100])
                time.sleep(0.05)
        tap.ok(until(lambda: len(one.sent()) == 2),
               "so is one that is written in place")


def test_tree():
    with desk() as one:
        top = one.place.path("user/Tree")
        maildir(top + "/work/.Lists.acme")
        maildir(top + "/work")
        os.makedirs(top + "/notes/deep")
        os.symlink(one.mail, top + "/link")
        one.place.expect("--expires", "24h")
        deliver(top + "/work/.Lists.acme", challenge(), "1.x")
        got = one.once("maildir:%s/**" % top)
        tap.ok(got.returncode == 0 and len(one.sent()) == 1,
               "a subfolder below /** is looked through", got)
        one.place.expect("--expires", "24h", ca=OTHER)
        with one.stay("maildir:%s/**" % top):
            time.sleep(0.5)
            deliver(one.mail, challenge(sender=OTHER, msgid="<1@x>"), "1.x")
            maildir(top + "/notes/deep/box")
            time.sleep(0.5)
            tap.equal(len(one.sent()), 1, "links are not followed")
            deliver(top + "/notes/deep/box",
                    challenge(sender=OTHER, msgid="<2@x>"), "1.x")
            tap.ok(until(lambda: len(one.sent()) == 2),
                   "so is a Maildir that is made later")


def in_mbox(raw):
    return b"From MAILER-DAEMON Thu Jan  1 00:00:00 2026\n" + raw + b"\n"


def test_mbox():
    with desk() as one:
        path = one.place.path("user/mbox")
        source = "mbox:" + path
        junk = in_mbox(challenge(subject="x", auto=None, body="From here\n" +
                                 "y" * 700000 + "\n"))
        one.place.expect("--expires", "24h")
        got = one.once(source)
        tap.equal(got.returncode, 0, "without mail there may be no file")
        with open(path, "wb") as f:
            f.write(junk + in_mbox(challenge(sender="eve@evil.example")) +
                    junk + in_mbox(challenge()) + junk)
        before = contents(one.place.user)
        got = one.once(source)
        tap.ok(got.returncode == 0 and len(one.sent()) == 1 and
               not got.stderr, "an mbox: the one among others", got)
        tap.ok(contents(one.place.user)[path] == before[path],
               "an mbox: not touched")
        one.place.expect("--expires", "24h", ca=OTHER)
        raw = in_mbox(challenge(sender=OTHER, msgid="<2@x>"))
        with one.stay(source):
            with open(path, "ab", buffering=0) as f:
                f.write(raw[:300])
                time.sleep(3)
                f.write(raw[300:])
            tap.ok(until(lambda: len(one.sent()) == 2),
                   "an mbox: one that arrives in two pieces")
        tap.equal(check_reply(one.sent()[-1], to=OTHER, msgid="<2@x>") and
                  check_reply(one.sent()[0], to=OTHER, msgid="<2@x>"), [],
                  "an mbox: the reply is right")


def test_mbox_shapes():
    """What stands round the challenge does not matter."""
    right = in_mbox(challenge())
    with Place("set authenticate = none\nset max_message = 100000\n") as place:
        for name, before, after in (
                ("too large a message first",
                 in_mbox(challenge(subject="x", body="y\n" * 200000)), b""),
                ("text that is not an mbox first", b"hello\n\n" * 99, b""),
                ("an empty message first", b"From x\n\nFrom y\n\n", b""),
                ("a cut line at the end", b"", b"From"),
                ("binary octets after it", b"", bytes(range(256)) * 200)):
            one = Place("set authenticate = none\n"
                        "set max_message = 100000\n")
            with one:
                send, box = fake_sendmail(one)
                one.expect("--expires", "24h")
                path = one.write("user/mbox", before + right + after)
                got = one.run("-o", "sendmail=" + send, "watch", "--once",
                              "mbox:" + path)
                tap.ok(got.returncode == 0 and len(sent(box)) == 1,
                       "an mbox: " + name, got)
        path = place.write("user/mbox", right)
        send, box = fake_sendmail(place)
        place.expect("--expires", "24h")
        place.write("user/mbox.lock", b"")
        got = place.run("-o", "sendmail=" + send, "watch", "--once",
                        "mbox:" + path)
        tap.ok(got.returncode == 75 and b"locked" in got.stderr and
               not sent(box), "an mbox that is locked waits", got)
        os.unlink(path + ".lock")
        got = place.run("-o", "sendmail=" + send, "watch", "--once",
                        "mbox:" + path)
        tap.ok(got.returncode == 0 and len(sent(box)) == 1,
               "and is read when it is free", got)


def test_later():
    """Trouble that passes: the message is not lost."""
    with desk("set resolver = 127.0.0.1@1\n") as one:
        one.place.expect("--expires", "24h")
        signed = challenge(extra="DKIM-Signature: v=1; a=rsa-sha256; "
                           "d=ca.example; s=x; h=From:To:Subject:Date:"
                           "Auto-Submitted:Message-ID:MIME-Version:"
                           "Content-Type; bh=MTIzNDU2Nzg5MDEyMzQ1Njc4OTAxMjM"
                           "0NTY3ODkwMTI=; b=eHh4\n")
        deliver(one.mail, signed, "1.x")
        for _ in range(2):
            got = one.once()
            tap.ok(got.returncode == 75 and b"dns-trouble" in got.stderr,
                   "no DNS: 75, and it is looked at again", got)
        got = one.once(settings=["authenticate=none"])
        tap.ok(got.returncode == 0 and len(one.sent()) == 1,
               "after that it is answered", got)


def test_refused_is_told():
    with desk("") as one:
        one.place.expect("--expires", "24h")
        deliver(one.mail, challenge(), "\x1b[31m\n.x")
        got = one.once()
        tap.ok(got.returncode == 0 and b"not-authenticated" in got.stderr and
               b"\x1b" not in got.stderr + one.log() and
               got.stderr.count(b"\n") == 1,
               "why the awaited challenge is refused is told, on one line",
               got)


def test_oddities():
    with desk() as one:
        one.place.expect("--expires", "24h")
        os.mkfifo(one.mail + "/new/fifo")
        os.makedirs(one.mail + "/new/dir.x")
        os.symlink("/etc/passwd", one.mail + "/new/link")
        one.place.write("elsewhere", challenge())
        os.symlink(one.place.path("elsewhere"), one.mail + "/new/link2")
        deliver(one.mail, b"", "empty.x")
        deliver(one.mail, b"\n" * 100000, "lines.x")
        deliver(one.mail, challenge(), ".hidden")
        deliver(one.mail, challenge(body="x" * 20000000), "large.x")
        got = one.once()
        tap.ok(got.returncode == 0 and not one.sent() and not got.stderr,
               "a FIFO, links, hidden and large files are left out", got)
        deliver(one.mail, challenge(extra="".join(
            "X-Junk-%d: %s\n" % (n, "y" * 900) for n in range(50))), "long.x")
        got = one.once()
        tap.ok(got.returncode == 0 and len(one.sent()) == 1,
               "a long header is read to its end", got)


def test_again():
    with desk("") as one:
        one.place.expect("--expires", "24h")
        one.place.change(os.listdir(one.place.home + "/expectations")[0][:-5],
                         created=int(time.time()) - 3600)
        deliver(one.mail, challenge(), "1.x")
        time.sleep(1.1)
        got = one.once()
        tap.ok(b"not-authenticated" in got.stderr, "refused once", got)
        # The look that counts began a minute after the message came.
        for name in os.listdir(one.place.home + "/watched"):
            path = os.path.join(one.place.home, "watched", name)
            with open(path, "rb") as f:
                text = f.read()
            when = b"%d" % (int(time.time()) + 300)
            head, _, rest = text.partition(b"when 10\n")
            with open(path, "wb") as f:
                f.write(head + b"when 10\n" + when + rest[10:])
        got = one.once()
        tap.ok(got.returncode == 0 and not got.stderr,
               "it is not looked at again by the next process", got)
        got = one.once("--again", one.source, settings=["authenticate=none"])
        tap.ok(got.returncode == 0 and len(one.sent()) == 1,
               "but with --again", got)


def test_flood():
    """Ten thousand forgeries: no mail, and a log of a bounded size."""
    count = 10000 if SLOW else 1000
    with desk() as one:
        one.place.expect("--expires", "24h")
        for n in range(count):
            deliver(one.mail, challenge(sender="eve%d@evil.example" % n),
                    "%d.x" % n)
        got = one.once()
        tap.ok(got.returncode == 0 and not got.stderr and not one.sent() and
               len(one.log()) < 40000 and
               b"refused %d messages in one look: unexpected %d" % (
                   count, count) in one.log(), "a flood makes a short log", got, one.log()[-300:])


SYSLOG = """
import os, socket, subprocess, sys
for name in ("null", "urandom", "random", "zero"):
    open("/run/" + name, "w").close()
    subprocess.run(["mount", "--bind", "/dev/" + name, "/run/" + name],
                   check=True)
os.makedirs("/run/shm", exist_ok=True)
subprocess.run(["mount", "--rbind", "/run", "/dev"], check=True)
log = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
log.bind("/dev/log")
subprocess.run(sys.argv[1:], stdin=subprocess.DEVNULL)
log.setblocking(False)
try:
    while True:
        sys.stdout.buffer.write(log.recv(65536) + b"\\n")
except BlockingIOError:
    pass
"""


def test_syslog():
    """In a mount namespace of its own, with a /dev/log of its own."""
    if os.geteuid() != 0:
        tap.skip("syslog = yes", "needs root, for a /dev/log of its own")
        return
    with desk() as one:
        one.place.expect("--expires", "24h")
        deliver(one.mail, challenge(sender="eve@evil.example"), "1.x")
        deliver(one.mail, challenge(), "2.x")
        for value in ("no", "yes"):
            got = subprocess.run(
                ["unshare", "-m", "sh", "-c",
                 'mount -t tmpfs tmpfs /run && exec "$@"', "sh",
                 "/usr/bin/python3", "-c", SYSLOG, MAILCERT, *one.command(
                     "--once", one.source, settings=["syslog=" + value])],
                env=one.place.env, capture_output=True)
            lines = [line for line in got.stdout.split(b"\n") if line]
            tap.ok(not got.stderr and (
                all(line.startswith(b"<22>") and b" mailcert[" in line
                    for line in lines) and any(
                        b": answered, sender proved by" in line
                        for line in lines) if value == "yes" else not lines),
                "syslog = " + value, got)
            one.place.expect("--expires", "24h", ca=OTHER)
            deliver(one.mail, challenge(sender=OTHER, msgid="<2@x>"), "3.x")


def test_usage():
    with desk() as one:
        for args, settings, code, text in (
                ([], [], 64, b"name a mailbox"),
                (["Maildir"], [], 64, b"Maildir is not a mailbox"),
                (["submission://a@h"], [], 64, b"is not a mailbox"),
                ([one.source], ["draft=mua"], 78, b"draft = mua"),
                ([one.source], ["draft=stdout"], 78, b"needs a person"),
                ([], ["watch=nonsense"], 78, b"maildir:DIR")):
            got = one.place.run(*one.command("--once", *args,
                                             settings=settings))
            tap.ok(got.returncode == code and text in got.stderr,
                   "watch %s %s" % (args, settings), got)
        one.place.expect("--expires", "24h")
        got = one.once("maildir:/nonexistent", one.source)
        tap.ok(got.returncode == 75 and b"/nonexistent" in got.stderr,
               "a Maildir that is not there is told", got)
        deliver(one.mail, challenge(), "1.x")
        got = one.place.run(*one.command(
            "--once", settings=["watch=maildir:/nonexistent " + one.source]))
        tap.ok(got.returncode == 75 and len(one.sent()) == 1,
               "and does not stop the others; watch names them", got)


def test_to_maildir():
    with desk() as one:
        out = maildir(one.place.path("user/Out"))
        one.place.expect("--expires", "24h")
        deliver(one.mail, challenge(), "1.x")
        got = one.once(settings=["draft=maildir:" + out])
        tap.ok(got.returncode == 0 and len(os.listdir(out + "/cur")) == 1,
               "draft = maildir:DIR keeps drafts for a person", got)


@contextlib.contextmanager
def postman(town, box):
    """Delivers what the CA mails into the Maildir, as it comes."""
    stop = threading.Event()

    def work():
        n = 0
        while not stop.is_set():
            for path in town.ca.challenges():
                with open(path, "rb") as f:
                    raw = f.read()
                os.unlink(path)
                n += 1
                deliver(box, raw, "%d.x" % n)
            stop.wait(0.05)
    thread = threading.Thread(target=work)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


def test_renew_wait():
    """Ordered, challenged, answered, issued and renewed by one command, with
    nobody at the keyboard."""
    with Town("set watch = maildir:~/Maildir\n") as town:
        box = maildir(town.place.path("user/Maildir"))
        with postman(town, box):
            got = town.run("order", "--no-wait", ADDRESS)
            tap.equal(got.returncode, 0, "ordered")
            got = town.run("renew", "--wait")
            tap.ok(got.returncode == 0 and b"certificate in" in got.stdout,
                   "renew --wait answers the challenge and gets it", got)
            got = town.run("renew", "--wait", "--force")
            tap.ok(got.returncode == 0 and b"certificate in" in got.stdout,
                   "renew --wait renews it", got)
        status = json.loads(town.run("status", "--all", "--json").stdout)
        tap.equal(sorted(c["state"] for c in status["certificates"]),
                  ["issued", "issued"], "there are two certificates")



def test_whole_story():
    """An order, its challenge, the answer and the certificate."""
    with Town("set finish = auto\n") as town:
        box = maildir(town.place.path("user/Maildir"))
        process = subprocess.Popen(
            [MAILCERT, "watch", "maildir:" + box], env=town.place.env,
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE, start_new_session=True)
        try:
            got = town.run("order", "--no-wait", ADDRESS)
            tap.equal(got.returncode, 0, "ordered: waits for the answer")
            for path in town.wait_for_mail():
                with open(path, "rb") as f:
                    deliver(box, f.read(), "1.x")
            tap.ok(until(lambda: b"certificate" in town.run(
                "status").stdout and b"issued" in town.run(
                    "status", "--json").stdout),
                   "with nobody at the keyboard there is a certificate",
                   town.run("status").stdout)
        finally:
            process.terminate()
            process.communicate()


if __name__ == "__main__":
    run_tests(tests_of(globals()), workers=4)
    tap.done()
