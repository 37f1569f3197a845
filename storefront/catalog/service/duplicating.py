"""A product like another one: a draft with the same words, tags, variants, pictures and contents, living on its own.

What differs: title and address, SKUs and barcodes (they name one article), stock (counted ones begin at 0, since nobody
has received any), sales (the copy was never offered for more) and the preview address. Samples are not copied. Files
that buyers get are shared: ``contents.forget_file`` deletes one only when nothing points to it any more. Pictures are
copied, because each row owns its objects and deletes them.
"""

from typing import Any

from flask_babel import gettext
from sqlalchemy import select

from storefront.catalog.models import (
    Caption,
    Chapter,
    Content,
    Lesson,
    LessonFile,
    Product,
    Quiz,
    Variant,
    VariantPrice,
)
from storefront.catalog.pictures import EncodedPicture, add_picture, copy_objects
from storefront.catalog.queries import pictures_of
from storefront.catalog.service import naming
from storefront.catalog.service.contents import list_contents
from storefront.catalog.service.editing import topic_of
from storefront.catalog.service.lessons import with_all
from storefront.catalog.service.tags import set_tags, tags_of
from storefront.catalog.stock import set_stock
from storefront.core import db
from storefront.journal import service as journal
from storefront.web.language import speaking

_LONGEST_TITLE = 200
_OF_A_LESSON = (
    "title", "body", "media_id", "poster_id", "duration_seconds", "is_preview", "is_stream_only", "position",
    "transcript", "opens_after_days", "opens_at",
)  # fmt: skip


def copy_pictures(product: Product) -> dict[int, EncodedPicture]:
    """Copy the pictures of a product in the storage; call it with no unit running. Returns them by the id of the row.

    Dying before ``duplicate`` leaves objects without rows, which the sweep removes a day later.
    """
    return {picture.id: copy_objects(picture) for picture in pictures_of(product.id)}


def duplicate(product: Product, pictures: dict[int, EncodedPicture]) -> Product:
    """Make a draft like the locked product, in the current unit, with pictures that were copied before."""
    title = _copy_of(product.title)
    made = Product(
        slug=naming.free_product_slug(title),
        kind=product.kind,
        title=title,
        summary=product.summary,
        description=product.description,
        translations=_translations(product),
        category_id=product.category_id,
        requires_shipping=product.requires_shipping,
        tax_class=product.tax_class,
        currency=product.currency,
        option_names=product.option_names,
        specifications=product.specifications,
        access_days=product.access_days,
        access_until=product.access_until,
        opens_at=product.opens_at,
        facts={},
    )
    db.session().add(made)
    db.session().flush()
    picture_ids = _copy_pictures(product, made, pictures)
    variant_ids = _copy_variants(product, made, picture_ids)
    _copy_contents(product, made, variant_ids)
    set_tags(made.id, [tag.name for tag in tags_of([product.id]).get(product.id, [])])
    journal.write(topic_of(made), "product.duplicated", title=made.title, original=product.title)
    return made


def _copy_of(title: str) -> str:
    """Return the title with "(copy)" behind it, short enough for its column."""
    longest = _LONGEST_TITLE - len(gettext("%(title)s (copy)", title=""))
    return str(gettext("%(title)s (copy)", title=title[:longest]))


def _translations(product: Product) -> dict[str, dict[str, str]]:
    found = {language: dict(texts) for language, texts in (product.translations or {}).items()}
    for language, texts in found.items():
        if texts.get("title"):
            with speaking(language):
                texts["title"] = _copy_of(texts["title"])
    return found


def _copy_pictures(product: Product, made: Product, copied: dict[int, EncodedPicture]) -> dict[int, int]:
    """Write the rows; return the id of each copy by that of its original."""
    ids = {}
    for picture in pictures_of(product.id):
        if picture.id in copied:  # else it was added since the objects were copied
            row = add_picture(made.id, copied[picture.id], picture.alt)
            row.translations = dict(picture.translations or {})
            row.shows = picture.shows
            ids[picture.id] = row.id
    return ids


def _copy_variants(product: Product, made: Product, picture_ids: dict[int, int]) -> dict[int, Variant]:
    taken: set[str] = set()
    copies = {}
    for variant in product.variants:
        sku = naming.free_sku(made.slug, taken)
        taken.add(sku)
        copies[variant.id] = _variant(variant, made, sku, picture_ids.get(variant.picture_id or 0))
    db.session().add_all(copies.values())
    db.session().flush()
    return copies


def _variant(variant: Variant, made: Product, sku: str, picture_id: int | None) -> Variant:
    copy = Variant(
        product_id=made.id,
        sku=sku,
        title=variant.title,
        options=dict(variant.options),
        translations=dict(variant.translations or {}),
        price_amount=variant.price_amount,
        compare_at_amount=variant.compare_at_amount,
        currency=variant.currency,
        reserved=0,
        sold=0,
        weight_grams=variant.weight_grams,
        position=variant.position,
        archived_at=variant.archived_at,
        pays_what_they_want=variant.pays_what_they_want,
        suggested_amount=variant.suggested_amount,
        cost_amount=variant.cost_amount,
        low_stock=variant.low_stock,
        picture_id=picture_id,
        access_days=variant.access_days,
        access_until=variant.access_until,
        other_prices=[
            VariantPrice(currency=price.currency, amount=price.amount) for price in variant.other_prices
        ],
    )
    set_stock(copy, None if variant.stock is None else 0)
    return copy


def _copy_contents(product: Product, made: Product, variants: dict[int, Variant]) -> None:
    contents = list_contents(product.id)
    _load_lessons(contents)
    for content in contents:
        copy = Content(
            product_id=made.id,
            variant_id=variants[content.variant_id].id if content.variant_id else None,
            **_same(
                content, "kind", "title", "body", "pattern", "file_id", "url", "position", "gives_certificate"
            ),
            keys_from_pool=content.keys_from_pool,
            low_pool_at=content.low_pool_at,
            activation_limit=content.activation_limit,
            **_rules(content),
        )
        copy.chapters = [_chapter(chapter) for chapter in content.chapters]
        db.session().add(copy)
    db.session().flush()


def _rules(content: Content) -> dict[str, Any]:
    """Return how often and how the file of a content may be had."""
    names = ("is_stream_only", "download_limit", "download_days", "stamp")
    return {name: getattr(content, name) for name in names}


def _load_lessons(contents: list[Content]) -> None:
    """Load at once what the lessons have besides their words."""
    ids = [lesson.id for content in contents for chapter in content.chapters for lesson in chapter.lessons]
    db.session().scalars(select(Lesson).where(Lesson.id.in_(ids)).options(*with_all())).all()


def _chapter(chapter: Chapter) -> Chapter:
    copy = Chapter(**_same(chapter, "title", "position"))
    copy.lessons = [_lesson(lesson) for lesson in chapter.lessons]
    return copy


def _lesson(lesson: Lesson) -> Lesson:
    quiz = lesson.quiz
    return Lesson(
        **_same(lesson, *_OF_A_LESSON),
        files=[LessonFile(file_id=one.file_id, position=one.position) for one in lesson.files],
        captions=[Caption(language=one.language, text=one.text) for one in lesson.captions],
        quiz=quiz
        and Quiz(pass_percent=quiz.pass_percent, most_tries=quiz.most_tries, questions=list(quiz.questions)),
    )


def _same(row: Any, *names: str) -> dict[str, Any]:
    """Return these columns of a row, and its translations, for another row."""
    return {name: getattr(row, name) for name in names} | {"translations": dict(row.translations or {})}
