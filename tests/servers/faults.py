"""Servers that misbehave as a test tells them: what SMTP and IMAP share.

What a server says at some point is an answer:

    None            as usual
    "451 not now"   this line
    b"..."          these octets as they are
    3.0             a pause of that many seconds
    SILENT          nothing, and nothing more; the connection stays
    CUT, RESET      the end of the connection, in order or not
    Endless(b"x")   these octets, until the client has enough
    Many(b"x", n)   that many times
    (a, b, c)       one after the other
    [a, b]          a the first time that it is asked for, b the second time,
                    and then as usual
    f               what f(session, line) returns

tls: "" none, "starttls" where the client asks for it, "implicit" at once.
"""
import shutil
import socket
import ssl
import struct
import tempfile
import threading
import time

from . import Authority


class _Name:
    def __init__(self, name):
        self.name = name

    def __repr__(self):
        return self.name


SILENT, CUT, RESET = _Name("SILENT"), _Name("CUT"), _Name("RESET")


class Many:
    """Octets again and again."""

    def __init__(self, octets, times):
        self.octets, self.times = octets, times


class Endless(Many):
    def __init__(self, octets):
        super().__init__(octets, float("inf"))


class Gone(Exception):
    """The connection has ended."""


class Session:
    """One connection: its lines and octets, and answers to them."""

    def __init__(self, server, connection):
        self.server, self.socket = server, connection
        self.buffer = b""
        self.tls = self.reset = False
        self.got = self.sent = 0  # octets, without TLS

    # --- from the client

    def more(self):
        """Some more octets, up to the one at which the server cuts."""
        if self.sent == self.server.cut_sent_after:
            raise Gone
        limit = self.server.cut_after
        room = 65536 if limit is None else min(65536, limit - self.got)
        data = b""
        if room > 0:
            try:
                data = self.socket.recv(room)
            except TimeoutError:
                raise
            except OSError:
                pass
        if not data:
            raise Gone
        self.got += len(data)
        self.buffer += data

    def line(self):
        """A line of the client, without its end."""
        while b"\n" not in self.buffer:
            self.more()
        line, self.buffer = self.buffer.split(b"\n", 1)
        line = line.rstrip(b"\r")
        self.server.heard.append(line)
        return line

    def octets(self, count):
        while len(self.buffer) < count:
            self.more()
        data, self.buffer = self.buffer[:count], self.buffer[count:]
        return data

    def ended(self, seconds=60):
        """Does the client end the connection, and not only fall silent?"""
        self.socket.settimeout(seconds)
        try:
            while True:
                self.more()
        except Gone:
            return True
        except TimeoutError:
            return False

    # --- to the client

    def send(self, data):
        limit = self.server.cut_sent_after
        wanted = len(data)
        if limit is not None:
            data = data[:limit - self.sent]
        try:
            self.socket.sendall(data)
        except OSError:
            raise Gone from None
        self.sent += len(data)
        # What was said to its last octet was said: the end comes after it.
        if len(data) < wanted:
            raise Gone

    def say(self, answer, line=b""):
        if isinstance(answer, str):
            self.send(answer.encode() + b"\r\n")
        elif isinstance(answer, bytes):
            self.send(answer)
        elif isinstance(answer, tuple):
            for part in answer:
                self.say(part, line)
        elif isinstance(answer, Many):
            block = max(1, min(answer.times, 65536 // len(answer.octets)))
            left = answer.times
            while left > 0:
                self.send(answer.octets * int(min(block, left)))
                left -= block
        elif answer is SILENT:
            while True:
                self.more()
        elif answer is CUT:
            raise Gone
        elif answer is RESET:
            self.reset = True
            raise Gone
        elif callable(answer):
            self.say(answer(self, line), line)
        elif answer is not None:
            time.sleep(answer)

    def turn(self, stage, usual=None, line=b""):
        """Say what the test has for this stage, or the usual; gives what was
        chosen, None if it was the usual."""
        answer = self.server.choose(stage)
        while callable(answer):
            answer = answer(self, line)
        self.say(usual if answer is None else answer, line)
        return answer

    def start_tls(self):
        try:
            self.socket = self.server.context.wrap_socket(
                self.socket, server_side=True)
        except (OSError, ssl.SSLError):
            raise Gone from None
        self.buffer, self.tls = b"", True

    def close(self):
        """End the connection: octets that nobody read would turn an end in
        order into a reset, and take along what was said before."""
        try:
            if self.reset:
                self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                                       struct.pack("ii", 1, 0))
            else:
                self.socket.shutdown(socket.SHUT_WR)
                self.socket.settimeout(2)
                while self.socket.recv(65536):
                    pass
        except OSError:
            pass
        self.socket.close()


class FaultServer:
    """answers: what is said at which stage.  cut_after, cut_sent_after: the
    connection ends when that many octets came, or were sent.  heard: the
    lines of all clients.  errors: what went wrong in the server itself."""

    def __init__(self, answers=None, tls="", authority=None, cut_after=None,
                 cut_sent_after=None):
        self.answers = dict(answers or {})
        self.tls = tls
        self.cut_after, self.cut_sent_after = cut_after, cut_sent_after
        self.heard, self.errors, self.sessions = [], [], []
        self.count = 0
        self.lock = threading.Lock()
        self.dir = None
        if tls and not authority:
            self.dir = tempfile.mkdtemp(prefix="mailcert-faults.")
            authority = Authority(self.dir)
        self.authority = authority
        if tls:
            self.ca = authority.file
            self.certificate(*authority.issue("faults%x" % id(self)))
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.host, self.port = self.listener.getsockname()

    def __enter__(self):
        threading.Thread(target=self.serve, daemon=True).start()
        return self

    def __exit__(self, *unused):
        # A closed socket does not wake who waits for it.
        for each in [self.listener] + [s.socket for s in self.sessions]:
            try:
                each.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
        self.listener.close()
        if self.dir:
            shutil.rmtree(self.dir, ignore_errors=True)

    def certificate(self, cert, key):
        """What clients are shown from the next connection on."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(cert, key)
        self.context = context

    def choose(self, stage):
        with self.lock:
            answer = self.answers.get(stage)
            if isinstance(answer, list):
                answer = answer.pop(0) if answer else None
            return answer

    def serve(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            session = Session(self, connection)
            self.sessions.append(session)
            self.count += 1
            threading.Thread(target=self.one, args=(session,),
                             daemon=True).start()

    def one(self, session):
        try:
            if self.tls == "implicit":
                session.start_tls()
            self.converse(session)
        except (Gone, OSError):
            pass
        except Exception as error:  # a test asserts that there was none
            self.errors.append(error)
        session.close()

    def converse(self, session):
        raise NotImplementedError


class Scripted(FaultServer):
    """script(session) is the whole dialogue of a connection; a list has one
    for each connection, and the last one for all that follow.

        def script(session):
            session.say("* OK hello")
            tag = session.line().split()[0].decode()
            session.say(("* BYE not today", CUT))
    """

    def __init__(self, script, **more):
        super().__init__(**more)
        self.scripts = list(script) if isinstance(script, list) else [script]

    def converse(self, session):
        with self.lock:
            script = self.scripts[0]
            if len(self.scripts) > 1:
                self.scripts.pop(0)
        script(session)
