"""What would change: a product of a file beside the product of the shop. Nothing is written here."""

from dataclasses import dataclass, field
from typing import Any

from storefront.catalog.choosing import option_names
from storefront.catalog.models import Product, Variant
from storefront.catalog.service.editing import MOST_VARIANTS
from storefront.catalog.service.publishing import what_is_missing
from storefront.catalog.service.tags import key_of
from storefront.catalog.service.texts import merged
from storefront.catalog.states import ProductState
from storefront.core.clock import now
from storefront.core.errors import N_
from storefront.importing.matching import Known
from storefront.importing.records import PictureRecord, ProductRecord, TagRecord, VariantRecord
from storefront.importing.shelving import Shelves


@dataclass(slots=True)
class VariantPlan:
    """A variant with what is to be set; ``variant`` is None for a new one."""

    record: VariantRecord
    variant: Variant | None
    values: dict[str, Any] = field(default_factory=dict)
    changes_stock: bool = False
    changes_prices: bool = False

    @property
    def is_changed(self) -> bool:
        """Whether anything would be written."""
        return self.variant is None or bool(self.values) or self.changes_stock or self.changes_prices


@dataclass(slots=True)
class Plan:
    """A product with what is to be set; ``product`` is None for a new one."""

    record: ProductRecord
    product: Product | None
    values: dict[str, Any] = field(default_factory=dict)
    variants: list[VariantPlan] = field(default_factory=list)
    pictures: list[PictureRecord] = field(default_factory=list)
    tags: list[TagRecord] | None = None
    state: ProductState | None = None
    changes_shelf: bool = False
    changed: dict[str, Any] = field(default_factory=dict)
    """What was written, as the journal has it."""

    @property
    def is_changed(self) -> bool:
        """Whether anything would be written."""
        return bool(
            self.product is None
            or self.values
            or self.pictures
            or self.tags is not None
            or self.state
            or self.changes_shelf
            or any(each.is_changed for each in self.variants)
        )


def compare(
    record: ProductRecord, product: Product | None, known: Known, shelves: Shelves, *, with_pictures: bool
) -> Plan:
    """Return what the record changes; what is wrong with it becomes its notes."""
    plan = Plan(record, product)
    _compare_texts(plan)
    plan.variants = _variant_plans(plan, known)
    _check_variants(plan)
    _compare_state(plan)
    plan.changes_shelf = _changes_shelf(plan, shelves)
    plan.tags = _other_tags(record, known.tags.get(product.id, set()) if product else set())
    if with_pictures:
        urls = known.urls.get(product.id, set()) if product else set()
        plan.pictures = [picture for picture in record.pictures if picture.url not in urls]
    return plan


def _other_tags(record: ProductRecord, present: set[str]) -> list[TagRecord] | None:
    """Return the tags that the file wants, None when it wants those that are there."""
    wanted = {key_of(tag.name) for tag in record.tags or []}
    return None if record.tags is None or wanted == present else record.tags


def _compare_texts(plan: Plan) -> None:
    record, product = plan.record, plan.product
    if product is None:
        names = {"option_names": record.option_names} if record.option_names else {}
        plan.values = {
            **names,
            **record.defaults,
            **record.fields,
            "translations": merged({}, record.translations),
        }
        if not plan.values.get("title"):
            record.refuse(record.line, "title", N_("A product needs a title."))
        if not record.is_exact or "kind" in plan.values:
            return
        record.refuse(record.line, "kind", N_("A new product needs a kind."))
        return
    if record.slug and record.is_exact and product.slug != record.slug:
        record.warn(
            record.line, "slug", N_("The shop knows this product as %(slug)s; that stays."), slug=product.slug
        )
    plan.values = {name: value for name, value in record.fields.items() if getattr(product, name) != value}
    translations = merged(product.translations, record.translations)
    if translations != (product.translations or {}):
        plan.values["translations"] = translations
    present = option_names(product.option_names, [each.options for each in product.variants])
    if record.option_names and record.option_names != present:
        plan.values["option_names"] = record.option_names


def _variant_plans(plan: Plan, known: Known) -> list[VariantPlan]:
    present = list(plan.product.variants) if plan.product else []
    plans = []
    for record in plan.record.variants:
        owner = known.sku_owners.get(record.sku) if record.sku else None
        if owner is not None and (plan.product is None or owner != plan.product.id):
            plan.record.refuse(record.line, "SKU", N_("Another product of the shop has this SKU."))
        variant = _same_variant(record, present, len(plan.record.variants))
        if variant is not None:
            present.remove(variant)
        plans.append(_variant_plan(record, variant))
    _place(plan, plans, has_others=bool(present))
    return plans


def _same_variant(record: VariantRecord, present: list[Variant], count: int) -> Variant | None:
    """By SKU; else by options; else the only one is the only one."""
    if record.sku and (found := next((each for each in present if each.sku == record.sku), None)):
        return found
    options = record.fields.get("options") or {}
    if options:
        return next((each for each in present if each.options == options), None)
    if count == 1 and len(present) == 1 and not present[0].options:
        return present[0]
    return None


def _variant_plan(record: VariantRecord, variant: Variant | None) -> VariantPlan:
    plan = VariantPlan(record, variant)
    wanted = dict(record.fields)
    if record.sku:
        wanted["sku"] = record.sku
    if variant is None:
        plan.values = {**wanted, "translations": merged({}, record.translations)}
        plan.values["archived_at"] = now() if record.is_archived else None
        return plan
    plan.values = {name: value for name, value in wanted.items() if getattr(variant, name) != value}
    translations = merged(variant.translations, record.translations)
    if translations != (variant.translations or {}):
        plan.values["translations"] = translations
    if record.is_archived is not None and record.is_archived != (variant.archived_at is not None):
        plan.values["archived_at"] = now() if record.is_archived else None
    plan.changes_stock = record.has_stock and variant.stock != record.stock
    if record.other_prices is not None:
        plan.changes_prices = {
            each.currency: each.amount for each in variant.other_prices
        } != record.other_prices
    return plan


def _place(plan: Plan, plans: list[VariantPlan], *, has_others: bool) -> None:
    """The order of the file counts when it names all variants; else new ones go to the end."""
    last = max((each.position for each in plan.product.variants), default=-1) if plan.product else -1
    for place, each in enumerate(plans):
        if each.variant is None:
            last += 1
            each.values["position"] = last if has_others else place
        elif not has_others and each.variant.position != place:
            each.values["position"] = place


def _check_variants(plan: Plan) -> None:
    record = plan.record
    for each in plan.variants:
        price = _wanted(each, "price_amount")
        before = _wanted(each, "compare_at_amount")
        if price is None:
            record.refuse(each.record.line, "price", N_("A variant needs a price."))
        elif before is not None and before <= price:
            record.refuse(each.record.line, "price", N_("The price before must be above the price."))
        else:
            _check_offers(record, each, price)
    if not plan.variants and plan.product is None:
        record.refuse(record.line, "", N_("A product needs at least one variant that can be bought."))
    touched = {each.variant.id for each in plan.variants if each.variant}
    others = [each for each in plan.product.variants if each.id not in touched] if plan.product else []
    if len(plan.variants) + len(others) > MOST_VARIANTS:
        record.refuse(record.line, "", N_("A product can have up to %(most)s variants."), most=MOST_VARIANTS)
    gone = [_wanted(each, "archived_at") for each in plan.variants] + [each.archived_at for each in others]
    if plan.variants and all(gone):
        record.refuse(record.line, "", N_("A product needs at least one variant that can be bought."))


def _check_offers(record: ProductRecord, plan: VariantPlan, price: int) -> None:
    sale, suggested = _wanted(plan, "sale_amount"), _wanted(plan, "suggested_amount")
    starts_at, ends_at = _wanted(plan, "sale_starts_at"), _wanted(plan, "sale_ends_at")
    line = plan.record.line
    if sale is not None and sale >= price:
        record.refuse(line, "sale_price", N_("The sale price must be below the price."))
    elif (sale is None) != (starts_at is None) or (ends_at is not None and starts_at is None):
        record.refuse(line, "sale_starts_at", N_("A sale needs its price and the time at which it begins."))
    elif ends_at is not None and ends_at <= starts_at:
        record.refuse(line, "sale_ends_at", N_("A sale ends after it has begun."))
    if suggested is not None and suggested < price:
        record.refuse(line, "suggested_price", N_("What you suggest can't be below the least."))


def _wanted(plan: VariantPlan, name: str) -> Any:
    if name in plan.values:
        return plan.values[name]
    return getattr(plan.variant, name) if plan.variant else None


def _compare_state(plan: Plan) -> None:
    """A product that gives buyers nothing yet stays a draft, unless the file was written by a shop like this one."""
    record, product = plan.record, plan.product
    wanted = record.state
    if wanted is None or (product is not None and product.state is wanted):
        return
    is_published = wanted is ProductState.PUBLISHED
    if is_published and not _gives_something(plan):
        column = "state" if record.is_exact else ""
        if record.is_exact:
            record.warn(
                record.line, column, N_("This is on sale, but buyers get nothing yet: please add the files.")
            )
        else:
            record.warn(record.line, column, N_("Stays a draft, because buyers would get nothing yet."))
            return
    if product is not None or wanted is not ProductState.DRAFT:
        plan.state = wanted


def _gives_something(plan: Plan) -> bool:
    is_sent = plan.values.get("requires_shipping", plan.product.requires_shipping if plan.product else False)
    return bool(is_sent) or (plan.product is not None and not what_is_missing(plan.product))


def _changes_shelf(plan: Plan, shelves: Shelves) -> bool:
    way = plan.record.shelves
    if way is None:
        return False
    present = plan.product.category_id if plan.product else None
    if not way:
        return present is not None
    found = shelves.find(way)
    return found is None or found.id != present
