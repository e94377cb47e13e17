"""Programs that sign a provider's mail by DKIM: milters for Postfix.

    with OpenDkim(key, domain="example.org", selector="s") as signer, \\
            Postfix(dovecot, milters=signer.milter) as postfix:

key: the private key (PEM).  lists: which fields are signed, as lines of the
program's own configuration; without it, as the program comes.
"""
import os

from . import Server, packages, program

OPENDKIM = """\
Domain {domain}
Selector {selector}
KeyFile {dir}/key.pem
Mode s
Background no
Socket inet:{listens}@127.0.0.1
Syslog no
RequireSafeKeys no
{lists}
"""

RSPAMD = """\
options {{
  filters = "dkim";
  tempdir = "{dir}/run";
  control_socket = "{dir}/run/control mode=0600";
  url_tld = "{dir}/domains";
  disable_hyperscan = true;
  dns {{ nameserver = ["127.0.0.1:9"]; }}
}}
logging {{ type = "file"; filename = "{dir}/log"; level = "info"; }}
worker "rspamd_proxy" {{
  bind_socket = "127.0.0.1:{listens}";
  milter = yes;
  count = 1;
  upstream "local" {{ default = yes; self_scan = yes; }}
}}
modules {{ path = "{share}/plugins/dkim_signing.lua"; }}
# Without two groups of symbols it does not see sign_headers.
group "policies" {{ }}
group "headers" {{ }}
dkim {{ check_local = false; check_authed = false; }}
dkim_signing {{
  path = "{dir}/key.pem";
  selector = "{selector}";
  check_pubkey = false;
  use_esld = false;
  allow_username_mismatch = true;
  {lists}
}}
"""


class Signer(Server):
    def __init__(self, key, domain="example.org", selector="s", lists=""):
        super().__init__()
        self.listens = self.port()
        self.domain, self.selector, self.lists = domain, selector, lists
        with open(key) as f:
            self.write("key.pem", f.read(), 0o600)

    @property
    def milter(self):
        return "inet:127.0.0.1:%d" % self.listens


class OpenDkim(Signer):
    name = "opendkim"

    @staticmethod
    def missing():
        """Why it cannot run here, or None."""
        return None if program("opendkim") else "OpenDKIM is not here"

    def start(self):
        self.write("opendkim.conf", OPENDKIM.format(**vars(self)))
        self.spawn(program("opendkim"), "-f", "-x",
                   self.path("opendkim.conf"))
        self.wait_for_port(self.listens)


class Rspamd(Signer):
    """Only its module that signs: nothing is judged, nobody is asked."""

    name = "rspamd"

    @staticmethod
    def missing():
        """Why it cannot run here, or None."""
        return None if packages.find("/usr/bin/rspamd") else \
            "rspamd is not here (make deps)"

    def start(self):
        if os.getuid() == 0:
            packages.readable()
        share = packages.find("/usr/share/rspamd")
        self.folder("run")
        # Its own list of domains takes three seconds to compile.
        self.write("domains", "com\norg\n")
        self.write("rspamd.conf", RSPAMD.format(share=share, **vars(self)))
        self.spawn(packages.find("/usr/bin/rspamd"), "-f", "-c",
                   self.path("rspamd.conf"), *(
                       "--var=%s=%s" % pair for pair in (
                           ("SHAREDIR", share),
                           ("LUALIBDIR", share + "/lualib"),
                           ("PLUGINSDIR", share + "/plugins"),
                           ("RULESDIR", share + "/rules"),
                           ("DBDIR", self.path("run")),
                           ("RUNDIR", self.path("run")))),
                   env={"LD_LIBRARY_PATH": packages.libraries})
        self.wait_for_port(self.listens)
