"""What came, went or was counted, as the owner fills it in."""

from typing import Any

from flask_babel import gettext
from flask_babel import lazy_gettext as _
from wtforms import SelectChoice, SelectField, StringField, ValidationError

from storefront.admin.forms.fields import HIGHEST_STOCK, OwnerForm, line_field
from storefront.catalog.models import Variant
from storefront.catalog.states import StockReason

REASONS = [
    SelectChoice(StockReason.RECEIVED.value, _("Received")),
    SelectChoice(StockReason.COUNTED.value, _("Counted")),
    SelectChoice(StockReason.DAMAGED.value, _("Damaged or lost")),
    SelectChoice(StockReason.OTHER.value, _("Something else")),
]


class AdjustmentForm(OwnerForm):
    """So many of one variant came or went, and why."""

    variant = SelectField(_("Variant"))
    difference = StringField(_("How many came (or went, with a minus)"))
    reason = SelectField(_("Why"), choices=REASONS)
    note = line_field(_("Note"), 300)

    units = 0

    def __init__(self, variants: list[Variant], formdata: Any = None) -> None:
        super().__init__(formdata)
        self.variant.choices = [
            SelectChoice(str(each.id), f"{each.title} ({each.sku})" if each.title else each.sku)
            for each in variants
        ]

    def validate_difference(self, field: StringField) -> None:
        """A whole number, not nothing."""
        text = (field.data or "").strip().replace("\u2212", "-").removeprefix("+")
        digits = text.removeprefix("-")
        if not (
            digits.isascii() and digits.isdigit() and len(digits) <= 7 and 0 < int(digits) <= HIGHEST_STOCK
        ):
            raise ValidationError(gettext("Please enter a whole number such as 12 or -3."))
        self.units = int(text)
