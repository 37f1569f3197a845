"""The sweeps look at what is the same on both databases, so SQLite is enough for them."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from storefront.core import db


@pytest.fixture
def work_database(_migrated_file: Path, tmp_path: Path) -> Iterator[str]:
    """The address of a migrated, empty SQLite database that this process is connected to."""
    path = tmp_path / "shop.sqlite"
    shutil.copy(_migrated_file, path)
    url = f"sqlite:///{path}"
    db.connect(url)
    yield url
    db.disconnect()
