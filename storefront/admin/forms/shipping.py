"""Forms of zones, of what sending there costs, of places to pick things up, and of the rules."""

import re
from typing import Any

from flask_babel import gettext
from flask_babel import lazy_gettext as _
from wtforms import FieldList, FormField, IntegerField, SelectChoice, SelectField, StringField, TextAreaField
from wtforms import Form as PlainForm
from wtforms.validators import InputRequired, NumberRange, Optional, StopValidation

from storefront.accounts.forms import trimmed
from storefront.admin.forms.fields import (
    AmountField,
    OwnerForm,
    chinese,
    in_chinese,
    line_field,
    plain_amount,
    whole,
)
from storefront.catalog.service.mistakes import InvalidField
from storefront.core.money import InvalidAmount, Money, parse_price
from storefront.shipping.models import PickupPlace, ShippingMethod, ShippingRules, ShippingZone
from storefront.shipping.rates import Step
from storefront.shipping.states import RateBasis
from storefront.shipping.zoning import MethodInput, NamedPlace, PickupInput, place_word, read_places

_EMPTY_ROWS = 3
_HIGHEST_GRAMS = 10_000_000
_DAYS = _("Please enter a number of days from 0 to 365.")


class ZoneForm(OwnerForm):
    """A zone: its name, which only the owner sees, and its places."""

    name = line_field(_("Name"), 80, _("Please give the zone a name."))
    places = TextAreaField(
        _("Countries and regions"), [InputRequired(_("Please name at least one country."))], filters=[whole]
    )

    def named_places(self) -> list[NamedPlace]:
        """Return the places that were typed.

        Raises:
            InvalidField: something is no place.
        """
        return read_places(str(self.places.data or "")[:5000])


def zone_form(zone: ShippingZone | None, sent: Any = None) -> ZoneForm:
    """Return the form of a zone, or of a new one."""
    if zone is None:
        return ZoneForm(sent)
    return ZoneForm(
        sent, data={"name": zone.name, "places": ", ".join(place_word(each) for each in zone.places)}
    )


class StepForm(PlainForm):  # type: ignore[misc]  # wtforms is not typed
    """Up to how much, and for how much; a row without a price does not count."""

    up_to = StringField(_("Up to"), filters=[trimmed])
    price = AmountField(_("Price"))


class MethodForm(OwnerForm):
    """A way of sending, with its steps."""

    title = line_field(_("Name"), 80, _("Please give it a name, such as Letter or Parcel."))
    title_zh = line_field(_("Name"), 80)
    currency = SelectField(_("Currency"))
    basis = SelectField(_("The price goes by"))
    steps = FieldList(FormField(StepForm))
    free_from = AmountField(_("Free from"))
    days_min = IntegerField(_("Working days, at least"), [Optional(), NumberRange(0, 365, _DAYS)])
    days_max = IntegerField(_("Working days, at most"), [Optional(), NumberRange(0, 365, _DAYS)])

    def offer(self, currencies: tuple[str, ...]) -> None:
        """Offer these currencies, and read amounts in the chosen one."""
        self.currency.choices = [SelectChoice(code) for code in currencies]
        self.basis.choices = [
            SelectChoice(RateBasis.WEIGHT.value, gettext("Weight")),
            SelectChoice(RateBasis.PRICE.value, gettext("Price of the things")),
        ]
        chosen = self.currency.data if self.currency.data in currencies else currencies[0]
        self.free_from.currency = chosen
        for row in self.steps:
            row.form.price.currency = chosen

    def validate_days_max(self, field: Any) -> None:
        """Both ends or neither, and the first not after the last."""
        if (self.days_min.data is None) != (field.data is None):
            raise StopValidation(gettext("Please enter both numbers of days, or neither."))
        if field.data is not None and self.days_min.data > field.data:
            raise StopValidation(gettext("This can't be less than the other number."))

    def wanted(self) -> MethodInput:
        """Return what was typed.

        Raises:
            InvalidField: a row of the steps does not fit.
        """
        days = None if self.days_min.data is None else (self.days_min.data, self.days_max.data)
        return MethodInput(
            title=self.title.data,
            currency=self.currency.data,
            basis=RateBasis(self.basis.data),
            steps=tuple(self._steps()),
            free_from_amount=self.free_from.amount,
            days=days,
            translations=chinese(title=self.title_zh.data),
        )

    def _steps(self) -> list[Step]:
        return [
            Step(self._reach(place, row.form.up_to), row.form.price.amount)
            for place, row in enumerate(self.steps)
            if row.form.price.amount is not None
        ]

    def _reach(self, place: int, field: Any) -> int | None:
        text = field.data or ""
        if not text:
            return None
        reach = _grams(text) if self.basis.data == RateBasis.WEIGHT else _amount(text, self.currency.data)
        if reach is None or reach <= 0:
            raise InvalidField(
                f"steps-{place}-up_to", gettext("Please enter a number such as %(example)s.", example="500")
            )
        return reach


def method_form(method: ShippingMethod | None, currencies: tuple[str, ...], sent: Any = None) -> MethodForm:
    """Return the form of a way of sending, or of a new one, with some empty rows for more steps."""
    form = MethodForm(sent, data=_method_values(method) if method else {"currency": currencies[0]})
    if not sent:
        for _row in range(_EMPTY_ROWS):
            form.steps.append_entry()
    form.offer(currencies)
    return form


class PickupForm(OwnerForm):
    """A place where buyers may come for their things."""

    title = line_field(_("Name"), 80, _("Please give the place a name."))
    place = TextAreaField(_("Address"), [InputRequired(_("Please say where it is."))], filters=[whole])
    opening = TextAreaField(_("When it is open"), filters=[whole])
    title_zh = line_field(_("Name"), 80)
    place_zh = TextAreaField(_("Address"), filters=[whole])
    opening_zh = TextAreaField(_("When it is open"), filters=[whole])

    def wanted(self) -> PickupInput:
        """Return what was typed."""
        return PickupInput(
            title=self.title.data,
            place=self.place.data[:1000],
            opening=self.opening.data[:1000],
            translations=chinese(
                title=self.title_zh.data, place=self.place_zh.data[:1000], opening=self.opening_zh.data[:1000]
            ),
        )


def pickup_form(place: PickupPlace | None, sent: Any = None) -> PickupForm:
    """Return the form of a place to pick things up, or of a new one."""
    if place is None:
        return PickupForm(sent)
    names = ("title", "place", "opening")
    values = {name: getattr(place, name) for name in names}
    return PickupForm(sent, data=values | {f"{name}_zh": in_chinese(place, name) for name in names})


class RulesForm(OwnerForm):
    """What holds for all parcels."""

    sender = TextAreaField(_("Address of the shop"), filters=[whole])
    delivered_after_days = IntegerField(
        _("Delivered after so many days"), [InputRequired(_DAYS), NumberRange(0, 365, _DAYS)]
    )
    return_days = IntegerField(
        _("Returns within so many days"), [InputRequired(_DAYS), NumberRange(0, 365, _DAYS)]
    )
    return_instructions = TextAreaField(_("How to send something back"), filters=[whole])
    return_instructions_zh = TextAreaField(_("How to send something back"), filters=[whole])

    def wanted(self) -> tuple[dict[str, Any], dict[str, dict[str, str]]]:
        """Return the columns of the rules, and their translations."""
        values = {
            "sender": self.sender.data[:1000],
            "delivered_after_days": self.delivered_after_days.data,
            "return_days": self.return_days.data,
            "return_instructions": self.return_instructions.data[:5000],
        }
        return values, chinese(return_instructions=self.return_instructions_zh.data[:5000])


def rules_form(rules: ShippingRules, sent: Any = None) -> RulesForm:
    """Return the form of the rules."""
    names = ("sender", "delivered_after_days", "return_days", "return_instructions")
    values = {name: getattr(rules, name) for name in names}
    return RulesForm(sent, data=values | {"return_instructions_zh": in_chinese(rules, "return_instructions")})


def _method_values(method: ShippingMethod) -> dict[str, Any]:
    free_from = method.free_from_amount
    return {
        "title": method.title,
        "title_zh": in_chinese(method, "title"),
        "currency": method.currency,
        "basis": method.basis.value,
        "free_from": "" if free_from is None else plain_amount(Money(free_from, method.currency)),
        "days_min": method.days_min,
        "days_max": method.days_max,
        "steps": [
            {
                "up_to": _shown_reach(method, step.up_to),
                "price": plain_amount(Money(step.amount, method.currency)),
            }
            for step in method.steps
        ],
    }


def _shown_reach(method: ShippingMethod, reach: int | None) -> str:
    if reach is None:
        return ""
    return str(reach) if method.basis is RateBasis.WEIGHT else plain_amount(Money(reach, method.currency))


def _grams(text: str) -> int | None:
    """Return grams of ``500``, ``500 g`` or ``2 kg``."""
    found = re.fullmatch(r"([0-9]{1,8})\s*(g|kg|克|千克|公斤)?", text.casefold())
    if found is None:
        return None
    grams = int(found[1]) * (1000 if found[2] in ("kg", "千克", "公斤") else 1)
    return grams if grams <= _HIGHEST_GRAMS else None


def _amount(text: str, currency: str) -> int | None:
    try:
        return parse_price(text[:30], currency)
    except InvalidAmount:
        return None
