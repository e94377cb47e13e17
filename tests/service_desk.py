"""An administrator with certificates of the test CA, and a mail server to put
them into."""
import hashlib
import json
import os
import re
import ssl
import stat
import subprocess

import cms
from servers.dovecot import Dovecot
from town import Town

HOST = "mail.example.org"


class Desk(Town):
    """An administrator with certificates of the test CA."""

    def __init__(self, settings="", **personality):
        super().__init__(settings, **personality)
        self.root = self.place.write(
            "root.pem", cms.cert_pem(self.ca.root.cert))

    def order(self, *args, code=0, env=None):
        """Another certificate; gives its id and the digest of the leaf."""
        got = self.run("service", "order", "--no-wait", "--new", *(
            args or ("--service", "imaps")), HOST)
        assert got.returncode == 0, got
        id = got.stdout.decode().strip()
        got = self.run("status", "--json", id)
        for proof in json.loads(got.stdout)["certificates"][0]["proofs"]:
            self.ca.dns.records[proof["record"]] = proof["value"]
        got = self.run("finish", "--sent", id, env=env)
        assert code is None or got.returncode == code, got
        return id, self.leaf(id)

    def older(self, id):
        """Let it have been made a minute ago."""
        path = self.place.path("data", "certificates", id + ".json")
        with open(path) as f:
            record = json.load(f)
        record["created"] -= 60
        with open(path, "w") as f:
            json.dump(record, f)

    def journal(self, name):
        with open(self.place.path("data", "installed", "server-" + name)) as f:
            return f.read()

    def leaf(self, id):
        with open(self.place.path("data", "certificates", id + ".pem")) as f:
            return digest_of(f.read())

    def install(self, server, *args, **more):
        return self.run("-o", "mail_ca_file=" + self.root,
                        "service", "install", server.name, *args, **more)


def digest_of(pem):
    """SHA-256 of the first certificate."""
    found = re.search("-----BEGIN CERT.*?-----END CERTIFICATE-----", pem, re.S)
    return found and hashlib.sha256(
        ssl.PEM_cert_to_DER_cert(found[0])).hexdigest()


def shown(port, starttls=None):
    """The digest of the leaf on the wire, as openssl sees it."""
    got = subprocess.run(
        ["openssl", "s_client", "-connect", "127.0.0.1:%d" % port,
         "-servername", HOST, *(["-starttls", starttls] if starttls else [])],
        input=b"", capture_output=True, timeout=60)
    return digest_of(got.stdout.decode())


def accepted(port, ca, starttls=None):
    """Does openssl accept it, for the host?"""
    return subprocess.run(
        ["openssl", "s_client", "-connect", "127.0.0.1:%d" % port, "-CAfile",
         ca, "-verify_hostname", HOST, "-verify_return_error",
         *(["-starttls", starttls] if starttls else [])],
        input=b"", capture_output=True, timeout=60).returncode == 0


INCLUDE = "!include_try conf.d/*.conf\n"


def dovecot(settings="", **more):
    server = Dovecot(settings=settings + INCLUDE, **more)
    server.folder("conf.d")
    return server


def where(server):
    """The options that say where it is."""
    return ["--config", server.path("dovecot.conf"), "--address", "127.0.0.1",
            "--service", "imap:%d" % server.imap, "--service",
            "imaps:%d" % server.imaps]


def files(server):
    top = server.path("conf.d")
    return sorted(os.listdir(top)) + [
        name for name in os.listdir(server.dir) if "mailcert" in name]


def owner(path):
    st = os.stat(path)
    return st.st_uid, stat.S_IMODE(st.st_mode)
