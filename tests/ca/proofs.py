"""How the test CA looks at hosts: dns-01, and the challenges of
draft-ietf-acme-email-tls in versions 02 and 05.

It asks the DNS (dnspython) and speaks SMTP, LMTP, IMAP and POP3 itself, line by
line, since libraries fold the case of what is compared.
"""
import hashlib
import hmac
import re
import socket
import ssl

import dns.exception
import dns.resolver

PORTS = {"imap": 143, "imaps": 993, "pop3": 110, "pop3s": 995, "smtp": 25,
         "submission": 587, "submissions": 465, "lmtp": None}
TLS = {"imaps", "pop3s", "submissions"}
KINDS = {"dns-01": set(PORTS), "dns-email-00": set(PORTS),
         "capability-imap-00": {"imap", "imaps"},
         "capability-pop-00": {"pop3", "pop3s"},
         "capability-smtp-00": {"smtp", "submission", "submissions", "lmtp"}}
SECONDS = 5


class Fault(Exception):
    """Why a host is not proved: an error type of RFC 8555 section 6.7."""

    def __init__(self, kind, detail):
        super().__init__(detail)
        self.kind, self.detail = kind, detail


def services_of(members, many):
    """What a response is about: [(service, port)].  Version 05 has the members
    in the payload, version 02 in the header; "services" and "ports" are the
    open issue of both."""
    names, ports = [members.get("service")], [members.get("port")]
    if many and "services" in members:
        names, ports = members["services"], members.get(
            "ports", [None] * len(members["services"]))
    if len(names) != len(ports) or not names or \
            not all(name in PORTS for name in names):
        raise Fault("malformed", "which service?")
    out = [(name, PORTS[name] if port is None else port)
           for name, port in zip(names, ports)]
    if not all(type(port) is int and 0 < port < 65536 for _, port in out):
        raise Fault("malformed", "which port?")
    return out


def value_of(b64, token, thumbprint, at=None):
    text = token + "." + thumbprint
    if at is not None:
        text += ".%s.%d" % at
    return b64(hashlib.sha256(text.encode()).digest())


def is_value(text, want):
    """Version 02 and 05 count 44 octets: with padding, or without."""
    return hmac.compare_digest(text.rstrip("=").encode(), want.encode())


class Eyes:
    """Looks through one resolver, which also says where hosts are."""

    def __init__(self, resolver):
        address, _, port = resolver.partition("@")
        self.resolver = dns.resolver.Resolver(configure=False)
        self.resolver.nameservers = [address]
        self.resolver.port = int(port)
        self.resolver.lifetime = SECONDS

    def ask(self, name, kind):
        try:
            return list(self.resolver.resolve(name + ".", kind))
        except (dns.resolver.NXDOMAIN, dns.resolver.NoAnswer):
            return []
        except dns.exception.DNSException as error:
            raise Fault("dns", "%s: %s" % (name, type(error).__name__))

    def txt(self, name, want):
        found = [b"".join(one.strings).decode("ascii", "replace")
                 for one in self.ask(name, "TXT")]
        if not found:
            raise Fault("dns", "no TXT record at " + name)
        if not any(is_value(text, want) for text in found):
            raise Fault("unauthorized", "%s has another value" % name)

    def capability(self, host, at, want, reads):
        """Every address must show it: clients may come to any."""
        addresses = [one.address for one in self.ask(host, "A")]
        if not addresses:
            raise Fault("dns", host + " has no address")
        for address in addresses:
            try:
                with Server(address, *at) as server:
                    server.check(want, reads)
            except (OSError, EOFError) as error:
                raise Fault("connection", "%s on port %d at %s: %s" % (
                    *at, address, error or "the connection ended"))


class Server:
    """A conversation up to what it can do, before and inside TLS."""

    def __init__(self, address, service, port):
        self.name, self.where = service, "%s on port %d at %s" % (
            service, port, address)
        self.socket = socket.create_connection((address, port), SECONDS)
        self.kind = "imap" if service.startswith("imap") else \
            "pop" if service.startswith("pop") else "smtp"
        self.secure = service in TLS
        if self.secure:
            self.start_tls()
        else:
            self.lines = self.socket.makefile("rb")

    def __enter__(self):
        return self

    def __exit__(self, *unused):
        self.socket.close()

    def start_tls(self):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE  # it may have none yet
        self.socket = context.wrap_socket(self.socket)
        self.lines = self.socket.makefile("rb")
        self.secure = True

    def line(self):
        raw = self.lines.readline(8192)
        if not raw.endswith(b"\n"):
            raise EOFError("the connection ended")
        return raw.rstrip(b"\r\n").decode("ascii", "replace")

    def say(self, text):
        self.socket.sendall(text.encode() + b"\r\n")

    def smtp_lines(self):
        out = []
        while True:
            out.append(self.line())
            if out[-1][3:4] != "-":
                return out

    def greet(self):
        if self.kind == "smtp":
            self.smtp_lines()
        else:
            self.line()

    def listing(self):
        """Its capabilities, each in its own spelling."""
        if self.kind == "smtp":
            self.say(("LHLO" if self.name == "lmtp" else "EHLO") +
                     " ca.example")
            return [line[4:] for line in self.smtp_lines()[1:]]
        if self.kind == "imap":
            self.say("a CAPABILITY")
            out = []
            while not (line := self.line()).startswith("a "):
                if line.upper().startswith("* CAPABILITY "):
                    out += line.split(" ")[2:]
            return out
        self.say("CAPA")
        out = []
        if self.line().startswith("+OK"):
            while (line := self.line()) != ".":
                out.append(line)
        return out

    def values(self):
        sign = "=" if self.kind == "imap" else " "
        return [one[5:] for one in self.listing()
                if one[:5].upper() == "ACME" + sign]

    def upgrade(self):
        self.say({"smtp": "STARTTLS", "imap": "a STARTTLS",
                  "pop": "STLS"}[self.kind])
        if not re.match(r"220|a OK|\+OK", self.line()):
            raise EOFError("no STARTTLS")
        self.start_tls()

    def check(self, want, reads):
        self.greet()
        seen = {}
        if not self.secure:
            seen["before"] = self.values()
            if reads != "before":
                self.upgrade()
        if self.secure:
            seen["after"] = self.values()
        wanted = [when for when in ("before", "after")
                  if reads in (when, "both") and when in seen] or ["after"]
        for when in wanted:
            if not any(is_value(value, want) for value in seen[when]):
                raise Fault("unauthorized", "%s announces %s %s TLS" % (
                    self.where, "another value" if seen[when] else
                    "no value", "inside" if when == "after" else "before"))


def look(eyes, how, kind, host, members, value):
    """Raise Fault, or be content.  value(at) is what must be there."""
    if kind == "dns-01":
        eyes.txt("_acme-challenge." + host, value(None))
        return
    for at in services_of(members, how["many"]):
        service, port = at
        if service not in KINDS[kind]:
            raise Fault("malformed", "%s does not prove %s" % (kind, service))
        if how["ports"] == "iana" and PORTS[service] not in (None, port):
            raise Fault("rejectedIdentifier", "%s is not on port %d" % at)
        if how["ports"] == "other" and port != PORTS[service] and \
                port in PORTS.values():
            raise Fault("rejectedIdentifier",
                        "port %d is another service's" % port)
        if service == "lmtp" and port == 25:
            raise Fault("rejectedIdentifier", "LMTP on port 25 (RFC 2033)")
        want = value(at if how["bind"] else None)
        if kind == "dns-email-00":
            eyes.txt("_%d._%s._acme-challenge.%s" % (port, service, host),
                     want)
        else:
            eyes.capability(host, at, want, how["reads"])
