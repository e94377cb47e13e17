#!/usr/bin/python3
# Runs in: check check-quick
"""What the shut-in processes can do: nothing, even when they are taken over.

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
from dnsserver import Dns, both_sockets
from lib import BUILD, CA, ROOT, Place, challenge, check_reply, tap

SIGNED = os.path.join(ROOT, "tests/signed")
# The stored messages have no Date, and would need a person.
UNDATED = "set auto_submitted = relaxed\n"
# What a parser may call after it was shut in.
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
            talks = [p for p in processes.values() if p not in nets and any(
                re.match(r"connect\(.*AF_INET", x) for x in p)]
            # libunbound works in threads of its own.
            talks = [p for p in talks if any("execve(" in x for x in p)]
            tap.equal(len(talks), 0, name + ": nobody else connects")


class Trap:
    """A port that must not be touched."""

    def __init__(self):
        self.touched = []
        self.udp, self.tcp = both_sockets()
        self.port = self.tcp.getsockname()[1]
        threading.Thread(target=self.on_tcp, daemon=True).start()
        threading.Thread(target=self.on_udp, daemon=True).start()

    def on_tcp(self):
        self.touched.append(self.tcp.accept())

    def on_udp(self):
        self.touched.append(self.udp.recvfrom(100))


def test_hijacked(which, message, settings=()):
    """The program with one part of it taken over."""
    trap = Trap()
    with open(os.path.join(SIGNED, "dns.json")) as f:
        dns = Dns(json.load(f))
    with Place(config=UNDATED) as place:
        place.expect("--expires", "24h")
        loot = place.path("loot")
        place.write("loot/secret", "the account key\n")
        programs = place.path("bin")
        os.mkdir(programs)
        for name in os.listdir(BUILD):
            if name.startswith("mailcert"):
                shutil.copy(os.path.join(BUILD, name), programs)
        shutil.copy(os.path.join(BUILD, "hijacked", which), programs)
        before = place.orders_bytes()
        env = dict(place.env, HOME=loot, XDG_RUNTIME_DIR=str(trap.port))
        args = [x for s in settings for x in ("-o", s)]
        got = place.run("-o", "resolver=" + dns.resolver, *args, "handle",
                        "--auto-approve", "--draft", "stdout",
                        os.path.join(SIGNED, message + ".eml"), env=env,
                        program=os.path.join(programs, "mailcert"))
        name = "%s taken over, %s" % (which, message)
        tap.ok(got.returncode == 70 and got.stdout == b"" and
               got.stderr.startswith(b"mailcert: "), name + ": a bug, said so",
               got)
        with open(os.path.join(loot, "secret")) as f:
            tap.equal(f.read(), "the account key\n", name + ": nothing read "
                      "or changed")
        tap.equal(sorted(os.listdir(loot)), ["secret"], name + ": nothing made")
        tap.equal(trap.touched, [], name + ": nothing reached")
        tap.equal(place.orders_bytes(), before, name + ": the order stands")
        # And the next one works: nothing was killed, nothing is stuck.
        got = place.run("-o", "resolver=" + dns.resolver, *args, "handle",
                        "--auto-approve", "--draft", "stdout",
                        os.path.join(SIGNED, message + ".eml"))
        tap.ok(got.returncode == 0, name + ": the honest one still answers",
               got)


def test_trap():
    """The same attempts, where nothing shuts them in: they do get out."""
    trap = Trap()
    with Place(config=UNDATED) as place:
        loot = place.path("loot")
        place.write("loot/secret", "the account key\n")
        place.expect("--expires", "24h")
        env = dict(place.env, HOME=loot, XDG_RUNTIME_DIR=str(trap.port))
        subprocess.run([os.path.join(BUILD, "hijacked/free")], env=env,
                       capture_output=True, timeout=60,
                       start_new_session=True)
        tap.ok(trap.touched != [], "unshut, the attempts reach the network")
        tap.ok(not os.path.exists(os.path.join(loot, "secret")),
               "unshut, the attempts reach files")


test_trace()
test_hijacked("mailcert", "d0-good")
test_hijacked("mailcert-verify", "d0-good")
test_hijacked("mailcert-verify", "s0-detached-9788",
              ["authenticate=smime",
               "smime_anchors=%s/anchors.pem" % SIGNED])
test_trap()
tap.done()
