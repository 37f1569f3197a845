"""Showing products to customers and taking them back."""

from collections.abc import Sequence
from enum import StrEnum

from sqlalchemy import delete, or_, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import selectinload

from storefront.catalog.facets import mark
from storefront.catalog.models import Chapter, Content, ContentVersion, Lesson, LessonFile, Product, Sample
from storefront.catalog.service.contents import forget_file
from storefront.catalog.service.editing import topic_of
from storefront.catalog.service.mistakes import StillNeeded
from storefront.catalog.states import MOVES, ContentKind, ProductState
from storefront.core import db
from storefront.core.clock import now
from storefront.core.errors import N_, Refused
from storefront.core.ids import new_public_id
from storefront.journal import service as journal
from storefront.storage.models import StoredFile


class Missing(StrEnum):
    """What keeps a product from being sold."""

    TITLE = "title"
    VARIANT = "variant"
    GOODS = "goods"
    LESSONS = "lessons"


class NotReady(Refused):
    """The product can't be sold as it is; ``missing`` says why."""

    sentence = N_("This product is not ready to be published yet.")

    def __init__(self, missing: list[Missing]) -> None:
        super().__init__()
        self.missing = missing


def what_is_missing(product: Product) -> list[Missing]:
    """Return what a buyer would miss: something to pay for, something that arrives. Needs the variants."""
    return what_is_missing_of([product])[product.id]


def what_is_missing_of(products: Sequence[Product]) -> dict[int, list[Missing]]:
    """Return the same for many products, by their ids (3 queries)."""
    contents: dict[int, list[Content]] = {}
    for content in _contents([product.id for product in products]):
        contents.setdefault(content.product_id, []).append(content)
    return {product.id: _missing(product, contents.get(product.id, [])) for product in products}


def _missing(product: Product, contents: list[Content]) -> list[Missing]:
    missing = []
    if not product.title.strip():
        missing.append(Missing.TITLE)
    if all(variant.archived_at for variant in product.variants):
        missing.append(Missing.VARIANT)
    if not contents and not product.requires_shipping:
        missing.append(Missing.GOODS)
    if any(content.kind is ContentKind.COURSE and not _has_lessons(content) for content in contents):
        missing.append(Missing.LESSONS)
    return missing


def publish(product: Product) -> None:
    """Show a locked product to customers, at once or at the time that was set.

    Raises:
        NotReady: something is missing.
    """
    missing = what_is_missing(product)
    if missing:
        raise NotReady(missing)
    product.published_at = product.published_at or now()
    _move(product, ProductState.PUBLISHED)


def withdraw(product: Product) -> None:
    """Make a locked product a draft again: nobody but the owner sees it, buyers keep what they have."""
    _move(product, ProductState.DRAFT)


def archive(product: Product) -> None:
    """Take a locked product out of the shop; buyers keep what they have."""
    _move(product, ProductState.ARCHIVED)


def renew_preview(product: Product) -> None:
    """Give a locked product a new secret preview address; the one before is dead."""
    product.preview_token = new_public_id()
    journal.write(topic_of(product), "product.preview_renewed")


def delete_draft(product: Product) -> None:
    """Delete a locked draft for good.

    Raises:
        Refused: it is no draft. StillNeeded: it was ordered once.
    """
    if product.state is not ProductState.DRAFT:
        raise Refused(N_("Only drafts can be deleted. Make it a draft first."))
    journal.write(topic_of(product), "product.deleted", title=product.title)
    session = db.session()
    files = _files(product.id)
    mark(product.id)
    session.flush()
    try:
        session.execute(
            delete(Product).where(Product.id == product.id).execution_options(synchronize_session=False)
        )
    except IntegrityError as error:
        raise StillNeeded from error
    session.expunge(product)
    for stored in files:
        forget_file(stored)


def _move(product: Product, state: ProductState) -> None:
    """The one door through which the state changes."""
    before = product.state
    if before is state:
        return
    if state not in MOVES[before]:
        raise Refused
    product.state = state
    product.updated_at = now()
    db.session().flush()
    journal.write(topic_of(product), "product.moved", state=[before.value, state.value])


def _contents(product_ids: list[int]) -> list[Content]:
    statement = (
        select(Content)
        .where(Content.product_id.in_(product_ids))
        .options(selectinload(Content.chapters).selectinload(Chapter.lessons))
    )
    return list(db.session().scalars(statement))


def _files(product_id: int) -> list[StoredFile]:
    """Return the files of contents, lessons and samples, which nobody needs without the product."""
    of_contents = select(Content.file_id).where(Content.product_id == product_id)
    of_versions = (
        select(ContentVersion.file_id)
        .join(Content, Content.id == ContentVersion.content_id)
        .where(Content.product_id == product_id)
    )
    of_lessons, of_posters = (
        select(column)
        .join(Chapter, Chapter.id == Lesson.chapter_id)
        .join(Content, Content.id == Chapter.content_id)
        .where(Content.product_id == product_id)
        for column in (Lesson.media_id, Lesson.poster_id)
    )
    beside_lessons = (
        select(LessonFile.file_id)
        .join(Lesson, Lesson.id == LessonFile.lesson_id)
        .join(Chapter, Chapter.id == Lesson.chapter_id)
        .join(Content, Content.id == Chapter.content_id)
        .where(Content.product_id == product_id)
    )
    of_samples = select(Sample.file_id).where(Sample.product_id == product_id)
    named = (of_contents, of_versions, of_lessons, of_posters, beside_lessons, of_samples)
    statement = select(StoredFile).where(or_(*(StoredFile.id.in_(ids) for ids in named)))
    return list(db.session().scalars(statement))


def _has_lessons(content: Content) -> bool:
    return any(chapter.lessons for chapter in content.chapters)
