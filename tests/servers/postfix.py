"""Postfix: submission with STARTTLS, submissions, relay, pipes, refusals.

    with Dovecot() as dovecot, Smtp() as far, \\
            Postfix(dovecot, relay=far.port) as postfix:
        ...     # a client: localhost, postfix.submission (STARTTLS) or
                # postfix.submissions; postfix.ca; the users are Dovecot's

Mail to example.org goes to Dovecot by LMTP, all other mail to the relay.  The
port `smtp` takes mail from this machine without a login, as from other hosts.
refuses={"RCPT": "452 4.2.2 full"} opens a port for each stage: postfix.refuses
then has the ports.  pipes={"answer@example.org": PROGRAM} pipes to a program.

Postfix itself insists on root, and on a user and two groups that nothing else
uses: the system has daemon and games.
"""
import grp
import json
import os
import pwd
import time

from . import Authority, Server, packages

DAEMONS = "/usr/lib/postfix/sbin"
OWNER, GROUP = "daemon", "games"

MAIN = """\
compatibility_level = 3.6
config_directory = {dir}/etc
meta_directory = {dir}/etc
queue_directory = {dir}/queue
data_directory = {dir}/data
command_directory = {dir}/bin
daemon_directory = {daemons}
shlib_directory = {libraries}
import_environment = MAIL_CONFIG MAIL_LOGTAG TZ LANG=C LD_LIBRARY_PATH={path}
mail_owner = {owner}
setgid_group = {group}
default_privs = nobody
maillog_file = {dir}/log
maillog_file_prefixes = {dir}
myhostname = mail.example.org
mydomain = example.org
mydestination =
inet_interfaces = loopback-only
inet_protocols = ipv4
mynetworks = 127.0.0.0/8
smtp_dns_support_level = disabled
smtpd_peername_lookup = no
alias_maps =
local_recipient_maps =
smtpd_relay_restrictions = permit_mynetworks, reject
relayhost = [127.0.0.1]:{relay}
transport_maps = texthash:{dir}/etc/transport
smtpd_tls_cert_file = {cert}
smtpd_tls_key_file = {key}
smtpd_sasl_type = dovecot
smtpd_sasl_path = inet:127.0.0.1:{auth}
minimal_backoff_time = 1s
maximal_backoff_time = 1s
queue_run_delay = 1s
{settings}
"""

MASTER = """\
{smtp} inet n - n - - smtpd
{submission} inet n - n - - smtpd
  -o smtpd_tls_security_level=encrypt
  -o smtpd_sasl_auth_enable=yes
  -o smtpd_relay_restrictions=permit_sasl_authenticated,reject
{milters}{submissions} inet n - n - - smtpd
  -o smtpd_tls_wrappermode=yes
  -o smtpd_sasl_auth_enable=yes
  -o smtpd_relay_restrictions=permit_sasl_authenticated,reject
{milters}pickup unix n - n 60 1 pickup
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
tlsmgr unix - - n 1000? 1 tlsmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
verify unix - - n - 1 verify
flush unix n - n 1000? 0 flush
proxymap unix - - n - - proxymap
proxywrite unix - - n - 1 proxymap
smtp unix - - n - - smtp
relay unix - - n - - smtp
showq unix n - n - - showq
error unix - - n - - error
retry unix - - n - - error
discard unix - - n - - discard
lmtp unix - - n - - lmtp
anvil unix - - n - 1 anvil
scache unix - - n - 1 scache
postlog unix-dgram n - n - 1 postlogd
"""

# Where each stage is refused; before RCPT, Postfix waits unless told not to.
STAGES = {"banner": ("client", True), "EHLO": ("helo", True),
          "MAIL": ("sender", True), "RCPT": ("recipient", False),
          "DATA": ("data", False), ".": ("end_of_data", False)}


class Postfix(Server):
    """dovecot: who knows the users and keeps their mail; relay: the port for
    all other mail; milters: what submitted mail goes through, as smtpd_milters
    has it; settings: more lines for main.cf;
    services: for master.cf."""

    name = "postfix"
    user = "root"
    host = "127.0.0.1"

    def __init__(self, dovecot=None, relay=None, milters="", refuses=None,
                 pipes=None, settings="", services="", authority=None):
        super().__init__()
        self.smtp, self.submission, self.submissions = (
            self.port() for _ in range(3))
        # Without the one or the other, there is nobody at that port.
        self.relay = relay or self.port()
        self.auth = dovecot.auth if dovecot else self.port()
        self.refuses = {stage: self.port() for stage in refuses or {}}
        self.authority = authority or (dovecot.authority if dovecot else
                                       Authority(self.dir))
        self.ca = self.authority.file
        self.cert, self.key = self.authority.issue(self.path("server"))
        self.lay_out()
        transport = {"example.org": "lmtp:inet:127.0.0.1:%d" % dovecot.lmtp} \
            if dovecot else {}
        master = MASTER.format(milters="  -o { smtpd_milters = %s }\n" %
                               milters if milters else "", **{
                                   name: "127.0.0.1:%d" % getattr(self, name)
                                   for name in ("smtp", "submission",
                                                "submissions")})
        for stage, answer in (refuses or {}).items():
            restricts, early = STAGES[stage]
            master += ("127.0.0.1:%d inet n - n - - smtpd\n"
                       "  -o { smtpd_%s_restrictions = check_client_access "
                       "static:{%s} }\n" % (self.refuses[stage], restricts,
                                            answer) +
                       ("  -o smtpd_delay_reject=no\n" if early else ""))
        for number, (address, text) in enumerate((pipes or {}).items()):
            path = self.write("bin/pipe%d" % number, text, 0o755)
            transport[address] = "pipe%d:" % number
            master += ("pipe%d unix - n n - 2 pipe\n  flags=DRXhuq "
                       "user=nobody argv=%s ${sender} ${original_recipient}\n"
                       % (number, path))
        self.write("etc/transport", "".join("%s %s\n" % pair for pair in
                                            transport.items()))
        self.write("etc/master.cf", master + services)
        self.write("etc/main.cf", MAIN.format(
            daemons=packages.find(DAEMONS), owner=OWNER, group=GROUP,
            libraries=packages.find("/usr/lib/postfix"),
            path=packages.libraries, settings=settings, **vars(self)))

        # Postfix waits until a file that has just changed is two seconds old.
        for name in ("transport", "master.cf", "main.cf"):
            then = time.time() - 60
            os.utime(self.path("etc", name), (then, then))

    @staticmethod
    def missing():
        """Why it cannot run here, or None."""
        if os.getuid() != 0:
            return "Postfix needs root"
        if not packages.find(DAEMONS + "/master"):
            return "Postfix is not here (make deps)"
        try:
            pwd.getpwnam(OWNER), grp.getgrnam(GROUP)
        except KeyError as error:
            return "Postfix needs a user and a group: %s" % error.args
        return None

    def lay_out(self):
        """What `postfix start` would make in three seconds."""
        owner, group = pwd.getpwnam(OWNER).pw_uid, grp.getgrnam(GROUP).gr_gid
        for name, mode, gid in [
                ("queue/" + queue, 0o700, 0) for queue in (
                    "active", "bounce", "corrupt", "defer", "deferred",
                    "flush", "hold", "incoming", "private", "saved",
                    "trace")] + [("queue/maildrop", 0o1777, group),
                                 ("queue/public", 0o755, group),
                                 ("data", 0o700, 0)]:
            self.folder(name)
            os.chmod(self.path(name), mode)
            os.chown(self.path(name), owner, gid)
        self.folder("queue/pid")
        # They start each other without the path to their libraries.
        for name in ("sendmail", "postdrop", "postqueue", "postlog",
                     "postconf", "postfix", "postsuper"):
            self.write("bin/" + name, "#!/bin/sh\nexec env %s %s \"$@\"\n" % (
                " ".join("%s=%s" % pair for pair in self.env.items()),
                packages.find("/usr/sbin/" + name)), 0o755)

    @property
    def env(self):
        return {"MAIL_CONFIG": self.path("etc"),
                "LD_LIBRARY_PATH": packages.libraries}

    def start(self):
        self.spawn(packages.find(DAEMONS + "/master"), "-d", "-c",
                   self.path("etc"), as_root=True, env=self.env)
        self.wait_for_port(self.submission)

    @property
    def sendmail(self):
        """A sendmail program that hands mail to this Postfix."""
        return self.path("bin/sendmail")

    def queue(self):
        """What is waiting: its sender, recipients and why, as postqueue -j
        has it."""
        got = self.run(self.path("bin/postqueue"), "-j")
        return [json.loads(line) for line in got.splitlines()]
