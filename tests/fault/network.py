#!/usr/bin/python3
# Runs in: check check-slow
"""A server that breaks off anywhere, trickles, or says nothing: an exit status
and a sentence, never a crash or a hang."""
import concurrent.futures
import os
import socket
import ssl
import sys
import threading
import time

TESTS = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path.insert(0, TESTS)
import cms
from cryptography.x509.oid import ExtendedKeyUsageOID
from lib import Place, run_tests, sample, tap, tests_of

BODY = (b'{"newNonce":"%s/n","newAccount":"%s/a","newOrder":"%s/o"}' %
        ((b"https://127.0.0.1",) * 3))
ANSWER = (b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
          b"Content-Length: %d\r\n\r\n" % len(BODY)) + BODY


class Server:
    """Answers every connection with `behave(peer)`."""

    def __init__(self, place):
        root, key = cms.Authority("Root"), cms.new_key()
        cert = cms.make(key, root, "127.0.0.1", extension=cms.san(
            (0x87, bytes([127, 0, 0, 1]))),
            extended=(ExtendedKeyUsageOID.SERVER_AUTH,))
        self.file = place.write("root.pem", cms.cert_pem(root.cert))
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(place.write(
            "server.pem", cms.pem(key) + cms.cert_pem(cert)))
        self.socket = socket.socket()
        self.socket.bind(("127.0.0.1", 0))
        self.socket.listen(8)
        self.directory = "https://127.0.0.1:%d/d" % \
            self.socket.getsockname()[1]
        self.behave = lambda peer: None
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            peer, _ = self.socket.accept()
            try:
                with self.context.wrap_socket(peer, server_side=True) as tls:
                    tls.recv(65536)
                    self.behave(tls)
            except OSError:
                pass


def order(place, directory, file):
    """A hang ends as TimeoutExpired; the machine may be as slow as it is."""
    got = place.run("-o", "ca.p.directory=" + directory, "-o",
                    "ca.p.ca_file=" + file, "order", "--ca", "p",
                    "a@example.org", timeout=180)
    good = got.returncode in (69, 75) and got.stdout == b"" and \
        got.stderr.count(b"\n") == 1 and got.stderr.startswith(b"mailcert: ")
    return good, got


def trickle(peer):
    for byte in ANSWER:
        peer.sendall(bytes([byte]))
        time.sleep(1)


def gigabyte(peer):
    peer.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
    for _ in range(1000):
        peer.sendall(b"x" * 1000000)


NOISE = (
    ("noise", os.urandom(5000)), ("no HTTP", b"220 mail ready\r\n"),
    ("two lengths", ANSWER.replace(b"\r\n\r\n", b"\r\nContent-Length: "
                                   b"3\r\n\r\n", 1)),
    ("a negative length", ANSWER.replace(b"Length: ", b"Length: -")),
    ("a length of 1 GB", ANSWER.replace(b"Length: ", b"Length: 1000000000")),
    ("10000 fields", ANSWER.replace(b"\r\n\r\n", b"\r\n" +
                                    b"X: y\r\n" * 10000 + b"\r\n", 1)),
    ("a long field", ANSWER.replace(b"\r\n\r\n", b"\r\nX: " + b"y" *
                                    300000 + b"\r\n\r\n", 1)),
    ("100-continue for ever", b"HTTP/1.1 100 Continue\r\n\r\n" * 20000))


def broken(place, server):
    bad = []
    places = sample(range(len(ANSWER)), 15)
    for n in places:
        server.behave = lambda peer: peer.sendall(ANSWER[:n])
        good, why = order(place, server.directory, server.file)
        if not good:
            bad.append((n, why))
    tap.ok(bad == [], "cut off at %d of %d octets" % (
        len(places), len(ANSWER)), *bad[:3])
    for name, data in NOISE:
        server.behave = lambda peer: peer.sendall(data)
        tap.ok(*named(name, order(place, server.directory, server.file)))
    server.behave = gigabyte
    tap.ok(*named("1 GB of body", order(place, server.directory,
                                        server.file)))
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        tap.ok(*named("nobody there", order(place, url(closed),
                                            server.file)))
    # An account key may be there: some of it was a directory after all.  What
    # the DNS said is kept.
    tap.equal(sorted(set(os.listdir(place.home)) -
                     {"lock", "lock.d", "dns", "accounts"}), [],
              "nothing was ordered, expected or kept")


def named(name, result):
    return result[0], name, result[1]


def url(listener):
    return "https://127.0.0.1:%d/d" % listener.getsockname()[1]


def test_bad_answers():
    # What takes the time that we give a CA is waited for beside the rest.
    with Place(config="") as place, Place(config="") as second, \
            Place(config="") as third, socket.socket() as deaf, \
            concurrent.futures.ThreadPoolExecutor() as pool:
        slow = Server(second)
        slow.behave = trickle
        trickled = pool.submit(order, second, slow.directory, slow.file)
        deaf.bind(("127.0.0.1", 0))
        deaf.listen(1)
        silent = pool.submit(order, third, url(deaf), slow.file)
        broken(place, Server(place))
        tap.ok(*named("an octet a second", trickled.result()))
        tap.ok(*named("a port that says nothing", silent.result()))


run_tests(tests_of(globals()))
tap.done()
