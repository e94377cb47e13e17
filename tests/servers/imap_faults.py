"""A relay before a real IMAP server, which does wrong what a test wants.

    with Dovecot() as dovecot, \\
            Relay(dovecot.imap, {"UID FETCH": "* BYE not today"}) as relay:
        ...                              # a client: relay.host, relay.port

Stages are "greeting" and the names of commands in capitals ("SELECT", "UID
FETCH", "DONE").  Answers are those of faults.py, in place of passing the
command on; %TAG% in one is the command's tag.  change(line) sees each line of
the server and gives what the client sees: lying_literal() and others below.

Before the relay the connection may have TLS ("starttls", "implicit"; relay.ca
is the file to trust); behind it there is none.  Without tls, STARTTLS is not
offered: it was stripped.  For a dialogue that no real server would have:
Scripted of faults.py.
"""
import re
import select
import socket

from .faults import Endless, FaultServer, Gone, Many

LITERAL = re.compile(rb"\{(\d+)(\+?)\}\r?\n?$")


class Relay(FaultServer):
    def __init__(self, port, answers=None, change=None, **more):
        super().__init__(answers, **more)
        self.behind, self.change = port, change

    def converse(self, session):
        with socket.create_connection(("127.0.0.1", self.behind)) as behind:
            session.behind, session.answer = behind, b""
            # Octets of literals that are still to come, from either side.
            session.outward = session.inward = 0
            session.greeted = False
            while True:
                if not self.forth(session) and not self.back(session):
                    self.wait(session)

    @staticmethod
    def wait(session):
        """Wait for more octets from either side."""
        ready = [session.socket]
        if not (session.tls and session.socket.pending()):
            ready = select.select([session.socket, session.behind], [], [])[0]
        if session.socket in ready:
            session.more()
        if session.behind in ready:
            data = session.behind.recv(65536)
            if not data:
                raise Gone
            session.answer += data

    def forth(self, session):
        """Take a command, or a piece of its literal, if there is one."""
        if session.outward:
            data = session.buffer[:session.outward]
            session.buffer = session.buffer[len(data):]
            session.outward -= len(data)
            session.behind.sendall(data)
            return bool(data)
        if b"\n" not in session.buffer:
            return False
        line = session.line()
        tag, _, command = line.partition(b" ")
        words = command.upper().split(b" ")
        stage = b" ".join(words[:2 if words[0] == b"UID" else 1])
        if line.upper() == b"DONE":
            stage = b"DONE"
        answer = self.choose(stage.decode("latin-1"))
        while callable(answer):
            answer = answer(session, line)
        if answer is not None:
            session.say(_tagged(answer, tag), line)
        elif stage == b"STARTTLS" and self.tls == "starttls" and \
                not session.tls:
            session.say(tag.decode() + " OK begin TLS")
            session.start_tls()
        else:
            literal = LITERAL.search(line)
            session.outward = int(literal[1]) if literal else 0
            session.behind.sendall(line + b"\r\n")
        return True

    def back(self, session):
        """Say a line of the server, or a piece of its literal, if there is
        one."""
        if session.inward:
            data = session.answer[:session.inward]
            session.answer = session.answer[len(data):]
            session.inward -= len(data)
            session.send(data)
            return bool(data)
        line, end, rest = session.answer.partition(b"\n")
        if not end:
            return False
        session.answer = rest
        literal = LITERAL.search(line + end)
        session.inward = int(literal[1]) if literal else 0
        shown = self.shown(session, line + end)
        if session.greeted:
            session.say(shown)
        else:
            session.greeted = True
            session.turn("greeting", shown)
        return True

    def shown(self, session, line):
        """What the client sees of a line."""
        if b"CAPABILITY" in line:
            line = line.replace(b" STARTTLS", b"")
            if self.tls == "starttls" and not session.tls:
                line = re.sub(rb" AUTH=[A-Z]+", b"", line).replace(
                    b"IMAP4rev1", b"IMAP4rev1 STARTTLS LOGINDISABLED")
        return self.change(line) if self.change else line


def _tagged(answer, tag):
    if isinstance(answer, tuple):
        return tuple(_tagged(part, tag) for part in answer)
    if isinstance(answer, str):
        return answer.replace("%TAG%", tag.decode("latin-1"))
    if isinstance(answer, bytes):
        return answer.replace(b"%TAG%", tag)
    return answer


def lying_literal(more):
    """The sizes that the server gives are off by this much."""
    def change(line):
        return LITERAL.sub(lambda m: b"{%d}\r\n" % max(
            0, int(m[1]) + more), line)
    return change


def huge_literal(size=100 << 20):
    """Each message is that long, and it comes in full: octets that no message
    has, then the message."""
    size -= size % 1024

    def change(line):
        literal = LITERAL.search(line)
        if not literal or b"BODY[" not in line:
            return line
        return (LITERAL.sub(b"{%d}\r\n" % (size + int(literal[1])), line),
                Many(b"x" * 1022 + b"\r\n", size // 1024))
    return change


def promised_literal(size=100 << 20):
    """The server says that so much comes, and then it does not."""
    def change(line):
        if b"BODY[" not in line:
            return line
        return LITERAL.sub(b"{%d}\r\n" % size, line)
    return change


def endless_line(pattern):
    """A line that matches does not end."""
    def change(line):
        if not re.search(pattern, line):
            return line
        return (line.rstrip(b"\r\n"), Endless(b" x"))
    return change


def other_uidvalidity(value):
    """The folder was made again, as far as the client can tell."""
    def change(line):
        return re.sub(rb"UIDVALIDITY \d+", b"UIDVALIDITY %d" % value, line)
    return change
