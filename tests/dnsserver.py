"""A DNS server for tests: TXT records from a dictionary, on loopback.

A value is the text of the record, a list of several, or a trouble: SERVFAIL,
SILENT.  Names that are not there get NXDOMAIN.
"""
import socket
import struct
import threading

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
        at, labels = 12, []
        while query[at]:
            labels.append(query[at + 1:at + 1 + query[at]])
            at += query[at] + 1
        question = query[12:at + 5]
        name = b".".join(labels).decode().lower()
        kind = struct.unpack(">H", query[at + 1:at + 3])[0]
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
