"""nginx's mail proxy, from a text that mailcert prints.

    with Nginx(text) as nginx:      # "mail { ... }"; nginx.wait_for_port(N)
"""
from . import Server, packages, program

CONFIG = """\
load_module {module};
daemon off;
pid {dir}/pid;
error_log {dir}/log;
events {{
}}
"""


class Nginx(Server):
    name = "nginx"

    def __init__(self, text, port):
        super().__init__()
        self.first = port
        self.write("nginx.conf", CONFIG.format(
            module=packages.find("/usr/lib/nginx/modules/ngx_mail_module.so"),
            dir=self.dir) + text)

    @staticmethod
    def missing():
        """Why it cannot run here, or None."""
        return None if packages.find(
            "/usr/lib/nginx/modules/ngx_mail_module.so") and (
                packages.find("/usr/sbin/nginx") or program("nginx")) else \
            "nginx is not here (make deps)"

    def start(self):
        self.spawn(packages.find("/usr/sbin/nginx") or program("nginx"),
                   "-e", self.path("log"), "-c", self.path("nginx.conf"),
                   env={"LD_LIBRARY_PATH": packages.libraries})
        self.wait_for_port(self.first)
