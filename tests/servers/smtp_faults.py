"""An SMTP server that does everything right but what a test wants wrong.

    with Smtp({".": SILENT}, tls="starttls") as smtp:
        ...                       # a client: smtp.host, smtp.port, smtp.ca
        smtp.received             # what came: (sender, recipients, octets)

Stages are banner, EHLO, HELO, STARTTLS, AUTH, password (the answer to what
AUTH was about), MAIL, RCPT, DATA, "." (the message is there), RSET, NOOP,
QUIT and unknown.  Answers are those of faults.py.  A message counts as
received when its dot has come, as accepted when 250 was said to it.

users and tokens: with these, AUTH is offered under TLS (or in clear, with
auth_in_clear), and mail is taken from nobody else.
"""
import base64
import binascii
import re

from .faults import CUT, FaultServer

MECHANISMS = "PLAIN LOGIN XOAUTH2 OAUTHBEARER"


class Smtp(FaultServer):
    def __init__(self, answers=None, users=None, tokens=None,
                 auth_in_clear=False, keywords=(
                     "PIPELINING", "SIZE 10240000", "8BITMIME", "SMTPUTF8",
                     "ENHANCEDSTATUSCODES"), mechanisms=MECHANISMS, **more):
        super().__init__(answers, **more)
        self.users, self.tokens = dict(users or {}), dict(tokens or {})
        self.auth_in_clear, self.keywords = auth_in_clear, list(keywords)
        self.mechanisms = mechanisms
        self.received, self.accepted, self.logins = [], [], []

    @property
    def authenticates(self):
        return bool(self.users or self.tokens)

    def converse(self, session):
        session.user = session.sender = None
        session.recipients = []
        session.turn("banner", "220 mail.example.org ESMTP")
        while True:
            line = session.line()
            verb = line.split(b" ")[0].upper().decode("latin-1")
            method = getattr(self, "do_" + verb.lower(), None)
            if method:
                method(session, line)
            else:
                session.turn("unknown", "500 5.5.2 what?", line)

    def do_ehlo(self, session, line):
        words = ["mail.example.org", *self.keywords]
        if self.tls == "starttls" and not session.tls:
            words.append("STARTTLS")
        if self.authenticates and (session.tls or self.auth_in_clear):
            words.append("AUTH " + self.mechanisms)
        usual = "".join("250%s%s\r\n" % ("-" if i < len(words) - 1 else " ",
                                         word) for i, word in enumerate(words))
        session.turn("EHLO", usual.encode(), line)

    def do_helo(self, session, line):
        session.turn("HELO", "250 mail.example.org", line)

    def do_starttls(self, session, line):
        if self.tls != "starttls" or session.tls:
            session.turn("STARTTLS", "502 5.5.1 no TLS here", line)
            return
        said = session.turn("STARTTLS", "220 2.0.0 go ahead", line)
        if said is None or _begins(said, "220"):
            session.start_tls()
            session.user = session.sender = None

    def do_auth(self, session, line):
        words = line.decode("latin-1").split(" ")
        name = words[1].upper() if len(words) > 1 else ""
        if name not in self.mechanisms.split() or not self.authenticates or \
                not (session.tls or self.auth_in_clear):
            session.turn("AUTH", "504 5.5.4 no such way", line)
            return
        if session.turn("AUTH", b"", line) is not None:
            return
        user = self.who(session, name, words[2] if len(words) > 2 else None)
        if session.turn("password", "235 2.7.0 welcome" if user else
                        "535 5.7.8 wrong", line) is None:
            session.user = user
            self.logins.append((name, user))

    def who(self, session, name, first):
        """Whom AUTH proves the client to be, or None."""
        def ask(text=""):
            session.say("334 " + base64.b64encode(text.encode()).decode())
            return session.line().decode("latin-1")

        def plain(text):
            if text == "=":
                return ""
            try:
                return base64.b64decode(text, validate=True).decode()
            except (binascii.Error, ValueError):
                return ""
        if name == "LOGIN":
            user = plain(ask("Username:") if first is None else first)
            return user if self.users.get(user, 0) == plain(
                ask("Password:")) else None
        given = plain(ask() if first is None else first)
        if name == "PLAIN":
            _, user, password = (given.split("\0") + ["", ""])[:3]
            return user if self.users.get(user, 0) == password else None
        token = re.search("\1auth=Bearer ([^\1]+)\1", given)
        user = token and self.tokens.get(token[1])
        if not user:
            ask('{"status":"401","schemes":"bearer","scope":"mail"}')
        return user

    def do_mail(self, session, line):
        if self.authenticates and not session.user:
            session.turn("MAIL", "530 5.7.0 who are you?", line)
        elif session.turn("MAIL", "250 2.1.0 ok", line) is None:
            session.sender, session.recipients = _path(line), []

    def do_rcpt(self, session, line):
        if session.sender is None:
            session.turn("RCPT", "503 5.5.1 MAIL first", line)
        elif session.turn("RCPT", "250 2.1.5 ok", line) is None:
            session.recipients.append(_path(line))

    def do_data(self, session, line):
        if not session.recipients:
            session.turn("DATA", "554 5.5.1 nobody wants it", line)
            return
        said = session.turn("DATA", "354 go ahead", line)
        if said is not None and not _begins(said, "354"):
            return
        while not session.buffer.startswith(b".\r\n") and \
                b"\r\n.\r\n" not in session.buffer:
            session.more()
        if session.buffer.startswith(b".\r\n"):
            raw, session.buffer = b"", session.buffer[3:]
        else:
            raw, session.buffer = session.buffer.split(b"\r\n.\r\n", 1)
            raw += b"\r\n"
        mail = (session.sender, session.recipients,
                re.sub(rb"(?m)^\.", b"", raw))
        session.sender, session.recipients = None, []
        self.received.append(mail)
        said = session.turn(".", "250 2.0.0 queued", line)
        if said is None or _begins(said, "250"):
            self.accepted.append(mail)

    def do_rset(self, session, line):
        session.sender, session.recipients = None, []
        session.turn("RSET", "250 2.0.0 ok", line)

    def do_noop(self, session, line):
        session.turn("NOOP", "250 2.0.0 ok", line)

    def do_quit(self, session, line):
        session.turn("QUIT", ("221 2.0.0 bye", CUT), line)


def _path(line):
    found = re.search(rb"<([^>]*)>", line)
    return found[1].decode() if found else ""


def _begins(answer, code):
    """Does an answer of a test begin with this code?"""
    if isinstance(answer, tuple):
        return any(_begins(part, code) for part in answer)
    if isinstance(answer, bytes):
        return answer.startswith(code.encode())
    return isinstance(answer, str) and answer.startswith(code)
