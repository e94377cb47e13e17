"""Thunderbird without a screen, asked through Marionette: its own remote
control, JSON over TCP on loopback.

Whatever runs in there runs with all rights of the program, as its own code
does: preferences, certificates, windows.
"""
import json
import os
import signal
import socket
import subprocess
import time

# The port is one that is free: the profile says which.
PREFS = """user_pref("marionette.port", 0);
user_pref("mailnews.start_page.enabled", false);
user_pref("datareporting.policy.dataSubmissionEnabled", false);
"""
SECONDS = 120


class Thunderbird:
    """One that runs with a profile; its end is the normal one."""

    def __init__(self, profile, env, *args):
        self.profile, self.count, self.rest = profile, 0, b""
        port = os.path.join(profile, "MarionetteActivePort")
        if os.path.exists(port):
            os.unlink(port)
        self.log = open(os.path.join(profile, "test.log"), "wb")
        self.process = subprocess.Popen(
            ["thunderbird", "--headless", "--marionette",
             "--remote-allow-system-access",
             *(args or ["--profile", profile])], env=env,
            stdin=subprocess.DEVNULL, stdout=self.log,
            stderr=subprocess.STDOUT, start_new_session=True)
        try:
            self.connect(port)
        except BaseException:
            self.kill()
            raise

    def connect(self, port):
        end = time.monotonic() + SECONDS
        while not os.path.exists(port) or not os.path.getsize(port):
            assert self.process.poll() is None and time.monotonic() < end, \
                "Thunderbird does not start"
            time.sleep(0.05)
        with open(port) as f:
            self.socket = socket.create_connection(
                ("127.0.0.1", int(f.read())), SECONDS)
        self.message()  # it introduces itself
        self.ask("WebDriver:NewSession", capabilities={})
        self.ask("WebDriver:SetTimeouts", script=SECONDS * 1000)
        self.ask("Marionette:SetContext", value="chrome")

    def __enter__(self):
        return self

    def __exit__(self, *unused):
        try:
            self.ask("Marionette:Quit", flags=["eAttemptQuit"])
            self.process.wait(SECONDS)
        finally:
            self.kill()

    def kill(self):
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
        self.log.close()

    def message(self):
        """LENGTH:JSON"""
        while b":" not in self.rest:
            self.more()
        size, _, self.rest = self.rest.partition(b":")
        while len(self.rest) < int(size):
            self.more()
        out, self.rest = self.rest[:int(size)], self.rest[int(size):]
        return json.loads(out)

    def more(self):
        got = self.socket.recv(65536)
        assert got, "Thunderbird has closed the connection"
        self.rest += got

    def ask(self, name, **more):
        self.count += 1
        raw = json.dumps([0, self.count, name, more]).encode()
        self.socket.sendall(b"%d:%s" % (len(raw), raw))
        kind, count, error, result = self.message()
        assert (kind, count) == (1, self.count) and error is None, error
        return result

    def run(self, script, *args):
        """The body of an async function; gives what that gives."""
        got = self.ask("WebDriver:ExecuteAsyncScript", sandbox="system",
                       args=list(args), script="""
const args = [...arguments], done = args.pop();
const { MailServices } = ChromeUtils.importESModule(
  "resource:///modules/MailServices.sys.mjs");
const { MailUtils } = ChromeUtils.importESModule(
  "resource:///modules/MailUtils.sys.mjs");
const certs = Cc["@mozilla.org/security/x509certdb;1"].getService(
  Ci.nsIX509CertDB);
const pause = () => new Promise(then => {
  const timer = Cc["@mozilla.org/timer;1"].createInstance(Ci.nsITimer);
  timer.initWithCallback(() => { void timer; then(); }, 50, 0);
});
async function until(holds, tries = Infinity) {
  for (; tries > 0; tries--) {
    try { const got = await holds(); if (got) return got; } catch (e) {}
    await pause();
  }
  return null;
}
(async () => {%s})().then(value => done({ value }),
                          e => done({ error: e + "\\n" + e.stack }));
""" % script)["value"]
        assert "error" not in got, got["error"]
        return got.get("value")
