"""For how long a buyer may use what was bought: for ever, some days, until a date; and from when."""

from typing import Any, NamedTuple

from storefront.catalog.models import Product, Variant
from storefront.core.clock import datetime, now, timedelta

LONGEST_DAYS = 36_500


class Window(NamedTuple):
    """How long access lasts: so many days, until a moment, or for ever (neither)."""

    days: int | None = None
    until: datetime | None = None

    @property
    def is_for_ever(self) -> bool:
        """Whether it never ends."""
        return self.days is None and self.until is None


def window_of(product: Product, variant: Variant | None) -> Window:
    """Return how long buyers of the variant may use the product: the variant's own word, or else the product's."""
    own = Window(variant.access_days, variant.access_until) if variant is not None else Window()
    return Window(product.access_days, product.access_until) if own.is_for_ever else own


def span_of(product: Product, variant: Variant | None, moment: datetime) -> tuple[datetime, datetime | None]:
    """Return from when until when somebody who buys at that moment may use it; no end is for ever.

    What is bought after its last day, because the owner left it on sale, has no end: nobody pays for nothing.
    """
    window = window_of(product, variant)
    starts_at = max(moment, product.opens_at) if product.opens_at is not None else moment
    if window.days is not None:
        return starts_at, starts_at + timedelta(days=window.days)
    if window.until is not None and window.until > starts_at:
        return starts_at, window.until
    return starts_at, None


class ShownWindow(NamedTuple):
    """What the page of a product says of access: days, or until when; and from when, while that is to come."""

    days: int | None
    until: datetime | None
    opens_at: datetime | None

    @property
    def changes_at(self) -> datetime | None:
        """When the clock makes it say something else."""
        return min((moment for moment in (self.until, self.opens_at) if moment is not None), default=None)


def shown_window(facts: dict[str, Any], variant_id: int | None) -> ShownWindow:
    """Return what a page says, from the denormalised facts of the product (``catalog.cards``)."""
    access = facts.get("access") or {}
    window = access.get("variants", {}).get(str(variant_id)) or access
    return ShownWindow(window.get("days"), _to_come(window.get("until")), _to_come(access.get("opens_at")))


def _to_come(text: str | None) -> datetime | None:
    moment = datetime.fromisoformat(text) if text else None
    return moment if moment is not None and moment > now() else None
