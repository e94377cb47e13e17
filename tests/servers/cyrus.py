"""Cyrus: JMAP over HTTP and HTTPS, with Basic authentication, and LMTP.

    with Cyrus({"alice": "secret"}, smtp=smtp.port) as cyrus:
        cyrus.deliver(message)            # makes the folders with their roles
        cyrus.url                         # https://localhost:PORT; cyrus.ca
        cyrus.ask("alice", [["Mailbox/get", {"accountId": "alice"}, "a"]])

Its session says relative URLs; a session without mail has no account yet.
Without an SMTP server at the port `smtp`, a session has no submission.  It has
no push but EventSource answered by 204, no bearer tokens, no smimeverify.
"""
import base64
import json
import os
import ssl
import subprocess
import urllib.request

from . import Authority, Server, lmtp_deliver, packages

BIN = "/usr/lib/cyrus/bin/"
FOLDERS = ("db", "log", "msg", "proc", "lock", "quota", "user", "socket",
           "sync", "sieve")

IMAPD = """\
configdirectory: {dir}/conf
partition-default: {dir}/spool
defaultpartition: default
defaultsearchtier: t1
t1searchpartition-default: {dir}/search
search_engine: xapian
conversations: 1
conversations_db: twoskip
servername: mail.example.org
virtdomains: userid
defaultdomain: example.org
admins: cyrus
cyrus_user: {login}
sasl_pwcheck_method: auxprop
sasl_auxprop_plugin: sasldb
sasl_sasldb_path: {dir}/sasldb2
sasl_mech_list: PLAIN LOGIN SCRAM-SHA-256
allowplaintext: yes
httpmodules: jmap
httpallowcompress: no
autocreate_quota: 0
autocreate_post: yes
autocreate_inbox_folders: Drafts | Sent | Trash | Archive
xlist-drafts: Drafts
xlist-sent: Sent
xlist-trash: Trash
xlist-archive: Archive
altnamespace: yes
unixhierarchysep: yes
sievedir: {dir}/conf/sieve
duplicate_db_path: {dir}/run/deliver.db
mboxname_lockpath: {dir}/run/lock
proc_path: {dir}/run/proc
tls_server_cert: {cert}
tls_server_key: {key}
smtp_backend: host
smtp_host: 127.0.0.1:{smtp}
{settings}
"""

SERVICES = """\
START {{
  recover cmd="{ctl} -C {dir}/imapd.conf -r"
}}
SERVICES {{
  http  cmd="{httpd} -C {dir}/imapd.conf -U 30"    listen="127.0.0.1:{http}" prefork=1
  https cmd="{httpd} -C {dir}/imapd.conf -s -U 30" listen="127.0.0.1:{https}" prefork=0
  lmtp  cmd="{lmtpd} -C {dir}/imapd.conf -a"       listen="127.0.0.1:{lmtp}" prefork=0
}}
EVENTS {{
  checkpoint cmd="{ctl} -C {dir}/imapd.conf -c" period=300
}}
"""


class Cyrus(Server):
    """users: passwords by name; smtp: the port where it submits mail;
    settings: more lines for imapd.conf."""

    name = "cyrus"
    host = "127.0.0.1"

    def __init__(self, users=None, smtp=None, settings="", authority=None):
        super().__init__()
        if os.getuid() == 0:
            packages.readable()
        self.users = {"alice": "secret"} if users is None else dict(users)
        self.http, self.https, self.lmtp = (self.port() for _ in range(3))
        self.smtp = smtp or self.port()
        for folder in ("spool", "search", "run", *("conf/" + f
                                                   for f in FOLDERS)):
            self.folder(folder)
        self.authority = authority or Authority(self.dir)
        self.ca = self.authority.file
        self.cert, self.key = self.authority.issue(self.path("server"))
        self.own(self.key)
        self.env = {"LD_LIBRARY_PATH": packages.libraries}
        for user, password in self.users.items():
            self.set_password(user, password)
        self.write("imapd.conf", IMAPD.format(
            settings=settings, **vars(self)))
        self.write("cyrus.conf", SERVICES.format(
            ctl=packages.find(BIN + "ctl_cyrusdb"),
            httpd=packages.find(BIN + "httpd"),
            lmtpd=packages.find(BIN + "lmtpd"), **vars(self)))

    @staticmethod
    def missing():
        """Why it cannot run here, or None."""
        return None if packages.find(BIN + "httpd") else \
            "Cyrus is not here (make deps)"

    @property
    def url(self):
        return "https://localhost:%d" % self.https

    def start(self):
        self.spawn(packages.find(BIN + "master"), "-C",
                   self.path("imapd.conf"), "-M", self.path("cyrus.conf"),
                   "-p", self.path("run/master.pid"), "-D", env=self.env)
        self.wait_for_port(self.http)

    def set_password(self, user, password):
        subprocess.run(
            [packages.find("/usr/sbin/saslpasswd2"), "-p", "-c", "-f",
             self.path("sasldb2"), "-u", "mail.example.org", user],
            input=password.encode(), capture_output=True, check=True,
            env={**self.env, "PATH": ""})
        self.own(self.path("sasldb2"))

    def deliver(self, message, user="alice", sender="ca@ca.example"):
        """Deliver by LMTP, into INBOX.  The first delivery makes it."""
        lmtp_deliver(self.lmtp, message, sender, user + "@example.org")

    # --- a client, to see what is there

    def open(self, path, user="alice", data=None, kind="application/json"):
        """Ask for a URL of the server; gives the octets."""
        request = urllib.request.Request(self.url + path, data)
        request.add_header("Authorization", "Basic " + base64.b64encode(
            ("%s:%s" % (user, self.users[user])).encode()).decode())
        if data is not None:
            request.add_header("Content-Type", kind)
        with urllib.request.urlopen(request, timeout=60, context=ssl.
                                    create_default_context(cafile=self.ca)) \
                as answer:
            return answer.read()

    def ask(self, user, calls):
        """JMAP method calls; gives the responses: [[name, arguments, id]]."""
        return json.loads(self.open("/jmap/", user, json.dumps({
            "using": ["urn:ietf:params:jmap:core", "urn:ietf:params:jmap:mail"],
            "methodCalls": calls}).encode()))["methodResponses"]

    def mailbox(self, role, user="alice"):
        """The id of the mailbox with that role."""
        found = self.ask(user, [["Mailbox/get", {"accountId": user},
                                 "a"]])[0][1]["list"]
        return next(m["id"] for m in found if m["role"] == role)

    def messages(self, role="inbox", user="alice"):
        """What a mailbox has, in the order of arrival."""
        mailbox = self.mailbox(role, user)
        ids = self.ask(user, [["Email/query", {
            "accountId": user, "filter": {"inMailbox": mailbox},
            "sort": [{"property": "receivedAt"}]}, "a"]])[0][1]["ids"]
        found = {m["id"]: m["blobId"] for m in self.ask(user, [
            ["Email/get", {"accountId": user, "ids": ids,
                           "properties": ["blobId"]}, "a"]])[0][1]["list"]}
        return [self.open("/jmap/download/%s/%s/m?accept=message/rfc822" % (
            user, found[i]), user) for i in ids]
