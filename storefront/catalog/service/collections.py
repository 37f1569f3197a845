"""Collections: products that the owner puts together by hand, and which of them stand on the home page."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from sqlalchemy import delete, func, select
from sqlalchemy.exc import IntegrityError

from storefront.catalog.models import Collection, CollectionProduct, OldCollectionSlug, Product
from storefront.catalog.pictures import EncodedPicture, PictureView, cover_view
from storefront.catalog.service import naming, shelf_pictures
from storefront.catalog.service.mistakes import InvalidField
from storefront.catalog.service.ordering import place, reordered
from storefront.catalog.service.texts import merged
from storefront.catalog.states import ProductState
from storefront.core import db
from storefront.core.clock import datetime, now
from storefront.core.errors import N_, NotFound, Refused
from storefront.journal import service as journal

TOPIC = "collections"
MOST_COLLECTIONS = 200
# In one collection, put in order by hand.
MOST_PRODUCTS = 200
MOST_ON_HOME = 6


@dataclass(frozen=True, slots=True)
class CollectionInput:
    """A collection as the owner wants it; ``slug`` empty makes one from the title."""

    title: str
    slug: str = ""
    description: str = ""
    translations: dict[str, dict[str, str]] = field(default_factory=dict)
    alt: str = ""
    alt_translations: dict[str, dict[str, str]] = field(default_factory=dict)


class Entry(NamedTuple):
    """A product in a collection, as the owner sees it."""

    slug: str
    title: str
    state: ProductState
    published_at: datetime | None
    picture: PictureView | None


def get(slug: str, *, for_update: bool = False) -> Collection:
    """Return the collection.

    Raises:
        NotFound: there is none.
    """
    return db.get_or_404(Collection, Collection.slug == slug, for_update=for_update)


def list_all() -> list[Collection]:
    """Return all collections, the newest first."""
    return list(db.session().scalars(select(Collection).order_by(Collection.id.desc())))


def on_home(collections: Sequence[Collection]) -> list[Collection]:
    """Return those that stand on the home page, in their order."""
    placed = [one for one in collections if one.home_position is not None]
    return sorted(placed, key=lambda one: (one.home_position or 0, one.id))


def product_counts() -> dict[int, int]:
    """Return how many products each collection has; empty ones are left out."""
    statement = select(CollectionProduct.collection_id, func.count()).group_by(
        CollectionProduct.collection_id
    )
    return dict(db.session().execute(statement).all())


def entries_of(collection: Collection) -> list[Entry]:
    """Return the products of a collection in their order, whatever their state."""
    statement = (
        select(Product.slug, Product.title, Product.state, Product.published_at, Product.cover)
        .join(CollectionProduct, CollectionProduct.product_id == Product.id)
        .where(CollectionProduct.collection_id == collection.id)
        .order_by(CollectionProduct.position, CollectionProduct.product_id)
    )
    return [
        Entry(slug, title, state, published_at, cover_view(cover) if cover else None)
        for slug, title, state, published_at, cover in db.session().execute(statement)
    ]


def create(wanted: CollectionInput) -> Collection:
    """Add a collection that only the owner sees yet.

    Raises:
        InvalidField: the address is odd or taken.
    """
    session = db.session()
    if (session.scalar(select(func.count(Collection.id))) or 0) >= MOST_COLLECTIONS:
        raise Refused(N_("That is a lot: there can be up to %(most)s here."), most=MOST_COLLECTIONS)
    collection = Collection(
        slug=wanted.slug or naming.free_collection_slug(wanted.title),
        title=wanted.title,
        description=wanted.description,
        translations=merged({}, wanted.translations),
    )
    session.add(collection)
    _flush(collection)
    journal.write(TOPIC, "collection.created", title=collection.title)
    return collection


def save(collection: Collection, wanted: CollectionInput) -> None:
    """Change the words of a collection; the address before goes on leading to it.

    Raises:
        InvalidField: the address is odd or taken.
    """
    before, old_slug = collection.title, collection.slug
    collection.title, collection.description = wanted.title, wanted.description
    collection.slug = wanted.slug or collection.slug
    collection.translations = merged(collection.translations, wanted.translations)
    shelf_pictures.describe(collection, wanted.alt, merged({}, wanted.alt_translations))
    _flush(collection)
    if collection.slug != old_slug:
        _remember_slug(collection, old_slug)
    journal.write(TOPIC, "collection.saved", title=[before, collection.title])


def publish(collection: Collection) -> None:
    """Show it to customers; quiet when they see it already."""
    if collection.published_at is None:
        collection.published_at = now()
        journal.write(TOPIC, "collection.shown", title=collection.title, is_shown=True)


def withdraw(collection: Collection) -> None:
    """Hide it from customers; its place on the home page stays free for it."""
    if collection.published_at is not None:
        collection.published_at = None
        journal.write(TOPIC, "collection.shown", title=collection.title, is_shown=False)


def remove(collection: Collection) -> None:
    """Delete it for good; its products stay."""
    shelf_pictures.take(collection)
    session = db.session()
    session.flush()
    session.execute(
        delete(Collection).where(Collection.id == collection.id).execution_options(synchronize_session=False)
    )
    journal.write(TOPIC, "collection.removed", title=collection.title)


def put_picture(collection: Collection, encoded: EncodedPicture) -> None:
    """Show the picture on the page of the collection."""
    shelf_pictures.put(collection, encoded)
    journal.write(TOPIC, "collection.picture", title=collection.title)


def take_picture(collection: Collection) -> None:
    """Show no picture any more."""
    shelf_pictures.take(collection)
    journal.write(TOPIC, "collection.picture", title=collection.title)


def add_product(collection: Collection, slug: str) -> None:
    """Put a product at the end of a locked collection; quiet when it is in it already.

    Raises:
        NotFound: there is no such product. Refused: the collection is full.
    """
    placed = _placed(collection)
    product_id = _product_id(slug)
    if slug in placed:
        return
    if len(placed) >= MOST_PRODUCTS:
        raise Refused(N_("That is a lot: there can be up to %(most)s here."), most=MOST_PRODUCTS)
    last = max((one.position for one in placed.values()), default=-1)
    db.session().add(CollectionProduct(collection_id=collection.id, product_id=product_id, position=last + 1))
    journal.write(TOPIC, "collection.filled", title=collection.title, added=slug)


def drop_product(collection: Collection, slug: str) -> None:
    """Take a product out; quiet when it is not in it."""
    gone = _placed(collection).get(slug)
    if gone is not None:
        db.session().delete(gone)
        journal.write(TOPIC, "collection.filled", title=collection.title, dropped=slug)


def order_products(collection: Collection, wanted: Sequence[str], step: str | None = None) -> None:
    """Put the products of a locked collection, named by their slugs, in order, then make one step (``SLUG:up``)."""
    if place(_placed(collection), wanted, step):
        journal.write(TOPIC, "collection.filled", title=collection.title)


def put_on_home(collection: Collection) -> None:
    """Show it on the home page, after those that are there.

    Raises:
        Refused: there are enough.
    """
    there = on_home(list_all())
    if collection in there:
        return
    if len(there) >= MOST_ON_HOME:
        raise Refused(N_("The home page has room for %(most)s collections."), most=MOST_ON_HOME)
    collection.home_position = max((one.home_position or 0 for one in there), default=-1) + 1
    journal.write(TOPIC, "home.arranged", added=collection.title)


def take_from_home(collection: Collection) -> None:
    """Take it from the home page; quiet when it is not there."""
    if collection.home_position is not None:
        collection.home_position = None
        journal.write(TOPIC, "home.arranged", dropped=collection.title)


def order_home(wanted: Sequence[str], step: str | None = None) -> None:
    """Put the collections on the home page, named by their slugs, in order, then make one step (``SLUG:up``)."""
    there = {one.slug: one for one in on_home(list_all())}
    after = reordered(list(there), wanted, step)
    if after != list(there):
        for position, slug in enumerate(after):
            there[slug].home_position = position
        journal.write(TOPIC, "home.arranged")


def _placed(collection: Collection) -> dict[str, CollectionProduct]:
    statement = (
        select(Product.slug, CollectionProduct)
        .join(CollectionProduct, CollectionProduct.product_id == Product.id)
        .where(CollectionProduct.collection_id == collection.id)
        .order_by(CollectionProduct.position, CollectionProduct.product_id)
    )
    rows: Any = db.session().execute(statement).all()
    return dict(rows)


def _product_id(slug: str) -> int:
    found = db.session().scalar(select(Product.id).where(Product.slug == slug))
    if found is None:
        raise NotFound
    return found


def _remember_slug(collection: Collection, old_slug: str) -> None:
    """An address that is taken again belongs to who has it now."""
    session = db.session()
    session.execute(delete(OldCollectionSlug).where(OldCollectionSlug.slug.in_((old_slug, collection.slug))))
    session.add(OldCollectionSlug(slug=old_slug, collection_id=collection.id))


def _flush(collection: Collection) -> None:
    if not naming.is_slug(collection.slug):
        raise InvalidField("slug", N_("Use small letters, digits and single dashes, such as two-inks."))
    try:
        db.session().flush()
    except IntegrityError as error:
        if "slug" in db.constraint_of(error):
            raise InvalidField("slug", N_("Another collection has this address.")) from error
        raise
