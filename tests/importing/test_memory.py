"""A file of any length is imported in the same memory."""

import subprocess
import sys
from pathlib import Path

from sqlalchemy import create_engine, text

from tests.fixtures.work import migrate_to

ROWS = 20_000
# What an interpreter with the shop loaded takes is some 110 MB; a file of 20,000 rows held whole would take 100 more.
MOST_GROWTH_KB = 60_000

# Peak memory before and after, in a process of its own.
_PROGRAM = """
import resource, sys
from pathlib import Path
from storefront.app import create_runtime
from storefront.core.settings import load_settings
from storefront.importing import command

def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

small, large = map(Path, sys.argv[1:3])
with create_runtime(load_settings(_env_file=None)).app_context():
    command.import_file(small, dry_run=False, with_pictures=False, say=lambda run: None)
    before = peak()
    run = command.import_file(large, dry_run=True, with_pictures=False, say=lambda run: None)
    print(run.created_count, peak() - before)
"""


def test_a_long_file_takes_no_more_memory_than_a_short_one(tmp_path: Path) -> None:
    database = tmp_path / "shop.sqlite"
    migrate_to(f"sqlite:///{database}")
    small, large = tmp_path / "small.csv", tmp_path / "large.csv"
    _write(small, 200)
    _write(large, ROWS)
    done = subprocess.run(
        [sys.executable, "-c", _PROGRAM, str(small), str(large)],
        env={"VAR_DIR": str(tmp_path), "DATABASE_URL": f"sqlite:///{database}", "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        timeout=110,
        check=False,
        cwd=Path(__file__).parents[2],
    )
    assert done.returncode == 0, done.stderr[-2000:]
    created, growth = map(int, done.stdout.split())
    assert created == ROWS - 200
    assert growth < MOST_GROWTH_KB
    engine = create_engine(f"sqlite:///{database}")
    with engine.connect() as connection:
        assert connection.execute(text("SELECT count(*) FROM product")).scalar_one() == 200
    engine.dispose()


def _write(path: Path, rows: int) -> None:
    with path.open("w", encoding="utf-8") as stream:
        stream.write("slug,title,description,kind,state,requires_shipping,sku,currency,price,stock\n")
        for number in range(rows):
            words = f"Linen and paper, number {number}. 纸与布。 " * 12
            stream.write(
                f'item-{number},Item {number},"{words}",physical,published,yes,I-{number},EUR,{number % 90}.50,7\n'
            )
