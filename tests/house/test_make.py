"""`make run` on machines that are not as they should be, and its second start."""

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.servers.process import make_folder, remove_folder

ROOT = Path(__file__).parents[2]
NEEDED = ["Makefile", "scripts/bootstrap", "scripts/bootstrap.py", "requirements.lock"]

# A Python that is as old as ANSWER says, or lacks the modules that MISSING names.
FAKE_PYTHON = """#!/bin/sh
case "$2" in
*print*) echo {version} ;;
*version_info*) exit {is_old} ;;
*ensurepip*) exit {is_bare} ;;
*) exit 99 ;;
esac
"""

# Instead of the shop: says how it was started, and ends in order when told to.
FAKE_SHOP = """#!/bin/sh
trap 'echo stopping; exit 0' INT TERM
echo "$@ on port $PORT"
[ -z "$STAY" ] || while :; do sleep 0.05; done
"""


@pytest.fixture
def project() -> Iterator[Path]:
    """What `make run` needs before anything is installed, in a folder of its own."""
    folder = make_folder()
    folder.chmod(0o755)
    for name in NEEDED:
        (folder / name).parent.mkdir(exist_ok=True)
        shutil.copy(ROOT / name, folder / name)
    yield folder
    remove_folder(folder)


def _make(project: Path, *arguments: str, user: str | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["make", *arguments],
        cwd=project,
        env=_environment(),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        user=user,
    )


def _environment(**more: str) -> dict[str, str]:
    kept = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    return kept | more


def _fake_python(
    folder: Path, *, version: str = "3.12.1", is_old: bool = False, is_bare: bool = False
) -> Path:
    program = folder / "fake-python"
    program.write_text(FAKE_PYTHON.format(version=version, is_old=int(is_old), is_bare=int(is_bare)))
    program.chmod(0o755)
    return program


def _said(run: subprocess.CompletedProcess[str]) -> str:
    """What the person reads: one line, apart from make's own."""
    (line,) = [line for line in run.stderr.splitlines() if not line.startswith("make")]
    assert run.returncode != 0
    assert "Traceback" not in run.stderr + run.stdout
    return line


def test_old_python_is_one_sentence(project: Path) -> None:
    python = _fake_python(project, version="3.9.2", is_old=True)
    assert _said(_make(project, "run", f"PYTHON={python}")).startswith(
        f"Storefront needs Python 3.11 or newer, but {python} is version 3.9.2;"
    )


def test_missing_python_is_one_sentence(project: Path) -> None:
    assert "none was found at /nonexistent" in _said(_make(project, "run", "PYTHON=/nonexistent"))


def test_missing_venv_module_is_one_sentence_with_the_remedy(project: Path) -> None:
    python = _fake_python(project, is_bare=True)
    assert _said(_make(project, "run", f"PYTHON={python}")).endswith("apt-get install python3-venv")


def test_unwritable_folder_is_one_sentence(project: Path) -> None:
    as_root = os.geteuid() == 0
    if not as_root:
        project.chmod(0o555)
    run = _make(project, "run", user="nobody" if as_root else None)
    project.chmod(0o755)
    assert _said(run) == f"The folder {project} can't be written; unpack Storefront where you may write."


@pytest.fixture
def installed(project: Path) -> Path:
    """The same with an environment that looks complete, whose Python stands in for the shop."""
    binaries = project / ".venv" / "bin"
    binaries.mkdir(parents=True)
    (binaries / "python").write_text(FAKE_SHOP)
    (binaries / "python").chmod(0o755)
    (project / ".venv" / ".home").write_text(f"{project}\n")
    (project / ".venv" / ".installed-run").touch()
    return project


def test_second_start_installs_nothing_and_is_quick(installed: Path) -> None:
    began = time.monotonic()
    run = _make(installed, "run", "PORT=8123")
    assert (run.returncode, run.stdout, run.stderr) == (0, "-m storefront run on port 8123\n", "")
    assert time.monotonic() - began < 1


def test_environment_that_was_moved_is_made_anew(installed: Path) -> None:
    (installed / ".venv" / ".home").write_text("/somewhere/else\n")
    assert "none was found at /nonexistent" in _said(_make(installed, "run", "PYTHON=/nonexistent"))


@pytest.mark.parametrize("how", ["Ctrl-C", "TERM"])
def test_signal_reaches_the_shop(installed: Path, how: str) -> None:
    run = subprocess.Popen(
        ["make", "run"],
        cwd=installed,
        env=_environment(PORT="8124", STAY="yes"),
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert run.stdout is not None
    try:
        assert run.stdout.readline() == "-m storefront run on port 8124\n"
        if how == "TERM":
            run.terminate()
        else:
            os.killpg(run.pid, signal.SIGINT)
        assert run.stdout.read() == "stopping\n"
        assert run.wait(10) != 1
    finally:
        if run.poll() is None:
            os.killpg(run.pid, signal.SIGKILL)
            run.wait()
        run.stdout.close()


def test_help_names_every_command() -> None:
    run = _make(ROOT, "help")
    for name in ("run", "test", "check", "bench", "format", "lock", "clean"):
        assert f"make {name} " in run.stdout
