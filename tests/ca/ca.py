"""An ACME CA that mails challenges (RFC 8555, RFC 8823), on loopback.

Written with other libraries than mailcert (python3-cryptography, dkimpy), so
that agreement with it is evidence.  Its mail goes into a Maildir; replies come
by SMTP, for which there is a sendmail.  A personality says in which ways it is
like a real server:

 join         string | octets: how it reads RFC 8823 section 3, step 6
 lengths      octets of token-part1 and token-part2
 pad          what token-part1 is padded with
 mail_at      order | authorization | challenge | never: when the challenge is
              mailed
 proof        how challenges are signed: dkim; 9788, 8551 or 7508: S/MIME with
              that header protection; none
 bare         challenges have no more than From, To and Subject, and what the
              mail system adds (acme2certifier)
 delay        seconds that a reply is on its way; None: it never arrives
 bad_nonces   the share of good nonces that it refuses
 retry_after  what it says while it is at it, or None
 pending      how often it says "processing" first
 dns          identifiers come back with type "dns" (CASTLE once)
 errors       whether a failed challenge says why
 eab          (kid, MAC key) that it demands, or None
 root         whether the chain holds the root
 reuse        authorizations stay valid for the next order
 fresh_keys   whether it refuses a key that it has certified before
 rate         None, or (newOrders, seconds): how many it takes in that time;
              beyond that it says 429 and Retry-After
 refuses      addresses that it never certifies
 terms        whether there are terms of service
 lower        identifiers come back in lower case (pebble)
 ari          None, or (start, end, Retry-After): the renewal window in
              seconds from now (RFC 9773)
 alternates   how many other roots there are chains to
 caa          what it calls itself in CAA records
 orders       whether the account lists its orders
 pages        in how many pages
 days         how long its certificates live
 crl          where its certificates say that revocation lists are, or None
 subject      None: signing requests with and without one are taken; True or
              False: only those
 eku          the same of the extended key usage emailProtection
 port         of its server; 0: any that is free
 clock        how many seconds its clock is before ours
 tls          the life of its server's certificate, in seconds from now
 window       how long it looks for a reply after it was told, in seconds

Of hosts (identifiers of the type dns; tests/ca/proofs.py):
 offers       the challenges of an authorization
 draft        "05": service and port in the payload; "02": in the header of the
              JWS
 bind         whether service and port are hashed, too
 many         whether it takes several services in one response
 ports        any; other: not that of another service; iana: no other
 reads        what a server can do: before STARTTLS, after it, or both
 resolver     where it asks; None: its own DNS server
 cert_names   what its certificates name instead, or None
 cert_eku     their extended key usage, or None
"""
import base64
import datetime
import email
import email.policy
import email.utils
import functools
import hashlib
import hmac
import http.server
import json
import os
import re
import secrets
import socket
import ssl
import sys
import threading
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.dirname(HERE))
import cms
import dkim
import proofs
from aiosmtpd.controller import Controller
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import \
    encode_dss_signature
from dnsserver import Dns

DEFAULT = dict(join="string", pad="", lengths=(24, 16), mail_at="authorization",
               proof="dkim", bare=False, delay=0,
               bad_nonces=0.0, retry_after=1, pending=0, errors=True, eab=None,
               root=False, reuse=False, fresh_keys=False, rate=None, refuses=(), terms=False, lower=False, ari=None,
               alternates=0, caa=(), orders=True, pages=1, days=90, crl=None, subject=None, eku=None, window=0, port=0, dns=False, clock=0, tls=None,
               offers=tuple(proofs.KINDS), draft="05", bind=False, many=True,
               ports="any", reads="before", resolver=None, cert_names=None,
               cert_eku=None)
THIRTEEN = [b"from", b"sender", b"reply-to", b"to", b"cc", b"subject", b"date",
            b"in-reply-to", b"references", b"message-id", b"auto-submitted",
            b"content-type", b"content-transfer-encoding"]


def b64(raw):
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def unb64(text):
    if not re.fullmatch(r"[A-Za-z0-9_-]*", text):
        raise Problem(400, "malformed", "not base64url")
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


class Problem(Exception):
    def __init__(self, code, kind, detail, headers=None):
        self.code, self.kind, self.detail = code, kind, detail
        self.headers = headers or {}


def number(text):
    return int.from_bytes(unb64(text), "big")


def public_key(jwk):
    if jwk["kty"] == "EC" and jwk["crv"] == "P-256":
        assert len(unb64(jwk["x"])) == len(unb64(jwk["y"])) == 32
        return ec.EllipticCurvePublicNumbers(
            number(jwk["x"]), number(jwk["y"]), ec.SECP256R1()).public_key()
    if jwk["kty"] == "RSA":
        return rsa.RSAPublicNumbers(number(jwk["e"]),
                                    number(jwk["n"])).public_key()
    if jwk["kty"] == "OKP" and jwk["crv"] == "Ed25519":
        return ed25519.Ed25519PublicKey.from_public_bytes(unb64(jwk["x"]))
    raise Problem(400, "badPublicKey", "unknown key")


def thumbprint(jwk):
    names = {"EC": ("crv", "kty", "x", "y"), "RSA": ("e", "kty", "n"),
             "OKP": ("crv", "kty", "x")}[jwk["kty"]]
    text = json.dumps({n: jwk[n] for n in names}, sort_keys=True,
                      separators=(",", ":"))
    return b64(hashlib.sha256(text.encode()).digest())


def verify(jwk, alg, signed, signature):
    key = public_key(jwk)
    try:
        if alg == "ES256" and jwk["kty"] == "EC":
            assert len(signature) == 64
            key.verify(encode_dss_signature(
                int.from_bytes(signature[:32], "big"),
                int.from_bytes(signature[32:], "big")), signed,
                ec.ECDSA(hashes.SHA256()))
        elif alg == "RS256" and jwk["kty"] == "RSA":
            key.verify(signature, signed, padding.PKCS1v15(), hashes.SHA256())
        elif alg == "EdDSA" and jwk["kty"] == "OKP":
            key.verify(signature, signed)
        else:
            raise Problem(400, "badSignatureAlgorithm", alg)
    except (InvalidSignature, AssertionError):
        raise Problem(400, "malformed", "the signature is not good")


class Ca:
    def __init__(self, directory, domain="ca.example", **personality):
        unknown = set(personality) - set(DEFAULT)
        assert not unknown, unknown
        self.how = dict(DEFAULT, **personality)
        self.dir, self.domain = directory, domain
        for name in ("mail/cur", "mail/new", "mail/tmp", "replies"):
            os.makedirs(os.path.join(directory, name), exist_ok=True)
        self.accounts, self.orders, self.authz = {}, {}, {}
        self.nonces, self.seen, self.problems = set(), [], []
        self.good = 0
        self.valid, self.certs, self.certified = {}, {}, set()
        self.ordered = []  # when, by a clock that nobody sets
        self.on_answer = None  # called before each answer goes out
        self.lock = threading.Lock()
        self.root = cms.Authority("Example Root")
        self.sub = cms.Authority("Example Issuing", parent=self.root)
        self.others = [cms.cross(self.sub, "Other Root %d" % i)
                       for i in range(self.how["alternates"])]
        self.revoked, self.replaced, self.envelopes = {}, set(), []
        self.dkim_key = self.the_dkim_key()
        public = base64.b64encode(self.dkim_key.public_key().public_bytes(
            serialization.Encoding.DER,
            serialization.PublicFormat.SubjectPublicKeyInfo)).decode()
        self.dns = Dns({"sel._domainkey." + domain:
                        "v=DKIM1; k=rsa; p=" + public})
        self.serve()

    @staticmethod
    @functools.cache
    def the_dkim_key():
        return cms.new_key(2048)

    # --- the server -----------------------------------------------------
    def serve(self):
        tls_root = cms.Authority("Server Root")
        from cryptography.x509.oid import ExtendedKeyUsageOID
        key = cms.new_key()
        life = {} if self.how["tls"] is None else {
            name: self.now(after) for name, after in zip(("start", "end"),
                                                         self.how["tls"])}
        cert = cms.make(key, tls_root, "127.0.0.1", extension=cms.san(
            (0x87, bytes([127, 0, 0, 1]))),
            extended=(ExtendedKeyUsageOID.SERVER_AUTH,), **life)
        self.file = self.write("server-root.pem", cms.cert_pem(tls_root.cert))
        pem = self.write("server.pem", cms.pem(key) + cms.cert_pem(cert))
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(pem)
        ca = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *unused):
                pass

            def do_GET(self):
                ca.on_request(self)
            do_POST = do_HEAD = do_GET

        class Server(http.server.ThreadingHTTPServer):
            daemon_threads = True
            allow_reuse_address = True

            def get_request(self):
                peer, address = super().get_request()
                return context.wrap_socket(
                    peer, server_side=True,
                    do_handshake_on_connect=False), address

            def handle_error(self, *unused):
                pass

        self.server = Server(("127.0.0.1", self.how["port"]), Handler)
        self.base = "https://127.0.0.1:%d" % self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, args=(0.02,),
                         daemon=True).start()
        self.smtp = self.listen()

    def listen(self):
        """SMTP on a port that is free; the library wants to know it first."""
        while True:
            with socket.socket() as free:
                free.bind(("127.0.0.1", 0))
                port = free.getsockname()[1]
            smtp = Controller(Inbox(self), hostname="127.0.0.1", port=port,
                              enable_SMTPUTF8=True, decode_data=False)
            try:
                smtp.start()
                return smtp
            except OSError:
                pass

    def close(self):
        self.smtp.stop()
        self.server.shutdown()
        self.server.server_close()

    def write(self, name, data):
        path = os.path.join(self.dir, name)
        with open(path, "wb") as f:
            f.write(data)
        return path

    def nonce(self):
        nonce = secrets.token_urlsafe(16)
        self.nonces.add(nonce)
        return nonce

    def refuses_this_one(self):
        """Of the good nonces, exactly that share: no dice in tests."""
        self.good += 1
        share = self.how["bad_nonces"]
        return int(self.good * share) > int((self.good - 1) * share)

    def on_request(self, http):
        body = http.rfile.read(int(http.headers.get("Content-Length") or 0))
        with self.lock:
            self.seen.append((http.command, http.path))
            try:
                code, headers, answer = self.route(http, body)
            except Exception as error:
                p = error if isinstance(error, Problem) else Problem(
                    500, "serverInternal", repr(error))
                self.problems.append((http.path, p.kind, p.detail))
                code, headers = p.code, {
                    "Content-Type": "application/problem+json", **p.headers}
                answer = {"type": "urn:ietf:params:acme:error:" + p.kind,
                          "detail": p.detail}
            headers["Replay-Nonce"] = self.nonce()
        if self.on_answer:
            self.on_answer(len(self.seen))
        raw = answer if isinstance(answer, bytes) else \
            json.dumps(answer).encode()
        http.send_response(code)
        headers.setdefault("Content-Type", "application/json")
        for name, value in headers.items():
            http.send_header(name, value)
        http.send_header("Content-Length", str(len(raw)))
        http.end_headers()
        if http.command != "HEAD":
            http.wfile.write(raw)

    def route(self, http, body):
        path = http.path
        if path == "/directory" and http.command == "GET":
            meta = {"externalAccountRequired": bool(self.how["eab"])}
            if self.how["terms"]:
                meta["termsOfService"] = self.base + "/terms"
            if self.how["caa"]:
                meta["caaIdentities"] = list(self.how["caa"])
            ari = {"renewalInfo": self.base + "/renewal"} \
                if self.how["ari"] else {}
            return 200, {}, {
                **ari, "newNonce": self.base + "/nonce",
                "newAccount": self.base + "/account",
                "newOrder": self.base + "/order",
                "revokeCert": self.base + "/revoke",
                "keyChange": self.base + "/key", "meta": meta,
                "aRandomKey": "https://community.example/"}
        if path == "/nonce":
            return 200, {"Cache-Control": "no-store"}, b""
        if path.startswith("/renewal/") and self.how["ari"] and \
                http.command == "GET":
            return self.on_renewal(path)
        if http.command != "POST":
            raise Problem(405, "malformed", "POST is asked for")
        jwk, kid, payload = self.open_jws(http, body)
        if path == "/account":
            return self.new_account(jwk, payload)
        if path == "/revoke":
            return self.on_revoke(jwk, kid, payload)
        account = self.accounts.get(kid)
        if account is None:
            raise Problem(400, "accountDoesNotExist", "no such account")
        if path == "/key":
            return self.on_key_change(account, payload)
        for prefix, method in (("/orders/", self.on_orders),
                               ("/order", self.on_order),
                               ("/authz/", self.on_authz),
                               ("/chall/", self.on_challenge),
                               ("/finalize/", self.on_finalize),
                               ("/acct/", self.on_account),
                               ("/cert/", self.on_cert)):
            if path.startswith(prefix):
                return method(account, path, payload)
        raise Problem(404, "malformed", "no such resource")

    def open_jws(self, http, body):
        """RFC 8555 section 6.2, all of it."""
        if http.headers.get("Content-Type") != "application/jose+json":
            raise Problem(415, "malformed", "Content-Type")
        if not http.headers.get("User-Agent"):
            raise Problem(400, "malformed", "User-Agent")
        jws = json.loads(body)
        if set(jws) != {"protected", "payload", "signature"}:
            raise Problem(400, "malformed", "JWS members")
        head = json.loads(unb64(jws["protected"]))
        extra = set(head) - {"alg", "nonce", "url", "jwk", "kid"}
        if extra - {"service", "port", "services", "ports"} or \
                extra and not http.path.startswith("/chall/") or \
                ("jwk" in head) == ("kid" in head):
            raise Problem(400, "malformed", "JWS header")
        if head["nonce"] not in self.nonces or \
                self.refuses_this_one():
            self.nonces.discard(head["nonce"])
            raise Problem(400, "badNonce", "used, or never given")
        self.nonces.discard(head["nonce"])
        if head["url"] != self.base + http.path:
            raise Problem(400, "unauthorized", "url")
        if "kid" in head:
            if head["kid"] not in self.accounts:
                raise Problem(400, "accountDoesNotExist", "no such account")
            jwk = self.accounts[head["kid"]]["jwk"]
            if self.accounts[head["kid"]]["status"] != "valid":
                raise Problem(401, "unauthorized", "that account is closed")
        else:
            jwk = head["jwk"]
        verify(jwk, head["alg"], (jws["protected"] + "." +
                                  jws["payload"]).encode(),
               unb64(jws["signature"]))
        raw = unb64(jws["payload"])
        self.header = {name: head[name] for name in extra}
        return jwk, head.get("kid"), json.loads(raw) if raw else None

    # --- RFC 8555 section 7 -----------------------------------------------
    def account_object(self, account):
        out = {"status": account["status"], "contact": account["contact"]}
        if self.how["orders"]:
            out["orders"] = account["url"].replace("/acct/", "/orders/")
        return out

    def contacts(self, payload):
        for contact in payload.get("contact", []):
            if not re.fullmatch(r"mailto:[^@,?]+@[^@,?]+", contact):
                raise Problem(400, "invalidContact", contact)
        return payload.get("contact", [])

    def new_account(self, jwk, payload):
        for url, account in self.accounts.items():
            if account["jwk"] == jwk:
                if account["status"] != "valid":
                    raise Problem(401, "unauthorized", "it is closed")
                return 200, {"Location": url}, self.account_object(account)
        if payload.get("onlyReturnExisting"):
            raise Problem(400, "accountDoesNotExist", "no such account")
        if self.how["terms"] and not payload.get("termsOfServiceAgreed"):
            raise Problem(403, "userActionRequired", "agree to the terms")
        if self.how["eab"]:
            self.check_eab(jwk, payload.get("externalAccountBinding"))
        url = "%s/acct/%d" % (self.base, len(self.accounts) + 1)
        account = {"jwk": jwk, "url": url, "status": "valid",
                   "contact": self.contacts(payload)}
        self.accounts[url] = account
        return 201, {"Location": url}, self.account_object(account)

    def on_account(self, account, path, payload):
        if account["url"] != self.base + path:
            raise Problem(403, "unauthorized", "of somebody else")
        if payload and payload.get("status") == "deactivated":
            account["status"] = "deactivated"
        elif payload and "contact" in payload:
            account["contact"] = self.contacts(payload)
        return 200, {}, self.account_object(account)

    def on_orders(self, account, path, payload):
        """Section 7.1.2.1; all of them on the last page."""
        path, _, page = path.partition("?page=")
        page = int(page or 1)
        if page < self.how["pages"]:
            return 200, {"Link": '<%s?page=%d>;rel="next"' % (
                path, page + 1)}, {"orders": []}
        return 200, {}, {"orders": [url for url, order in self.orders.items()
                                    if order["account"] is account]}

    def on_key_change(self, account, inner):
        """Section 7.3.5, all of it."""
        if set(inner) != {"protected", "payload", "signature"}:
            raise Problem(400, "malformed", "inner JWS members")
        head = json.loads(unb64(inner["protected"]))
        if set(head) != {"alg", "jwk", "url"} or \
                head["url"] != self.base + "/key":
            raise Problem(400, "malformed", "inner JWS header")
        verify(head["jwk"], head["alg"],
               (inner["protected"] + "." + inner["payload"]).encode(),
               unb64(inner["signature"]))
        claim = json.loads(unb64(inner["payload"]))
        if claim != {"account": account["url"], "oldKey": account["jwk"]}:
            raise Problem(400, "malformed", "not that account and its key")
        if any(a["jwk"] == head["jwk"] for a in self.accounts.values()):
            raise Problem(409, "conflict", "the key has an account")
        account["jwk"] = head["jwk"]
        return 200, {}, self.account_object(account)

    def on_revoke(self, jwk, kid, payload):
        """Section 7.6: by the account that ordered it, or its own key."""
        cert = x509.load_der_x509_certificate(unb64(payload["certificate"]))
        owner = next((o["account"]["url"] for o in self.orders.values()
                      if o.get("serial") == cert.serial_number), None)
        if owner is None:
            raise Problem(404, "malformed", "not one of ours")
        spki = (serialization.Encoding.DER,
                serialization.PublicFormat.SubjectPublicKeyInfo)
        if kid is None and public_key(jwk).public_bytes(*spki) != \
                cert.public_key().public_bytes(*spki) or \
                kid is not None and kid != owner:
            raise Problem(403, "unauthorized", "not yours to revoke")
        if payload.get("reason", 0) not in (0, 1, 3, 4, 5):
            raise Problem(400, "badRevocationReason", "no such reason")
        if cert.serial_number in self.revoked:
            raise Problem(400, "alreadyRevoked", "it is revoked")
        self.revoked[cert.serial_number] = payload.get("reason", 0)
        return 200, {}, b""

    # --- RFC 9773 ---------------------------------------------------------
    def cert_id(self, cert):
        """Section 4.1; the serial number is a DER INTEGER's octets."""
        aki = cert.extensions.get_extension_for_class(
            x509.AuthorityKeyIdentifier).value.key_identifier
        number = cert.serial_number
        return b64(aki) + "." + b64(number.to_bytes(
            number.bit_length() // 8 + 1, "big"))

    def on_renewal(self, path):
        if path.rsplit("/", 1)[1] not in [o.get("cert_id")
                                          for o in self.orders.values()]:
            raise Problem(404, "malformed", "no such certificate")
        start, end, again = self.how["ari"]
        return 200, {"Retry-After": str(again)} if again is not None else {}, {
            "suggestedWindow": {"start": self.time(start),
                                "end": self.time(end)},
            "explanationURL": "https://ca.example/why"}

    def check_eab(self, jwk, eab):
        if not eab:
            raise Problem(403, "externalAccountRequired", "no binding")
        kid, key = self.how["eab"]
        head = json.loads(unb64(eab["protected"]))
        want = hmac.new(key, (eab["protected"] + "." +
                              eab["payload"]).encode(), "sha256").digest()
        if head != {"alg": "HS256", "kid": kid,
                    "url": self.base + "/account"} or \
                json.loads(unb64(eab["payload"])) != jwk or \
                not hmac.compare_digest(want, unb64(eab["signature"])):
            raise Problem(403, "unauthorized", "the binding is not good")

    def order_object(self, order):
        out = {k: order[k] for k in ("status", "expires", "identifiers",
                                     "finalize") if k in order}
        out["authorizations"] = [a["url"] for a in order["authz"]]
        if order["status"] == "valid":
            out["certificate"] = order["certificate"]
        if order.get("error"):
            out["error"] = order["error"]
        return out

    def refresh(self, order):
        states = {a["status"] for a in order["authz"]}
        if order["status"] == "pending" and states == {"valid"}:
            order["status"] = "ready"
        if "invalid" in states:
            order["status"] = "invalid"

    def wait(self):
        return {} if self.how["retry_after"] is None else {
            "Retry-After": str(self.how["retry_after"])}

    def limit_rate(self):
        if self.how["rate"] is not None:
            most, seconds = self.how["rate"]
            now = time.monotonic()
            recent = [t for t in self.ordered if t > now - seconds]
            if len(recent) >= most:
                left = int(recent[0] + seconds - now) + 1
                raise Problem(429, "rateLimited", "too many orders",
                              {"Retry-After": str(left)})
        self.ordered.append(time.monotonic())

    def on_order(self, account, path, payload):
        if path != "/order":
            order = self.orders[self.base + path]
            self.refresh(order)
            if order["status"] == "processing":
                order["left"] -= 1
                if order["left"] < 0:
                    order["status"] = "valid"
            return 200, self.wait(), self.order_object(order)
        self.limit_rate()
        for identifier in payload["identifiers"]:
            if identifier["value"] in self.how["refuses"]:
                raise Problem(400, "rejectedIdentifier", "not for that one")
        replaces = payload.get("replaces")
        if replaces is not None:
            if not self.how["ari"] or replaces not in [
                    o.get("cert_id") for o in self.orders.values()]:
                raise Problem(400, "malformed", "replaces what?")
            if replaces in self.replaced:
                raise Problem(409, "alreadyReplaced", "it is")
            self.replaced.add(replaces)
        order = {"replaces": replaces,
                 "status": "pending", "identifiers": payload["identifiers"],
                 "expires": self.time(3600 * 24), "authz": [],
                 "left": self.how["pending"], "account": account}
        n = len(self.orders) + 1
        url = "%s/order/%d" % (self.base, n)
        order["finalize"] = "%s/finalize/%d" % (self.base, n)
        for i, identifier in enumerate(payload["identifiers"]):
            if identifier["type"] not in ("email", "dns") or \
                    "*" in identifier["value"]:
                raise Problem(400, "unsupportedIdentifier", "not that one")
            known = self.valid.get((account["url"], identifier["value"]))
            if known is not None:
                order["authz"].append(known)
                continue
            value = identifier["value"]
            if self.how["lower"]:
                value = value.lower()
            one, two = self.how["lengths"]
            authz = {"status": "pending", "expires": order["expires"],
                     "identifier": {"type": "dns" if self.how["dns"] else
                                    identifier["type"], "value": value},
                     "host": identifier["type"] == "dns",
                     "url": "%s/authz/%d-%d" % (self.base, n, i),
                     "chall": "%s/chall/%d-%d" % (self.base, n, i),
                     "part1": b64(secrets.token_bytes(one)) + self.how["pad"],
                     "part2": b64(secrets.token_bytes(two)),
                     "from": "acme-challenge+%s@%s" % (
                         secrets.token_hex(6), self.domain),
                     "cstatus": "pending", "mailed": False, "error": None,
                     "account": account, "left": self.how["pending"]}
            self.authz[authz["url"]] = authz
            order["authz"].append(authz)
            if authz["host"]:
                self.offer(authz)
            elif self.how["mail_at"] == "order":
                self.mail(authz)
        self.orders[url] = order
        return 201, {"Location": url}, self.order_object(order)

    def on_authz(self, account, path, payload):
        authz = self.authz[self.base + path]
        if authz["host"]:
            return self.host_object(authz)
        if not authz["mailed"] and self.how["mail_at"] == "authorization":
            self.mail(authz)
        if authz["cstatus"] == "processing" and \
                self.how["mail_at"] == "challenge":
            # It waits for the reply.
            if any(authz["part1"].encode() in r for r in self.replies()):
                self.look(authz)
        elif authz["cstatus"] == "processing":
            authz["left"] -= 1
            if authz["left"] < 0:
                self.look(authz)
        chall = {"type": "email-reply-00", "url": authz["chall"],
                 "status": authz["cstatus"], "token": authz["part2"],
                 "from": authz["from"]}
        if authz["error"] and self.how["errors"]:
            chall["error"] = authz["error"]
        return 200, self.wait(), {
            "status": authz["status"], "expires": authz["expires"],
            "identifier": authz["identifier"],
            "challenges": [{"type": "other-00", "url": authz["chall"] + "x",
                            "status": "pending", "token": "x"}, chall]}

    def on_challenge(self, account, path, payload):
        authz = next(a for a in self.authz.values() if self.base + path in (
            a["chall"], *a.get("offers", {})))
        if authz["host"]:
            return self.on_proof(authz, self.base + path, payload)
        if payload != {}:
            raise Problem(400, "malformed", "the response object is {}")
        if authz["cstatus"] == "pending":
            authz["cstatus"] = "processing"
            authz["told"] = time.monotonic()
            if self.how["mail_at"] == "challenge":
                self.mail(authz)
            elif self.how["pending"] == 0:
                self.look(authz)
        return 200, self.wait(), {"type": "email-reply-00",
                                  "url": authz["chall"],
                                  "status": authz["cstatus"]}

    # --- hosts: proofs.py -----------------------------------------------------
    def offer(self, authz):
        """One challenge of each type, by its URL."""
        authz["offers"] = {
            "%s-%s" % (authz["chall"], kind): {
                "type": kind, "token": b64(secrets.token_bytes(24)),
                "status": "pending"} for kind in self.how["offers"]}

    def host_object(self, authz):
        for offer in authz["offers"].values():
            if offer["status"] == "processing":
                authz["left"] -= 1
                if authz["left"] < 0:
                    self.look_at_host(authz, offer)
        return 200, self.wait(), {
            "status": authz["status"], "expires": authz["expires"],
            "identifier": authz["identifier"],
            "challenges": [dict({k: v for k, v in offer.items()
                                 if k != "said"}, url=url)
                           for url, offer in authz["offers"].items()]}

    def on_proof(self, authz, url, payload):
        """What may be said depends on the draft, and on the type."""
        offer = authz["offers"][url]
        plain = offer["type"] == "dns-01"
        members = {} if plain else \
            payload if self.how["draft"] == "05" else self.header
        if plain or self.how["draft"] == "02":
            if payload != {} or plain and self.header:
                raise Problem(400, "malformed", "the response object is {}")
        elif self.header or payload.get("type") != offer["type"] or \
                payload.get("keyAuthorization") != offer["token"] + "." + \
                thumbprint(authz["account"]["jwk"]):
            raise Problem(400, "malformed", "the payload")
        if offer["status"] != "pending" or authz["status"] != "pending":
            raise Problem(400, "malformed", "it was answered")
        offer.update(said=members, status="processing")
        if self.how["pending"] == 0:
            self.look_at_host(authz, offer)
        return 200, self.wait(), {"type": offer["type"], "url": url,
                                  "token": offer["token"],
                                  "status": offer["status"]}

    def look_at_host(self, authz, offer):
        print_of = thumbprint(authz["account"]["jwk"])
        eyes = proofs.Eyes(self.how["resolver"] or self.dns.resolver)
        try:
            proofs.look(eyes, self.how, offer["type"],
                        authz["identifier"]["value"], offer["said"],
                        lambda at: proofs.value_of(b64, offer["token"],
                                                   print_of, at))
            offer["status"] = authz["status"] = "valid"
            if self.how["reuse"]:
                self.valid[authz["account"]["url"],
                           authz["identifier"]["value"]] = authz
        except proofs.Fault as fault:
            offer["status"] = authz["status"] = "invalid"
            self.problems.append((offer["type"], fault.kind, fault.detail))
            if self.how["errors"]:
                offer["error"] = {
                    "type": "urn:ietf:params:acme:error:" + fault.kind,
                    "detail": fault.detail}

    # --- RFC 8823 -----------------------------------------------------------
    def mail(self, authz):
        authz["mailed"] = True
        authz["msgid"] = "<%s@%s>" % (secrets.token_hex(8), self.domain)
        fields = [("From", authz["from"]),
                  ("To", authz["identifier"]["value"]),
                  ("Subject", "ACME: " + authz["part1"]),
                  ("Date", email.utils.formatdate()),
                  ("Message-ID", authz["msgid"]),
                  ("Auto-Submitted", "auto-generated; type=acme")]
        if self.how["bare"]:
            fields = [("Received", "from %s by mx.example.org; %s" % (
                self.domain, email.utils.formatdate()))] + fields[:3]
            authz["msgid"] = None
        raw = self.signed(fields, authz["from"])
        name = "%d.%s.ca" % (time.time() * 1e6, secrets.token_hex(4))
        tmp = os.path.join(self.dir, "mail/tmp", name)
        with open(tmp, "wb") as f:
            f.write(raw.replace(b"\r\n", b"\n"))
        os.rename(tmp, os.path.join(self.dir, "mail/new", name))

    def signed(self, fields, sender):
        """A challenge with these fields, whatever proves who sent it."""
        head = "".join("%s: %s\r\n" % f for f in fields).encode()
        text = b"\r\nThis is an automatically generated ACME challenge.\r\n"
        plain = b"Content-Type: text/plain\r\n" + text
        how = self.how["proof"]
        if how in ("dkim", "none"):
            raw = head + b"MIME-Version: 1.0\r\n" + plain
            return raw if how == "none" else dkim.sign(
                raw, b"sel", self.domain.encode(), cms.pem(self.dkim_key),
                include_headers=THIRTEEN,
                canonicalize=(b"relaxed", b"relaxed")) + raw
        key, cert = self.sub.issue(sender)
        if how == "7508":  # the openssl command does not know it
            blob = cms.signed_data(plain, [cms.signer_info(
                key, cert, plain, extra=[cms.secure_headers(fields)])],
                [cert, self.sub.cert])
            return head + cms.detached(plain, blob)
        entity = head + plain.replace(b"plain", b'plain; hp="clear"', 1) \
            if how == "9788" else \
            b"Content-Type: message/rfc822; forwarded=no\r\n\r\n" + head + \
            plain
        return head + cms.openssl_sign(
            entity, [(key, cert)], [self.sub.cert]).replace(
                b"\r\n", b"\n").replace(b"\n", b"\r\n")

    def challenges(self):
        """The paths of the mails that went out, in their order."""
        top = os.path.join(self.dir, "mail/new")
        return [os.path.join(top, n) for n in sorted(os.listdir(top))]

    def replies(self):
        out = []
        top = os.path.join(self.dir, "replies")
        for name in sorted(os.listdir(top)):
            if name.endswith(".eml"):
                with open(os.path.join(top, name), "rb") as f:
                    out.append(f.read())
        return out

    def want(self, authz):
        """Section 3, step 6."""
        if self.how["join"] == "octets":
            token = b64(unb64(authz["part1"]) + unb64(authz["part2"]))
        else:
            token = authz["part1"] + authz["part2"]
        keyauth = token + "." + thumbprint(authz["account"]["jwk"])
        return b64(hashlib.sha256(keyauth.encode()).digest())

    def fault(self, authz, raw):
        """Section 3.2, clause by clause; None: nothing is wrong with it."""
        m = email.message_from_bytes(raw, policy=email.policy.SMTP)
        if email.utils.getaddresses(m.get_all("From", [])) != [
                ("", authz["identifier"]["value"])]:
            return "From"
        if email.utils.getaddresses(m.get_all("To", [])) != [
                ("", authz["from"])]:
            return "To"
        if m["In-Reply-To"] != authz["msgid"]:
            return "In-Reply-To"
        if any(n.lower().startswith("list-") for n in m.keys()):
            return "List-*"
        if m.get_content_type() != "text/plain":
            return "Content-Type"
        found = re.search(r"-----BEGIN ACME RESPONSE-----\n([\w=\n-]+)\n"
                          r"-----END ACME RESPONSE-----",
                          m.get_content().replace("\r\n", "\n"))
        if not found:
            return "no block"
        if not hmac.compare_digest(found[1].replace("\n", ""),
                                   self.want(authz)):
            return "the digest is wrong"
        return None

    def look(self, authz):
        """Look for the reply, once."""
        mine = [r for r in self.replies() if
                b"ACME: " + authz["part1"].encode() in r]
        if not mine and time.monotonic() - authz["told"] < \
                self.how["window"]:
            authz["left"] = 0
            return
        fault = self.fault(authz, mine[0]) if len(mine) == 1 else \
            "%d replies" % len(mine)
        authz["cstatus"] = authz["status"] = "invalid" if fault else "valid"
        if fault:
            authz["error"] = {
                "type": "urn:ietf:params:acme:error:incorrectResponse",
                "detail": fault}
        elif self.how["reuse"]:
            self.valid[authz["account"]["url"],
                       authz["identifier"]["value"]] = authz

    # --- issuing ----------------------------------------------------------
    def time(self, after):
        return time.strftime("%Y-%m-%dT%H:%M:%SZ",
                             time.gmtime(time.time() + self.how["clock"] +
                                         after))

    @staticmethod
    def now(after):
        return datetime.datetime.utcnow() + datetime.timedelta(seconds=after)

    def on_finalize(self, account, path, payload):
        n = path.rsplit("/", 1)[1]
        order = self.orders["%s/order/%s" % (self.base, n)]
        self.refresh(order)
        if order["status"] != "ready":
            raise Problem(403, "orderNotReady", order["status"])
        csr = x509.load_der_x509_csr(unb64(payload["csr"]))
        if not csr.is_signature_valid:
            raise Problem(400, "badCSR", "signature")
        names = csr.extensions.get_extension_for_class(
            x509.SubjectAlternativeName).value
        want = sorted(i["value"] for i in order["identifiers"])
        hosts = order["identifiers"][0]["type"] == "dns"
        if hosts:
            self.check_srv_ids(names, want[0])
        if sorted(self.name_text(n) for n in names
                  if not self.srv_id(n)) != want:
            raise Problem(400, "badCSR", "not exactly the addresses")
        self.check_request(csr, want, hosts)
        usage = csr.extensions.get_extension_for_class(x509.KeyUsage)
        jwk = account["jwk"]
        if csr.public_key().public_bytes(
                serialization.Encoding.DER,
                serialization.PublicFormat.SubjectPublicKeyInfo) == \
                public_key(jwk).public_bytes(
                    serialization.Encoding.DER,
                    serialization.PublicFormat.SubjectPublicKeyInfo):
            raise Problem(400, "badCSR", "that is the account key")
        key = csr.public_key().public_bytes(
            serialization.Encoding.DER,
            serialization.PublicFormat.SubjectPublicKeyInfo)
        if self.how["fresh_keys"] and key in self.certified:
            raise Problem(400, "badPublicKey", "that key is used already")
        self.certified.add(key)
        cert = self.issue(csr, usage.value, list(
            names if not hosts or self.how["cert_names"] is None else
            self.how["cert_names"]), hosts)
        order["serial"] = cert.serial_number
        try:
            order["cert_id"] = self.cert_id(cert)
        except x509.ExtensionNotFound:
            pass
        chain = [cert, self.sub.cert] + ([self.root.cert] if self.how["root"]
                                         else [])
        url = "%s/cert/%s" % (self.base, n)
        self.certs[url] = cms.cert_pem(*chain)
        for i, (other, crossed) in enumerate(self.others):
            self.certs["%s-%d" % (url, i)] = cms.cert_pem(cert, crossed)
        order["certificate"] = url
        order["status"] = "processing" if self.how["pending"] else "valid"
        return 200, self.wait(), self.order_object(order)

    @staticmethod
    def srv_id(name):
        """RFC 4985: an otherName with an IA5String."""
        if isinstance(name, x509.OtherName) and \
                name.type_id.dotted_string == "1.3.6.1.5.5.7.8.7" and \
                name.value[0] == 0x16:
            return name.value[2:].decode()
        return None

    def check_srv_ids(self, names, host):
        for text in filter(None, map(self.srv_id, names)):
            service, _, rest = text.partition(".")
            if service[1:] not in proofs.PORTS or rest != host:
                raise Problem(400, "badCSR", "SRV-ID " + text)

    def check_request(self, csr, want, hosts):
        """An empty subject or an address; one usage or nothing."""
        from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
        subject = [(a.oid, a.value) for a in csr.subject]
        if subject and (len(subject) != 1 or
                        subject[0][0] != NameOID.COMMON_NAME or
                        subject[0][1] not in want):
            raise Problem(400, "badCSR", "the subject is not an address")
        try:
            eku = list(csr.extensions.get_extension_for_class(
                x509.ExtendedKeyUsage).value)
        except x509.ExtensionNotFound:
            eku = []
        if eku not in ([], [ExtendedKeyUsageOID.SERVER_AUTH if hosts else
                            ExtendedKeyUsageOID.EMAIL_PROTECTION]):
            raise Problem(400, "badCSR", "the extended key usage")
        if self.how["subject"] not in (None, bool(subject)):
            raise Problem(400, "badCSR", "that subject is not taken here")
        if self.how["eku"] not in (None, bool(eku)):
            raise Problem(400, "badCSR", "that extended key usage is not "
                          "taken here")

    @staticmethod
    def name_text(name):
        """An address, whichever of the two kinds of name it is, or a host."""
        if isinstance(name, (x509.RFC822Name, x509.DNSName)):
            return name.value
        if name.type_id.dotted_string != "1.3.6.1.5.5.7.8.9" or \
                name.value[0] != 0x0c:
            raise Problem(400, "badCSR", "no such name")
        return name.value[2:].decode()

    def issue(self, csr, usage, names, hosts=False):
        from cryptography.x509.oid import ExtendedKeyUsageOID
        now = self.now(self.how["clock"])
        lists = [] if self.how["crl"] is None else [x509.DistributionPoint(
            [x509.UniformResourceIdentifier(self.how["crl"])], None, None,
            None)]
        builder = x509.CertificateBuilder()
        if lists:
            builder = builder.add_extension(
                x509.CRLDistributionPoints(lists), False)
        return builder.subject_name(
            csr.subject).issuer_name(cms.name(self.sub.common)).public_key(
            csr.public_key()).serial_number(x509.random_serial_number()) \
            .not_valid_before(now - datetime.timedelta(hours=1)) \
            .not_valid_after(now + datetime.timedelta(
                days=self.how["days"])) \
            .add_extension(x509.SubjectAlternativeName(names), True) \
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_public_key(
                    self.sub.key.public_key()), False) \
            .add_extension(usage, True) \
            .add_extension(x509.ExtendedKeyUsage(
                (hosts and self.how["cert_eku"]) or
                [ExtendedKeyUsageOID.SERVER_AUTH if hosts else
                 ExtendedKeyUsageOID.EMAIL_PROTECTION]), False) \
            .sign(self.sub.key, hashes.SHA256())

    def on_cert(self, account, path, payload):
        url = self.base + path
        links = ", ".join('<%s-%d>;rel="alternate"' % (url, i)
                          for i in range(len(self.others)))
        links = {"Link": links} if links and "-" not in path else {}
        return 200, {"Content-Type": "application/pem-certificate-chain",
                     **links}, self.certs[url]


class Inbox:
    """What SMTP brings becomes a file, after its time on the way."""

    def __init__(self, ca):
        self.ca = ca

    async def handle_DATA(self, server, session, envelope):
        raw = envelope.content.replace(b"\r\n", b"\n")
        self.ca.envelopes.append((envelope.mail_from, envelope.rcpt_tos))
        if self.ca.how["delay"] is None:
            return "250 OK"
        if self.ca.how["delay"]:
            threading.Timer(self.ca.how["delay"], self.keep, (raw,)).start()
        else:
            self.keep(raw)
        return "250 OK"

    def keep(self, raw):
        if not os.path.isdir(self.ca.dir):  # everything is over
            return
        path = os.path.join(self.ca.dir, "replies", "%d.%s" % (
            time.time() * 1e6, secrets.token_hex(4)))
        with open(path, "wb") as f:
            f.write(raw)
        os.rename(path, path + ".eml")


SENDMAIL = """#!/usr/bin/python3 -IS
# What the user's sendmail would do: submit by SMTP.  By hand, since loading
# the libraries takes longer than all the rest.
import re, socket, sys
raw, args = sys.stdin.buffer.read(), sys.argv[1:]
def field(name):
    return re.search(rb"(?im)^%%s: *(.*?)\\r?$" %% name, raw)[1].decode()
sender = args[args.index("-f") + 1] if "-f" in args else field(b"From")
to = args[args.index("--") + 1:] if "--" in args else [field(b"To")]
smtp = socket.create_connection(("127.0.0.1", %d))
answers = smtp.makefile("rb")
def say(data, want):
    if data:
        smtp.sendall(data + b"\\r\\n")
    line = answers.readline()
    while line[3:4] == b"-":
        line = answers.readline()
    if not line.startswith(want):
        sys.exit(line.decode())
say(b"", b"220")
say(b"EHLO localhost", b"250")
say(b"MAIL FROM:<%%s>%%s" %% (sender.encode(), b"" if sender.isascii() else
                          b" SMTPUTF8"), b"250")
for one in to:
    say(b"RCPT TO:<%%s>" %% one.encode(), b"250")
say(b"DATA", b"354")
lines = re.sub(rb"\\r?\\n", b"\\r\\n", raw)
say(re.sub(rb"(?m)^\\.", b"..", lines.removesuffix(b"\\r\\n")) + b"\\r\\n.", b"250")
say(b"QUIT", b"221")
"""


def sendmail(ca):
    path = ca.write("sendmail", (SENDMAIL % ca.smtp.port).encode())
    os.chmod(path, 0o755)
    return path
