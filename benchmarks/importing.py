"""`python -m benchmarks.importing [ROWS]`: a file of 100,000 rows looked through, imported, imported again, exported.

On SQLite, in one process; writes seconds and the peak of memory to `results/importing.json`.
"""

import json
import resource
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from storefront.app import create_runtime
from storefront.core import db
from storefront.core.migrating import migrate
from storefront.core.settings import load_settings
from storefront.importing import command
from storefront.importing.models import ImportRun

RESULTS = Path(__file__).parent / "results" / "importing.json"


def main() -> int:
    """Measure, print and write down; 1 when a product is missing."""
    rows = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    with tempfile.TemporaryDirectory(prefix="storefront-bench-") as name:
        folder = Path(name)
        settings = load_settings(_env_file=None, var_dir=folder / "var")
        migrate(db.connect(settings.database_dsn))
        write_products(folder / "products.csv", rows)
        with create_runtime(settings).app_context():
            found = measure(folder, rows)
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    return 0 if found["products"] == rows and found["unchanged"] == rows else 1


def measure(folder: Path, rows: int) -> dict[str, int]:
    """Return seconds of each pass, rounded up, and megabytes at the peak."""
    found = {"rows": rows, "megabytes_of_the_file": (folder / "products.csv").stat().st_size // 1_000_000}

    def timed(what: str, work: Callable[[], object]) -> object:
        began = time.monotonic()
        result = work()
        found[f"seconds_{what}"] = round(time.monotonic() - began) + 1
        print(what, found[f"seconds_{what}"], "s", flush=True)
        return result

    def bring(*, dry_run: bool) -> ImportRun:
        path = folder / "products.csv"
        return command.import_file(path, dry_run=dry_run, with_pictures=False, say=lambda run: None)

    timed("dry_run", lambda: bring(dry_run=True))
    first = timed("import", lambda: bring(dry_run=False))
    again = timed("again", lambda: bring(dry_run=False))
    timed("export", lambda: command.export_file(folder / "export.csv"))
    assert isinstance(first, ImportRun)
    assert isinstance(again, ImportRun)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    return found | {
        "products": first.created_count,
        "unchanged": again.unchanged_count,
        "megabytes_at_peak": peak,
    }


def write_products(path: Path, rows: int) -> None:
    """Write a file of our own kind, one variant a product."""
    with path.open("w", encoding="utf-8") as stream:
        stream.write(
            "slug,title,title_zh,description,kind,state,requires_shipping,category,sku,currency,price,stock\n"
        )
        for number in range(rows):
            words = f"Linen and paper, number {number}, made by hand in small series. 手工制作的纸与布。 " * 3
            stream.write(
                f'item-{number},Item {number},物品 {number},"{words}",physical,published,yes,shelf-{number % 20},'
                f"I-{number},EUR,{number % 90}.50,7\n"
            )


if __name__ == "__main__":
    sys.exit(main())
