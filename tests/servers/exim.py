"""Exim: plain with STARTTLS, and TLS from the start; it takes no mail.

    with Exim(settings="tls_certificate = ...") as exim:
        ...     # exim.smtp, exim.submissions; exim.conf; exim.environment

Exim insists on root, and on the user Debian-exim: nss_wrapper has it.
"""
import os

from . import Server, apart, packages

CONFIG = """\
exim_path = {program}
spool_directory = {dir}/spool
log_file_path = {dir}/spool/%slog
pid_file_path = {dir}/spool/pid
primary_hostname = mail.example.org
keep_environment =
tls_advertise_hosts = *
daemon_smtp_ports = {smtp} : {submissions}
tls_on_connect_ports = {submissions}
local_interfaces = 127.0.0.1
acl_smtp_rcpt = nobody
{settings}
begin acl
nobody:
  deny
"""
WRAPPER = "libnss_wrapper.so"


class Exim(Server):
    name = "exim"

    def __init__(self, settings=""):
        super().__init__()
        self.smtp, self.submissions = self.port(), self.port()
        self.program = apart.find("/usr/sbin/exim4")
        self.folder("spool")
        for name in ("passwd", "group"):
            with open("/etc/" + name) as f:
                text = f.read()
            self.write(name, text + (
                "Debian-exim:x:%d:%d::/:/bin/false\n" % (self.uid, self.gid)
                if name == "passwd" else "Debian-exim:x:%d:\n" % self.gid))
        self.environment = {
            "LD_PRELOAD": packages.library(WRAPPER),
            "NSS_WRAPPER_PASSWD": self.path("passwd"),
            "NSS_WRAPPER_GROUP": self.path("group"),
            "LD_LIBRARY_PATH": ":".join((apart.libraries,
                                          packages.libraries))}
        self.write("bin/exim4", "#!/bin/sh\nexec env %s %s \"$@\"\n" % (
            " ".join("%s=%s" % pair for pair in self.environment.items()),
            self.program), 0o755)
        self.configure(settings)

    @staticmethod
    def missing():
        """Why it cannot run here, or None."""
        if os.getuid() != 0:
            return "Exim needs root"
        return None if apart.find("/usr/sbin/exim4") and \
            packages.library(WRAPPER) else "Exim is not here (make deps)"

    def configure(self, settings):
        self.conf = self.write("exim.conf", CONFIG.format(
            settings=settings, **vars(self)))
        # Exim reads no configuration but root's.
        os.chown(self.conf, 0, 0)

    def start(self):
        self.spawn(self.program, "-C", self.conf, "-bdf", as_root=True,
                   env=self.environment)
        self.wait_for_port(self.smtp)
