"""Whether a code counts for what is in a cart: pure questions about its row and the clock."""

from typing import NamedTuple

from storefront.core.clock import datetime
from storefront.core.errors import N_
from storefront.core.money import Money
from storefront.promotions.queries import CodeRow
from storefront.promotions.states import CodeKind


class WhyNot(NamedTuple):
    """Why a code takes nothing off: a message id and its values."""

    sentence: str
    values: dict[str, object]


UNKNOWN = WhyNot(N_("We do not know this code. Please look at how it is written."), {})
_OVER = WhyNot(N_("This code is over."), {})
USED_UP = WhyNot(N_("This code has been used up."), {})
_NOTHING = WhyNot(N_("Nothing in your cart belongs to this code."), {})
_NO_PARCEL = WhyNot(N_("This code is for the postage, and there is none to pay."), {})


def why_not_now(code: CodeRow, moment: datetime, *, holds_one: bool = False) -> WhyNot | None:
    """Return why nobody can use the code at that moment.

    Whose unpaid order ``holds_one`` is not told that it is gone.
    """
    if code.disabled_at is not None or (code.ends_at is not None and code.ends_at <= moment):
        return _OVER
    if code.starts_at is not None and moment < code.starts_at:
        return WhyNot(N_("This code counts from %(time)s on."), {"time": code.starts_at})
    if code.most_uses is not None and code.used >= code.most_uses and not holds_one:
        return USED_UP
    return None


def why_not_for(code: CodeRow, covered_amount: int, currency: str, *, has_parcel: bool) -> WhyNot | None:
    """Return why the code takes nothing off what it covers, which costs ``covered_amount`` minor units."""
    if code.kind is CodeKind.AMOUNT and currency not in code.amounts:
        return WhyNot(N_("This code does not count in %(currency)s."), {"currency": currency})
    if covered_amount == 0:
        return _NOTHING
    least = code.minimums.get(currency)
    if least is not None and covered_amount < least:
        return WhyNot(
            N_("This code counts from %(least)s on, of what it is for."), {"least": Money(least, currency)}
        )
    if code.kind is CodeKind.SHIPPING and not has_parcel:
        return _NO_PARCEL
    return None
