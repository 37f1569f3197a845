"""The shelves of the shop."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import count

from sqlalchemy import delete, func, select
from sqlalchemy.exc import IntegrityError

from storefront.catalog.models import Category, OldCategorySlug, Product
from storefront.catalog.pictures import EncodedPicture
from storefront.catalog.service import naming, shelf_pictures
from storefront.catalog.service.mistakes import InvalidField
from storefront.catalog.service.ordering import reordered
from storefront.catalog.service.texts import merged
from storefront.core import db
from storefront.core.errors import N_, Refused
from storefront.journal import service as journal

TOPIC = "categories"
MOST_CATEGORIES = 200
# Nobody finds what lies deeper, and the way to it would not fit on a phone.
MOST_LEVELS = 8


@dataclass(frozen=True, slots=True)
class CategoryInput:
    """A category as the owner wants it; ``slug`` empty makes one from the name."""

    name: str
    slug: str = ""
    description: str = ""
    parent_id: int | None = None
    translations: dict[str, dict[str, str]] = field(default_factory=dict)
    alt: str = ""
    alt_translations: dict[str, dict[str, str]] = field(default_factory=dict)


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


def levels(categories: Sequence[Category]) -> dict[int, int]:
    """Return how deep each category lies, by id; those at the top lie at 0."""
    parents = {category.id: category.parent_id for category in categories}
    return {category_id: len(_way_up(category_id, parents)) - 1 for category_id in parents}


def create(wanted: CategoryInput) -> Category:
    """Add a category at the end of those beside it.

    Raises:
        InvalidField: the address is odd or taken, or the parent is gone or lies too deep.
    """
    session = db.session()
    present = _tree()
    if len(present) >= MOST_CATEGORIES:
        raise Refused(N_("That is a lot: there can be up to %(most)s here."), most=MOST_CATEGORIES)
    category = Category(
        slug=wanted.slug or naming.free_category_slug(wanted.name),
        name=wanted.name,
        description=wanted.description,
        parent_id=wanted.parent_id,
        position=len(present),
        translations=merged({}, wanted.translations),
    )
    _check(category, present)
    session.add(category)
    _flush()
    _number([*present, category])
    journal.write(TOPIC, "category.created", name=category.name)
    return category


def save(category: Category, wanted: CategoryInput) -> None:
    """Change a category.

    Raises:
        InvalidField: the address is odd or taken, or the parent is the category itself, below it, or too deep.
    """
    present = _tree()
    before, old_slug = category.name, category.slug
    category.name, category.description = wanted.name, wanted.description
    category.slug = wanted.slug or category.slug
    category.parent_id = wanted.parent_id
    category.translations = merged(category.translations, wanted.translations)
    shelf_pictures.describe(category, wanted.alt, merged({}, wanted.alt_translations))
    _check(category, present)
    _flush()
    _number(present)
    if category.slug != old_slug:
        _remember_slug(category, old_slug)
    journal.write(TOPIC, "category.saved", name=[before, category.name])


def move(wanted: Sequence[str], step: str | None = None) -> None:
    """Put the categories, named by their slugs, in the wanted order among those beside them, then make one step.

    The step is ``SLUG:up`` or ``SLUG:down``; a category takes all that is inside of it along.
    """
    if _number(_tree(), wanted, step):
        journal.write(TOPIC, "category.moved")


def put_picture(category: Category, encoded: EncodedPicture) -> None:
    """Show the picture on the page of the category."""
    shelf_pictures.put(category, encoded)
    journal.write(TOPIC, "category.picture", name=category.name)


def take_picture(category: Category) -> None:
    """Show no picture any more."""
    shelf_pictures.take(category)
    journal.write(TOPIC, "category.picture", name=category.name)


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
    shelf_pictures.take(category)
    session.flush()
    session.execute(
        delete(Category).where(Category.id == category.id).execution_options(synchronize_session=False)
    )
    journal.write(TOPIC, "category.removed", name=category.name)


def _tree() -> list[Category]:
    """Return all categories in their order, kept from others until the end of this unit: two owners can't make a
    circle together.
    """
    statement = select(Category).order_by(Category.position, Category.id).with_for_update()
    return list(db.session().scalars(statement.execution_options(populate_existing=True)))


def _check(category: Category, present: Sequence[Category]) -> None:
    if not naming.is_slug(category.slug):
        raise InvalidField("slug", N_("Use small letters, digits and single dashes, such as two-inks."))
    parents = {each.id: each.parent_id for each in present}
    if category.parent_id is not None and category.parent_id not in parents:
        raise InvalidField("parent", N_("This category is gone. Please choose another."))
    way = _way_up(category.parent_id, parents)
    if category.id in way:
        raise InvalidField("parent", N_("A category can't be inside itself."))
    below = [_way_up(each.id, parents) for each in present]
    height = max((way.index(category.id) for way in below if category.id in way), default=0)
    if len(way) + 1 + height > MOST_LEVELS:
        raise InvalidField(
            "parent", N_("Categories can lie up to %(most)s levels deep in one another."), most=MOST_LEVELS
        )


def _way_up(category_id: int | None, parents: Mapping[int, int | None]) -> list[int]:
    """Return the category and those above it; a circle ends where it closes."""
    way: list[int] = []
    while category_id is not None and category_id not in way:
        way.append(category_id)
        category_id = parents.get(category_id)
    return way


def _number(categories: Sequence[Category], wanted: Sequence[str] = (), step: str | None = None) -> bool:
    """Count through the tree, with those beside one another in the wanted order; say whether anything moved."""
    inside: dict[int | None, list[str]] = {}
    for category in categories:
        inside.setdefault(category.parent_id, []).append(category.slug)
    by_slug = {category.slug: category for category in categories}
    before = [category.position for category in categories]
    counted = count()

    def number(parent_id: int | None) -> None:
        for slug in reordered(inside.get(parent_id, []), wanted, step):
            by_slug[slug].position = next(counted)
            number(by_slug[slug].id)

    number(None)
    return before != [category.position for category in categories]


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
