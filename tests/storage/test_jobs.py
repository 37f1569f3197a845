"""Objects without rows are swept, and no others."""

import io
import os
import subprocess
import sys
import textwrap
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from storefront.core import db
from storefront.gateways.files import FileStore, FolderStore
from storefront.storage import service, sweeping
from storefront.storage.jobs import delete_orphans
from tests.storage.keeping import kept

TOMORROW = timedelta(days=1, minutes=1)


def _keys(store: FileStore) -> list[str]:
    return sorted(found.key for found in store.list())


def _sweep_after(monkeypatch: pytest.MonkeyPatch, wait: timedelta) -> int:
    """Sweep by a clock that has moved on; S3 still gets questions signed with the true time."""
    monkeypatch.setattr(sweeping, "now", lambda: datetime.now(UTC) + wait)
    return delete_orphans()


def test_object_without_row_goes_after_a_day(store: FileStore, monkeypatch: pytest.MonkeyPatch) -> None:
    stored = kept(b"x", "a.txt")
    orphan = service.upload(io.BytesIO(b"y"), "b.txt")
    store.put("pictures/someone-elses", io.BytesIO(b"z"), "image/webp")

    assert _sweep_after(monkeypatch, timedelta(hours=23)) == 0
    assert orphan.key in _keys(store)
    assert _sweep_after(monkeypatch, TOMORROW) == 1
    assert _keys(store) == sorted([stored.key, "pictures/someone-elses"])


def test_unfinished_upload_goes_after_a_day(folder: FolderStore) -> None:
    kept(b"x", "a.txt")
    left = folder.root / ".incoming" / "left"
    left.write_bytes(b"half")
    yesterday = (datetime.now(UTC) - TOMORROW).timestamp()

    delete_orphans()
    assert left.exists()
    os.utime(left, (yesterday, yesterday))
    delete_orphans()

    assert not left.exists()


def test_process_killed_between_bytes_and_row_leaves_an_orphan(
    folder: FolderStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = """
        import io, sys
        from pathlib import Path
        from storefront.core import db
        from storefront.storage import service
        from tests.storage.keeping import opened_shop, settings_for

        with opened_shop(settings_for(Path(sys.argv[1]))):
            uploaded = service.upload(io.BytesIO(b"data"), "a.txt")
            with db.unit_of_work():
                service.register(uploaded)
    """
    environment = os.environ | {"STOREFRONT_FAULT": "storage.uploaded"}

    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(program), str(tmp_path)],
        env=environment,
        cwd=Path(__file__).parents[2],
        timeout=60,
        check=False,
    )

    assert done.returncode == -9
    assert len(_keys(folder)) == 1
    assert sweeping.missing_objects() == []
    assert _sweep_after(monkeypatch, TOMORROW) == 1
    assert _keys(folder) == []


def test_sweep_asks_in_batches(folder: FolderStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sweeping, "_BATCH", 3)
    for number in range(7):
        folder.put(f"files/{number}", io.BytesIO(b"x"), "text/plain")
    asked: list[int] = []

    def known(keys: list[str]) -> set[str]:
        asked.append(len(keys))
        return {"files/3"}

    monkeypatch.setattr(sweeping, "now", lambda: datetime.now(UTC) + TOMORROW)
    assert sweeping.sweep("files/", known) == 6

    assert asked == [3, 3, 1]
    assert _keys(folder) == ["files/3"]
    assert not db.in_unit()
