"""Processes that answer each line of input with one line: benchmarks/driver.cc and benchmarks/reference/worker.py."""

import subprocess


class Worker:
    """A worker process, as a context manager."""

    def __init__(self, command):
        self._command = command

    def __enter__(self):
        self._process = subprocess.Popen(self._command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        return self

    def __exit__(self, *_):
        self._process.stdin.close()
        self._process.stdout.close()
        self._process.wait()

    def ask(self, request):
        """Returns the answer. Ends the program if there is none; the worker has then printed the reason."""
        try:
            self._process.stdin.write(request + "\n")
            self._process.stdin.flush()
            answer = self._process.stdout.readline()
        except BrokenPipeError:
            answer = ""
        if not answer.endswith("\n"):
            raise SystemExit(f"report: no answer to {request!r} from {' '.join(self._command)}")
        return answer.rstrip("\n")

    def set_graph(self, name, size, seed=1):
        self.ask(f"graph {seed} {size} {name}")

    def nanoseconds(self, work):
        return float(self.ask(work))

    def forget(self):
        """Frees what the worker has prepared for the current graph."""
        self.ask("forget")
