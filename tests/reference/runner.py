"""A process that answers recipes: one JSON line in, one JSON line out.

Needs no PyTorch.
"""

import contextlib
import json
import select
import shlex
import subprocess
import tempfile

SECONDS_PER_ANSWER = 60
SHOWN_OF_STDERR = 2000


class Died(Exception):
    """The process died, or was killed because it took too long."""


class Runner:
    """A context manager. A process that died is started again for the next recipe."""

    def __init__(self, command):
        self._command = shlex.split(command)
        self._process = None
        self._stderr = None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._stop()

    def send(self, recipe):
        """Each `send` is followed by one `receive`."""
        if self._process is None:
            self._stderr = tempfile.TemporaryFile("w+", errors="replace")
            self._process = subprocess.Popen(
                self._command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._stderr, text=True
            )
        try:
            self._process.stdin.write(json.dumps(recipe) + "\n")
            self._process.stdin.flush()
        except BrokenPipeError:
            pass  # `receive` reports it.

    def receive(self):
        # An answer is one line, and only one is expected at a time, so that no part of an answer is left in a buffer.
        ready, _, _ = select.select([self._process.stdout], [], [], SECONDS_PER_ANSWER)
        line = self._process.stdout.readline() if ready else ""
        if line.endswith("\n"):
            return json.loads(line)
        raise Died(f"no answer within {SECONDS_PER_ANSWER} s" if not ready else "died", self._stop())

    def ask(self, recipe):
        self.send(recipe)
        return self.receive()

    def _stop(self):
        """Ends the process. Returns its exit status and the end of what it wrote to standard error."""
        if self._process is None:
            return ""
        with contextlib.suppress(BrokenPipeError):  # The process may be dead.
            self._process.stdin.close()
        try:
            code = self._process.wait(1)
        except subprocess.TimeoutExpired:
            self._process.kill()
            code = self._process.wait()
        self._process.stdout.close()
        self._process = None
        with self._stderr as stderr:
            stderr.seek(0)
            return f"exit status {code}: {stderr.read()[-SHOWN_OF_STDERR:]}".strip()
