"""Addresses of our own files with a fingerprint, so that browsers may keep them for ever."""

import hashlib
from functools import lru_cache
from pathlib import Path

FOLDER = Path(__file__).parents[2] / "static"


def asset(name: str) -> str:
    """Return the address of a file below ``static/``, changed whenever its content changes."""
    return _address(name, (FOLDER / name).stat().st_mtime_ns)


@lru_cache(maxsize=256)
def _address(name: str, _modified: int) -> str:
    digest = hashlib.sha256((FOLDER / name).read_bytes()).hexdigest()[:10]
    return f"/static/{name}?v={digest}"
