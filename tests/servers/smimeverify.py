"""RFC 9219 on the test server of jmap.py: what a server says of S/MIME.

    with SmimeVerify(anchors=PATH) as jmap:
        jmap.deliver(message)
        jmap.says["M1"] = {"smimeStatus": "signed/nonsense"}   # lies
        jmap.check()                       # verify everything again, now

Written from the RFC, apart from mailcert and without its code: `openssl cms`
verifies, and Python reads From and the certificate.  A status is computed when
it is first asked for (section 4.1 allows that) and kept for 24 hours.
"""
import email.utils
import os
import re
import subprocess
import tempfile
import time

from .jmap import Jmap, utc

URI = "urn:ietf:params:jmap:smimeverify"
VERIFIED = ("signed/verified", "encrypted+signed/verified")
NAMES = ("smimeStatus", "smimeStatusAtDelivery", "smimeErrors",
         "smimeVerifiedAt")
DAY = 24 * 3600


class SmimeVerify(Jmap):
    def __init__(self, anchors, **more):
        super().__init__(**more)
        self.anchors, self.known, self.says = anchors, {}, {}
        # Section 3: an empty object in the session and in the account.
        self.capabilities = dict(self.capabilities, **{URI: {}})
        for name in NAMES:
            self.properties[name] = lambda m, name=name: self.get(m, name)
        self.filters["hasSmime"] = lambda m, value: value == (
            self.get(m, "smimeStatus") is not None)
        self.filters["hasVerifiedSmime"] = lambda m, value: value == (
            self.get(m, "smimeStatus") in VERIFIED)
        self.filters["hasVerifiedSmimeAtDelivery"] = lambda m, value: value \
            == (self.get(m, "smimeStatusAtDelivery") in VERIFIED)

    def get(self, message, name):
        known = self.known.get(message.id)
        if known is None or time.time() - known["checked"] > DAY:
            known = self.compute(message)
        return self.says.get(message.id, {}).get(name, known[name])

    def check(self):
        """Verify everything again."""
        for message in list(self.messages.values()):
            self.compute(message)

    def compute(self, message):
        old = self.known.get(message.id)
        status, errors = self.judge(message, int(time.time()))
        then, _ = self.judge(message, message.received)
        # It does not become worse when anchors are removed.
        if old and old["smimeStatusAtDelivery"] in VERIFIED:
            then = old["smimeStatusAtDelivery"]
        known = {"smimeStatus": status, "smimeStatusAtDelivery": then,
                 "smimeErrors": errors, "checked": time.time(),
                 "smimeVerifiedAt": utc(time.time()) if status else None}
        self.known[message.id] = known
        # Section 4.3: smimeVerifiedAt alone is not a change.
        if old and any(old[name] != known[name] for name in NAMES[:3]):
            self.log.append(("updated", message.id))
        return known

    def email_changes(self, arguments):
        answer = super().email_changes(arguments)
        range_ = self.log[int(answer["oldState"]):int(answer["newState"])]
        for one in range_:
            if isinstance(one, tuple) and one[1] in self.messages and \
                    one[1] not in answer["created"] + answer["updated"]:
                answer["updated"].append(one[1])
        return answer

    def judge(self, message, when):
        """Status and errors at that time."""
        parsed = message.parsed
        kind = parsed.get_content_type()
        if kind == "multipart/signed":
            if "pkcs7-signature" not in str(parsed.get_param("protocol")):
                return "unknown", None
        elif not kind.endswith("pkcs7-mime"):
            return None, None
        with tempfile.TemporaryDirectory() as d:
            path = os.path.join(d, "m")
            with open(path, "wb") as f:
                f.write(message.octets)
            done = subprocess.run(
                ["openssl", "cms", "-verify", "-in", path, "-CAfile",
                 self.anchors, "-purpose", "smimesign", "-out", "/dev/null",
                 "-signer", d + "/signer", "-attime", str(when)],
                capture_output=True, env=dict(os.environ,
                                              OPENSSL_CONF="/dev/null"))
            if done.returncode:
                return "signed/failed", [re.sub(
                    r".*:", "", done.stderr.decode().strip().splitlines()[-1]
                ) or "The signature is not valid"]
            names = subprocess.run(
                ["openssl", "x509", "-in", d + "/signer", "-noout", "-email"],
                capture_output=True, check=True).stdout.decode().split()
        sender = email.utils.parseaddr(str(parsed["From"]))[1]
        if sender not in names:
            return "signed/failed", [
                "From email address doesn't match the certificate"]
        return "signed/verified", None
