"""DKIM signatures for tests, by dkimpy, with keys that live as long as a run."""
import base64
import subprocess

import dkim

THIRTEEN = [b"from", b"sender", b"reply-to", b"to", b"cc", b"subject",
            b"date", b"in-reply-to", b"references", b"message-id",
            b"auto-submitted", b"content-type", b"content-transfer-encoding"]


def rsa(bits):
    pem = subprocess.run(["openssl", "genrsa", str(bits)], check=True,
                         capture_output=True).stdout
    der = subprocess.run(["openssl", "rsa", "-pubout", "-outform", "DER"],
                         input=pem, check=True, capture_output=True).stdout
    return pem, "v=DKIM1; k=rsa; p=" + base64.b64encode(der).decode()


RSA, RSA_RECORD = rsa(2048)


def sign(raw, key=RSA, selector=b"sel", domain=b"ca.example", canon="rr",
         headers=THIRTEEN, algorithm=b"rsa-sha256", **more):
    names = {"r": b"relaxed", "s": b"simple"}
    return dkim.sign(raw, selector, domain, key, include_headers=headers,
                     canonicalize=tuple(names[c] for c in canon),
                     signature_algorithm=algorithm, **more) + raw
