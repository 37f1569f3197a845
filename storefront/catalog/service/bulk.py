"""Changing many products at once: price, state, category.

First a plan for the page that asks, then the same plan again under locks once the owner has said yes, some products in
each unit. A product that can't be changed so is left out with the reason, and so is one that is no longer as the page
has shown it. Broken off in the middle, the same page sent again does the rest.
"""

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from enum import StrEnum
from typing import Any, NamedTuple

from sqlalchemy import select
from sqlalchemy.orm import selectinload

from storefront.catalog.models import Category, Product, Variant
from storefront.catalog.service import publishing
from storefront.catalog.service.editing import topic_of
from storefront.catalog.service.publishing import Missing
from storefront.catalog.states import ProductState
from storefront.core import db
from storefront.core.clock import now
from storefront.core.errors import N_
from storefront.core.money import Money, payable_step
from storefront.journal import service as journal

MOST_PRODUCTS = 200
_BATCH = 20
# The same limit as for a price that is typed: Stripe takes amounts of up to eight digits.
HIGHEST_AMOUNT = 99_999_999
CHANGED = "products.changed"

_CHANGED_MEANWHILE = N_("It was changed in another window in the meantime, so it was left as it is.")
_CATEGORY_GONE = N_("This category is gone. Please choose another.")
_NOT_READY = {
    Missing.TITLE: N_("It has no title."),
    Missing.VARIANT: N_("No variant is on sale."),
    Missing.GOODS: N_(
        "There is nothing to deliver yet: add a file, a licence, a text or a course, or say that it is sent by post."
    ),
    Missing.LESSONS: N_("The course has no lessons yet."),
}


class PriceChange(StrEnum):
    """How prices change: to an amount, by so many per cent, or by an amount."""

    SET = "set"
    RAISE_PERCENT = "raise_percent"
    LOWER_PERCENT = "lower_percent"
    RAISE = "raise"
    LOWER = "lower"

    @property
    def is_percent(self) -> bool:
        """Whether its number is one of per cent, and not an amount."""
        return self in (PriceChange.RAISE_PERCENT, PriceChange.LOWER_PERCENT)


@dataclass(frozen=True, slots=True)
class Change:
    """What shall become of the products; what is None stays as it is.

    ``number`` is per cent, or minor units of ``currency``. ``moves`` says whether the category changes, to none when
    ``category`` is None.
    """

    price: PriceChange | None = None
    number: Decimal = Decimal(0)
    currency: str = ""
    state: ProductState | None = None
    moves: bool = False
    category: Category | None = None


class Step(NamedTuple):
    """One thing that changes; ``about`` is the variant of a price. Values are Money, states, or names of categories."""

    what: str
    about: str
    before: Any
    after: Any


class Plan(NamedTuple):
    """What would become of one product. With a ``refusal`` it stays as it is; without ``steps`` nothing changes.

    ``mark`` says how the product looked.
    """

    product: Product
    mark: str
    steps: list[Step]
    refusal: str | None


class Outcome(NamedTuple):
    """What became of the products that one page has asked about: the addresses of the changed ones, and why others were
    left out, by address.
    """

    changed: list[str]
    left_out: dict[str, dict[str, str]]


def plans_for(slugs: Sequence[str], change: Change) -> list[Plan]:
    """Return what would become of these products, in their order; those that are gone are left out (5 queries)."""
    statement = (
        select(Product)
        .where(Product.slug.in_(slugs[:MOST_PRODUCTS]))
        .options(selectinload(Product.variants), selectinload(Product.category))
    )
    places = {slug: place for place, slug in enumerate(slugs)}
    products = sorted(db.session().scalars(statement), key=lambda product: places[product.slug])
    return _plans(products, change)


def batches(marks: dict[str, str]) -> Iterator[dict[str, str]]:
    """Yield the products of a page in parts that are written in one short unit each: others write in between."""
    pairs = list(marks.items())[:MOST_PRODUCTS]
    return (dict(pairs[place : place + _BATCH]) for place in range(0, len(pairs), _BATCH))


def change_batch(marks: dict[str, str], change: Change, key: str) -> list[int]:
    """Change the products, named by address with the marks of their plans, in the current unit; return their ids.

    ``key`` is of the page that asked. What was done for it before, because the page is sent again, is not done twice.
    """
    products = _lock(list(marks))
    before = find_outcome(key)
    done = {*before.changed, *before.left_out} if before else set()
    outcome, ids = Outcome([], {}), []
    is_category_gone = change.category is not None and not _exists(change.category)
    for plan in _plans([product for product in products if product.slug not in done], change):
        product = plan.product
        refusal = plan.refusal if plan.mark == marks[product.slug] else _CHANGED_MEANWHILE
        refusal = _CATEGORY_GONE if is_category_gone else refusal
        if refusal is not None:
            outcome.left_out[product.slug] = {"title": product.title, "reason": refusal}
        elif plan.steps:
            _carry_out(product, plan.steps, change)
            outcome.changed.append(product.slug)
            ids.append(product.id)
    for slug in marks.keys() - done - {product.slug for product in products}:
        outcome.left_out[slug] = {"title": slug, "reason": _CHANGED_MEANWHILE}
    if outcome.changed or outcome.left_out or before is None:
        changed = dict.fromkeys(outcome.changed, "")
        journal.write(_topic(key), CHANGED, changed=changed, left_out=outcome.left_out)
    return ids


def find_outcome(key: str) -> Outcome | None:
    """Return what the journal knows of the changes that the page with that key has asked for."""
    entries = journal.entries_of(_topic(key))
    if not entries:
        return None
    changed = [slug for entry in reversed(entries) for slug in entry.data["changed"]]
    left_out = {slug: about for entry in entries for slug, about in entry.data["left_out"].items()}
    return Outcome(changed, left_out)


def _topic(key: str) -> str:
    return f"bulk:{key}"


def _exists(category: Category) -> bool:
    return db.session().scalar(select(Category.id).where(Category.id == category.id)) is not None


def _lock(slugs: list[str]) -> list[Product]:
    """Hold the products until the end of the unit: variants first, in the order in which a checkout locks them."""
    session = db.session()
    ids = session.scalars(select(Product.id).where(Product.slug.in_(slugs))).all()
    variants = select(Variant).where(Variant.product_id.in_(ids)).order_by(Variant.id)
    session.scalars(_locking(variants)).all()
    products = (
        select(Product)
        .where(Product.id.in_(ids), Product.slug.in_(slugs))
        .order_by(Product.id)
        .options(selectinload(Product.variants), selectinload(Product.category))
    )
    return list(session.scalars(_locking(products)))


def _locking(statement: Any) -> Any:
    return statement.with_for_update(key_share=True).execution_options(populate_existing=True)


def _plans(products: Sequence[Product], change: Change) -> list[Plan]:
    is_shown = change.state is ProductState.PUBLISHED
    missing = publishing.what_is_missing_of(products) if is_shown else {}
    return [_plan(product, change, missing.get(product.id, [])) for product in products]


def _plan(product: Product, change: Change, missing: list[Missing]) -> Plan:
    steps = [*_price_steps(product, change), *_category_step(product, change), *_state_step(product, change)]
    refusal = next(_refusals(product, change, missing, steps), None)
    return Plan(product, _mark(product), steps, refusal)


def _price_steps(product: Product, change: Change) -> list[Step]:
    """What is not on sale any more keeps its price."""
    if change.price is None or (not change.price.is_percent and product.currency != change.currency):
        return []
    return [
        Step("price", variant.title, variant.price, Money(amount, variant.currency))
        for variant in product.variants
        if variant.archived_at is None
        and (amount := _new_amount(variant, change.price, change.number)) != variant.price_amount
    ]


def _category_step(product: Product, change: Change) -> list[Step]:
    wanted = change.category.id if change.category else None
    if not change.moves or wanted == product.category_id:
        return []
    before = product.category.name if product.category else None
    return [Step("category", "", before, change.category.name if change.category else None)]


def _state_step(product: Product, change: Change) -> list[Step]:
    if change.state is None or change.state is product.state:
        return []
    return [Step("state", "", product.state, change.state)]


def _new_amount(variant: Variant, how: PriceChange, number: Decimal) -> int:
    """Return the price in minor units, rounded half up to what can be paid in the currency."""
    price = Decimal(variant.price_amount)
    if how is PriceChange.SET:
        wanted = number
    elif how.is_percent:
        wanted = (price * (100 + (number if how is PriceChange.RAISE_PERCENT else -number))).scaleb(-2)
    else:
        wanted = price + (number if how is PriceChange.RAISE else -number)
    step = payable_step(variant.currency) if how.is_percent else 1
    return int((wanted / step).quantize(Decimal(1), ROUND_HALF_UP)) * step


def _refusals(product: Product, change: Change, missing: list[Missing], steps: list[Step]) -> Any:
    """Yield why the product can't be changed so."""
    if change.price is not None and not change.price.is_percent and product.currency != change.currency:
        yield N_("Its prices are in another currency.")
    if any(step.what == "price" for step in steps):
        assert change.price is not None
        for variant in product.variants:
            if variant.archived_at is None:
                yield from _price_refusals(variant, _new_amount(variant, change.price, change.number))
    if change.state is ProductState.PUBLISHED and product.state is not ProductState.PUBLISHED:
        yield from (_NOT_READY[what] for what in missing)


def _price_refusals(variant: Variant, amount: int) -> Any:
    """What the database would refuse, in words."""
    if amount < 0:
        yield N_("The price would be less than nothing.")
    if amount > HIGHEST_AMOUNT:
        yield N_("The price would be higher than the payment page takes.")
    if variant.compare_at_amount is not None and variant.compare_at_amount <= amount:
        yield N_("The price before, which is shown crossed out, would not be higher any more.")
    if variant.sale_amount is not None and variant.sale_amount >= amount:
        yield N_("The sale price would not be lower any more.")
    if variant.suggested_amount is not None and variant.suggested_amount < amount:
        yield N_("The suggested amount would be less than the price.")


def _carry_out(product: Product, steps: list[Step], change: Change) -> None:
    noted: dict[str, Any] = {}
    for variant in product.variants if change.price else []:
        assert change.price is not None
        amount = _new_amount(variant, change.price, change.number)
        if variant.archived_at is None and amount != variant.price_amount:
            noted[f"price {variant.sku}"] = [variant.price_amount, amount]
            variant.price_amount = amount
    for step in steps:
        if step.what == "category":
            noted["category"] = [step.before, step.after]
            product.category_id = change.category.id if change.category else None
    if noted:
        # An editor that is open somewhere must not put back what it was made from.
        product.version += 1
        product.updated_at = now()
        db.session().flush()
        journal.write(topic_of(product), "product.saved", changed=noted)
    if change.state is not None and change.state is not product.state:
        _MOVE[change.state](product)


_MOVE = {
    ProductState.PUBLISHED: publishing.publish,
    ProductState.DRAFT: publishing.withdraw,
    ProductState.ARCHIVED: publishing.archive,
}


def _mark(product: Product) -> str:
    """Return a short mark of what a plan is made from, different whenever one of it is."""
    prices: Iterable[Any] = [
        (variant.id, variant.price_amount, variant.archived_at is None) for variant in product.variants
    ]
    facts = (product.version, product.state.value, product.category_id, list(prices))
    return hashlib.sha256(repr(facts).encode()).hexdigest()[:16]
