"""Samples: what everybody may read, hear or see before buying, in files of their own."""

from collections.abc import Sequence

from sqlalchemy import func, select
from sqlalchemy.orm import selectinload

from storefront.catalog.models import Product, Sample
from storefront.catalog.service.courses import PLAYABLE
from storefront.catalog.service.editing import topic_of
from storefront.catalog.service.ordering import place
from storefront.catalog.service.texts import merged
from storefront.core import db
from storefront.core.errors import N_, Refused, ShopError
from storefront.journal import service as journal
from storefront.media.playing_time import Film
from storefront.storage import service as storage
from storefront.storage.service import Upload

MOST_SAMPLES = 20
PREFIX = "samples"
_PAGES = frozenset({"application/pdf", "application/epub+zip"})


class NotASample(ShopError):
    """Nothing that a browser shows or plays, or that people know how to open."""

    status = 422
    sentence = N_(
        "A sample is a PDF or EPUB, an MP4 or WebM video, or an MP3, M4A or OGG sound. This file is none of these."
    )


def list_samples(product_id: int) -> list[Sample]:
    """Return the samples of a product in order, with their files (2 queries)."""
    statement = (
        select(Sample)
        .where(Sample.product_id == product_id)
        .order_by(Sample.position, Sample.id)
        .options(selectinload(Sample.file))
    )
    return list(db.session().scalars(statement))


def get_sample(product_id: int, public_id: str) -> Sample:
    """Return a sample of the product, with its file.

    Raises:
        NotFound: the product has no such sample.
    """
    sample = db.get_or_404(Sample, Sample.product_id == product_id, Sample.public_id == public_id)
    db.session().refresh(sample, ["file"])
    return sample


def check_kind(upload: Upload) -> None:
    """Refuse what is no sample, by its bytes; what was uploaded for it is thrown away.

    Raises:
        NotASample: it is of another kind.
    """
    if upload.content_type.partition(";")[0] not in PLAYABLE | _PAGES:
        storage.discard(upload)
        raise NotASample


def add_sample(product: Product, upload: Upload, film: Film) -> Sample:
    """Show everybody an upload; it is titled like its file. ``film`` is what the file says of itself.

    Raises:
        Refused: there are many already.
    """
    found = select(func.count(Sample.id), func.coalesce(func.max(Sample.position), -1)).where(
        Sample.product_id == product.id
    )
    count, last = db.session().execute(found).one()
    if count >= MOST_SAMPLES:
        raise Refused(N_("A product can have up to %(most)s samples."), most=MOST_SAMPLES)
    stored = storage.register(upload)
    sample = Sample(
        product_id=product.id,
        file_id=stored.id,
        title=(stored.filename.rpartition(".")[0] or stored.filename)[:200],
        translations={},
        duration_seconds=film.seconds,
        width=film.width,
        height=film.height,
        position=last + 1,
    )
    db.session().add(sample)
    db.session().flush()
    journal.write(topic_of(product), "sample.added", title=sample.title, file=stored.filename)
    return sample


def rename_sample(
    product: Product, sample: Sample, title: str, translations: dict[str, dict[str, str]]
) -> None:
    """Change what a sample is called."""
    journal.write(topic_of(product), "sample.saved", title=[sample.title, title])
    sample.title, sample.translations = title, merged(sample.translations, translations)
    db.session().flush()


def move_samples(product: Product, wanted: Sequence[str], step: str | None = None) -> None:
    """Put the samples, named by their public ids, in the wanted order, then make one step (``ID:up``)."""
    if place({sample.public_id: sample for sample in list_samples(product.id)}, wanted, step):
        journal.write(topic_of(product), "sample.moved")


def remove_sample(product: Product, sample: Sample) -> None:
    """Take a sample away, with its file."""
    stored = sample.file
    journal.write(topic_of(product), "sample.removed", title=sample.title)
    db.session().delete(sample)
    db.session().flush()
    storage.remove(stored)
