"""A DNS server for tests: TXT records from a dictionary, on loopback.

A value is the text of the record, a list of several, or a trouble: SERVFAIL,
SILENT.  Names that are not there get NXDOMAIN.
"""
import socket
import struct
import threading
import time

SERVFAIL, SILENT = "!servfail", "!silent"


def txt(text):
    raw = text.encode()
    pieces = [raw[i:i + 255] for i in range(0, len(raw), 255)] or [b""]
    return b"".join(bytes([len(p)]) + p for p in pieces)


def both_sockets():
    """UDP and TCP on one free port; what is free for one may not be for the
    other."""
    while True:
        udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        udp.bind(("127.0.0.1", 0))
        tcp = socket.socket()
        try:
            tcp.bind(udp.getsockname())
            tcp.listen(8)
            return udp, tcp
        except OSError:
            udp.close()
            tcp.close()


def question_of(query):
    """The name and type that a query asks for, and where they end."""
    at, labels = 12, []
    while query[at]:
        labels.append(query[at + 1:at + 1 + query[at]])
        at += query[at] + 1
    return (b".".join(labels).decode().lower(),
            struct.unpack(">H", query[at + 1:at + 3])[0], at + 5)


class Between:
    """A router between us and a resolver that drops or delays what it likes:
    takes(name, type, extended) gives seconds, or None to say nothing."""

    def __init__(self, port, takes):
        self.port, self.takes, self.asked = port, takes, []
        self.socket, self.tcp = both_sockets()
        threading.Thread(target=self.serve_udp, daemon=True).start()

    @property
    def resolver(self):
        return "127.0.0.1@%d" % self.socket.getsockname()[1]

    def serve_udp(self):
        while True:
            query, peer = self.socket.recvfrom(4096)
            threading.Thread(target=self.one, args=(query, peer),
                             daemon=True).start()

    def one(self, query, peer):
        name, kind, _ = question_of(query)
        extended = query[10:12] != b"\0\0"  # EDNS stands in the last section
        self.asked.append((name, kind, extended))
        wait = self.takes(name, kind, extended)
        if wait is None:
            return
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
            s.settimeout(5)
            s.sendto(query, ("127.0.0.1", self.port))
            reply = s.recv(65535)
        time.sleep(wait)
        self.socket.sendto(reply, peer)


class Dns:
    def __init__(self, records):
        self.records = {k.lower(): v for k, v in records.items()}
        self.other = {}  # (name, type): [octets of a record]
        self.asked = []
        self.socket, self.tcp = both_sockets()
        self.port = self.socket.getsockname()[1]
        for serve in (self.serve_udp, self.serve_tcp):
            threading.Thread(target=serve, daemon=True).start()

    @property
    def resolver(self):
        return "127.0.0.1@%d" % self.port

    def answer(self, query, limit):
        """One response, or None to say nothing."""
        name, kind, end = question_of(query)
        question = query[12:end]
        value = self.records.get(name) if kind == 16 else None
        self.asked.append(name)
        if value == SILENT:
            return None
        if value == SERVFAIL:
            return query[:2] + b"\x81\x82\0\1\0\0\0\0\0\0" + question
        values = [value] if isinstance(value, str) else value or []
        values = [txt(v) for v in values] + self.other.get((name, kind), [])
        rcode = 0 if values or kind != 16 else 3
        body = b"".join(b"\xc0\x0c" + struct.pack(
            ">HHIH", kind, 1, 60, len(v)) + v for v in values)
        head = query[:2] + struct.pack(">HHHHH", 0x8180 | rcode, 1,
                                       len(values), 0, 0)
        if len(head + question + body) > limit:
            return query[:2] + struct.pack(">HHHHH", 0x8380, 1, 0, 0, 0) + \
                question
        return head + question + body

    def serve_udp(self):
        while True:
            query, peer = self.socket.recvfrom(4096)
            reply = self.answer(query, 512)
            if reply:
                self.socket.sendto(reply, peer)

    def serve_tcp(self):
        while True:
            peer, _ = self.tcp.accept()
            with peer:
                length = struct.unpack(">H", peer.recv(2))[0]
                reply = self.answer(peer.recv(length), 65535)
                if reply:
                    peer.sendall(struct.pack(">H", len(reply)) + reply)
