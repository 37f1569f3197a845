"""Making and changing products and their variants."""

from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import case, delete, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import selectinload

from storefront.catalog.cards import refresh_offer
from storefront.catalog.choosing import MOST_AXES
from storefront.catalog.models import Category, OldSlug, Product, Variant, VariantPrice
from storefront.catalog.price_history import note_prices
from storefront.catalog.service import naming
from storefront.catalog.service.mistakes import InvalidField, SavedMeanwhile
from storefront.catalog.service.tags import set_tags
from storefront.catalog.service.texts import merged
from storefront.catalog.showing import choices_of, follow_renames
from storefront.catalog.states import ProductKind, ProductState
from storefront.catalog.stock import set_stock
from storefront.core import db
from storefront.core.clock import datetime, now
from storefront.core.errors import N_, NotFound
from storefront.core.money import exponent_of
from storefront.journal import service as journal

MOST_VARIANTS = 100


@dataclass(frozen=True, slots=True)
class VariantInput:
    """A variant as the owner wants it. ``stock_seen`` is what the form showed; amounts are minor units.

    Without ``id`` it is a new one; without ``sku`` it gets one. ``name`` is what the form calls this line. ``options``
    are its values of the product's several options, in their order. A sale without a start begins at once.
    """

    id: int | None
    title: str
    price_amount: int
    compare_at_amount: int | None = None
    sku: str = ""
    stock: int | None = None
    stock_seen: int | None = None
    is_archived: bool = False
    name: str = "variants-0"
    translations: dict[str, dict[str, str]] = field(default_factory=dict)
    options: tuple[str, ...] = ()
    sale_amount: int | None = None
    sale_starts_at: datetime | None = None
    sale_ends_at: datetime | None = None
    pays_what_they_want: bool = False
    suggested_amount: int | None = None
    cost_amount: int | None = None
    low_stock: int | None = None
    weight_grams: int | None = None
    barcode: str = ""
    picture_id: int | None = None
    other_prices: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ProductInput:
    """A product as the owner wants it; variants in their order, those left out stay as they are, as do its tags when
    they are None.

    ``option_names`` says in what the variants differ: with one (Size) the titles are its values, with several the
    titles follow from the options.
    """

    title: str
    slug: str
    kind: ProductKind
    variants: list[VariantInput]
    summary: str = ""
    description: str = ""
    category_id: int | None = None
    requires_shipping: bool = False
    # A word of ``taxes.states``; None leaves it as it is.
    tax_class: str | None = None
    published_at: datetime | None = None
    option_names: tuple[str, ...] = ()
    specifications: list[dict[str, Any]] = field(default_factory=list)
    tags: list[str] | None = None
    translations: dict[str, dict[str, str]] = field(default_factory=dict)


def topic_of(product: Product) -> str:
    """Return how the journal names the product."""
    return f"product:{product.id}"


def find_for_owner(slug: str) -> Product | None:
    """Return the product that has or had the address, with variants, whatever its state."""
    had = select(OldSlug.product_id).where(OldSlug.slug == slug).scalar_subquery()
    statement = (
        select(Product)
        .where((Product.slug == slug) | (Product.id == had))
        .options(selectinload(Product.variants).selectinload(Variant.other_prices))
    )
    return db.session().scalar(statement)


def get_for_owner(slug: str) -> Product:
    """Return the product that has or had the address, with variants.

    Raises:
        NotFound: there is none.
    """
    product = find_for_owner(slug)
    if product is None:
        raise NotFound
    return product


def lock(slug: str) -> Product:
    """Return the product with its variants, kept from others until the end of this unit.

    Variants are locked before the product, in the order in which a checkout does it.

    Raises:
        NotFound: there is none.
    """
    session = db.session()
    product_id = get_for_owner(slug).id
    variants = select(Variant).where(Variant.product_id == product_id).order_by(Variant.id)
    session.scalars(_locking(variants)).all()
    statement = (
        select(Product)
        .where(Product.id == product_id)
        .options(selectinload(Product.variants).selectinload(Variant.other_prices))
    )
    product: Product | None = session.scalar(_locking(statement))
    if product is None:
        raise NotFound
    return product


def create(title: str, kind: ProductKind, price_amount: int, currency: str) -> Product:
    """Make a draft with one variant. ``price_amount`` in minor units of ``currency``."""
    slug = naming.free_product_slug(title)
    product = Product(
        slug=slug,
        kind=kind,
        title=title,
        currency=currency,
        requires_shipping=kind is ProductKind.PHYSICAL,
        translations={},
        facts={},
    )
    product.variants = [_new_variant(slug, currency, VariantInput(None, "", price_amount), set())]
    db.session().add(product)
    db.session().flush()
    journal.write(topic_of(product), "product.created", title=title, price=price_amount)
    return product


def save(product: Product, wanted: ProductInput, version: int) -> None:
    """Change a locked product into what the owner wants, and note what changed in the journal.

    Raises:
        SavedMeanwhile: the product is no longer at ``version``, which the form was made from.
        InvalidField: an address or SKU is taken, some were sold meanwhile, or no variant would be left.
    """
    if product.version != version:
        raise SavedMeanwhile
    before = _noted(product)
    _save_slug(product, wanted.slug)
    _save_texts(product, wanted)
    _save_variants(product, wanted)
    product.version += 1
    product.updated_at = now()
    _flush()
    has_other_tags = wanted.tags is not None and set_tags(product.id, wanted.tags)
    _note(product, before, {"tags": wanted.tags} if has_other_tags else {})


def redenominate(currency: str) -> None:
    """Give all products another currency and keep the numbers of their prices: 19.90 stays 19.90 (20 in yen).

    Sales end. Only for a shop in which nothing was ever ordered.
    """
    session = db.session()
    # What was the price in another currency is not the price any more.
    session.execute(delete(VariantPrice).where(VariantPrice.currency == currency))
    for before in session.scalars(select(Product.currency).distinct()).all():
        step = exponent_of(currency) - exponent_of(before)
        session.execute(
            update(Variant)
            .where(Variant.currency == before)
            .values(
                currency=currency,
                sale_amount=None,
                sale_starts_at=None,
                sale_ends_at=None,
                sale_before_amount=None,
                suggested_amount=_scaled(Variant.suggested_amount, step),
                cost_amount=_scaled(Variant.cost_amount, step),
                price_amount=_scaled(Variant.price_amount, step),
                compare_at_amount=case(
                    (
                        _scaled(Variant.compare_at_amount, step) > _scaled(Variant.price_amount, step),
                        _scaled(Variant.compare_at_amount, step),
                    )
                ),
            )
            .execution_options(synchronize_session=False)
        )
        session.execute(
            update(Product)
            .where(Product.currency == before)
            .values(currency=currency, price_amount=_scaled(Product.price_amount, step))
            .execution_options(synchronize_session=False)
        )
    for product_id in session.scalars(select(Product.id)).all():
        refresh_offer(product_id)
        note_prices(product_id)


def _scaled(amount: Any, step: int) -> Any:
    """Return an amount with so many more (or fewer) decimals, rounded half up."""
    if step >= 0:
        return amount * 10**step
    return (amount + 10**-step // 2) // 10**-step


def _save_texts(product: Product, wanted: ProductInput) -> None:
    if wanted.category_id is not None and db.session().get(Category, wanted.category_id) is None:
        raise InvalidField("category", N_("This category is gone. Please choose another."))
    product.title = wanted.title
    product.summary = wanted.summary
    product.description = wanted.description
    product.kind = wanted.kind
    product.category_id = wanted.category_id
    product.requires_shipping = wanted.requires_shipping
    if wanted.tax_class is not None:
        product.tax_class = wanted.tax_class
    product.translations = merged(product.translations, wanted.translations)
    product.specifications = wanted.specifications or None
    product.published_at = wanted.published_at
    if product.state is ProductState.PUBLISHED and wanted.published_at is None:
        product.published_at = now()


def _save_slug(product: Product, slug: str) -> None:
    """Give the product its address; the one before goes on leading to it."""
    if slug == product.slug:
        return
    if not naming.is_slug(slug):
        raise InvalidField("slug", N_("Use small letters, digits and single dashes, such as two-inks."))
    if naming.is_slug_taken(slug, product.id):
        raise InvalidField("slug", N_("Another product has this address."))
    session = db.session()
    session.execute(delete(OldSlug).where(OldSlug.slug == slug))
    session.add(OldSlug(slug=product.slug, product_id=product.id))
    product.slug = slug


def _save_variants(product: Product, wanted: ProductInput) -> None:
    if len(product.variants) + sum(each.id is None for each in wanted.variants) > MOST_VARIANTS:
        raise InvalidField("variants", N_("A product can have up to %(most)s variants."), most=MOST_VARIANTS)
    known = {variant.id: variant for variant in product.variants}
    before = {id_: choices_of(variant.options, variant.title) for id_, variant in known.items()}
    taken: set[str] = set()
    names = [name for name in wanted.option_names if name][:MOST_AXES]
    product.option_names = names if len(names) > 1 else None
    for place, each in enumerate(wanted.variants):
        variant = known.get(each.id) if each.id else None
        if variant is None:
            variant = _new_variant(product.slug, product.currency, each, taken)
            product.variants.append(variant)
        else:
            _change_variant(variant, each)
        _save_options(variant, names, each)
        _save_price(variant, each)
        _save_facts(variant, each)
        _save_sku(variant, each, taken)
        variant.position = place
    _require_different(product, wanted)
    follow_renames(product.id, before, known.values())
    if all(variant.archived_at for variant in product.variants):
        raise InvalidField("variants", N_("A product needs at least one variant that can be bought."))


def _save_options(variant: Variant, names: list[str], wanted: VariantInput) -> None:
    if len(names) > 1:
        if len(wanted.options) != len(names) or not all(wanted.options):
            raise InvalidField(f"{wanted.name}-option_1", N_("Please fill in each option."))
        variant.options = dict(zip(names, wanted.options, strict=True))
        variant.title = " / ".join(wanted.options)[:120]
    else:
        variant.options = {names[0]: variant.title} if names and variant.title else {}


def _require_different(product: Product, wanted: ProductInput) -> None:
    """Nobody could choose between two variants on offer with the same options."""
    seen: set[tuple[str, ...]] = set()
    for each in wanted.variants if product.option_names else []:
        if not each.is_archived and each.options in seen:
            raise InvalidField(f"{each.name}-option_1", N_("Another variant has the same options."))
        seen.add(each.options)


def _save_price(variant: Variant, wanted: VariantInput) -> None:
    """A sale begins at the earliest now: what was not offered then can't have been a sale."""
    if wanted.sale_amount is None:
        variant.sale_amount = variant.sale_starts_at = variant.sale_ends_at = None
    else:
        moment = now().replace(microsecond=0)
        starts_at = wanted.sale_starts_at or variant.sale_starts_at or moment
        if starts_at != variant.sale_starts_at:
            starts_at = max(starts_at, moment)
        if wanted.sale_ends_at is not None and wanted.sale_ends_at <= starts_at:
            raise InvalidField(f"{wanted.name}-sale_ends", N_("A sale ends after it began."))
        variant.sale_amount = wanted.sale_amount
        variant.sale_starts_at, variant.sale_ends_at = starts_at, wanted.sale_ends_at
    variant.pays_what_they_want = wanted.pays_what_they_want
    variant.suggested_amount = wanted.suggested_amount if wanted.pays_what_they_want else None
    variant.cost_amount = wanted.cost_amount
    kept = {price.currency: price for price in variant.other_prices}
    for currency, amount in wanted.other_prices.items():
        kept.setdefault(currency, VariantPrice(currency=currency)).amount = amount
    variant.other_prices = [price for currency, price in kept.items() if currency in wanted.other_prices]


def _save_facts(variant: Variant, wanted: VariantInput) -> None:
    variant.low_stock = wanted.low_stock
    variant.weight_grams, variant.barcode = wanted.weight_grams, wanted.barcode
    variant.picture_id = wanted.picture_id


def _new_variant(slug: str, currency: str, wanted: VariantInput, taken: set[str]) -> Variant:
    variant = Variant(
        sku=wanted.sku or naming.free_sku(slug, taken),
        title=wanted.title,
        price_amount=wanted.price_amount,
        compare_at_amount=wanted.compare_at_amount,
        currency=currency,
        options={},
        translations=merged({}, wanted.translations),
        reserved=0,
        sold=0,
        archived_at=now() if wanted.is_archived else None,
        other_prices=[],
    )
    set_stock(variant, wanted.stock)
    return variant


def _change_variant(variant: Variant, wanted: VariantInput) -> None:
    variant.title = wanted.title
    variant.price_amount = wanted.price_amount
    variant.compare_at_amount = wanted.compare_at_amount
    variant.translations = merged(variant.translations, wanted.translations)
    if wanted.is_archived != (variant.archived_at is not None):
        variant.archived_at = now() if wanted.is_archived else None
    if wanted.stock != wanted.stock_seen:
        if variant.stock != wanted.stock_seen:
            raise InvalidField(
                f"{wanted.name}-stock",
                N_("Some were sold or came back meanwhile: there are %(stock)s now. How many are there?"),
                stock="∞" if variant.stock is None else variant.stock,
            )
        set_stock(variant, wanted.stock)


def _save_sku(variant: Variant, wanted: VariantInput, taken: set[str]) -> None:
    sku = wanted.sku or variant.sku
    if sku in taken or naming.is_sku_taken(sku, variant.id):
        raise InvalidField(f"{wanted.name}-sku", N_("Another variant has this SKU."))
    taken.add(sku)
    variant.sku = sku


def _flush() -> None:
    """Two owners at once are decided by the database."""
    try:
        db.session().flush()
    except IntegrityError as error:
        name = db.constraint_of(error)
        if "slug" in name:
            raise InvalidField("slug", N_("Another product has this address.")) from error
        if "sku" in name:
            raise InvalidField("variants", N_("Another variant has this SKU.")) from error
        raise


def _locking(statement: Any) -> Any:
    """Lock rows against change, but let others refer to them: a checkout need not wait for that."""
    return statement.with_for_update(key_share=True).execution_options(populate_existing=True)


def _noted(product: Product) -> dict[str, Any]:
    """Return what the journal compares: short things as they are, texts only by a mark that they changed."""
    facts: dict[str, Any] = {
        "title": product.title,
        "slug": product.slug,
        "kind": product.kind.value,
        "category": product.category_id,
        "requires_shipping": product.requires_shipping,
        "tax_class": product.tax_class,
        "published_at": product.published_at.isoformat() if product.published_at else None,
        "texts": hash(
            (product.summary, product.description, str(product.translations), _variant_texts(product))
        ),
    }
    for variant in product.variants:
        facts[f"price {variant.sku}"] = variant.price_amount
        facts[f"compare_at {variant.sku}"] = variant.compare_at_amount
        facts[f"sale {variant.sku}"] = _noted_sale(variant)
        facts[f"stock {variant.sku}"] = variant.stock
        facts[f"archived {variant.sku}"] = variant.archived_at is not None
    return facts


def _note(product: Product, before: dict[str, Any], others: dict[str, Any]) -> None:
    after = _noted(product)
    changed = {
        name: [before.get(name), after.get(name)]
        for name in sorted({*before, *after})
        if before.get(name) != after.get(name) and name != "texts"
    }
    if before["texts"] != after["texts"]:
        changed["texts"] = []
    journal.write(topic_of(product), "product.saved", changed=changed | others)


def _noted_sale(variant: Variant) -> list[str] | None:
    moments = (variant.sale_starts_at, variant.sale_ends_at)
    known = [moment.isoformat() for moment in moments if moment is not None]
    return None if variant.sale_amount is None else [str(variant.sale_amount), *known]


def _variant_texts(product: Product) -> str:
    return str(
        [(variant.id, variant.title, variant.translations, variant.position) for variant in product.variants]
    )
