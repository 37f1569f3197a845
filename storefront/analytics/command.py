"""Writing the files from the command line."""

import os
from pathlib import Path

from storefront.analytics.exporting import Wanted, What, export


def export_file(what: What, wanted: Wanted, path: Path, *, bom: bool) -> int:
    """Write a file aside and then in its place; return its size in bytes.

    Raises:
        OSError: it can't be written.
    """
    aside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with aside.open("wb") as stream:
            stream.writelines(export(what, wanted, bom=bom))
        size = aside.stat().st_size
        aside.replace(path)
        return size
    finally:
        aside.unlink(missing_ok=True)
