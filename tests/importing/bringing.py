"""Bringing files to the shop, as the command line does it, and looking at what came of it."""

import io
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.orm import selectinload

from storefront.catalog.models import Product
from storefront.core import db
from storefront.importing import running, service
from storefront.importing.exporting import export_products
from storefront.importing.models import ImportRun
from storefront.importing.spool import Spool

DATA = Path(__file__).parent / "data"
SHARED = Path(__file__).parents[3] / "shared" / "data" / "shopify"


def bring(content: bytes | str, *, dry_run: bool = False, with_pictures: bool = False) -> ImportRun:
    """Import a file and return the ended run."""
    data = content.encode() if isinstance(content, str) else content
    with db.unit_of_work():
        run_id = service.begin("products.csv", None, with_pictures=with_pictures, is_checked=not dry_run).id
    spool = running.open_spool(run_id, io.BytesIO(data))
    if spool is not None:
        assert running.go_on(run_id, spool)
        spool.close()
    db.close_reader()
    return db.get_or_404(ImportRun, ImportRun.id == run_id)


def counts(run: ImportRun) -> tuple[int, int, int, int]:
    """Return new, changed, unchanged and left out."""
    return run.created_count, run.changed_count, run.unchanged_count, run.refused_count


def errors(run: ImportRun) -> list[tuple[int, str, str]]:
    """Return row, column and message id (with its values) of each error."""
    return [(note.line, note.column, note.sentence) for note in service.first_notes(run, 100, errors=True)]


def hints(run: ImportRun) -> list[tuple[int, str, str]]:
    """Return the same of the hints."""
    return [(note.line, note.column, note.sentence) for note in service.first_notes(run, 100, errors=False)]


def product(slug: str) -> Product:
    """Return a product with its variants."""
    db.close_reader()
    found = db.session().scalars(
        select(Product)
        .where(Product.slug == slug)
        .options(selectinload(Product.variants), selectinload(Product.category))
    )
    return found.one()


def exported() -> bytes:
    """Return the whole export."""
    return b"".join(export_products())


def spool_of(content: bytes) -> Spool:
    """Return the rows of a file."""
    return Spool(io.BytesIO(content))
