#!/usr/bin/python3
"""make differential: our DKIM beside dkimpy and libopendkim.

dkimpy signs in all canonicalisations and algorithms, LF and CRLF, folded; both
libraries are asked about the messages, then libopendkim about mutants of them.
Ends with 1 where we accept what others do not, or where dkimpy and we differ.
"""
import glob
import json
import os
import subprocess
import sys
import tempfile

import dkim

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.dirname(HERE))
import cms
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "signed"))

COUNT = sys.argv[1] if len(sys.argv) > 1 else "100000"
BUILD = os.environ.get("BUILD", "build")
HEADERS = [b"from", b"to", b"subject", b"date", b"message-id", b"reply-to"]


def main():
    from cryptography.hazmat.primitives import serialization as s
    import base64
    rsa, ed = cms.new_key(2048), cms.new_key("ed25519")
    spki = base64.b64encode(rsa.public_key().public_bytes(
        s.Encoding.DER, s.PublicFormat.SubjectPublicKeyInfo)).decode()
    raw = base64.b64encode(ed.public_key().public_bytes(
        s.Encoding.Raw, s.PublicFormat.Raw)).decode()
    secret = base64.b64encode(ed.private_bytes(
        s.Encoding.Raw, s.PrivateFormat.Raw, s.NoEncryption()))
    keys = {"sel._domainkey.ca.example": "v=DKIM1; k=rsa; p=" + spki,
            "ed._domainkey.ca.example": "v=DKIM1; k=ed25519; p=" + raw}
    bodies = [b"Hello.\r\n", b"", b"a  b\t\r\n\r\n\r\nc \r\n\r\n\r\n",
              b"no end", b" \r\n\r\n", b"x" * 900 + b"\r\n"]
    subjects = [b"ACME: abc", b"ACME:\r\n  a\tb\r\n\tc ", b"", b"  a   b  "]
    files, wrong = [], 0
    with tempfile.TemporaryDirectory() as d:
        for i, (body, subject, canon, algorithm) in enumerate(
                (b, j, (x, y), a) for b in bodies for j in subjects
                for x in (b"relaxed", b"simple")
                for y in (b"relaxed", b"simple")
                for a in (b"rsa-sha256", b"ed25519-sha256")):
            message = (b"From: Alice <a@ca.example>\r\nTo: b@example.org\r\n"
                       b"Subject: " + subject + b"\r\nDate: Sun, 22 Nov 2026 "
                       b"04:00:00 +0000\r\nMessage-ID: <c1@ca.example>\r\n"
                       b"X-Other: y\r\n\r\n" + body)
            is_rsa = algorithm == b"rsa-sha256"
            field = dkim.sign(message, b"sel" if is_rsa else b"ed",
                              b"ca.example", cms.pem(rsa) if is_rsa else secret,
                              include_headers=HEADERS, canonicalize=canon,
                              signature_algorithm=algorithm)
            path = "%s/%d.eml" % (d, i)
            with open(path, "wb") as f:
                f.write(field + message)
            files.append(path)
            if not dkim.verify(field + message, dnsfunc=lambda name, **_: keys[
                    name.decode().rstrip(".")].encode()):
                print("dkimpy refuses its own", path)
                wrong += 1
        with open(d + "/keys", "w") as f:
            for name, record in keys.items():
                f.write("%s %s\n" % (name, record))
        # Unchanged: COUNT 0 mutants means each file as it is.
        got = subprocess.run([BUILD + "/differential/dkim", d + "/keys", COUNT,
                              os.environ.get("SEED", "1"), *files])
    print("%d messages signed by dkimpy" % len(files))
    return got.returncode or wrong


sys.exit(main())
