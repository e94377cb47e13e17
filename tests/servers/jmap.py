"""A JMAP server for tests (RFC 8620, RFC 8621), for what Cyrus lacks.

    with Jmap(tokens={"good": "alice"}) as jmap:
        jmap.deliver(challenge())         # gives the id of the message
        jmap.url, jmap.ca                 # https://127.0.0.1:PORT; what to trust

It was written from the RFCs, apart from mailcert and without its code, and is
a test server: one account with mail, Email/get, Email/query, Email/changes,
downloads, Basic and Bearer.  It refuses what the RFCs do not allow, and
`heard` has what was asked: "GET /.well-known/jmap", "Email/get", "download ID".

answers: what to answer instead, by stage: "well-known", "session", "api",
"download", or the name of a method.

    None            as usual
    503             this HTTP status
    {...}           of a method: its response; else this JSON
    ("error", type) of a method: this error
    b"..."          this body
    Reply(...)      status, fields and body, as they are
    CUT             the end of the connection
    Half(n)         as usual, but the connection ends after n octets of it
    [a, b]          a the first time that it is asked for, b the second time,
                    and then as usual
    f               what f(call) returns; call has the arguments of a method

An extension adds to `capabilities`, to `properties` (a function of a message
for each name that Email/get knows), and to `filters` (of a message and the
value, for each name that Email/query knows).
"""
import base64
import datetime
import email
import email.policy
import http.server
import json
import os
import re
import shutil
import socketserver
import ssl
import tempfile
import threading
import time
import urllib.parse

from . import Authority, crlf
from .faults import CUT

CORE, MAIL = "urn:ietf:params:jmap:core", "urn:ietf:params:jmap:mail"


class Reply:
    def __init__(self, status=200, body=b"", kind="application/json",
                 length=None, **fields):
        self.status, self.body, self.kind = status, body, kind
        self.length = length  # of Content-Length, if it lies
        self.fields = {name.replace("_", "-"): value
                       for name, value in fields.items()}


class Half:
    def __init__(self, octets):
        self.octets = octets


class Call:
    """One method call: its arguments, and what is usual."""

    def __init__(self, server, arguments, usual):
        self.server, self.arguments, self.usual = server, arguments, usual


class Message:
    def __init__(self, number, octets, received):
        self.id, self.blob = "M%d" % number, "B%d" % number
        self.octets, self.received = octets, received
        self.parsed = email.message_from_bytes(
            octets, policy=email.policy.compat32)
        self.size = len(octets)

    def raw(self, name):
        """The last field of that name as it stands, or None."""
        head = self.octets.partition(b"\r\n\r\n")[0] + b"\r\n"
        found = re.findall(rb"(?mis)^%s:(.*?)\r\n(?![ \t])" % re.escape(
            name.encode()), head)
        return found[-1].decode("utf-8", "replace").replace(
            "\0", "") if found else None


def utc(seconds):
    return datetime.datetime.utcfromtimestamp(seconds).strftime(
        "%Y-%m-%dT%H:%M:%SZ")


def seconds(text):
    return datetime.datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ").replace(
        tzinfo=datetime.timezone.utc).timestamp()


class MethodError(Exception):
    pass


class Jmap:
    host = "127.0.0.1"

    def __init__(self, users=None, tokens=None, answers=None, absolute=False,
                 authority=None):
        self.users = {"alice": "secret"} if users is None else dict(users)
        self.tokens = dict(tokens or {})
        self.answers, self.absolute = dict(answers or {}), absolute
        self.dir = tempfile.mkdtemp(prefix="mailcert-jmap.")
        self.authority = authority or Authority(self.dir)
        self.ca = self.authority.file
        self.messages, self.log, self.oldest = {}, [], 0
        self.heard, self.authorizations, self.lock = [], [], threading.RLock()
        self.max_objects = 100
        self.capabilities = {CORE: {}, MAIL: {}}
        self.filters = {
            "after": lambda m, value: m.received >= seconds(value),
            "before": lambda m, value: m.received < seconds(value)}
        self.properties = {
            "id": lambda m: m.id, "blobId": lambda m: m.blob,
            "size": lambda m: m.size,
            "receivedAt": lambda m: utc(m.received)}
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*self.authority.issue(
            os.path.join(self.dir, "server")))
        self.http = _Listener(self, context)
        self.port = self.http.server_address[1]
        self.thread = threading.Thread(target=self.http.serve_forever,
                                       args=(0.02,), daemon=True)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *unused):
        self.http.shutdown()
        self.http.server_close()
        self.thread.join()
        shutil.rmtree(self.dir, ignore_errors=True)

    @property
    def url(self):
        return "https://%s:%d" % (self.host, self.port)

    def deliver(self, octets, received=None):
        with self.lock:
            message = Message(len(self.log) + 1, crlf(octets),
                              int(received or time.time()))
            self.messages[message.id] = message
            self.log.append(message.id)
            return message.id

    def destroy(self, name):
        with self.lock:
            del self.messages[name]

    def forget(self):
        """No changes can be calculated from the states so far."""
        with self.lock:
            self.log.append(None)
            self.oldest = len(self.log)

    def count(self, what):
        """How often it was asked for."""
        with self.lock:
            return sum(one.startswith(what) for one in self.heard)

    def hear(self, what):
        with self.lock:
            self.heard.append(what)

    def choose(self, stage):
        with self.lock:
            answer = self.answers.get(stage)
            if isinstance(answer, list):
                answer = answer.pop(0) if answer else None
            return answer

    # --- the protocol

    def place(self, path):
        return (self.url if self.absolute else "") + path

    def session(self, user):
        everything = dict(self.capabilities)
        everything[CORE] = {
            "maxSizeUpload": 1000000, "maxConcurrentUpload": 1,
            "maxSizeRequest": 100000, "maxConcurrentRequests": 4,
            "maxCallsInRequest": 4, "maxObjectsInGet": self.max_objects,
            "maxObjectsInSet": 1, "collationAlgorithms": []}
        return {
            "capabilities": everything, "username": user,
            "accounts": {"A1": {
                "name": user, "isPersonal": True, "isReadOnly": False,
                "accountCapabilities": self.capabilities}},
            "primaryAccounts": {MAIL: "A1"}, "state": "s",
            "apiUrl": self.place("/jmap/api"),
            "downloadUrl": self.place(
                "/jmap/get/{accountId}/{blobId}/{name}?type={type}"),
            "uploadUrl": self.place("/jmap/put/{accountId}"),
            "eventSourceUrl": self.place(
                "/jmap/events?t={types}&c={closeafter}&p={ping}")}

    def user_of(self, authorization):
        """RFC 7617, RFC 6750; None: nobody."""
        kind, _, value = authorization.partition(" ")
        with self.lock:
            self.authorizations.append(authorization)
            if kind == "Bearer":
                return self.tokens.get(value)
        if kind == "Basic":
            user, _, password = base64.b64decode(value).decode().partition(
                ":")
            if self.users.get(user, "") == password != "":
                return user
        return None

    def call(self, name, arguments):
        """The response of a method: its name and arguments."""
        self.hear(name)
        methods = {"Email/get": self.email_get,
                   "Email/query": self.email_query,
                   "Email/changes": self.email_changes}
        try:
            if name not in methods:
                raise MethodError("unknownMethod")
            if arguments.get("accountId") != "A1":
                raise MethodError("accountNotFound")
            answer = self.choose(name)
            while callable(answer):
                answer = answer(Call(self, arguments, methods[name]))
            if isinstance(answer, tuple):
                raise MethodError(answer[1])
            if answer is None:
                with self.lock:
                    answer = methods[name](arguments)
            if not isinstance(answer, dict):
                return answer
            return [name, dict({"accountId": "A1"}, **answer)]
        except MethodError as error:
            return ["error", {"type": str(error)}]
        except (KeyError, TypeError, ValueError) as error:
            return ["error", {"type": "invalidArguments",
                              "description": repr(error)}]

    def state(self):
        return str(len(self.log))

    def email_get(self, arguments):
        ids = arguments["ids"]
        if len(ids) > self.max_objects:
            raise MethodError("requestTooLarge")
        names = ["id", *arguments.get("properties", ["blobId"])]
        return {"state": self.state(), "list": [
            {name: self.value(self.messages[i], name) for name in names}
            for i in ids if i in self.messages],
            "notFound": [i for i in ids if i not in self.messages]}

    def value(self, message, name):
        field = re.fullmatch("header:([!-9;-~]+):asRaw", name)
        if field:
            return message.raw(field[1])
        if name not in self.properties:
            raise MethodError("invalidArguments")
        return self.properties[name](message)

    def email_query(self, arguments):
        wanted = arguments.get("filter", {})
        if not set(wanted) <= set(self.filters):
            raise MethodError("unsupportedFilter")
        if arguments["sort"] != [{"property": "receivedAt",
                                  "isAscending": False}]:
            raise MethodError("unsupportedSort")
        found = [m.id for m in sorted(
            self.messages.values(), key=lambda m: (-m.received, m.id))
            if all(self.filters[name](m, value)
                   for name, value in wanted.items())]
        start = arguments.get("position", 0)
        if "anchor" in arguments:
            if arguments["anchor"] not in found:
                raise MethodError("anchorNotFound")
            start = found.index(arguments["anchor"]) + \
                arguments.get("anchorOffset", 0)
        return {"queryState": self.state(), "canCalculateChanges": False,
                "position": start,
                "ids": found[start:start + arguments["limit"]]}

    def email_changes(self, arguments):
        since, most = int(arguments["sinceState"]), arguments["maxChanges"]
        if not self.oldest <= since <= len(self.log):
            raise MethodError("cannotCalculateChanges")
        end = min(since + most, len(self.log))
        return {"oldState": str(since), "newState": str(end),
                "hasMoreChanges": end < len(self.log),
                "created": [i for i in self.log[since:end]
                            if i in self.messages],
                "updated": [], "destroyed": []}

    def request(self, body):
        """RFC 8620 section 3.3; gives a Reply, or what a method said."""
        def problem(name):
            return Reply(400, json.dumps({
                "type": "urn:ietf:params:jmap:error:" + name,
                "status": 400}).encode(), "application/problem+json")
        try:
            request = json.loads(body)
        except ValueError:
            return problem("notJSON")
        if not isinstance(request, dict) or not isinstance(
                request.get("methodCalls"), list):
            return problem("notRequest")
        if not set(request["using"]) <= set(self.capabilities):
            return problem("unknownCapability")
        if len(request["methodCalls"]) > 4 or len(body) > 100000:
            return problem("limit")
        responses = []
        for name, arguments, call in request["methodCalls"]:
            response = self.call(name, arguments)
            if not isinstance(response, list):
                return response
            responses.append([*response, call])
        return {"methodResponses": responses, "sessionState": "s"}


class _Listener(socketserver.ThreadingMixIn, http.server.HTTPServer):
    daemon_threads, request_queue_size = True, 50

    def __init__(self, jmap, context):
        self.jmap, self.context = jmap, context
        super().__init__((jmap.host, 0), _Handler)

    def finish_request(self, request, client_address):
        try:
            request.settimeout(120)
            with self.context.wrap_socket(request, server_side=True) as tls:
                self.RequestHandlerClass(tls, client_address, self)
        except OSError:
            pass  # the client went away, or does not trust us

    def handle_error(self, request, client_address):
        pass


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *unused):
        pass

    def do_GET(self):
        jmap = self.server.jmap
        path = urllib.parse.urlsplit(self.path).path
        if path == "/.well-known/jmap":
            jmap.hear("GET " + path)
            return self.answer("well-known", lambda user: Reply(
                301, Location="/jmap/session"))
        if path == "/jmap/session":
            jmap.hear("session")
            return self.answer("session", jmap.session)
        found = re.fullmatch("/jmap/get/A1/([^/]*)/[^/]+", path)
        if not found:
            return self.send(Reply(404))
        jmap.hear("download " + found[1])

        def download(user):
            for message in jmap.messages.values():
                if message.blob == found[1]:
                    return Reply(body=message.octets, kind="message/rfc822")
            return Reply(404)
        return self.answer("download", download)

    def do_POST(self):
        jmap = self.server.jmap
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self.path != "/jmap/api" or self.headers[
                "Content-Type"] != "application/json":
            return self.send(Reply(404))
        jmap.hear("api")
        return self.answer("api", lambda user: jmap.request(body))

    def answer(self, stage, usual):
        jmap = self.server.jmap
        user = jmap.user_of(self.headers.get("Authorization", ""))
        if user is None:
            return self.send(Reply(401, WWW_Authenticate="Bearer"))
        answer = jmap.choose(stage)
        while callable(answer):
            answer = answer(self)
        if answer is None:
            answer = usual(user)
        if isinstance(answer, Half):
            return self.send(self.reply(usual(user)), answer.octets)
        return self.send(self.reply(answer))

    @staticmethod
    def reply(answer):
        if isinstance(answer, dict):
            answer = json.dumps(answer).encode()
        if isinstance(answer, bytes):
            return Reply(body=answer)
        return Reply(answer) if isinstance(answer, int) else answer

    def send(self, reply, most=None):
        if reply is CUT:
            self.close_connection = True
            return
        body = reply.body if isinstance(reply.body, bytes) else b""
        self.send_response(reply.status)
        for name, value in reply.fields.items():
            self.send_header(name, str(value))
        self.send_header("Content-Type", reply.kind)
        self.send_header("Content-Length", str(
            len(body) if reply.length is None else reply.length))
        self.end_headers()
        if most is not None:
            body, self.close_connection = body[:most], True
        self.wfile.write(body)
        # A body in pieces, without an end in memory.
        if not isinstance(reply.body, bytes):
            for piece in reply.body:
                self.wfile.write(piece)
        if reply.length is not None and reply.length != len(body):
            self.close_connection = True
