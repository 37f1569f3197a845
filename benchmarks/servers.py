"""The servers under measurement: the shop as its operator runs it, and Flask's hello on the same server."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import TracebackType
from typing import Self

import requests

from benchmarks import processes
from tests.servers.process import free_port

ROOT = Path(__file__).parents[1]
WEBHOOK_SECRET = "whsec_for_the_bench_only"
STRIPE_KEY = "sk_test_for_the_bench_only"


class Server:
    """A program that serves HTTP on a port of its own, until the end of the block."""

    def __init__(self, name: str, path: str, log: Path, environment: dict[str, str] | None = None) -> None:
        self.name = name
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.started_in = 0.0
        self._path = path
        self._log = log
        self._environment = environment or {}
        self._process: subprocess.Popen[bytes] | None = None

    def command(self) -> list[str]:
        """Return how it is started."""
        raise NotImplementedError

    def start(self) -> Self:
        """Start it and wait for the first good answer, timing it."""
        began = time.perf_counter()
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                self.command(), cwd=ROOT, env=self._environ(), stdout=log, stderr=log, start_new_session=True
            )
        while not self._answers():
            if self._process.poll() is not None or time.perf_counter() - began > 60:
                raise RuntimeError(
                    f"{self.name} did not start:\n{self._log.read_text(errors='replace')[-3000:]}"
                )
            time.sleep(0.01)
        self.started_in = time.perf_counter() - began
        return self

    def stop(self) -> None:
        """End it in order, or by force."""
        if self._process is None:
            return
        self._process.send_signal(signal.SIGTERM)
        try:
            self._process.wait(30)
        except subprocess.TimeoutExpired:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait(10)
        self._process = None

    @property
    def pids(self) -> list[int]:
        """All its processes."""
        assert self._process is not None
        return processes.family(self._process.pid)

    def command_line(self) -> list[str]:
        """Return what it runs as by now: the shop has become granian."""
        assert self._process is not None
        return Path(f"/proc/{self._process.pid}/cmdline").read_text().rstrip("\0").split("\0")

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self.stop()

    def _answers(self) -> bool:
        try:
            return requests.get(self.url + self._path, timeout=2).status_code == 200
        except requests.RequestException:
            return False

    def _environ(self) -> dict[str, str]:
        kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
        return {
            **kept,
            "PYTHONUNBUFFERED": "1",
            "PYTHONPATH": str(ROOT),
            "PORT": str(self.port),
            **self._environment,
        }


class Shop(Server):
    """``storefront run``, with or without its worker."""

    def __init__(self, name: str, var_dir: Path, environment: dict[str, str], *, with_worker: bool) -> None:
        log = var_dir.parent / f"{var_dir.name}.log"
        super().__init__(name, "/", log, {"VAR_DIR": str(var_dir), **environment})
        self._options = [] if with_worker else ["--no-worker"]

    def command(self) -> list[str]:
        """Return how the operator starts it."""
        return [sys.executable, "-m", "storefront", "run", *self._options]


class Hello(Server):
    """Flask's hello, by the very command that serves the shop: same workers, same threads."""

    def __init__(self, shop: Server, folder: Path) -> None:
        super().__init__("hello", "/", folder / "hello.log")
        options = [
            part
            for part in shop.command_line()[1:-1]
            if part != "--factory" and not part.startswith("--port")
        ]
        self._options = options

    def command(self) -> list[str]:
        """Return granian with the shop's options."""
        return [sys.executable, *self._options, f"--port={self.port}", "benchmarks.hello:app"]


class Stripe(Server):
    """The stand-in for Stripe in a process of its own, so that its time is not the shop's."""

    def __init__(self, folder: Path, webhook_url: str = "") -> None:
        super().__init__("stripe", "/practice/delayed", folder / "stripe.log")
        self._folder = folder
        self._webhook_url = webhook_url

    def command(self) -> list[str]:
        """Return how it is started."""
        command = [sys.executable, "-m", "practice_stripe", "--port", str(self.port)]
        command += ["--database", str(self._folder / "stripe.sqlite"), "--secret-key", STRIPE_KEY]
        command += ["--webhook-secret", WEBHOOK_SECRET]
        return command + (["--webhook-url", self._webhook_url] if self._webhook_url else ["--couriers", "0"])

    @property
    def environment(self) -> dict[str, str]:
        """What a shop needs to speak to it."""
        return {
            "STRIPE_SECRET_KEY": STRIPE_KEY,
            "STRIPE_WEBHOOK_SECRETS": WEBHOOK_SECRET,
            "STRIPE_API_BASE": self.url,
            "CHECKOUT_CEILING": "1000000",
        }

    def pay(self, session_id: str) -> None:
        """Press the button on the payment page."""
        headers = {"Authorization": f"Bearer {STRIPE_KEY}"}
        requests.post(
            f"{self.url}/practice/sessions/{session_id}/pay", headers=headers, timeout=10
        ).raise_for_status()

    def _answers(self) -> bool:
        headers = {"Authorization": f"Bearer {STRIPE_KEY}"}
        try:
            return requests.get(self.url + self._path, headers=headers, timeout=2).status_code == 200
        except requests.RequestException:
            return False
