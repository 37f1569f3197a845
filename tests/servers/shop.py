"""A whole shop as its operator runs it: `python -m storefront run` in a process of its own, filled with the demo."""

import contextlib
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import requests
from sqlalchemy import Connection, insert, select

from storefront import schema
from storefront.core import db

_ROOT = Path(__file__).parents[2]
_STARTS_WITHIN = 100.0
_WORK = """
from storefront.app import create_app
from storefront.catalog import pixels
from storefront.jobs import worker

pixels.AVIF_SPEED = 10
create_app()
worker.drain()
"""


class LiveShop:
    """A running shop. Its data lie in `var_dir`; `environment` holds what differs from the defaults."""

    def __init__(self, var_dir: Path, **environment: str) -> None:
        self.var_dir = var_dir
        self.port = int(environment.pop("PORT", 0)) or free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.log = var_dir.parent / f"{var_dir.name}.log"
        self.environment = environment
        self._process: subprocess.Popen[bytes] | None = None

    def start(self, *options: str) -> "LiveShop":
        """Start `storefront run` with these options and wait until it answers."""
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "storefront", "run", *options],
                cwd=_ROOT,
                env=self.environ(),
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        self.wait()
        return self

    def wait(self, seconds: float = _STARTS_WITHIN) -> None:
        """Wait until the shop answers."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            try:
                if requests.get(f"{self.url}/healthz", timeout=2).ok:
                    return
            except requests.RequestException:
                pass
            if self._process is not None and self._process.poll() is not None:
                break
            time.sleep(0.1)
        raise RuntimeError(f"the shop did not start:\n{self.log.read_text(errors='replace')[-4000:]}")

    def work_off(self) -> None:
        """Do all jobs that are due while the shop is stopped, with pictures that are made fast rather than small."""
        subprocess.run([sys.executable, "-c", _WORK], cwd=_ROOT, env=self.environ(), check=True, timeout=100)

    def stop(self, seconds: float = 30.0) -> int:
        """Stop it as Ctrl-C does, and return its exit code."""
        return self._end(signal.SIGINT, seconds)

    def kill(self) -> None:
        """Kill all its processes at once, as a power cut does."""
        if self._process is None:
            return
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait(10)
        self._process = None

    def command(self, *arguments: str, seconds: float = 120.0) -> subprocess.CompletedProcess[str]:
        """Run `storefront ...` on the same data."""
        return subprocess.run(
            [sys.executable, "-m", "storefront", *arguments],
            cwd=_ROOT,
            env=self.environ(),
            capture_output=True,
            text=True,
            timeout=seconds,
            check=False,
        )

    @property
    def owner_password(self) -> str:
        """The password that was printed at the first start."""
        found = re.search(r"Password: (\S+)", self.log.read_text(errors="replace"))
        assert found, "no owner was made"
        return found[1]

    def _end(self, number: signal.Signals, seconds: float) -> int:
        process = self._process
        if process is None:
            return 0
        process.send_signal(number)
        try:
            code = process.wait(seconds)
        finally:
            self.kill()
        return code

    def environ(self) -> dict[str, str]:
        """Return what the shop sees of the environment, for programs that are to run beside it."""
        kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
        return {
            **kept,
            "PYTHONUNBUFFERED": "1",
            "VAR_DIR": str(self.var_dir),
            "PORT": str(self.port),
            **self.environment,
        }


def free_port() -> int:
    """Return a port that nobody uses now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def copy_shop(seeded: Path, into: Path) -> Path:
    """Copy a shop at rest, for one test."""
    shutil.copytree(seeded, into, dirs_exist_ok=True)
    return into


def copy_books(seeded: Path, database_url: str) -> None:
    """Copy all rows of a shop at rest on SQLite into a migrated PostgreSQL database, for one that is the same shop."""
    source = db.make_engine(f"sqlite:///{seeded / 'storefront.sqlite'}")
    target = db.make_engine(database_url.replace("postgresql:", "postgresql+psycopg:", 1))
    with source.connect() as old, target.begin() as new:
        # Rows may point to others of their table that come later; only a superuser may pass over that.
        new.exec_driver_sql(
            "SELECT set_config('session_replication_role', 'replica', true)"
            " WHERE current_setting('is_superuser')::boolean"
        )
        for table in schema.metadata.sorted_tables:
            rows = [dict(row) for row in old.execute(select(table)).mappings()]
            new.execute(table.delete())
            if rows:
                new.execute(insert(table), rows)
            if "id" in table.c:
                _count_on(new, table.name)
    source.dispose()
    target.dispose()


def _count_on(connection: Connection, table: str) -> None:
    """Give the next row the number after the last."""
    connection.exec_driver_sql(
        f"SELECT setval(sequence, (SELECT coalesce(max(id), 0) + 1 FROM {table}), false)"  # noqa: S608 - our own name
        f" FROM pg_get_serial_sequence('{table}', 'id') AS sequence WHERE sequence IS NOT NULL"
    )
