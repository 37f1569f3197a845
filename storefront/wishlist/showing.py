"""A wishlist as pages show it: what each thing is, costs and was, at one moment."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import bindparam, select

from storefront.catalog.cards import Card
from storefront.catalog.models import Variant, VariantPrice
from storefront.catalog.pricing import PriceElsewhere, PriceNow, price_at
from storefront.catalog.queries import cards_by_ids
from storefront.core import db
from storefront.core.clock import now
from storefront.core.money import Money
from storefront.shop.choosing import chosen_currency
from storefront.web.language import current_language, in_language
from storefront.wishlist.models import WishlistEntry


@dataclass(frozen=True, slots=True)
class EntryView:
    """One thing on the list. Without ``card`` it is gone; without ``variant_id`` one has to choose first.

    ``noted`` is the price when it was put there, ``was_available`` whether it could be had then.
    """

    id: int
    title: str
    card: Card | None
    variant_id: int | None
    variant_title: str
    price: PriceNow
    varies: bool
    is_available: bool
    noted: Money
    was_available: bool

    @property
    def address(self) -> str:
        """The page of the product, with the variant that was meant."""
        path = self.card.path if self.card else ""
        return f"{path}?variant={self.variant_id}" if self.variant_title else path

    @property
    def is_cheaper(self) -> bool:
        """Whether it costs less than when it was put there, in the same currency."""
        return self.noted.currency == self.price.currency and self.price.amount < self.noted.amount

    @property
    def is_dearer(self) -> bool:
        """Whether it costs more than when it was put there, in the same currency."""
        return self.noted.currency == self.price.currency and self.price.amount > self.noted.amount


def entries_of(wishlist_id: int, root: str) -> list[EntryView]:
    """Return what is on a list, newest first (2 queries)."""
    rows = db.session().execute(_ENTRIES, {"wishlist": wishlist_id}).all()
    ids = [row.product_id for row in rows if row.product_id is not None]
    cards = {card.id: card for card in cards_by_ids(current_language(), ids, root)}
    prices = _prices_elsewhere([row for row in rows if row.variant_id is not None], cards)
    return [_entry(row, cards.get(row.product_id), prices) for row in rows]


def offer_now(card: Card, variant: Any | None, elsewhere: int | None) -> tuple[PriceNow, bool, bool]:
    """Return what it costs, whether that is only the least, and whether it can be had: the variant or any of them."""
    if variant is None:
        before = card.before.amount if card.before else None
        price = PriceNow(card.price.amount, card.price.currency, before, is_sale=before is not None)
        return price, card.price_varies, card.is_available
    is_available = variant.stock is None or variant.stock > 0
    free = bool(variant.pays_what_they_want)
    if elsewhere is not None:
        return price_at(PriceElsewhere(elsewhere, card.price.currency, free), now()), free, is_available
    return price_at(variant, now()), free, is_available


def prices_in(currency: str, variant_ids: list[int]) -> dict[int, int]:
    """Return what these variants cost in another currency than the shop's, by variant."""
    rows = db.session().execute(_PRICES, {"variants": variant_ids, "currency": currency})
    return {row.variant_id: row.amount for row in rows}


def _entry(row: Any, card: Card | None, prices: dict[int, int]) -> EntryView:
    noted = Money(row.noted_amount, row.noted_currency)
    if card is None:
        gone = PriceNow(noted.amount, noted.currency, None, is_sale=False)
        return EntryView(row.id, row.title, None, None, "", gone, False, False, noted, row.was_available)
    variant = row if row.variant_id is not None else None
    price, varies, is_available = offer_now(card, variant, prices.get(row.variant_id))
    title = in_language(_Words(row.variant_title, row.translations), "title") if variant else ""
    return EntryView(
        row.id,
        card.title,
        card,
        row.variant_id,
        title,
        price,
        varies,
        is_available,
        noted,
        row.was_available,
    )


def _prices_elsewhere(rows: list[Any], cards: dict[int, Card]) -> dict[int, int]:
    """Return prices of those whose card is in another currency than the variant's own, by variant."""
    wanted = [
        row.variant_id
        for row in rows
        if row.product_id in cards and cards[row.product_id].price.currency != row.currency
    ]
    # They are all in the one currency that the visitor has chosen.
    return prices_in(chosen_currency(), wanted) if wanted else {}


@dataclass(frozen=True, slots=True)
class _Words:
    title: str
    translations: dict[str, dict[str, str]]


_entry_table, _variant = WishlistEntry.__table__.c, Variant.__table__.c
_price = VariantPrice.__table__.c
# Of a variant that is not on offer any more nothing is read: then its product is what is left.
_ENTRIES = (
    select(
        _entry_table.id,
        _entry_table.product_id,
        _entry_table.title,
        _entry_table.amount.label("noted_amount"),
        _entry_table.currency.label("noted_currency"),
        _entry_table.was_available,
        _variant.id.label("variant_id"),
        _variant.title.label("variant_title"),
        _variant.translations,
        _variant.stock,
        _variant.price_amount,
        _variant.compare_at_amount,
        _variant.currency,
        _variant.sale_amount,
        _variant.sale_starts_at,
        _variant.sale_ends_at,
        _variant.sale_before_amount,
        _variant.pays_what_they_want,
    )
    .outerjoin(Variant.__table__, (_variant.id == _entry_table.variant_id) & _variant.archived_at.is_(None))
    .where(_entry_table.wishlist_id == bindparam("wishlist"), _entry_table.removed_at.is_(None))
    .order_by(_entry_table.added_at.desc(), _entry_table.id.desc())
)
_PRICES = select(_price.variant_id, _price.amount).where(
    _price.variant_id.in_(bindparam("variants", expanding=True)), _price.currency == bindparam("currency")
)
