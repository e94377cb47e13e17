#!/usr/bin/python3
# Runs in: check
"""What the confined processes can do: nothing, even when they are taken over.

strace watches the shipped programs; then a test build tries to get out.
"""
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import threading

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from cms import Authority, cert_pem, pem
from dnsserver import Dns, both_sockets
from lib import (ADDRESS, BUILD, CA, PART2, ROOT, Place, ask, challenge,
                 check_reply, kernel, run_tests, tap, tests_of)
from servers.jmap import Jmap

SIGNED = os.path.join(ROOT, "tests/signed")
# The stored messages have no Date, and would need a person.
UNDATED = "set auto_submitted = relaxed\n"
# What a parser may call in its sandbox.
STRICT = {"read", "write", "exit"}
VERIFIER = {"read", "write", "close", "brk", "mmap", "munmap", "mremap",
            "mprotect", "madvise", "exit_group", "futex", "getrandom", "fstat",
            "newfstatat", "lseek", "poll", "ppoll", "clock_gettime",
            "rt_sigprocmask"}


def trace(place, dns, name, *settings):
    """handle under strace; calls by process, in their order."""
    log = place.path("trace")
    args = [x for s in settings for x in ("-o", s)]
    got = subprocess.run(
        ["strace", "-ff", "-q", "-o", log, os.path.join(BUILD, "mailcert"),
         "-o", "resolver=" + dns.resolver, *args, "handle", "--auto-approve",
         "--draft", "stdout", os.path.join(SIGNED, name + ".eml")],
        env=place.env, capture_output=True, timeout=120)
    out = {}
    for file in os.listdir(place.dir):
        if file.startswith("trace."):
            with open(place.path(file), errors="replace") as f:
                out[file] = f.read().splitlines()
            os.unlink(place.path(file))
    return got, out


def calls(lines):
    return [m[1] for m in (re.match(r"(\w+)\(", x) for x in lines) if m]


def test_trace():
    with open(os.path.join(SIGNED, "dns.json")) as f:
        dns = Dns(json.load(f))
    anchors = "smime_anchors=%s/anchors.pem" % SIGNED
    for name, settings, verb in (
            ("d0-good", (), "dkim"),
            ("s0-detached-9788", (anchors,), "smime"),
            ("s0-opaque-8551", (anchors,), "smime")):
        with Place(config=UNDATED) as place:
            place.expect("--expires", "24h")
            got, processes = trace(place, dns, name, *settings)
            tap.ok(got.returncode == 0 and check_reply(got.stdout) == [],
                   name + ": answered under strace", got)
            parsers = [p for p in processes.values() if any(
                "SECCOMP_MODE_STRICT" in x for x in p)]
            tap.equal(len(parsers), 1, name + ": one parser")
            for lines in parsers:
                at = next(i for i, x in enumerate(lines)
                          if "SECCOMP_MODE_STRICT" in x)
                after = calls(lines[at + 1:])
                tap.ok(set(after) <= STRICT and after[-1] == "exit",
                       name + ": the parser reads, writes, exits", after)
            verifiers = [p for p in processes.values() if any(
                re.match(r'execve\(".*mailcert-verify", \[.*"%s"\]' % verb, x)
                for x in p)]
            tap.equal(len(verifiers), 1, name + ": one verifier")
            for lines in verifiers:
                at = next(i for i, x in enumerate(lines)
                          if "SECCOMP_MODE_FILTER" in x)
                after = calls(lines[at + 1:])
                tap.ok(set(after) <= VERIFIER, name + ": the verifier opens "
                       "nothing, connects nowhere", set(after) - VERIFIER)
                first = next(i for i, x in enumerate(lines)
                             if re.match(r"read\(0,", x))
                tap.ok(first > at, name + ": it is shut in before it reads")
            nets = [p for p in processes.values() if any(
                re.match(r'execve\(".*mailcert-net"', x) for x in p)]
            tap.equal(len(nets) > 0, verb == "dkim",
                      name + ": the network program runs for DKIM only")
            for lines in verifiers:
                confined(lines, name, r"read\(0,|connect\(|sendto\(|clone3?\(")
            # It reads "open" before: test_open().
            for lines in nets:
                confined(lines, name, r"connect\(|sendto\(|clone3?\(")
            talks = [p for p in processes.values() if p not in nets and any(
                re.match(r"connect\(.*AF_INET", x) for x in p)]
            # libunbound works in threads of its own.
            talks = [p for p in talks if any("execve(" in x for x in p)]
            tap.equal(len(talks), 0, name + ": nobody else connects")


def confined(lines, name, used):
    """A helper: no environment, and each step before it reads or connects."""
    start = next(x for x in lines if x.startswith("execve("))
    tap.ok(re.search(r"\], 0x[0-9a-f]+ /\* 0 vars \*/\)", start),
           name + ": a helper has no environment", start)
    end = next((i for i, x in enumerate(lines) if re.match(used, x)),
               len(lines))
    before = "\n".join(lines[:end])
    for step in ("PR_SET_PDEATHSIG", "PR_SET_DUMPABLE, SUID_DUMP_DISABLE",
                 "RLIMIT_CORE", "PR_SET_NO_NEW_PRIVS, 1",
                 "landlock_restrict_self(", "SECCOMP_MODE_FILTER"):
        tap.ok(step in before, "%s: %s comes first" % (name, step), before)


class Trap:
    """A port that must not be touched."""

    def __init__(self):
        self.touched = []
        self.udp, self.tcp = both_sockets()
        self.port = self.tcp.getsockname()[1]
        threading.Thread(target=self.on_tcp, daemon=True).start()
        threading.Thread(target=self.on_udp, daemon=True).start()

    def on_tcp(self):
        while True:
            self.touched.append(self.tcp.accept())

    def on_udp(self):
        while True:
            self.touched.append(self.udp.recvfrom(100))


def attacks():
    out = subprocess.run([os.path.join(BUILD, "hijacked/free"), "list"],
                         check=True, capture_output=True, text=True).stdout
    return [tuple(line.split("\t")) for line in out.splitlines()]


ATTACKS = attacks()
SOFT, HANGS, FLOODS, LIES = -1, -2, -3, -4
NETWORK = {"reach a TCP port", "reach a UDP port"}
KERNEL = kernel()
# What landlock alone keeps from a program that may open files.
LANDLOCK = {"read a file", "read a file beside its own", "read /etc/passwd",
            "read the environment of its parent", "list files", "make a file",
            "append to a file", "change a file", "make a link",
            "rename a file", "remove a file", "open the terminal"}
SECCOMP = {name for name, _ in ATTACKS} - LANDLOCK


class Scene:
    """Programs of which one is taken over, what is to be had, and a board on
    which the attacks are written down."""

    def __init__(self, *taken, main="mailcert"):
        self.place = Place(config=UNDATED)
        self.trap = Trap()
        self.loot = self.place.path("loot")
        for name in ("secret", "spare", "old", "mode"):
            self.place.write("loot/" + name, "the account key\n")
        self.agent = socket.socket(socket.AF_UNIX)
        self.agent.bind(os.path.join(self.loot, "s"))
        self.agent.listen(8)
        self.board = self.place.write("board", b"\0" * 4096)
        self.bin = self.place.path("bin")
        os.mkdir(self.bin)
        for name in os.listdir(BUILD):
            if name.startswith("mailcert") and os.path.isfile(
                    os.path.join(BUILD, name)):
                os.link(os.path.join(BUILD, name),
                        os.path.join(self.bin, name)) \
                    if os.stat(BUILD).st_dev == os.stat(self.bin).st_dev \
                    else shutil.copy(os.path.join(BUILD, name), self.bin)
        for name in taken:
            target = os.path.join(self.bin, name)
            os.unlink(target)
            shutil.copy(os.path.join(BUILD, "hijacked", name), target)
        if main != "mailcert":
            os.unlink(self.program("mailcert"))
            shutil.copy(os.path.join(BUILD, "hijacked", main),
                        self.program("mailcert"))
        self.env = dict(self.place.env, SSH_AUTH_SOCK="/x", GNUPGHOME="/x",
                        DBUS_SESSION_BUS_ADDRESS="/x")
        self.beside = self.place.write("keys/old.pem", "another key\n")

    def program(self, name):
        return os.path.join(self.bin, name)

    def set(self, attack, landlock="", lie=b""):
        with open(self.program("hijack.lie"), "wb") as f:
            f.write(lie)
        with open(self.board, "wb") as f:
            f.write(b"\0" * 4096)
        with open(self.program("hijack.conf"), "w") as f:
            f.write("%s\n%s\n%s\n%d\n%d\n%s\n" % (
                self.loot, self.beside, self.board, self.trap.port, attack,
                landlock))

    def results(self):
        with open(self.board, "rb") as f:
            raw = f.read(len(ATTACKS) + 1)
        return {name: chr(raw[i]) for i, (name, _) in enumerate(ATTACKS)
                if raw[i]}, raw[len(ATTACKS)] == ord("t")

    def state(self):
        """What is to be had, as it is now."""
        out = {}
        for name in sorted(os.listdir(self.loot)):
            path = os.path.join(self.loot, name)
            out[name] = os.lstat(path).st_mode
            if os.path.isfile(path):
                with open(path) as f:
                    out[name] = (out[name], f.read())
        return out

    def close(self):
        self.agent.close()
        shutil.rmtree(self.place.dir, ignore_errors=True)


def judge(scene, name, run, alone=False, free=(), landlock="", ours=True):
    """Try every attack on run(scene): none works.  free: what it may do;
    ours: mailcert starts it."""
    before = scene.state()
    worked, tried, why = set(), set(), []
    single = [i for i, (_, kind) in enumerate(ATTACKS)
              if alone or kind == "ends"]
    for attack in ([] if alone else [SOFT]) + single:
        scene.set(attack, landlock)
        why.append(run(scene))
        results, taken = scene.results()
        if attack == SOFT:
            tap.ok(taken, name + ": taken over", why[-1])
        tried |= set(results)
        worked |= {a for a, how in results.items() if how == "w"} - set(free)
    tap.equal(sorted({a for a, _ in ATTACKS} - tried), [],
              name + ": every attack is tried")
    missing = (set() if KERNEL[0] else LANDLOCK) | \
        (set() if KERNEL[1] else SECCOMP)
    if worked & missing:
        tap.skip(name + ": " + ", ".join(sorted(worked & missing)),
                 "this kernel cannot prevent it")
        worked -= missing
    tap.equal(sorted(worked), [], name + ": no attack works")
    if KERNEL == (True, True):
        tap.equal(scene.state(), before, name + ": nothing is read, made or "
                  "changed")
        touched = [t for t in scene.trap.touched if not free]
        tap.equal(touched, [], name + ": nothing is reached")
    said = b"".join(got.stderr for got in why)
    tap.ok(b"\033" not in said or not ours, name + ": what it prints is made safe", said)


def handle(message, *settings, mda=False):
    with open(os.path.join(SIGNED, "dns.json")) as f:
        dns = Dns(json.load(f))

    def run(scene):
        return scene.place.run(
            "-o", "resolver=" + dns.resolver, "-o", "sandbox=best-effort",
            *[x for s in settings for x in ("-o", s)], "handle",
            "--auto-approve", *(["--mda"] if mda else ["--draft", "stdout"]),
            os.path.join(SIGNED, message + ".eml"), env=scene.env,
            program=scene.program("mailcert"))

    return run


def helper(name, *args, stdin=b""):
    """The program itself: it confines itself, whoever starts it."""

    def run(scene):
        return subprocess.run(
            [scene.program(name), *args],
            input=stdin, capture_output=True, timeout=60, env={},
            start_new_session=True)

    return run


SMIME = ("authenticate=smime", "smime_anchors=%s/anchors.pem" % SIGNED)
ENDED = {70, 75}


def test_parser():
    scene = Scene("mailcert")
    scene.place.expect("--expires", "24h")
    orders = scene.place.orders_bytes()
    # It is a fork of mailcert, whose environment is in its memory.
    judge(scene, "the parser", handle("d0-good"), alone=True,
          free={"know the environment"})
    tap.equal(scene.place.orders_bytes(), orders,
              "the parser: the order stands")
    scene.close()


def test_jmap_parser():
    """What reads a JMAP server's JSON: it allocates memory, and no more."""
    with Jmap() as jmap:
        jmap.deliver(challenge())
        scene = Scene("mailcert")
        scene.place.expect("--expires", "24h")
        orders = scene.place.orders_bytes()
        judge(scene, "the parser of JMAP", lambda scene: scene.place.run(
            "-o", "sandbox=best-effort", "-o", "mail_ca_file=" + jmap.ca,
            "-o", "password.alice@127.0.0.1=echo secret", "watch", "--once",
            "jmap:https://alice@127.0.0.1:%d" % jmap.port, env=scene.env,
            program=scene.program("mailcert")), alone=True,
            free={"know the environment"})
        tap.equal(scene.place.orders_bytes(), orders,
                  "the parser of JMAP: the order stands")
        scene.close()


def test_verifier():
    for message, settings in (("d0-good", ()), ("s0-detached-9788", SMIME)):
        name = "mailcert-verify, " + message
        scene = Scene("mailcert-verify")
        scene.place.expect("--expires", "24h")
        orders = scene.place.orders_bytes()
        judge(scene, name, handle(message, *settings))
        tap.equal(scene.place.orders_bytes(), orders,
                  name + ": the order stands")
        # And the next one works: nothing was killed, nothing is stuck.
        got = handle(message, *settings)(scene)
        tap.equal(got.returncode, 70, name + ": a bug, said so")
        shutil.copy(os.path.join(BUILD, "mailcert-verify"),
                    scene.program("mailcert-verify"))
        got = handle(message, *settings)(scene)
        tap.ok(got.returncode == 0, name + ": the honest one still answers",
               got)
        scene.close()


def test_network():
    scene = Scene("mailcert-net")
    scene.place.expect("--expires", "24h")
    judge(scene, "mailcert-net", handle("d0-good"), free=NETWORK)
    scene.close()
    scene = Scene("mailcert-https")
    # Its certificates may be read, and nothing beside them.
    judge(scene, "mailcert-https", lambda scene: scene.place.run(
        "-o", "ca.p.directory=https://127.0.0.1:1/d", "-o", "ca.p.ca_file=" +
        scene.place.write("keys/ca.pem", "no certificate\n"), "order", "--ca",
        "p", "a@example.org", env=scene.env,
        program=scene.program("mailcert")), free=NETWORK)
    scene.close()
    scene = Scene("mailcert-mail")
    judge(scene, "mailcert-mail", helper("mailcert-mail", "send", stdin=ask(
        *SEND, opens=[("ca-file", "")])), free=NETWORK, ours=False)
    scene.close()


# A question to a server that is not there.
SEND = (("tls", "implicit"), ("host", "127.0.0.1"), ("port", "1"),
        ("user", "alice"), ("secret", "x"), ("sender", ADDRESS),
        ("recipient", CA), ("message", "Subject: x\n\nx\n"))


def test_key_holder():
    signs = (("url", "x"), ("nonce", "x"), ("kid", "x"), ("payload", ""))
    scene = Scene("mailcert-key")
    key = scene.place.path("keys/k.pem")
    new = scene.place.path("keys/new.pem")
    subprocess.run([os.path.join(BUILD, "mailcert-key"), "generate"],
                   input=ask(("kind", "ec:p256"), opens=[("new", key)]),
                   check=True, capture_output=True)
    judge(scene, "mailcert-key thumbprint", lambda scene: scene.place.run(
        "expect", ADDRESS, "--from", CA, "--token-part2", PART2,
        "--account-key", key, env=scene.env,
        program=scene.program("mailcert")))
    file = ("file", key)
    frames = ("public", "AAAA")
    word = ("passphrase", "x")
    home = scene.place.path("home")
    os.mkdir(home)
    sealed = ("file", scene.place.write("sealed", "mailcert home 1\n"))
    for verb, stdin in (
            ("inspect", ask(opens=[file])),
            ("take", ask(frames, opens=[file, ("new", new)])),
            ("export", ask(("form", "modern"), ("chain", ""),
                           opens=[file, ("new", new)])),
            ("pack", ask(word, opens=[("home", home), ("new", new)])),
            ("unpack", ask(word, opens=[sealed, ("home", home)])),
            ("jws", ask(*signs, opens=[file])),
            ("bind", ask(("url", "x"), ("kid", "x"), ("mac", "x"),
                         opens=[file])),
            ("rollover", ask(*signs, opens=[file, ("new", key)])),
            ("generate", ask(("kind", "ec:p256"), opens=[("new", new)])),
            ("generate", ask(("kind", "ec:p256"), opens=[file, ("new", new)])),
            ("copy", ask(opens=[file, ("new", new)]))):
        judge(scene, "mailcert-key " + verb,
              helper("mailcert-key", verb, stdin=stdin), ours=False)
    tap.ok(not os.path.exists(new),
           "mailcert-key: no key is left")
    scene.close()


def resolver(place):
    return [("resolver", "127.0.0.1@1"), ("anchor", place.path("keys/x"))]


def test_versions():
    """Kernels whose landlock knows less: 6.1 of Debian 12 has version 2."""
    if not KERNEL[0]:
        tap.skip("older landlock", "this kernel has none")
        return
    for version in ("1", "2", "3", "4", "5", "6"):
        for name, args, stdin, free in (
                ("mailcert-net", ("txt",), lambda place: ask(
                    ("name", "a.example"), opens=resolver(place)), NETWORK),
                ("mailcert-key", ("generate",), lambda place: ask(
                    ("kind", "ec:p256"),
                    opens=[("new", place.path("keys/new.pem"))]), ())):
            scene = Scene(name)
            judge(scene, "%s, landlock %s" % (name, version),
                  helper(name, *args, stdin=stdin(scene.place)), free=free,
                  landlock=version, ours=False)
            scene.close()


def test_open():
    """What a helper reads before its sandbox is the frame "open", and not one
    octet of what strangers may have written."""
    with Place() as place:
        key = place.path("k.pem")
        opens = [("file", key)]
        subprocess.run([os.path.join(BUILD, "mailcert-key"), "generate"],
                       input=ask(("kind", "ec:p256"), opens=[("new", key)]),
                       check=True, capture_output=True)
        for name, verb, opens, frames in (
                ("mailcert-key", "jws", [("file", key)], (
                    ("url", "https://ca.example/"), ("nonce", "x"),
                    ("kid", ""), ("payload", ""))),
                ("mailcert-key", "generate", [("new", key + "2")],
                 (("kind", "ec:p256"),)),
                ("mailcert-key", "inspect", [("file", key)],
                 (("passphrase", "x" * 99),)),
                ("mailcert-net", "txt", resolver(place),
                 (("name", "a.example"),)),
                ("mailcert-https", "request", [("ca-file", "")], (
                    ("method", "GET"), ("url", "https://127.0.0.1:1/"),
                    ("accept", ""), ("proxy", ""), ("no-proxy", ""),
                    ("body", ""))),
                ("mailcert-https", "fetch", [("ca-file", "")], (
                    ("tls", "implicit"), ("host", "127.0.0.1"),
                    ("port", "1"), ("user", "alice"), ("secret", "secret"),
                    ("method", "GET"), ("target", "/"), ("most", "9"))),
                ("mailcert-mail", "send", [("ca-file", "")], SEND),
        ):
            log = place.path("trace")
            whole = ask(*frames, opens=opens)
            got = subprocess.run(
                ["strace", "-q", "-o", log, os.path.join(BUILD, name), verb],
                input=whole, env={}, capture_output=True, timeout=60)
            with open(log, errors="replace") as f:
                lines = f.read().splitlines()
            os.unlink(log)
            at = next(i for i, x in enumerate(lines)
                      if "SECCOMP_MODE_FILTER" in x)
            before, after = (sum(int(x.rsplit(" ", 1)[1]) for x in part
                                 if x.startswith("read(0,"))
                             for part in (lines[:at], lines[at:]))
            first = len(ask(opens=opens, end=False))
            tap.equal((before, after), (first, len(whole) - first),
                      "%s %s: read before and after" % (name, verb))
            tap.ok(got.returncode == 0 and re.match(
                rb"status 15\nnetwork-trouble\n" if verb in ("request", "fetch", "send") else
                rb"status 4\ndone\n", got.stdout) and
                got.stdout.endswith(b"\nend 0\n\n"),
                   "%s %s: answered" % (name, verb), got)
        # A question that is not one is refused in the sandbox.
        for question in (b"", b"x", b"open 5\nfile", ask(),
                         ask(("url", "x"), opens=opens),
                         ask(("x", "y"), opens=[("file", key)]),
                         ask(opens=[("file", key), ("file", key)]),
                         ask(opens=[("file", key)], end=False),
                         b"open 99999\n" + b"x" * 99999):
            got = subprocess.run(
                [os.path.join(BUILD, "mailcert-key"), "thumbprint"],
                input=question, env={}, capture_output=True, timeout=60)
            tap.ok(got.stdout == answer("usage"),
                   "refused: %r" % question[:30], got)
        for args in ((), ("thumbprint", key), ("nothing",)):
            got = subprocess.run(
                [os.path.join(BUILD, "mailcert-key"), *args],
                input=ask(opens=[("file", key)]), env={},
                capture_output=True, timeout=60)
            tap.ok(got.stdout == answer("usage"), "refused: %r" % (args,),
                   got)


def test_stuck():
    """A helper that hangs or prints without end is killed and reaped."""
    for taken, attack, statuses, words in (
            ("mailcert-verify", HANGS, {75}, b"still running"),
            ("mailcert-net", HANGS, {75}, b"still running"),
            ("mailcert-verify", FLOODS, {70}, b"printed too much"),
            ("mailcert-net", FLOODS, {70}, b"printed too much")):
        scene = Scene(taken, main="hasty")
        scene.place.expect("--expires", "24h")
        scene.set(attack)
        name = "%s %s" % (taken, "hangs" if attack == HANGS else "floods")
        got = handle("d0-good")(scene)
        tap.ok(got.returncode in statuses and words in got.stderr and
               b"\033" not in got.stderr, name + ": said so", got)
        tap.equal(processes(scene.bin), [], name + ": it is gone")
        got = handle("d0-good", mda=True)(scene)
        tap.ok(got.returncode == (75 if attack == HANGS else 0),
               name + ": under --mda", got)
        scene.close()


def answer(status, note="", frames=(), end=True):
    return ask(("status", status), ("note", note), *frames, end=end)


AUTHRES = [("method", "1"), ("dns", "0"), ("weak", "0"), ("protection", "0"),
           ("domain", "ca.example"), ("signer", ""), ("issuer", "")]
# Of a verifier that was taken over; none of these is an answer to "dkim".
LIES_OF_VERIFIER = (
    ("nothing", b""),
    ("no frame", b"\033]0;owned\007"),
    ("no end", answer("dkim-fail", end=False)),
    ("more behind the end", answer("dkim-fail") + b"x"),
    ("no status", ask(("note", ""))),
    ("no note", ask(("status", "dkim-fail"))),
    ("a status that is none", answer("\033[31mowned")),
    ("a status of others", answer("only-a-part", "invented")),
    ("a status of the user", answer("declined")),
    ("usage", answer("usage")),
    ("done, without proof", answer("done")),
    ("proof with a failure", answer("dkim-fail", frames=AUTHRES)),
    ("a field missing", answer("done", frames=AUTHRES[1:])),
    ("a field twice", answer("done", frames=AUTHRES + AUTHRES[:1])),
    ("an unknown field", answer("done", frames=AUTHRES + [("x", "")])),
    ("no number", answer("done", frames=[("method", "x")] + AUTHRES[1:])),
    ("a huge number", answer("done", frames=[
        ("method", "4294967297")] + AUTHRES[1:])),
    ("another method", answer("done", frames=[("method", "2")] +
                              AUTHRES[1:])),
    ("another domain", answer("done", frames=AUTHRES[:4] + [
        ("domain", "evil.example")] + AUTHRES[5:])),
    ("a long text", answer("done", frames=AUTHRES[:6] + [
        ("issuer", "x" * 300)])),
    ("a length without end", b"status 999999999999999999\ndone\n"),
)


def test_lies():
    """A helper that invents its answer: that is a bug, whatever it says."""
    scene = Scene("mailcert-verify")
    scene.place.expect("--expires", "24h")
    orders = scene.place.orders_bytes()
    for name, lie in LIES_OF_VERIFIER:
        scene.set(LIES, lie=lie)
        got = handle("d0-good")(scene)
        tap.ok(got.returncode == 70 and b"mailcert-verify" in got.stderr or
               b"malformed verdict" in got.stderr,
               "the verifier lies: " + name, got)
        tap.ok(b"\033" not in got.stderr and got.stdout == b"",
               "the verifier lies: %s: nothing else is told" % name, got)
    tap.equal(scene.place.orders_bytes(), orders,
              "the verifier lies: the order stands")
    # What it may say is heeded, and its sentence made safe.
    scene.set(LIES, lie=answer("dkim-fail", "red \033[31m"))
    got = handle("d0-good")(scene)
    tap.ok(got.returncode == 65 and b"dkim-fail" in got.stderr and
           b"red \\x1b[31m" in got.stderr, "an answer it may give", got)
    scene.close()


def import_lies(chain):
    """Of programs that were taken over while a certificate is imported: which
    one, what it says, and what mailcert exits with."""
    facts = [("starts", "1"), ("expires", "2"), ("id", ""), ("top", ""),
             ("limits", ""), ("chain", chain), ("address", ADDRESS),
             ("usage", "both"), ("kind", "ec:p256"), ("digest", "0" * 64)]

    def but(name, value):
        return answer("done", frames=[
            (n, value if n == name else v) for n, v in facts])

    verify = [("mailcert-verify", name, but(name, value), 70) for name, value
              in (("starts", "x"), ("id", "\033"), ("top", "x" * 300),
                  ("chain", ""), ("usage", "all"), ("kind", "rsa:1"),
                  ("digest", "0" * 63), ("digest", "../" + "0" * 61))]
    return verify + [
        ("mailcert-verify", "no address",
         answer("done", frames=[one for one in facts
                                if one[0] != "address"]), 70),
        ("mailcert-verify", "an address that is none",
         but("address", "a\033@b\n"), 65),
        ("mailcert-key", "a private key",
         answer("done", frames=[("public", "AAAA"), (
             "chain", "-----BEGIN PRIVATE KEY-----\n")]), 70),
        ("mailcert-key", "a key that is none",
         answer("done", frames=[("public", "../x"), ("chain", "")]), 70),
        ("mailcert-key", "a long key",
         answer("done", frames=[("public", "A" * 2000), ("chain", "")]), 70),
        ("mailcert-key", "many keys",
         answer("done", frames=[("public", "AAA%c" % (65 + n % 26))
                                for n in range(99)] + [("chain", "")]), 70)]


def test_import_lies():
    key, cert = Authority("Test Root").issue(ADDRESS)
    for program, name, lie, code in import_lies(cert_pem(cert)):
        scene = Scene(program)
        path = scene.place.write("pair.pem", pem(key) + cert_pem(cert))
        scene.set(LIES, lie=lie)
        got = scene.place.run("import", path, env=scene.env,
                              program=scene.program("mailcert"))
        left = [os.path.join(top, one) for top, _, names in
                os.walk(scene.place.home) for one in names
                if "lock" not in top]
        tap.ok(got.returncode == code and got.stdout == b"" and
               b"\033" not in got.stderr and left == [],
               "%s lies: %s" % (program, name), got, left)
        scene.close()


def processes(directory):
    """Those that run a program of this directory."""
    out = []
    for pid in os.listdir("/proc"):
        try:
            path = os.readlink("/proc/%s/exe" % pid)
        except OSError:
            continue
        if path.startswith(directory + "/"):
            out.append(path)
    return out


def test_free():
    """The same attacks with nothing round them: they do get out."""
    scene = Scene()
    scene.set(SOFT)
    shutil.copy(os.path.join(BUILD, "hijacked/free"), scene.bin)
    subprocess.run([scene.program("free")], env=scene.env, timeout=60,
                   capture_output=True, start_new_session=True)
    results, _ = scene.results()
    tap.equal([a for a, kind in ATTACKS if kind == "sure" and
               results.get(a) != "w"], [], "unconfined, the attacks work")
    tap.ok(os.path.exists(os.path.join(scene.loot, "executed")),
           "unconfined, programs are started")
    scene.close()


run_tests(tests_of(globals()))
tap.done()
