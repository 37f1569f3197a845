"""What strangers may see of a product before they buy it: samples, and lessons that are free.

Only while the product is in the shop, or for whoever has its secret preview address. Nothing here leads to a file that
buyers pay for.
"""

from dataclasses import dataclass

from sqlalchemy import ColumnElement, and_, or_, select

from storefront.catalog.models import Chapter, Content, Lesson, Product, Sample
from storefront.catalog.service.lessons import with_all
from storefront.catalog.states import ProductState
from storefront.core import db
from storefront.core.clock import now
from storefront.core.errors import NotFound
from storefront.storage.models import StoredFile


@dataclass(frozen=True, slots=True)
class FreeLesson:
    """A lesson that everybody may take, and the free ones before and after it."""

    lesson: Lesson
    product: Product
    before: Lesson | None
    after: Lesson | None


def get_open_sample(public_id: str, token: str) -> StoredFile:
    """Return the file of a sample that may be seen now.

    Raises:
        NotFound: there is none, or its product is not in the shop.
    """
    statement = (
        select(StoredFile)
        .join(Sample, Sample.file_id == StoredFile.id)
        .join(Product, Product.id == Sample.product_id)
        .where(Sample.public_id == public_id, _is_open(token))
    )
    stored: StoredFile | None = db.session().scalar(statement)
    if stored is None:
        raise NotFound
    return stored


def get_free_lesson(public_id: str, token: str) -> FreeLesson:
    """Return a lesson that everybody may take now.

    Raises:
        NotFound: there is none, it is for buyers, or its product is not in the shop.
    """
    wanted = select(Content.product_id).join(Chapter).join(Lesson).where(Lesson.public_id == public_id)
    statement = (
        select(Lesson, Product)
        .join(Chapter, Chapter.id == Lesson.chapter_id)
        .join(Content, Content.id == Chapter.content_id)
        .join(Product, Product.id == Content.product_id)
        .where(Product.id == wanted.scalar_subquery(), Lesson.is_preview, _is_open(token))
        .order_by(Content.position, Content.id, Chapter.position, Chapter.id, Lesson.position, Lesson.id)
        .options(*with_all())
    )
    rows = db.session().execute(statement).all()
    lessons: list[Lesson | None] = [None, *(row.Lesson for row in rows), None]
    for place, row in enumerate(rows, 1):
        if row.Lesson.public_id == public_id:
            return FreeLesson(row.Lesson, row.Product, lessons[place - 1], lessons[place + 1])
    raise NotFound


def _is_open(token: str) -> ColumnElement[bool]:
    published = and_(Product.state == ProductState.PUBLISHED, Product.published_at <= now())
    return or_(published, Product.preview_token == token) if token else published
