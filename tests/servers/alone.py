"""A test marked ``alone`` has the machine to itself: the other processes of the run wait until it is over.

Lighthouse counts how long a page keeps the processor busy, and would count the other tests, too.
"""

import fcntl
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import pytest


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "alone: no other test may run at the same time")


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    """Hold the machine together with the others, or alone, for as long as the test takes."""
    folder = _folder_of_run(item.config)
    if folder is None:
        return (yield)
    kind = fcntl.LOCK_EX if item.get_closest_marker("alone") else fcntl.LOCK_SH
    # Who waits to be alone stands in the door, so that nobody slips in before.
    with _locked(folder / "door", fcntl.LOCK_EX) as door, _locked(folder / "machine", kind):
        fcntl.flock(door, fcntl.LOCK_UN)
        return (yield)


def _folder_of_run(config: pytest.Config) -> Path | None:
    """Return where the processes of this run meet; None when there is only one.

    Source: https://pytest-xdist.readthedocs.io/en/stable/how-to.html (session fixtures that execute only once)
    """
    if not hasattr(config, "workerinput"):
        return None
    factory: pytest.TempPathFactory = config._tmp_path_factory  # type: ignore[attr-defined]  # a hook has no fixtures
    return factory.getbasetemp().parent


@contextmanager
def _locked(path: Path, kind: int) -> Generator[int, None, None]:
    with path.open("w") as file:
        fcntl.flock(file, kind)
        yield file.fileno()
