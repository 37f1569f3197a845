"""What variants cost, and since when: a row whenever price or sale was set, by whom; kept from the first day on."""

from collections.abc import Iterable
from typing import Any, cast

from sqlalchemy import Table, func, insert, select, update

from storefront.catalog.models import PriceHistory, Product, Variant, VariantPrice
from storefront.catalog.pricing import PricePoint, lowest_before
from storefront.core import db
from storefront.core.clock import datetime, now
from storefront.journal.service import current_actor

_variant = cast(Table, Variant.__table__).c
_history = cast(Table, PriceHistory.__table__).c
_other = cast(Table, VariantPrice.__table__).c
_SET = ("currency", "price_amount", "sale_amount", "sale_starts_at", "sale_ends_at")
_NO_SALE = {"sale_amount": None, "sale_starts_at": None, "sale_ends_at": None}


def note_prices(product_id: int) -> None:
    """Write down prices and sales that differ from the last ones known, and what stands crossed out during sales.

    Must run in the unit that changed them. ``catalog.cards.refresh_card`` calls it.
    """
    session = db.session()
    last = (
        select(func.max(_history.id))
        .where(_history.variant_id == _variant.id, _history.currency == _variant.currency)
        .correlate(Variant.__table__)
        .scalar_subquery()
    )
    rows = session.execute(
        select(
            _variant.id,
            *(_variant[name] for name in _SET),
            _variant.sale_before_amount,
            _history.id.label("history_id"),
            *(_history[name].label(f"last_{name}") for name in _SET),
        )
        .outerjoin(PriceHistory.__table__, _history.id == last)
        .where(_variant.product_id == product_id)
    ).all()
    changed = [_entry(row) for row in rows if row.history_id is None or _differs(row)]
    changed += _changed_elsewhere(product_id)
    if changed:
        session.execute(insert(PriceHistory), changed)
    _cross_out(
        product_id, [row for row in rows if row.sale_amount is not None or row.sale_before_amount is not None]
    )


def history_of(variant_ids: Iterable[int]) -> dict[int, list[PricePoint]]:
    """Return what these variants cost, oldest first, in their present currency."""
    found: dict[int, list[PricePoint]] = {}
    statement = (
        select(
            _history.variant_id,
            _history.set_at,
            _history.price_amount,
            _history.sale_amount,
            _history.sale_starts_at,
            _history.sale_ends_at,
        )
        .join(
            Variant.__table__, (_variant.id == _history.variant_id) & (_variant.currency == _history.currency)
        )
        .where(_history.variant_id.in_(variant_ids))
        .order_by(_history.set_at, _history.id)
    )
    for variant_id, *point in db.session().execute(statement):
        found.setdefault(variant_id, []).append(PricePoint(*point))
    return found


def list_changes(product_id: int, limit: int = 100) -> list[Any]:
    """Return the history of a product for its owner, newest first: rows of SKU, title, moment, amounts, actor."""
    statement = (
        select(_variant.sku, _variant.title, *PriceHistory.__table__.columns)
        .join(Variant.__table__, _variant.id == _history.variant_id)
        .where(_variant.product_id == product_id)
        .order_by(_history.id.desc())
        .limit(limit)
    )
    return list(db.session().execute(statement))


def _cross_out(product_id: int, rows: list[Any]) -> None:
    if not rows:
        return
    since: datetime | None = db.session().scalar(select(Product.published_at).where(Product.id == product_id))
    histories = history_of([row.id for row in rows])
    for row in rows:
        before = (
            lowest_before(histories.get(row.id, []), row.sale_starts_at, since)
            if row.sale_starts_at
            else None
        )
        if before != row.sale_before_amount:
            db.session().execute(
                update(Variant).where(Variant.id == row.id).values(sale_before_amount=before)
            )


def _changed_elsewhere(product_id: int) -> list[dict[str, Any]]:
    """Return entries for prices in other currencies that differ from the last ones known there."""
    last = (
        select(_history.price_amount)
        .where(_history.variant_id == _other.variant_id, _history.currency == _other.currency)
        .order_by(_history.id.desc())
        .limit(1)
        .correlate(VariantPrice.__table__)
        .scalar_subquery()
    )
    rows = db.session().execute(
        select(_other.variant_id, _other.currency, _other.amount)
        .join(Variant.__table__, (_variant.id == _other.variant_id) & (_variant.currency != _other.currency))
        .where(_variant.product_id == product_id, func.coalesce(last, -1) != _other.amount)
        .order_by(_other.variant_id, _other.currency)
    )
    return [
        {**_signed(variant_id), "currency": currency, "price_amount": amount, **_NO_SALE}
        for variant_id, currency, amount in rows
    ]


def _differs(row: Any) -> bool:
    return any(getattr(row, name) != getattr(row, f"last_{name}") for name in _SET)


def _entry(row: Any) -> dict[str, Any]:
    return {
        **_signed(row.id),
        **{name: getattr(row, name) for name in _SET},
    }


def _signed(variant_id: int) -> dict[str, Any]:
    return {"variant_id": variant_id, "set_at": now(), "actor": current_actor()[:60]}
