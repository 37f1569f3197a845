"""Cleans up after a test run, even one that was killed.

The test process starts this file as a small program in a session of its own and holds one end of a
pipe. Whatever ends the test process (a normal exit, Ctrl-C, `kill -9`) closes that end; the watchdog
then ends the servers it was told of and removes their folders. A fixture's own clean-up comes first in a
normal run, so that the watchdog usually finds nothing left to do.
"""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

_GRACE_SECONDS = 3.0


class Watchdog:
    """The test process's end of the pipe. `guard_*` registers, `release_*` takes back."""

    def __init__(self) -> None:
        self._program: subprocess.Popen[str] | None = None
        self._owner = 0

    def guard_process(self, pid: int, stop_signal: int) -> None:
        """End process `pid` and its group when the run is over, first by `stop_signal`, then by KILL."""
        self._tell({"do": "guard", "pid": pid, "signal": stop_signal, "born": _birth(pid)})

    def release_process(self, pid: int) -> None:
        self._tell({"do": "release", "pid": pid})

    def guard_folder(self, folder: Path) -> None:
        """Remove `folder` when the run is over."""
        self._tell({"do": "guard", "folder": str(folder)})

    def release_folder(self, folder: Path) -> None:
        self._tell({"do": "release", "folder": str(folder)})

    def _tell(self, message: dict[str, object]) -> None:
        if self._program is None or self._owner != os.getpid():
            # A forked child must not share its parent's watchdog: the pipe would stay open as long as
            # either of them lives.
            self._program = _start_program()
            self._owner = os.getpid()
        assert self._program.stdin is not None
        self._program.stdin.write(json.dumps(message) + "\n")
        self._program.stdin.flush()


def _start_program() -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-I", "-S", __file__],
        stdin=subprocess.PIPE,
        text=True,
        start_new_session=True,
        cwd="/",
    )


watchdog = Watchdog()


def _watch() -> None:
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    processes: dict[int, dict[str, int]] = {}
    folders: set[str] = set()
    for line in sys.stdin:
        message = json.loads(line)
        if "pid" in message and message["do"] == "guard":
            processes[message["pid"]] = message
        elif "pid" in message:
            processes.pop(message["pid"], None)
        elif message["do"] == "guard":
            folders.add(message["folder"])
        else:
            folders.discard(message["folder"])
    _end([p for p in processes.values() if _is_same(p)])
    for folder in folders:
        shutil.rmtree(folder, ignore_errors=True)


def _end(processes: list[dict[str, int]]) -> None:
    for process in processes:
        _signal(process["pid"], process["signal"])
    deadline = time.monotonic() + _GRACE_SECONDS
    while any(_is_same(p) for p in processes) and time.monotonic() < deadline:
        time.sleep(0.05)
    for process in processes:
        if _is_same(process):
            _signal_group(process["pid"], signal.SIGKILL)


def _is_same(process: dict[str, int]) -> bool:
    """Whether the process still runs and is the one that was registered: numbers are used again."""
    born = _birth(process["pid"])
    return born != 0 and born == process["born"]


def _birth(pid: int) -> int:
    """When process `pid` began, in the kernel's ticks; 0 when there is none or it is only a corpse."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return _birth_without_proc(pid)
    return 0 if fields[0] == "Z" else int(fields[19])


def _birth_without_proc(pid: int) -> int:
    if Path("/proc/self/stat").exists():
        return 0
    try:
        os.kill(pid, 0)
    except OSError:
        return 0
    return 1


def _signal(pid: int, number: int) -> None:
    try:
        os.kill(pid, number)
    except OSError:
        return


def _signal_group(pid: int, number: int) -> None:
    try:
        os.killpg(pid, number)
    except OSError:
        return


if __name__ == "__main__":
    _watch()
