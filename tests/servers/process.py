"""One server process with a folder of its own, which tests may stop, kill, freeze and start again."""

import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Self

from tests.servers.watchdog import watchdog

_START_SECONDS = 20.0
_STOP_SECONDS = 10.0


class ServerMissingError(Exception):
    """The program of a server is not on this machine. The message says what is missing."""


class ServerProcess:
    """Starts `command`, waits until `is_ready()` and ends it again.

    As root, `user` makes it run as that system user, who then owns the folder.
    """

    name = "server"
    stop_signal: int = signal.SIGTERM
    user: str | None = None

    def __init__(self) -> None:
        self.folder = make_folder(self.user)
        self.port = free_port()
        self._process: subprocess.Popen[bytes] | None = None

    def command(self) -> Sequence[str]:
        raise NotImplementedError

    def environment(self) -> Mapping[str, str]:
        """What the server sees of the environment: nothing personal, so that runs are alike everywhere."""
        return {"PATH": os.environ.get("PATH", os.defpath), "HOME": str(self.folder), "LC_ALL": "C.UTF-8"}

    def is_ready(self) -> bool:
        """Whether the server answers; the port alone by default."""
        return answers(self.port)

    @property
    def is_running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    @property
    def pid(self) -> int:
        assert self._process is not None, f"{self.name} was never started"
        return self._process.pid

    @property
    def log(self) -> str:
        """Everything that the server has said so far."""
        path = self.folder / "log"
        return path.read_text(errors="replace") if path.exists() else ""

    def start(self) -> Self:
        """Start it, or start it again on the same port with the same data.

        Raises RuntimeError with the log.
        """
        if self.is_running:
            return self
        deadline = time.monotonic() + _START_SECONDS
        self._launch()
        while not self.is_ready():
            if time.monotonic() > deadline:
                self.kill()
                raise RuntimeError(
                    f"{self.name} did not start in {_START_SECONDS:.0f} s:\n{self.log[-2000:]}"
                )
            time.sleep(0.01)
            self._launch_again_if_dead()
        return self

    def stop(self) -> None:
        """End it in an orderly way, as a machine that is shut down would."""
        self._end(self.stop_signal)

    def kill(self) -> None:
        """End it at once, as a power cut would."""
        self._end(signal.SIGKILL)

    def freeze(self) -> None:
        """Let it hang: connections are accepted by the kernel, nothing answers."""
        os.killpg(self.pid, signal.SIGSTOP)

    def thaw(self) -> None:
        os.killpg(self.pid, signal.SIGCONT)

    def close(self) -> None:
        """End it for good and remove its folder."""
        if self.is_running:
            self.kill()
        remove_folder(self.folder)

    def __enter__(self) -> Self:
        try:
            return self.start()
        except BaseException:
            self.close()
            raise

    def __exit__(self, *_exception: object) -> None:
        self.close()

    def _launch(self) -> None:
        account = pwd.getpwnam(self.user) if self.user and os.geteuid() == 0 else None
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                list(self.command()),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=self.folder,
                env=dict(self.environment()),
                start_new_session=True,
                user=account.pw_uid if account else None,
                group=account.pw_gid if account else None,
                extra_groups=[] if account else None,
            )
        watchdog.guard_process(self._process.pid, self.stop_signal)

    def _launch_again_if_dead(self) -> None:
        # The port may have been taken meanwhile, or a killed server's children still hold its data.
        if not self.is_running:
            time.sleep(0.2)
            self._launch()

    def _end(self, number: int) -> None:
        if self._process is None:
            return
        if self.is_running:
            # A frozen process takes no signal but KILL and CONT.
            os.killpg(self.pid, signal.SIGCONT)
            if number == signal.SIGKILL:
                os.killpg(self.pid, number)
            else:
                self._process.send_signal(number)
        try:
            self._process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            os.killpg(self.pid, signal.SIGKILL)
            self._process.wait()
        watchdog.release_process(self.pid)


def free_port() -> int:
    """A port of the loopback address that nobody uses at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def answers(port: int) -> bool:
    """Whether somebody listens on `port` of the loopback address."""
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=1):
            return True
    except OSError:
        return False


def make_folder(user: str | None = None) -> Path:
    """A new empty folder that goes with the test run.

    As root it belongs to `user` and is within its reach.
    """
    parent = Path(tempfile.gettempdir())
    account = pwd.getpwnam(user) if user and os.geteuid() == 0 else None
    if account and not is_open_to_all(parent):
        parent = Path("/var/tmp")
    folder = Path(tempfile.mkdtemp(prefix="storefront-", dir=parent))
    watchdog.guard_folder(folder)
    if account:
        os.chown(folder, account.pw_uid, account.pw_gid)
    return folder


def remove_folder(folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    if not folder.exists():
        watchdog.release_folder(folder)


def is_open_to_all(path: Path) -> bool:
    """Whether any user of the machine may walk to `path`: one folder of mode 0700 on the way shuts it off."""
    return all(folder.stat().st_mode & 0o001 for folder in (path, *path.parents) if folder.is_dir())
