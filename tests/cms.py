"""Certificates and CMS objects for tests: by python3-cryptography and by hand.

What the openssl command can make is made with it; this makes the rest: signed
attributes of RFC 7508, Ed25519 (RFC 8419), and objects that are wrong.
"""
import base64
import datetime
import hashlib
import itertools
import os
import subprocess
import tempfile

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
DATA = bytes.fromhex("06092a864886f70d010701")
SIGNED = bytes.fromhex("06092a864886f70d010702")
CONTENT_TYPE = bytes.fromhex("06092a864886f70d010903")
MESSAGE_DIGEST = bytes.fromhex("06092a864886f70d010904")
SECURE_HEADERS = bytes.fromhex("060b2a864886f70d0109100237")
DIGESTS = {"md5": bytes.fromhex("06082a864886f70d0205"),
           "sha1": bytes.fromhex("06052b0e03021a"),
           "sha256": bytes.fromhex("0609608648016503040201"),
           "sha512": bytes.fromhex("0609608648016503040203")}


def der(tag, *parts):
    body = b"".join(parts)
    n = len(body)
    if n < 128:
        return bytes([tag, n]) + body
    size = n.to_bytes((n.bit_length() + 7) // 8, "big")
    return bytes([tag, 0x80 | len(size)]) + size + body


def new_key(kind="ec"):
    if kind == "ec":
        return ec.generate_private_key(ec.SECP256R1())
    if kind == "ed25519":
        return ed25519.Ed25519PrivateKey.generate()
    return rsa_key(kind)


RSA_KEYS = itertools.count()


def rsa_key(bits):
    """Another one for each call.  To make one takes long, so a script takes
    those that an earlier one made."""
    top = os.path.join(ROOT, os.environ.get("BUILD", "build"), "keys")
    path = os.path.join(top, "rsa-%d.%d.pem" % (bits, next(RSA_KEYS)))
    try:
        with open(path, "rb") as f:
            return serialization.load_pem_private_key(f.read(), None)
    except FileNotFoundError:
        key = rsa.generate_private_key(65537, bits)
    os.makedirs(top, exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=top, delete=False) as f:
        f.write(pem(key))
    os.rename(f.name, path)
    return key


def pem(key):
    return key.private_bytes(serialization.Encoding.PEM,
                             serialization.PrivateFormat.PKCS8,
                             serialization.NoEncryption())


def name(common):
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common)])


def san(*names):
    """Raw GeneralNames: (tag, octets)."""
    return x509.UnrecognizedExtension(
        x509.ObjectIdentifier("2.5.29.17"),
        der(0x30, *(der(tag, value) for tag, value in names)))


def smtp_utf8(address):
    """RFC 9598: otherName id-on-SmtpUTF8Mailbox."""
    return (0xa0, bytes.fromhex("06082b06010505070809") +
            der(0xa0, der(0x0c, address.encode())))


def cross(authority, common):
    """Another root, and what it says of that authority: a second chain."""
    root = Authority(common)
    return root, make(authority.key, root, authority.common, ca=True,
                      extension=None, usage=None)


class Authority:
    """limit: the extended key usages of a CA."""

    def __init__(self, common="Test Root", parent=None, ca=True, key=None,
                 limit=None):
        self.key = key or new_key()
        self.common = common
        self.parent = parent or self
        self.cert = make(self.key, self.parent, common, ca=ca,
                         extension=None, usage=None, limit=limit)

    def issue(self, address="acme-challenge+1@ca.example", key=None, **how):
        key = key or new_key()
        how.setdefault("extension",
                       san((0x81, address.encode())) if address else None)
        return key, make(key, self, how.pop("common", "Signer"), **how)

    def crl(self, *revoked, when=None):
        now = when or datetime.datetime(2026, 1, 1)
        builder = x509.CertificateRevocationListBuilder().issuer_name(
            self.cert.subject).last_update(now).next_update(
                datetime.datetime(2120, 1, 1))
        for cert, date in revoked:
            builder = builder.add_revoked_certificate(
                x509.RevokedCertificateBuilder().serial_number(
                    cert.serial_number).revocation_date(date).build())
        return builder.sign(self.key, hashes.SHA256()).public_bytes(
            serialization.Encoding.PEM)


def oid(*arcs):
    out = bytes([arcs[0] * 40 + arcs[1]])
    for arc in arcs[2:]:
        more = bytes([arc & 0x7f])
        while arc := arc >> 7:
            more = bytes([0x80 | arc & 0x7f]) + more
        out += more
    return der(6, out)


def integer(n):
    return der(2, n.to_bytes(n.bit_length() // 8 + 1, "big"))


def moment(when):
    if when.year < 2050:
        return der(0x17, when.strftime("%y%m%d%H%M%SZ").encode())
    return der(0x18, when.strftime("%Y%m%d%H%M%SZ").encode())


def extension(arc, value, critical=False):
    """id-ce below 2.5.29, or all arcs."""
    arcs = (2, 5, 29, arc) if isinstance(arc, int) else arc
    return der(0x30, oid(*arcs), der(1, b"\xff") if critical else b"",
               der(4, value))


def point(*urls):
    """DistributionPointName: fullName of URIs."""
    return der(0xa0, der(0xa0, *(der(0x86, u.encode()) for u in urls)))


def points(*urls):
    """CRLDistributionPoints of a certificate, one point for each."""
    return x509.UnrecognizedExtension(
        x509.ObjectIdentifier("2.5.29.31"),
        der(0x30, *(der(0x30, point(u)) for u in urls)))


def scope(urls=(), users=False, cas=False, attributes=False, indirect=False,
          reasons=None):
    """IssuingDistributionPoint of a list (RFC 5280 section 5.2.5)."""
    body = point(*urls) if urls else b""
    for tag, flag in ((0x81, users), (0x82, cas)):
        body += der(tag, b"\xff") if flag else b""
    if reasons is not None:
        body += der(0x83, b"\0" + reasons)
    for tag, flag in ((0x84, indirect), (0x85, attributes)):
        body += der(tag, b"\xff") if flag else b""
    return extension(28, der(0x30, body), True)


REMOVE, HOLD, COMPROMISE = 8, 6, 1
CRL_ALGORITHMS = {
    "sha1": (bytes.fromhex("300906072a8648ce3d0401"), hashes.SHA1()),
    "sha256": (bytes.fromhex("300a06082a8648ce3d040302"), hashes.SHA256()),
    "sha512": (bytes.fromhex("300a06082a8648ce3d040304"), hashes.SHA512())}


def entry(serial, when, reason=None, invalid=None, extra=b""):
    """One revoked certificate (RFC 5280 section 5.3)."""
    more = b"" if reason is None else extension(21, der(10, bytes([reason])))
    if invalid is not None:
        more += extension(24, der(0x18, invalid.strftime(
            "%Y%m%d%H%M%SZ").encode()))
    more += extra
    serial = getattr(serial, "serial_number", serial)
    return der(0x30, integer(serial), moment(when),
               der(0x30, more) if more else b"")


def revocation_list(ca, entries=(), start=datetime.datetime(2026, 1, 1),
                    end=datetime.datetime(2120, 1, 1), number=1, delta=None,
                    extra=b"", key=None, digest="sha256", key_id=None,
                    issuer=None):
    """A list in DER, by hand: every form that RFC 5280 knows, and others."""
    key = key or ca.key
    if isinstance(key, ed25519.Ed25519PrivateKey):
        algorithm = bytes.fromhex("300506032b6570")
    elif isinstance(key, rsa.RSAPrivateKey):
        algorithm = bytes.fromhex(
            "304106092a864886f70d01010a3034a00f300d060960864801650304020105"
            "00a11c301a06092a864886f70d010108300d0609608648016503040201"
            "0500a203020120")
    else:
        algorithm, picked = CRL_ALGORITHMS[digest]
    more = b"" if number is None else extension(20, integer(number))
    if delta is not None:
        more += extension(27, integer(delta), True)
    if key_id is not None:
        more += extension(35, der(0x30, der(0x80, key_id)))
    more += extra
    body = entries if isinstance(entries, bytes) else b"".join(entries)
    tbs = der(0x30, der(2, b"\1"), algorithm,
              (issuer or ca.cert.subject).public_bytes(), moment(start),
              moment(end) if end else b"", der(0x30, body) if body else b"",
              der(0xa0, der(0x30, more)) if more else b"")
    if isinstance(key, ed25519.Ed25519PrivateKey):
        signature = key.sign(tbs)
    elif isinstance(key, rsa.RSAPrivateKey):
        signature = key.sign(tbs, padding.PSS(padding.MGF1(hashes.SHA256()),
                                              32), hashes.SHA256())
    else:
        signature = key.sign(tbs, ec.ECDSA(picked))
    return der(0x30, tbs, algorithm, der(3, b"\0" + signature))


def crl_pem(*lists):
    return b"".join(b"-----BEGIN X509 CRL-----\n" + base64.encodebytes(one) +
                    b"-----END X509 CRL-----\n" for one in lists)


def make(key, issuer, common, ca=False, extension=None,
         usage=("digital_signature",),
         extended=(ExtendedKeyUsageOID.EMAIL_PROTECTION,),
         start=datetime.datetime(2020, 1, 1),
         end=datetime.datetime(2120, 1, 1), digest=None, limit=None,
         more=()):
    builder = x509.CertificateBuilder().subject_name(name(common)).issuer_name(
        name(issuer.common)).public_key(key.public_key()).serial_number(
            x509.random_serial_number()).not_valid_before(
                start).not_valid_after(end)
    if ca:
        builder = builder.add_extension(
            x509.BasicConstraints(True, None), True)
    if extension is not None:
        builder = builder.add_extension(extension, False)
    flags = ("digital_signature", "content_commitment", "key_encipherment",
             "data_encipherment", "key_agreement", "key_cert_sign",
             "crl_sign", "encipher_only", "decipher_only")
    if ca:
        usage = ("key_cert_sign", "crl_sign")
    if usage:
        builder = builder.add_extension(
            x509.KeyUsage(**{f: f in usage for f in flags}), True)
    if ca:
        extended = limit
    if extended:
        builder = builder.add_extension(
            x509.ExtendedKeyUsage(list(extended)), False)
    for extra in more:
        builder = builder.add_extension(extra, False)
    signer = issuer.key
    algorithm = None if isinstance(
        signer, ed25519.Ed25519PrivateKey) else digest or hashes.SHA256()
    return builder.sign(signer, algorithm)


def cert_pem(*certs):
    return b"".join(c.public_bytes(serialization.Encoding.PEM) for c in certs)


def cert_der(cert):
    return cert.public_bytes(serialization.Encoding.DER)


def secure_headers(fields, status=None, canonical=1):
    """RFC 7508: the attribute."""
    body = [der(0x30, der(0x1a, n.encode()), der(0x0c, v.encode()),
                *([der(0x02, bytes([status]))] if status is not None else []))
            for n, v in fields]
    return der(0x30, SECURE_HEADERS, der(0x31, der(
        0x31, der(0x0a, bytes([canonical])), der(0x30, *body))))


def signer_info(key, cert, content, digest="sha256", extra=(),
                attributes=True, wrong_digest=False, kind=DATA):
    """kind: the content-type attribute; b"": there is none."""
    value = hashlib.new(digest, b"wrong" if wrong_digest else content).digest()
    issuer = der(0x30, cert.issuer.public_bytes(),
                 der(0x02, cert.serial_number.to_bytes(
                     cert.serial_number.bit_length() // 8 + 1, "big")))
    algorithm = der(0x30, DIGESTS[digest])
    signed = content
    attrs = b""
    if attributes:
        both = sorted([*([der(0x30, CONTENT_TYPE, der(0x31, kind))] if kind
                         else []), der(0x30, MESSAGE_DIGEST, der(
                             0x31, der(0x04, value))), *extra])
        signed = der(0x31, *both)
        attrs = der(0xa0, *both)
    picked = {"sha256": hashes.SHA256(), "sha1": hashes.SHA1(),
              "sha512": hashes.SHA512(), "md5": hashes.MD5()}[digest]
    if isinstance(key, ed25519.Ed25519PrivateKey):
        how, signature = bytes.fromhex("06032b6570"), key.sign(signed)
    elif isinstance(key, rsa.RSAPrivateKey):
        how = bytes.fromhex("06092a864886f70d010101") + b"\x05\0"
        signature = key.sign(signed, padding.PKCS1v15(), picked)
    else:
        how = bytes.fromhex("06082a8648ce3d040302")
        signature = key.sign(signed, ec.ECDSA(picked))
    return der(0x30, der(0x02, b"\1"), issuer, algorithm, attrs,
               der(0x30, how), der(0x04, signature))


def signed_data(content, infos, certs, detached=True, digest="sha256",
                kind=DATA, outer=SIGNED, inside=None):
    """The ContentInfo; content is in canonical form already."""
    encap = der(0x30, kind, *([] if detached and inside is None else [
        der(0xa0, der(0x04, content if inside is None else inside))]))
    body = der(0x30, der(0x02, b"\1"), der(0x31, der(0x30, DIGESTS[digest])),
               encap, *([der(0xa0, *map(cert_der, certs))] if certs else []),
               der(0x31, *infos))
    return der(0x30, outer, der(0xa0, body))


def detached(entity, blob, subtype="pkcs7-signature", boundary="bnd",
             protocol=None, parts="", encoding="base64"):
    """multipart/signed by hand."""
    text = base64.encodebytes(blob).replace(b"\n", b"\r\n")
    return (b"MIME-Version: 1.0\r\nContent-Type: multipart/signed; "
            b"protocol=\"application/%s\"; micalg=sha-256; boundary=\"%s\"\r\n"
            b"\r\n--%s\r\n" % ((protocol or subtype).encode(),
                               boundary.encode(), boundary.encode()) +
            entity + b"\r\n--%s\r\nContent-Type: application/%s; name="
            b"smime.p7s\r\nContent-Transfer-Encoding: %s\r\n\r\n" % (
                boundary.encode(), subtype.encode(), encoding.encode()) +
            text + parts.encode() + b"--%s--\r\n" % boundary.encode())


def openssl_sign(entity, signers, certs=(), opaque=False, args=()):
    """`openssl cms -sign`: a MIME entity with its own header."""
    with tempfile.TemporaryDirectory() as d:
        command = ["openssl", "cms", "-sign", "-in", d + "/in"]
        with open(d + "/in", "wb") as f:
            f.write(entity)
        for i, (key, cert) in enumerate(signers):
            for suffix, data in (("key", pem(key)), ("pem", cert_pem(cert))):
                with open("%s/%d.%s" % (d, i, suffix), "wb") as f:
                    f.write(data)
            command += ["-signer", "%s/%d.pem" % (d, i),
                        "-inkey", "%s/%d.key" % (d, i)]
        if certs:
            with open(d + "/certs", "wb") as f:
                f.write(cert_pem(*certs))
            command += ["-certfile", d + "/certs"]
        command += ["-nodetach"] if opaque else []
        env = dict(os.environ, OPENSSL_CONF="/dev/null")
        return subprocess.run(command + list(args), check=True, env=env,
                              capture_output=True).stdout
