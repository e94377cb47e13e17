#!/usr/bin/python3
# Runs in: check
"""The terminal is restored, whatever ends a prompt; noise is not a key; a yes
counts only after the screen has shown everything."""
import functools
import os
import pty
import re
import select
import signal
import sys
import termios
import time

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(
    os.path.abspath(__file__))), "ca"))
from lib import (ADDRESS, MAILCERT, PART1, QUESTION, Place, Terminal,
                 challenge, check_reply, read_then_yes, run_tests, tap,
                 tests_of)
from town import Town

ALICE = ADDRESS
FINAL = (signal.SIGTERM, signal.SIGHUP, signal.SIGINT, signal.SIGQUIT)


class Pty:
    """Run a program as a session leader on its own terminal, whose modes the
    tests read."""

    def __init__(self, place, *args, env=None, size=(24, 80)):
        self.out = b""
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            import fcntl
            import struct
            fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack(
                "HHHH", size[0], size[1], 0, 0))
            os.write(1, b"ready\r\n")
            signal.pthread_sigmask(signal.SIG_SETMASK, ())
            os.read(0, 1)
            os.execve(MAILCERT, ["mailcert", *args],
                      dict(place.env, **(env or {})))
        self.wait(b"ready")
        self.before = termios.tcgetattr(self.fd)
        os.write(self.fd, b"\n")

    def __enter__(self):
        return self

    def __exit__(self, *unused):
        try:
            os.kill(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)
        except (ProcessLookupError, ChildProcessError):
            pass
        os.close(self.fd)

    def read(self, seconds):
        if not select.select([self.fd], [], [], seconds)[0]:
            return False
        try:
            got = os.read(self.fd, 65536)
        except OSError:
            return False
        self.out += got
        return bool(got)

    def write(self, data):
        """Write more than the terminal buffers, and read in the meantime."""
        os.set_blocking(self.fd, False)
        while data:
            try:
                data = data[os.write(self.fd, data):]
            except BlockingIOError:
                self.read(0.05)
        os.set_blocking(self.fd, True)

    def wait(self, text, seconds=20):
        end = time.monotonic() + seconds
        while text not in self.out and time.monotonic() < end:
            self.read(0.1)
        return text in self.out

    def wait_modes(self, want):
        """Wait until the terminal has changed its modes, or restored them."""
        end = time.monotonic() + 10
        while time.monotonic() < end:
            if (termios.tcgetattr(self.fd) == self.before) == want:
                return True
            self.read(0.02)
        return False

    def ended(self, seconds=20):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            self.read(0.01)
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                while self.read(0):
                    pass
                return status
        return None

    def press(self, key):
        """Press until the program ends: a screen discards keys that are typed
        before it has painted its question, and only it knows when that is."""
        for _ in range(20):
            os.write(self.fd, key)
            status = self.ended(2)
            if status is not None:
                return status
        return None

    def stopped(self):
        end = time.monotonic() + 20
        while time.monotonic() < end:
            self.read(0.02)
            pid, status = os.waitpid(self.pid, os.WNOHANG | os.WUNTRACED)
            if pid:
                return os.WIFSTOPPED(status)
        return False

    def paste_is_off(self):
        marks = re.findall(rb"\x1b\[\?2004([hl])", self.out)
        return b"h" in marks and marks[-1] == b"l"

    def screen_is_left(self):
        marks = re.findall(rb"\x1b\[\?1049([hl])", self.out)
        return marks == [] or marks[-1] == b"l"

    def is_restored(self, name):
        tap.ok(termios.tcgetattr(self.fd) == self.before,
               name + ": the modes are back", termios.tcgetattr(self.fd),
               self.before)
        tap.ok(self.paste_is_off() and self.screen_is_left(),
               name + ": paste mode and screen too", self.out)


def prompts(place, town):
    """Return each prompt: name, place, arguments, what it prints."""
    path = place.write("c.eml", challenge())
    return (
        ("respond", place, ("respond",), b"token-part1"),
        ("screen", place, ("handle", "--draft", "stdout", path), b"[ No ]"),
        ("plain", place, ("handle", "--plain", "--draft", "stdout", path),
         b"[y/N]"),
        ("passphrase", town.place, ("order", "--no-wait", "--passphrase",
                                    ALICE), b"Passphrase for the new key"),
        ("question", town.place, ("account", "deactivate"), b"[y/N]"))


def test_signals(place, town):
    for name, where, args, says in prompts(place, town):
        for number in FINAL:
            what = "%s, %s" % (name, signal.Signals(number).name)
            with Pty(where, *args) as p:
                tap.ok(p.wait(says) and p.wait_modes(False), what + ": asks",
                       p.out)
                os.kill(p.pid, number)
                status = p.ended()
                tap.ok(status is not None and (
                    os.WIFSIGNALED(status) and os.WTERMSIG(status) == number
                    if name in ("respond", "passphrase", "question") else
                    os.WIFEXITED(status) and os.WEXITSTATUS(status) == 1),
                    what + ": and ends", status, p.out)
                p.is_restored(what)


def test_ways_out(place, town):
    """End a prompt in every other way."""
    for name, where, args, says in prompts(place, town):
        for key, what in ((b"\x03", "^C"), (b"\x1c", "^\\"), (b"\x04", "^D"),
                          (b"n\n", "n")):
            if name == "respond" and key == b"n\n" or \
                    name == "screen" and key in (b"\x1c", b"\x04") or \
                    name in ("passphrase", "question") and key < b"n" and \
                    key > b"\x03":
                continue
            if name == "passphrase" and key == b"n\n":
                key = b"\n"
            with Pty(where, *args) as p:
                p.wait(says)
                p.wait_modes(False)
                status = p.press(key)
                tap.ok(status is not None and os.WIFEXITED(status) and
                       os.WEXITSTATUS(status) != 0, "%s, %s: ends" %
                       (name, what), status, p.out)
                p.is_restored("%s, %s" % (name, what))


def test_ignored(place):
    """nohup(1): an ignored signal stays ignored."""
    with Pty(place, "respond") as p:
        pass
    old = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    with Pty(place, "respond") as p:
        signal.signal(signal.SIGHUP, old)
        p.wait(b"token-part1")
        p.wait_modes(False)
        os.kill(p.pid, signal.SIGHUP)
        os.write(p.fd, b"short\n")
        tap.ok(p.wait(b"paste it again"), "an ignored SIGHUP stays ignored", p.out)


def test_stop(place, town):
    """Stopping restores the terminal; continuing sets its modes again."""
    for name, where, args, says in prompts(place, town):
        # A terminal cannot stop the leader of its session, so run a shell as
        # the leader.
        for how in ("key", "signal")[:1 + (name in ("respond", "screen"))]:
            with Terminal(where, "export HISTFILE=/dev/null; exec bash --norc "
                          "-i") as t:
                t.keys("%s %s" % (MAILCERT, " ".join(args)), "Enter")
                tap.ok(t.wait(says.decode()), "%s, stop by %s: asks" %
                       (name, how), t.screen())
                time.sleep(0.2)
                if how == "key":
                    t.keys("C-z")
                else:
                    os.kill(child_of(t), signal.SIGTSTP)
                tap.ok(t.wait("Stopped"), "%s: stops by %s" % (name, how),
                       t.screen())
                t.keys("stty -a | tr ';' '\\n' | grep -c '[^-]icanon.*[^-]'; "
                       "stty -a | grep -o '[-]*echo '", "Enter")
                tap.ok(t.wait("\n1\n") and t.wait("\necho"),
                       "%s: the modes are the shell's" % name, t.screen())
                t.keys("clear; fg", "Enter")
                t.gone("icanon")
                tap.ok(t.wait(says.decode()), "%s: and asks on" % name,
                       t.screen())
                # A prompt discards what is typed before it is shown, and as
                # it ends: press until the shell is back, and only then type.
                for _ in range(20):
                    t.keys("C-c")
                    if t.wait("\nbash-", 3):
                        break
                t.keys("echo $((40 + 2))", "Enter")
                tap.ok(t.wait("\n42"), "%s: ^C still ends it" % name,
                       t.screen())


def child_of(terminal):
    """Return the pid of the mailcert that runs in the terminal."""
    leader = terminal._tmux("display-message", "-p",
                            "#{pane_pid}").stdout.decode().strip()
    end = time.monotonic() + 10
    while time.monotonic() < end:
        for pid in filter(str.isdigit, os.listdir("/proc")):
            try:
                with open("/proc/%s/stat" % pid) as f:
                    text = f.read()
            except OSError:
                continue
            words = text.rpartition(")")[2].split()
            if "(mailcert)" in text and words[3] == leader:
                return int(pid)
        time.sleep(0.05)
    return None


def test_keys(place):
    """Noise does not answer, and no other program reads it."""
    path = place.write("c.eml", challenge())
    for term in ("xterm", "vt100"):
        with Pty(place, "handle", "--draft", "stdout", path,
                 env={"TERM": term}) as p:
            tap.ok(p.wait(b"[ No ]"), term + ": asks", p.out)
            p.wait_modes(False)
            time.sleep(0.6)
            for text in (b"\x1b", b"[", b"A", b"\x1b", b"O", b"B"):
                os.write(p.fd, text)  # slowly
                time.sleep(0.2)
            for text in (b"\x1by", b"\x1b[1;5Ay\x08"[:6], b"\x1b]11;y\x07",
                         b"\x1b[200~y\r\x1b[201~", b"\x1b[<0;1;1M",
                         b"yes, I do\r"[:3]):
                os.write(p.fd, text)
                time.sleep(0.1)
            os.write(p.fd, b"\x1b")
            time.sleep(0.7)
            tap.ok(os.waitpid(p.pid, os.WNOHANG)[0] == 0,
                   term + ": noise, pastes and Escape answer nothing", p.out)
            os.write(p.fd, b"n\x1b[")  # the rest comes late
            time.sleep(0.2)
            os.write(p.fd, b"A")
            status = p.ended()
            tap.ok(status is not None and os.WEXITSTATUS(status) == 1,
                   term + ": n is a No", p.out)
            p.is_restored(term)
            left = select.select([p.fd], [], [], 0)[0] and p.out
            tap.ok(b"-----BEGIN" not in p.out, term + ": nothing was answered",
                   left)


def test_left_over(place):
    """No part of a slow key or of a paste reaches the next program."""
    path = place.write("c.eml", challenge())
    script = place.write("then.sh", "#!/bin/sh\nmailcert handle --draft stdout"
                         " %s\necho NEXT\nread -r line; echo \"<$line>\"\n" %
                         path, 0o755)
    for name, pieces in (("slow arrow", (b"n\x1b", b"[", b"A")),
                         ("slow paste", (b"n\x1b[200~rm", b" -rf",
                                         b" ~\x1b[201~")),
                         ("typed ahead", (b"nqqq",))):
        # Slow, but within half a second, the limit of a sequence.
        for _ in range(20):
            with Terminal(place, script) as t:
                asked = t.wait("[ No ]")
                longest, last = 0, time.monotonic()
                for piece in pieces:
                    t._tmux("send-keys", "-l", piece.decode())
                    longest = max(longest, time.monotonic() - last)
                    last = time.monotonic()
                    time.sleep(0.2)
                no = t.wait("NEXT")
                t.keys("fin", "Enter")
                nothing = t.wait("<fin>", 60 if longest < 0.45 else 0.2)
                screen = t.screen()
            if longest < 0.45:  # the machine was fast enough to tell
                break
        tap.ok(asked and no, name + ": asks, and it is a No", screen)
        tap.ok(nothing, name + ": the next program reads nothing of it",
               screen)


def test_pastes(place):
    """A paste does not answer a question; a prompt for text takes it."""
    path = place.write("c.eml", challenge())
    for extra, env in (("", {}), ("--plain", {})):
        out = place.path("out")
        with Terminal(place, "mailcert handle %s --draft file:%s %s" %
                      (extra, out, path), env=env) as t:
            t.wait(QUESTION)
            time.sleep(0.6)
            t.paste("y\nyes\n")
            time.sleep(0.3)
            tap.ok(QUESTION in t.screen() and "[exit" not in t.screen(),
                   "paste %s: no answer" % extra, t.screen())
            if not extra:  # a terminal without bracketed paste
                t.paste("y, I do\n", bracketed=False)
                time.sleep(0.6)
                tap.ok("[ No ]" in t.screen() and "[exit" not in t.screen(),
                       "paste, not bracketed: no answer", t.screen())
            t.keys(*(["y", "Enter"] if extra else ["y"]))
            tap.ok(t.wait("[exit 0]") and check_reply(open(
                out, "rb").read()) == [], "paste %s: but y is" % extra,
                t.screen())
        os.unlink(out)
        for order in place.orders_bytes():
            place.run("expect", "--forget", order.partition(".")[0])
        place.expect("--expires", "24h")


def test_small(place):
    """In a small window a yes shows the next page until all was on the
    screen."""
    path = place.write("c.eml", challenge())
    with Terminal(place, "mailcert handle --draft stdout " + path, 40,
                  7) as t:
        tap.ok(t.wait(" more"), "40x7: tells that more follows", t.screen())
        seen = t.screen()
        read_then_yes(t)
        tap.ok(t.wait("Read on first"), "40x7: y reads on", t.screen())
        for _ in range(8):
            seen += t.screen()
            if not re.search("v [0-9]+ more", t.screen()):
                break
            read_then_yes(t)
            time.sleep(0.3)
        tap.ok("NONE" in seen and " To " in seen and "[exit" not in
               t.screen(), "40x7: all of it was shown", seen)
        read_then_yes(t)
        tap.ok(t.wait("[exit 0]"),
               "40x7: then it counts", t.screen())


def test_refused(place):
    """A refusal stays until it is read; the shell gets it, too."""
    path = place.write("r.eml", challenge(sender="eve@evil.example"))
    with Terminal(place, "mailcert handle --draft stdout " + path) as t:
        tap.ok(t.wait("[ Close ]") and "(unexpected)" in t.screen() and
               "Yes" not in t.screen(), "refused: the reason, and no Yes",
               t.screen())
        time.sleep(0.3)
        t.keys("y")
        t.keys("Escape")
        time.sleep(0.7)
        tap.ok("[ Close ]" in t.screen(), "refused: y answers nothing",
               t.screen())
        tap.ok(t.press("Enter", "[exit 65]") and "unexpected" in t.screen(),
               "refused: the status and the reason, as ever", t.screen())
    with Terminal(place, "mailcert handle --plain --draft stdout " +
                  path) as t:
        tap.ok(t.wait("[exit 65]") and "unexpected" in t.screen(),
               "refused, --plain: one line", t.screen())


def test_colors(place):
    """Colours as the terminal has them, and none where it, or its user, has
    none; the words are the same."""
    path = place.write("c.eml", challenge())
    for name, env, has, not_ in (
            ("256", {"TERM": "xterm-256color"}, b"38;5;160", b"[31m"),
            ("8", {"TERM": "xterm"}, b"[31m", b"38;5;"),
            ("NO_COLOR", {"TERM": "xterm-256color", "NO_COLOR": "1"}, b"0;1m",
             b"[38;"),
            ("vt100", {"TERM": "vt100"}, b"0;1m", b"[31m")):
        with Pty(place, "handle", "--draft", "stdout", path, env=env) as p:
            tap.ok(p.wait(b"NONE") and p.wait(b"help"), name + ": asks", p.out)
            p.wait_modes(False)
            tap.ok(has in p.out and not_ not in p.out,
                   name + ": its colours", p.out)
            tap.ok(b"\x1b[7m" in p.out or b";7m" in p.out,
                   name + ": the selected button is in reverse", p.out)
            p.press(b"n")


def check_jobs(place):
    """It may be stopped, and go on in the background, where it reads no keys
    and leaves the terminal alone."""
    place.write("jobs.sh", "exec bash --norc -i\n")
    with Terminal(place, "sh jobs.sh", env={"PS1": "$ "}) as t:
        t.wait("$")
        t.keys("mailcert order jobs@example.org", "Enter")
        t.wait("waiting for you")
        t.keys("C-z")
        tap.ok(t.wait("Stopped") and "waiting for you" not in t.screen(),
               "progress: ^Z stops it, and takes it off the screen",
               t.screen())
        t.keys("bg", "Enter")
        tap.ok(t.wait("waiting for you"), "progress: it goes on behind",
               t.screen())
        t.keys("jobs", "Enter")
        tap.ok(t.wait("Running") and "Stopped  " not in
               t.screen().split("jobs")[-1],
               "progress: it is not stopped there", t.screen())
        t.keys("kill %1", "Enter")
        # The shell tells at a prompt, of what ended before it.
        tap.ok(t.press("Enter", "Terminated", every=0.5, tries=40),
               "progress: it ends behind", t.screen())
        t.keys("stty -a", "Enter")
        tap.ok(t.wait(" icanon") and " echo " in t.screen(),
               "progress: the terminal is as before", t.screen())


def test_progress(_, town):
    """An order says what it waits for, and what to do; plainly elsewhere."""
    def wait(*args, env=None):
        return Pty(town.place, *args, "order", "--new",
                   "progress@example.org", env=env)

    with Terminal(town.place, "mailcert order first@example.org") as t:
        tap.ok(t.wait("waiting for you") and t.wait("0:03"),
               "progress: for whom, and for how long", t.screen())
        t.resize(50, 20)
        tap.ok(t.wait("0:05"), "progress: another width", t.screen())
        time.sleep(0.2)
        tap.ok(t.screen().count("certificate") == 1 and
               t.screen().startswith("Order "),
               "progress: painted over, not below", t.screen())
        town.answer()
        tap.ok(t.wait("[exit 0]") and "its key: " in t.screen() and
               "next: mailcert install" in t.screen() and
               "waiting" not in t.screen(),
               "progress: at the end, what to do next", t.screen())
    for name, key in (("^C", b"\x03"), ("q", b"q"), ("Escape", b"\x1b")):
        with wait() as p:
            p.wait(b"waiting for you")
            p.wait(b"\x1b[?2004h")  # it listens
            before = len(p.out)
            # Other keys do nothing, and leave no trace on the screen.
            os.write(p.fd, b"xyz\x1b[A" + key)
            status = p.ended()
            tap.ok(status is not None and os.WIFSIGNALED(status) and
                   p.out.endswith(b"left; mailcert finish goes on\r\n") and
                   b"xyz" not in p.out[before:],
                   "progress: %s leaves, and says how it goes on" % name,
                   p.out)
    check_jobs(town.place)
    for name, args, env in (("--plain", ("--plain",), {}),
                            ("plain = yes", ("-o", "plain=yes"), {}),
                            ("dumb", (), {"TERM": "dumb"})):
        with wait(*args, env=env) as p:
            tap.ok(p.wait(b"waiting for your answer") and p.read(1.5) in (
                False, True) and b"\x1b" not in p.out and
                re.search(rb"\d\d:\d\d:\d\d waiting", p.out) and
                p.out.count(b"waiting") == 1,
                name + ": one line, with its time", p.out)


def test_plain(place):
    """--plain before any command: no screen."""
    path = place.write("c.eml", challenge())
    with Pty(place, "--plain", "handle", "--draft", "stdout", path) as p:
        tap.ok(p.wait(b"is yours? [y/N] ") and b"\x1b[?1049h" not in p.out and
               "\u2500".encode() not in p.out, "--plain handle: asks in lines",
               p.out)
        p.press(b"n\n")


def test_no_alternate_screen(place):
    """The shell continues below what mailcert showed."""
    path = place.write("c.eml", challenge())
    for term in ("vt100", "linux"):
        script = "export TERM=%s; mailcert handle --draft stdout %s; " \
            "echo AFTER" % (term, path)
        with Terminal(place, script) as t:
            tap.ok(t.wait("[ No ]"), term + ": asks", t.screen())
            t.keys("n")
            tap.ok(t.wait("AFTER"), term + ": goes on", t.screen())
            lines = t.screen().splitlines()
            at = [i for i, line in enumerate(lines) if "AFTER" in line][0]
            tap.ok("[ No ]" in "\n".join(lines[:at]) and
                   "d details" in "\n".join(lines[:at]),
                   term + ": no line is overwritten", t.screen())


def test_editing(place):
    """Editing keys, wide characters, a line that is too long."""
    with Pty(place, "respond") as p:
        p.wait(b"token-part1")
        p.wait_modes(False)
        os.write(p.fd, b"junk\x15" + PART1[:20].encode() + "é日".encode() +
                 b"\x7f\x7f" + PART1[20:].encode() + b"x\x08\n")
        tap.ok(p.wait(b"token-part2"), "editing keys", p.out)
        p.out = b""
        p.write(b"\x1b[200~" + b"A" * 70000 + b"\x1b[201~\n")
        tap.ok(p.wait(b"size limit") or p.ended() is not None,
               "a line that is too long is read to its end", p.out[-300:])
        tap.ok(b"\x1b[31m" not in p.out, "nothing raw")
    with Pty(place, "respond") as p:
        p.wait(b"token-part1")
        p.wait_modes(False)
        os.write(p.fd, b"\x1b[200~a\x9b31m\xe2\x80\xae\x07\x1b[201~")
        tap.ok(p.wait(b"<U+202E>") and b"\x9b31m" not in p.out and
               b"\xe2\x80\xae" not in p.out,
               "what is pasted is shown as safe text", p.out)


def test_dumb(place):
    """A dumb terminal gets no escape sequences."""
    path = place.write("c.eml", challenge())
    for args, says in ((("respond",), b"token-part1"),
                       (("handle", "--draft", "stdout", path), b"[y/N]")):
        for term in ("dumb", ""):
            with Pty(place, *args, env={"TERM": term}) as p:
                tap.ok(p.wait(says), "TERM=%s: asks" % term, p.out)
                p.wait_modes(False)
                os.write(p.fd, b"\x03")
                p.ended()
                tap.ok(b"\x1b" not in p.out, "TERM=%s: no escape" % term,
                       p.out)
                tap.ok(termios.tcgetattr(p.fd) == p.before,
                       "TERM=%s: the modes are back" % term)


def test_background(place):
    """In the background of a shell it does not touch the terminal, and a
    signal still ends it."""
    with Terminal(place, "exec bash --norc", env={"HISTFILE": "/dev/null"}) \
            as t:
        t.keys("timeout 1 mailcert respond; stty -a | grep -oE -- "
               "'-?(icanon|isig|echo) '; echo D''ONE", "Enter")
        tap.ok(t.wait("DONE"), "timeout(1): ends", t.screen())
        tap.ok(t.wait("icanon") and "-icanon" not in t.screen() and
               "-isig" not in t.screen() and "-echo " not in
               t.screen().split("DONE")[0].split("grep")[-1],
               "timeout(1): the terminal is as before", t.screen())


def main():
    with Place() as place, Town() as town:
        place.expect("--expires", "24h")
        got = town.run("account", "register", "--agree")
        assert got.returncode == 0, got.stderr
        run_tests({name: functools.partial(test, *(
            place, town)[:test.func.__code__.co_argcount])
                   for name, test in tests_of(globals()).items()})
    tap.done()


main()
