#!/usr/bin/python3
# Runs in: check check-quick
"""A corpus of the fuzz targets: what is packed is replayed, each input, and a
damaged archive is seen."""
import os
import subprocess
import sys

TESTS = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path.insert(0, TESTS)
from lib import BUILD, Place, run_tests, tap, tests_of

# Of odd and even length, empty, and like a header of ar.
INPUTS = (b"", b"a", b"ab", b"a@b.example", b"`\n" * 30, b"!<arch>\n",
          bytes(range(256)) * 5)


def pack(place, name, inputs):
    archive = place.path(name + ".a")
    for i, data in enumerate(inputs):
        place.write("%s/%d" % (name, i), data)
    subprocess.run([os.path.join(TESTS, "fuzz/pack"), place.path(name),
                    archive], check=True)
    with open(archive, "rb") as f:
        return archive, f.read()


def replay(path):
    got = subprocess.run([os.path.join(BUILD, "tests/replay_address"), path],
                         capture_output=True, text=True)
    return got.returncode, got.stdout.splitlines()[0]


def test_packed():
    with Place() as place:
        archive, data = pack(place, "one", INPUTS)
        _, again = pack(place, "two", INPUTS[::-1])
        tap.ok(data == again, "the same inputs make the same archive")
        listed = subprocess.run(["ar", "t", archive], capture_output=True,
                                text=True).stdout.split()
        tap.equal(len(set(listed)), len(INPUTS), "ar lists them")
        tap.equal(replay(archive), (0, "ok 1 - %s: %d inputs" % (
            archive, len(INPUTS))), "each is replayed")
        tap.equal(replay(place.path("one")), (0, "ok 1 - %s: %d inputs" % (
            place.path("one"), len(INPUTS))), "files likewise")


def test_damaged():
    with Place() as place:
        archive, data = pack(place, "one", INPUTS)
        damaged = [("cut after %d bytes" % n, data[:n]) for n in (
            0, 7, 8, 9, 67, len(data) - 1)]
        damaged += [("no magic", b"!<arhc>" + data[7:]),
                    ("a size that is larger", data.replace(
                        b"1280", b"9999")),
                    ("a size that is huge", data.replace(
                        b"1280      ", b"9999999999")),
                    ("a negative size", data.replace(b"1280", b"-128")),
                    ("no end of a header", data.replace(b"`\n", b"``", 1))]
        for name, text in damaged:
            path = place.write("bad.a", text)
            tap.equal(replay(path), (1, "not ok 1 - %s: 0 inputs" % path),
                      name)
        tap.equal(replay(place.path("none.a"))[0], 1, "a missing archive")
        tap.equal(replay(place.path("none"))[0], 1, "a missing directory")


run_tests(tests_of(globals()))
tap.done()
