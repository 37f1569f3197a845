"""Writing what a plan says, within the unit of its batch."""

from typing import Any

from storefront.catalog.cards import refresh_card, refresh_offer
from storefront.catalog.models import Product, Variant, VariantPrice
from storefront.catalog.price_history import note_prices
from storefront.catalog.service import naming
from storefront.catalog.service.editing import topic_of
from storefront.catalog.service.mistakes import InvalidField
from storefront.catalog.service.tags import key_of, set_tags
from storefront.catalog.states import ProductState, StockReason
from storefront.catalog.stock import set_stock
from storefront.core import db
from storefront.core.clock import now
from storefront.core.errors import Refused
from storefront.importing.comparing import Plan, VariantPlan
from storefront.importing.models import ImportKey, PictureWish
from storefront.importing.shelving import Shelves
from storefront.journal import service as journal
from storefront.search.service import index_product


def shelve(plan: Plan, shelves: Shelves) -> None:
    """Find or make the category of a plan; one that can't be made is the product's error."""
    if not plan.changes_shelf:
        return
    try:
        made = shelves.make(plan.record.shelves or [])
    except (Refused, InvalidField) as error:
        plan.record.refuse(plan.record.line, "category", error.sentence, **error.values)
        return
    plan.values["category_id"] = made.id if made else None


def put(plan: Plan, taken: set[str]) -> Product:
    """Make or change the product and its variants; what is new has no id before the next flush.

    ``taken`` are SKUs and addresses given out in this unit.
    """
    return _make(plan, taken) if plan.product is None else _change(plan.product, plan, taken)


def follow(plan: Plan, product: Product, run_id: int) -> None:
    """Do what follows for a product that was put and flushed: tags, journal, pictures to come, card, index."""
    if plan.tags is not None:
        names = [tag.name for tag in plan.tags]
        set_tags(product.id, names, {key_of(tag.name): tag.translations for tag in plan.tags})
        plan.changed["tags"] = names
    action = "product.imported" if plan.product is None else "product.saved"
    title = {"title": product.title} if plan.product is None else {}
    journal.write(topic_of(product), action, **title, changed=plan.changed)
    for picture in plan.pictures:
        wish = PictureWish(run_id=run_id, product_id=product.id, url=picture.url, alt=picture.alt)
        db.session().add(wish)
    if plan.product is None and not any(each.record.other_prices for each in plan.variants):
        # Neither pictures nor contents yet, which is what its card says already.
        note_prices(product.id)
        refresh_offer(product.id)
    else:
        refresh_card(product.id)
    index_product(product.id)


def remember(key: str, product: Product) -> None:
    """Note how the other shop names the product."""
    db.session().add(ImportKey(key=key, product_id=product.id))


def _make(plan: Plan, taken: set[str]) -> Product:
    record = plan.record
    state = plan.state or ProductState.DRAFT
    published_at = plan.values.pop("published_at", None)
    is_free = record.slug and record.slug not in taken
    slug = record.slug if is_free else _free_slug(plan.values["title"])
    taken.add(slug)
    product = Product(
        slug=slug,
        state=state,
        currency=record.currency,
        published_at=published_at or (now() if state is ProductState.PUBLISHED else None),
        facts={"contents": []},
        **plan.values,
    )
    product.variants = [_new_variant(product, each, taken) for each in plan.variants]
    plan.changed = {f"price {variant.sku}": [None, variant.price_amount] for variant in product.variants}
    db.session().add(product)
    return product


def _free_slug(title: str) -> str:
    db.session().flush()
    return naming.free_product_slug(title)


def _change(product: Product, plan: Plan, taken: set[str]) -> Product:
    changed = plan.changed
    for name, value in plan.values.items():
        _note(changed, name, getattr(product, name), value)
        setattr(product, name, value)
    if plan.state is not None and plan.state is not product.state:
        _note(changed, "state", product.state.value, plan.state.value)
        product.state = plan.state
    if product.state is ProductState.PUBLISHED and product.published_at is None:
        product.published_at = now()
    for each in plan.variants:
        if each.variant is None:
            made = _new_variant(product, each, taken)
            product.variants.append(made)
            changed[f"price {made.sku}"] = [None, made.price_amount]
        else:
            _change_variant(each.variant, each, changed)
    product.version += 1
    product.updated_at = now()
    return product


def _new_variant(product: Product, plan: VariantPlan, taken: set[str]) -> Variant:
    values = {"options": {}, "title": "", **plan.values}
    values["sku"] = values.get("sku") or naming.free_sku(product.slug, taken)
    taken.add(values["sku"])
    variant = Variant(currency=product.currency, reserved=0, sold=0, **values)
    set_stock(variant, plan.record.stock, StockReason.RECEIVED)
    _set_other_prices(variant, plan.record.other_prices or {})
    return variant


def _change_variant(variant: Variant, plan: VariantPlan, changed: dict[str, Any]) -> None:
    sku = variant.sku
    names = {"price_amount": "price", "compare_at_amount": "compare_at", "archived_at": "archived"}
    for name, value in plan.values.items():
        _note(changed, f"{names.get(name, name)} {sku}", getattr(variant, name), value)
        setattr(variant, name, value)
    if plan.changes_stock:
        changed[f"stock {sku}"] = [variant.stock, plan.record.stock]
        set_stock(variant, plan.record.stock)
    if plan.changes_prices:
        before = {each.currency: each.amount for each in variant.other_prices}
        changed[f"other_prices {sku}"] = [before, plan.record.other_prices]
        _set_other_prices(variant, plan.record.other_prices or {})


def _set_other_prices(variant: Variant, wanted: dict[str, int]) -> None:
    variant.other_prices = [
        VariantPrice(currency=currency, amount=amount) for currency, amount in wanted.items()
    ]


def _note(changed: dict[str, Any], name: str, before: Any, after: Any) -> None:
    """Short things as they are; of long texts and of translations only that they changed."""
    what = name.partition(" ")[0]
    if what in ("summary", "description", "translations", "options", "option_names", "specifications"):
        changed["texts"] = []
    elif what == "archived":
        changed[name] = [before is not None, after is not None]
    elif what == "category_id":
        changed["category"] = [before, after]
    else:
        changed[name] = [_plain(before), _plain(after)]


def _plain(value: Any) -> Any:
    return value.isoformat() if hasattr(value, "isoformat") else value
