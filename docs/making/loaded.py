"""`whytrain`, loaded once: each command of the tutorials runs in a copy of one process that has imported everything.

Importing takes eight seconds of a core, more than most commands. A small program `whytrain`, first on the PATH,
hands its words, working directory and outputs to that process, and ends as the copy ends.
"""

from __future__ import annotations

import atexit
import importlib
import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from select import select
from tempfile import TemporaryDirectory
from types import FrameType
from typing import NoReturn

IMPORTED = (
    "datasets",
    "matplotlib.pyplot",
    "mlflow.store.tracking.sqlalchemy_store",
    "whytrain.callbacks.diagnose",
    "whytrain.callbacks.fit_surrogates",
    "whytrain.commands.compare",
    "whytrain.commands.explain",
    "whytrain.commands.score",
    "whytrain.commands.train",
    "whytrain.lightning_modules.assembly",
)
_CLIENT = """#!{python} -IS
import json, os, socket, sys
with socket.socket(socket.AF_UNIX) as line:
    line.connect({address!r})
    asked = json.dumps({{"words": sys.argv, "folder": os.getcwd(), "environment": dict(os.environ)}}).encode()
    socket.send_fds(line, [asked], [0, 1, 2])
    sys.exit((line.recv(1) or b"\\1")[0])
"""
_LONGEST = 65536  # bytes of a command


@contextmanager
def whytrain_loaded(
    environment: Mapping[str, str], imported: Sequence[str] = IMPORTED
) -> Iterator[dict[str, str]]:
    """Give an environment in which `whytrain` is loaded, until the context ends.

    Args:
        environment: of the process that is loaded.
        imported: the modules that it imports before it answers.
    """
    with TemporaryDirectory() as folder, socket.socket(socket.AF_UNIX) as listening:
        address, program = f"{folder}/socket", Path(folder, "bin", "whytrain")
        program.parent.mkdir()
        program.write_text(_CLIENT.format(python=sys.executable, address=address), "utf-8")
        program.chmod(0o755)
        listening.bind(address)
        listening.listen()
        # -P: no import finds the modules beside this one.
        command = [sys.executable, "-P", __file__, str(listening.fileno()), *imported]
        process = subprocess.Popen(
            command, env=environment, stdin=subprocess.PIPE, pass_fds=[listening.fileno()]
        )
        listening.close()  # its own: should it die, nobody waits for it
        try:
            yield {**environment, "PATH": f"{program.parent}{os.pathsep}{environment['PATH']}"}
        finally:
            process.communicate()


def serve(listening: socket.socket, imported: Sequence[str]) -> None:
    """Answer commands, each in a copy of this process, until whoever started it closes its input, or ends."""
    for name in imported:
        importlib.import_module(name)
    signal.signal(signal.SIGCHLD, _take_leave)
    while sys.stdin not in select([listening, sys.stdin], [], [])[0]:
        line, _ = listening.accept()
        if os.fork() == 0:
            listening.close()
            run(line)
        line.close()


def _take_leave(_signal: int, _frame: FrameType | None) -> None:
    """Take what ended copies leave: their seconds count as this process's."""
    with suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass


def run(line: socket.socket) -> NoReturn:
    """Run the command that is asked for, as if started where it was asked for; last say its exit code."""
    from whytrain.commands.__main__ import main

    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    said, outputs, _, _ = socket.recv_fds(line, _LONGEST, 3)
    for own, theirs in enumerate(outputs):
        os.dup2(theirs, own)
    asked = json.loads(said)
    os.chdir(asked["folder"])
    os.environ.update(asked["environment"])
    sys.argv = asked["words"]
    code = 1

    def end() -> None:
        sys.stdout.flush()
        sys.stderr.flush()
        line.sendall(bytes([code]))

    atexit.register(end)  # the first one: it is called after all that the command registers
    try:
        main()
    except SystemExit as ended:
        code = ended.code if isinstance(ended.code, int) else int(ended.code is not None)
        raise


if __name__ == "__main__":
    serve(socket.socket(fileno=int(sys.argv[1])), sys.argv[2:])
