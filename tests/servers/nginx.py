"""nginx's mail proxy, from a text that mailcert prints.

    with Nginx(text) as nginx:      # "mail { ... }"; nginx.wait_for_port(N)

    with AuthHttp({"pop3": PORT}) as auth:  # auth.at, for auth_http
"""
import http.server
import threading

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


class AuthHttp:
    """Says where the server behind is, by protocol, to anybody."""

    def __init__(self, ports):
        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                self.send_response(200)
                self.send_header("Auth-Status", "OK")
                self.send_header("Auth-Server", "127.0.0.1")
                self.send_header("Auth-Port", "%d" % ports[
                    self.headers["Auth-Protocol"]])
                self.end_headers()

            def log_message(self, *unused):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0),
                                                      Handler)
        self.at = "127.0.0.1:%d/auth" % self.server.server_address[1]

    def __enter__(self):
        threading.Thread(target=self.server.serve_forever,
                         kwargs={"poll_interval": 0.05}, daemon=True).start()
        return self

    def __exit__(self, *unused):
        self.server.shutdown()
        self.server.server_close()
