"""Tags: words that the owner gives to products, found again however they are typed."""

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, cast

from sqlalchemy import Table, delete, func, insert, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import IntegrityError

from storefront.catalog import facets
from storefront.catalog.models import OldTagSlug, ProductTag, Tag
from storefront.catalog.models.tag import LONGEST_TAG
from storefront.catalog.service import naming
from storefront.catalog.service.mistakes import InvalidField
from storefront.catalog.service.texts import merged
from storefront.catalog.stamp import raise_stamp
from storefront.core import db
from storefront.core.errors import N_
from storefront.core.ids import new_public_id
from storefront.jobs.service import enqueue
from storefront.journal import service as journal

TOPIC = "tags"
DISSOLVE = "catalog.dissolve_tag"
# Of one product.
MOST_TAGS = 50
PAGE_SIZE = 100
# Products whose tags one unit changes.
_AT_ONCE = 500
TAG_SEPARATOR = re.compile(r"[,\uff0c\u3001\n]")
_LONGEST_KEY = 240
Words = dict[str, dict[str, str]]


@dataclass(frozen=True, slots=True)
class TagInput:
    """A tag as the owner wants it; ``slug`` empty leaves its address as it is."""

    name: str
    slug: str = ""
    translations: Words = field(default_factory=dict)


class TagRow(NamedTuple):
    """A tag as the owner's list shows it, with how many products have it, in any state."""

    slug: str
    name: str
    translations: Words
    key: str
    products: int


def split_tags(text: str | None) -> list[str]:
    """Return the tags in a list with commas, Chinese ones too, each once; empty ones are left out."""
    names = (" ".join(part.split()) for part in TAG_SEPARATOR.split(text or ""))
    return list({key_of(name): name for name in names if name}.values())


def key_of(name: str) -> str:
    """Return by what a tag is found again: ``Ink``, ``INK`` and full-width letters are one tag."""
    return unicodedata.normalize("NFKC", " ".join(name.split())).casefold()[:_LONGEST_KEY]


def get(slug: str) -> Tag:
    """Return the tag.

    Raises:
        NotFound: there is none.
    """
    return db.get_or_404(Tag, Tag.slug == slug)


def tags_of(product_ids: Iterable[int]) -> dict[int, list[Tag]]:
    """Return the tags of each of these products that has any, in the order of their names (one query)."""
    statement = (
        select(ProductTag.product_id, Tag)
        .join(Tag, Tag.id == ProductTag.tag_id)
        .where(ProductTag.product_id.in_(list(product_ids)))
    )
    found: dict[int, list[Tag]] = {}
    for product_id, tag in db.session().execute(statement):
        found.setdefault(product_id, []).append(tag)
    return {product_id: sorted(tags, key=lambda tag: tag.key) for product_id, tags in found.items()}


def set_tags(product_id: int, names: Sequence[str], words: Mapping[str, Words] | None = None) -> bool:
    """Give the product exactly these tags, made where they are new; say whether anything changed.

    ``words`` are translations for new tags, by key. Must run in the unit that locked the product.

    Raises:
        InvalidField: there are too many, or one is too long.
    """
    _check(names)
    session = db.session()
    present = set(session.scalars(select(ProductTag.tag_id).where(ProductTag.product_id == product_id)))
    wanted = _ensure(names, words or {})
    if gone := present - wanted:
        session.execute(
            delete(ProductTag).where(ProductTag.product_id == product_id, ProductTag.tag_id.in_(gone))
        )
    if new := wanted - present:
        session.execute(
            insert(ProductTag), [{"product_id": product_id, "tag_id": tag_id} for tag_id in sorted(new)]
        )
    return bool(gone or new)


def unknown_of(names: Sequence[str]) -> list[str]:
    """Return those of the names that no tag has yet."""
    known = set(_ids_by_key(names))
    return [name for name in names if key_of(name) not in known]


def suggest(typed: str, size: int = 8) -> list[str]:
    """Return lists that complete the last tag of a typed list with the names of tags that there are."""
    head, last = _last_piece(typed)
    taken = {key_of(name) for name in split_tags(head)}
    begin = key_of(last)
    statement = (
        select(Tag.name, Tag.key)
        .where(Tag.key.startswith(begin, autoescape=True))
        .order_by(Tag.key)
        .limit(size + len(taken))
    )
    found = [name for name, key in db.session().execute(statement) if key not in taken]
    before = "".join(f"{name}, " for name in split_tags(head))
    return [f"{before}{name}" for name in found[:size]]


def list_tags(words: str, after: str | None) -> tuple[list[TagRow], str | None]:
    """Return a page of tags by name, and where the next begins. Counting reads as many index rows as tags are given."""
    statement = select(Tag.id, Tag.slug, Tag.name, Tag.translations, Tag.key).order_by(Tag.key)
    if words:
        statement = statement.where(Tag.key.contains(key_of(words), autoescape=True))
    if after:
        statement = statement.where(Tag.key > after)
    session = db.session()
    found = session.execute(statement.limit(PAGE_SIZE + 1)).all()
    shown = found[:PAGE_SIZE]
    counting = (
        select(ProductTag.tag_id, func.count())
        .where(ProductTag.tag_id.in_([row.id for row in shown]))
        .group_by(ProductTag.tag_id)
    )
    counts = dict(session.execute(counting).all())
    rows = [TagRow(row.slug, row.name, row.translations, row.key, counts.get(row.id, 0)) for row in shown]
    return rows, rows[-1].key if len(found) > PAGE_SIZE else None


def find_by_name(name: str) -> Tag | None:
    """Return the tag that is meant by what was typed."""
    return db.session().scalar(select(Tag).where(Tag.key == key_of(name)))


def save(tag: Tag, wanted: TagInput) -> None:
    """Change name, address and translations of a tag.

    Raises:
        InvalidField: another tag has the name or the address, or they are odd.
    """
    before, old_slug = tag.name, tag.slug
    _check([wanted.name], "name")
    names = {"name": wanted.name} | {
        f"name_{language}": words["name"]
        for language, words in wanted.translations.items()
        if words.get("name")
    }
    for name_of_field, name in names.items():
        if split_tags(name) != [name]:
            raise InvalidField(name_of_field, N_("A tag can't have a comma in it."))
    tag.name, tag.key = wanted.name, key_of(wanted.name)
    tag.slug = wanted.slug or tag.slug
    tag.translations = merged(tag.translations, wanted.translations)
    if not naming.is_slug(tag.slug):
        raise InvalidField("slug", N_("Use small letters, digits and single dashes, such as two-inks."))
    _flush()
    if tag.slug != old_slug:
        _remember_slugs(tag, [old_slug])
    journal.write(TOPIC, "tag.saved", name=[before, tag.name])


def merge(tag: Tag, into: Tag) -> None:
    """Give all products of one tag the other; addresses of the first lead to the second from then on.

    What is too much for one unit is left to a job.
    """
    if tag.id == into.id:
        raise InvalidField("into", N_("A tag can't be merged with itself."))
    journal.write(TOPIC, "tag.merged", name=[tag.name, into.name])
    dissolve(tag.id, into.id)


def remove(tag: Tag) -> None:
    """Take the tag from all products and delete it; what is too much for one unit is left to a job."""
    journal.write(TOPIC, "tag.removed", name=tag.name)
    dissolve(tag.id, None)


def dissolve(tag_id: int, into_id: int | None) -> None:
    """Take a tag from some of its products, which get the other one if there is one, and delete it after the last."""
    session = db.session()
    tag = session.get(Tag, tag_id)
    into = session.get(Tag, into_id) if into_id is not None else None
    if tag is None or (into is None and into_id is not None):
        return
    some = select(ProductTag.product_id).where(ProductTag.tag_id == tag_id).limit(_AT_ONCE)
    product_ids = list(session.scalars(some))
    if into is not None:
        _give(product_ids, into.id)
    session.execute(
        delete(ProductTag).where(ProductTag.tag_id == tag_id, ProductTag.product_id.in_(product_ids))
    )
    for product_id in product_ids:
        facets.mark(product_id)
    raise_stamp()
    if len(product_ids) == _AT_ONCE:
        enqueue(DISSOLVE, tag_id=tag_id, into_id=into_id)
        return
    had = list(session.scalars(select(OldTagSlug.slug).where(OldTagSlug.tag_id == tag_id)))
    session.execute(delete(Tag).where(Tag.id == tag_id).execution_options(synchronize_session=False))
    if into is not None:
        _remember_slugs(into, [*had, tag.slug])
    session.expunge(tag)


def _give(product_ids: list[int], tag_id: int) -> None:
    has_it = select(ProductTag.product_id).where(
        ProductTag.tag_id == tag_id, ProductTag.product_id.in_(product_ids)
    )
    present = set(db.session().scalars(has_it))
    rows = [
        {"product_id": product_id, "tag_id": tag_id}
        for product_id in product_ids
        if product_id not in present
    ]
    if rows:
        db.session().execute(insert(ProductTag), rows)


def count_products(tag: Tag) -> int:
    """Return how many products, in any state, have the tag."""
    return db.session().scalar(select(func.count()).where(ProductTag.tag_id == tag.id)) or 0


def _check(names: Sequence[str], name_of_field: str = "tags") -> None:
    if len(names) > MOST_TAGS:
        raise InvalidField(name_of_field, N_("A product can have up to %(most)s tags."), most=MOST_TAGS)
    for name in names:
        if len(name) > LONGEST_TAG:
            raise InvalidField(
                name_of_field,
                N_("“%(tag)s…” is too long: a tag has up to %(most)s characters."),
                tag=name[:30],
                most=LONGEST_TAG,
            )


def _last_piece(typed: str) -> tuple[str, str]:
    pieces = TAG_SEPARATOR.split(typed)
    return ",".join(pieces[:-1]), pieces[-1]


def _ids_by_key(names: Iterable[str]) -> dict[str, int]:
    keys = [key_of(name) for name in names]
    return dict(db.session().execute(select(Tag.key, Tag.id).where(Tag.key.in_(keys))).all())


def _ensure(names: Sequence[str], words: Mapping[str, Words]) -> set[int]:
    """Two owners who make the same tag at once make one."""
    if not names:
        return set()
    known = _ids_by_key(names)
    for name in names:
        key = key_of(name)
        for slug in (
            () if key in known else (naming.free_tag_slug(name), f"tag-{naming.slug_of(new_public_id())}")
        ):
            values = {"slug": slug, "key": key, "name": name, "translations": words.get(key, {})}
            db.session().execute(_INSERT[db.engine().dialect.name], values)
            known = _ids_by_key(names)
            if key in known:
                break
    return set(known.values())


def _remember_slugs(tag: Tag, slugs: list[str]) -> None:
    """Links to these addresses lead here; an address that is taken again belongs to who has it now."""
    session = db.session()
    session.execute(delete(OldTagSlug).where(OldTagSlug.slug.in_([*slugs, tag.slug])))
    session.add_all(OldTagSlug(slug=slug, tag_id=tag.id) for slug in slugs if slug != tag.slug)


def _flush() -> None:
    try:
        db.session().flush()
    except IntegrityError as error:
        name = db.constraint_of(error)
        if "slug" in name:
            raise InvalidField("slug", N_("Another tag has this address.")) from error
        if "key" in name:
            raise InvalidField("name", N_("Another tag has this name. You can merge them below.")) from error
        raise


_TAG = cast(Table, Tag.__table__)
_INSERT = {
    "sqlite": sqlite.insert(_TAG).on_conflict_do_nothing(),
    "postgresql": postgresql.insert(_TAG).on_conflict_do_nothing(),
}
