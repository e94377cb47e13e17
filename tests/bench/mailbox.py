#!/usr/bin/python3
"""A Maildir of signed messages (COUNT=10000), listed by `mailcert verify` for
the first time and for the second, beside `openssl cms -verify`: milliseconds of
the processor for each message.  docs/design.md has the last figures."""
import os
import resource
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
import cms
from lib import Place

COUNT = int(os.environ.get("COUNT", "10000"))
OPENSSL = 200  # messages that openssl, which is started for each, is given
CA = "ca@ca.example"


def spent():
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def main():
    root = cms.Authority("Bench")
    made = cms.openssl_sign(b"Content-Type: text/plain\n\nHello\n", [
        root.issue(CA, key=cms.new_key(2048))]).replace(b"\r\n", b"\n")
    with Place(config="") as place:
        os.mkdir(place.home, 0o700)
        anchors = place.write("root.pem", cms.cert_pem(root.cert))
        for sub in ("cur", "new", "tmp"):
            os.makedirs(place.path("box", sub))
        for n in range(COUNT):
            with open(place.path("box/cur/%d.x:2,S" % n), "wb") as f:
                f.write(b"From: %s\nMessage-ID: <%d@x>\n" % (CA.encode(), n) +
                        made)

        def run():
            before = spent()
            got = place.run("-o", "smime_anchors=" + anchors, "verify",
                            place.path("box"), timeout=1800)
            assert got.stdout.count(b"signed/verified\t") == COUNT, got
            return (spent() - before) / COUNT * 1000
        first, second = run(), run()
        before = spent()
        for n in range(OPENSSL):
            subprocess.run(
                ["openssl", "cms", "-verify", "-purpose", "smimesign",
                 "-CAfile", anchors, "-in", place.path("box/cur/%d.x:2,S" % n),
                 "-out", "/dev/null"], check=True, capture_output=True)
        theirs = (spent() - before) / OPENSSL * 1000
    print("%d messages, RSA 2048, milliseconds of the processor for each:" %
          COUNT)
    print("  verify                 %.2f   %.1f s in all" % (
        first, first * COUNT / 1000))
    print("  verify, from its cache %.2f   %.1f s in all" % (
        second, second * COUNT / 1000))
    print("  openssl cms -verify    %.2f   %.0f times as much" % (
        theirs, theirs / first))


main()
