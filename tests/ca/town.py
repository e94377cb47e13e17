"""A CA, a user, and the mail between them."""
import glob
import os
import subprocess
import time

from ca import Ca, sendmail
from lib import MAILCERT, Place


class Town:
    def __init__(self, settings="", **personality):
        self.place = Place(config="")
        self.started = False
        os.makedirs(self.place.path("ca"))
        self.ca = Ca(self.place.path("ca"), **personality)
        self.send = sendmail(self.ca)
        self.place.write("user/.config/mailcert/config", """
set resolver = %s
set sendmail = %s
set ca = local
set ca.local.directory = %s/directory
set ca.local.ca_file = %s
set ca.local.settle = 0
set finish = manual
set key = ec:p256
%s""" % (self.ca.dns.resolver, self.send, self.ca.base, self.ca.file,
         settings))

    def __enter__(self):
        return self

    def __exit__(self, *unused):
        self.ca.close()
        self.place.__exit__()

    def run(self, *args, **more):
        return self.place.run(*args, **more)

    def answer(self):
        """Deliver the challenges to an unattended handle."""
        out = []
        for path in self.ca.challenges():
            with open(path, "rb") as f:
                out.append(self.run("handle", "--auto-approve", "--mda",
                                    stdin=f.read()))
            os.unlink(path)
        return out

    def start(self, *args):
        self.started = True
        return subprocess.Popen(
            [MAILCERT, "order", *args], env=self.place.env,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, start_new_session=True)

    def wait_for_mail(self, seconds=30):
        end = time.monotonic() + seconds
        while not self.ca.challenges() and time.monotonic() < end:
            time.sleep(0.05)
        # Mail takes longer than the answer to the request that made it: order
        # has recorded what it expects.
        while self.started and not self.expected() and time.monotonic() < end:
            time.sleep(0.02)
        return self.ca.challenges()

    def expected(self):
        """Is every challenge that was mailed among the records of the user?"""
        records = ""
        for path in glob.glob(self.place.home + "/expectations/*.json"):
            with open(path) as f:
                records += f.read()
        return all('"%s"' % authz["from"] in records
                   for authz in list(self.ca.authz.values())
                   if authz["mailed"])
