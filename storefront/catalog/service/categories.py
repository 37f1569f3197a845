"""The shelves of the shop."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from sqlalchemy import delete, func, select
from sqlalchemy.exc import IntegrityError

from storefront.catalog.models import Category, OldCategorySlug, Product
from storefront.catalog.service import naming
from storefront.catalog.service.mistakes import InvalidField
from storefront.catalog.service.ordering import place
from storefront.catalog.service.texts import merged
from storefront.core import db
from storefront.core.errors import N_, Refused
from storefront.journal import service as journal

TOPIC = "categories"
MOST_CATEGORIES = 200


@dataclass(frozen=True, slots=True)
class CategoryInput:
    """A category as the owner wants it; ``slug`` empty makes one from the name."""

    name: str
    slug: str = ""
    description: str = ""
    parent_id: int | None = None
    translations: dict[str, dict[str, str]] = field(default_factory=dict)


class NotEmpty(Refused):
    """Products or other categories stand on this shelf."""

    sentence = N_("%(name)s is not empty: %(products)s products and %(categories)s categories are in it.")


def get(slug: str) -> Category:
    """Return the category.

    Raises:
        NotFound: there is none.
    """
    return db.get_or_404(Category, Category.slug == slug)


def product_counts() -> dict[int, int]:
    """Return how many products, in any state, each category holds itself; empty ones are left out."""
    statement = (
        select(Product.category_id, func.count())
        .where(Product.category_id.is_not(None))
        .group_by(Product.category_id)
    )
    return {category_id: count for category_id, count in db.session().execute(statement) if category_id}


def products_of(category: Category) -> list[int]:
    """Return the ids of the products on the shelf."""
    return list(db.session().scalars(select(Product.id).where(Product.category_id == category.id)))


def create(wanted: CategoryInput) -> Category:
    """Add a category at the end.

    Raises:
        InvalidField: the address is odd or taken, or the parent is gone.
    """
    session = db.session()
    count, last = session.execute(
        select(func.count(Category.id), func.coalesce(func.max(Category.position), -1))
    ).one()
    if count >= MOST_CATEGORIES:
        raise Refused(N_("That is a lot: there can be up to %(most)s here."), most=MOST_CATEGORIES)
    category = Category(
        slug=wanted.slug or naming.free_category_slug(wanted.name),
        name=wanted.name,
        description=wanted.description,
        parent_id=wanted.parent_id,
        position=last + 1,
        translations=merged({}, wanted.translations),
    )
    _check(category)
    session.add(category)
    _flush()
    journal.write(TOPIC, "category.created", name=category.name)
    return category


def save(category: Category, wanted: CategoryInput) -> None:
    """Change a category.

    Raises:
        InvalidField: the address is odd or taken, or the parent is the category itself or below it.
    """
    before, old_slug = category.name, category.slug
    category.name, category.description = wanted.name, wanted.description
    category.slug = wanted.slug or category.slug
    category.parent_id = wanted.parent_id
    category.translations = merged(category.translations, wanted.translations)
    _check(category)
    _flush()
    if category.slug != old_slug:
        _remember_slug(category, old_slug)
    journal.write(TOPIC, "category.saved", name=[before, category.name])


def move(wanted: Sequence[str], step: str | None = None) -> None:
    """Put the categories, named by their slugs, in the wanted order, then make one step (``SLUG:up``)."""
    categories = db.session().scalars(select(Category).order_by(Category.position, Category.id))
    if place({category.slug: category for category in categories}, wanted, step):
        journal.write(TOPIC, "category.moved")


def remove(category: Category) -> None:
    """Delete an empty category.

    Raises:
        NotEmpty: products or categories are in it.
    """
    session = db.session()
    products = session.scalar(
        select(func.count()).select_from(Product).where(Product.category_id == category.id)
    )
    children = session.scalar(
        select(func.count()).select_from(Category).where(Category.parent_id == category.id)
    )
    if products or children:
        raise NotEmpty(name=category.name, products=products or 0, categories=children or 0)
    session.execute(
        delete(Category).where(Category.id == category.id).execution_options(synchronize_session=False)
    )
    journal.write(TOPIC, "category.removed", name=category.name)


def _check(category: Category) -> None:
    if not naming.is_slug(category.slug):
        raise InvalidField("slug", N_("Use small letters, digits and single dashes, such as two-inks."))
    with db.session().no_autoflush:
        rows = db.session().execute(select(Category.id, Category.parent_id))
        parents = {row.id: row.parent_id for row in rows}
    seen = {category.id}
    parent_id = category.parent_id
    if parent_id is not None and parent_id not in parents:
        raise InvalidField("parent", N_("This category is gone. Please choose another."))
    while parent_id is not None:
        if parent_id in seen:
            raise InvalidField("parent", N_("A category can't be inside itself."))
        seen.add(parent_id)
        parent_id = parents.get(parent_id)


def _remember_slug(category: Category, old_slug: str) -> None:
    """Links to the address that it had go on leading here; an address that is taken again belongs to who has it now."""
    session = db.session()
    session.execute(delete(OldCategorySlug).where(OldCategorySlug.slug.in_((old_slug, category.slug))))
    session.add(OldCategorySlug(slug=old_slug, category_id=category.id))


def _flush() -> None:
    try:
        db.session().flush()
    except IntegrityError as error:
        if "slug" in db.constraint_of(error):
            raise InvalidField("slug", N_("Another category has this address.")) from error
        raise
