"""How long a screen takes: its first frame, and the answer to a key.

Times mean something beside those of another program only, taken in turns."""
import os
import pty
import select
import signal
import time


class Screen:
    """A program on a pseudo terminal, and what it painted."""

    def __init__(self, argv, env, mark):
        self.start = time.perf_counter()
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            os.execve(argv[0], argv, dict(env, TERM="xterm"))
        self.frame = self.until(mark)

    def until(self, mark):
        """Seconds until it painted that, since the last start."""
        seen = b""
        while mark not in seen:
            if not select.select([self.fd], [], [], 20)[0]:
                raise AssertionError("no %r in %r" % (mark, seen[-2000:]))
            seen += os.read(self.fd, 65536)
        return time.perf_counter() - self.start

    def answer(self, key, mark):
        """Seconds until a key is answered by that."""
        self.start = time.perf_counter()
        os.write(self.fd, key)
        return self.until(mark)

    def __enter__(self):
        return self

    def __exit__(self, *unused):
        try:
            os.kill(self.pid, signal.SIGKILL)
        finally:
            os.waitpid(self.pid, 0)
            os.close(self.fd)


def first_frame(argv, env, mark):
    with Screen(argv, env, mark) as screen:
        return screen.frame
