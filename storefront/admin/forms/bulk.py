"""What shall become of many products at once."""

import re
from decimal import Decimal
from typing import Any

from flask_babel import gettext
from flask_babel import lazy_gettext as _
from wtforms import SelectChoice, SelectField, ValidationError

from storefront.admin.forms.fields import OwnerForm, line_field
from storefront.catalog.models import Category
from storefront.catalog.service.bulk import HIGHEST_AMOUNT, Change, PriceChange
from storefront.catalog.states import ProductState
from storefront.core.money import InvalidAmount, parse_price

_AS_IT_IS = SelectChoice("", _("Stays as it is"))
_NONE = "none"
_HIGHEST_PERCENT = 1000


class BulkForm(OwnerForm):
    """Price, state and category; each of them may stay as it is."""

    price_change = SelectField(
        _("Price"),
        choices=[
            _AS_IT_IS,
            SelectChoice(PriceChange.SET.value, _("Set to (amount)")),
            SelectChoice(PriceChange.RAISE_PERCENT.value, _("Raise by per cent")),
            SelectChoice(PriceChange.LOWER_PERCENT.value, _("Lower by per cent")),
            SelectChoice(PriceChange.RAISE.value, _("Raise by an amount")),
            SelectChoice(PriceChange.LOWER.value, _("Lower by an amount")),
        ],
    )
    price_number = line_field(_("Amount or per cent"), 30)
    state = SelectField(
        _("State"),
        choices=[
            _AS_IT_IS,
            SelectChoice(ProductState.PUBLISHED.value, _("Publish")),
            SelectChoice(ProductState.DRAFT.value, _("Back to draft")),
            SelectChoice(ProductState.ARCHIVED.value, _("Archive")),
        ],
    )
    category = SelectField(_("Category"))

    def __init__(self, formdata: Any, currency: str, categories: list[Category]) -> None:
        super().__init__(formdata)
        self._currency = currency
        self._categories = {f"in-{each.slug}": each for each in categories}
        offered = (SelectChoice(name, each.name) for name, each in self._categories.items())
        self.category.choices = [_AS_IT_IS, SelectChoice(_NONE, gettext("None")), *offered]
        self._number = Decimal(0)

    def validate_price_number(self, field: Any) -> None:
        """Read the number as what the choice above it makes of it; never through a float."""
        how = self._price_change
        if how is None:
            return
        self._number = _per_cent(field.data, how) if how.is_percent else self._amount(field.data)

    def validate_category(self, field: Any) -> None:
        """Something has to change."""
        if not (self.price_change.data or self.state.data or field.data):
            raise ValidationError(gettext("Please choose what shall change: price, state or category."))

    def wanted(self) -> Change:
        """Return the change as the catalogue takes it."""
        return Change(
            price=self._price_change,
            number=self._number,
            currency=self._currency,
            state=ProductState(self.state.data) if self.state.data else None,
            moves=bool(self.category.data),
            category=self._categories.get(self.category.data),
        )

    @property
    def _price_change(self) -> PriceChange | None:
        word = self.price_change.data
        return PriceChange(word) if word in list(PriceChange) else None

    def _amount(self, text: str) -> Decimal:
        try:
            amount = parse_price(text, self._currency)
        except InvalidAmount as error:
            raise ValidationError(
                gettext("Please enter an amount such as %(example)s.", example="2")
            ) from error
        if amount > HIGHEST_AMOUNT:
            raise ValidationError(gettext("The price would be higher than the payment page takes."))
        return Decimal(amount)


def _per_cent(text: str, how: PriceChange) -> Decimal:
    plain = text.removesuffix("%").strip().replace(",", ".")
    highest = 100 if how is PriceChange.LOWER_PERCENT else _HIGHEST_PERCENT
    if not re.fullmatch(r"[0-9]{1,4}(\.[0-9]{1,2})?", plain, re.ASCII) or not 0 < Decimal(plain) <= highest:
        raise ValidationError(
            gettext(
                "Please enter how many per cent, such as 10 or 7.5; at most %(highest)s.", highest=highest
            )
        )
    return Decimal(plain)
