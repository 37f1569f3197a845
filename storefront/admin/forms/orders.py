"""What the owner fills in about an order: notes, another address, money that came, something given away."""

from typing import Any

from flask_babel import gettext
from flask_babel import lazy_gettext as _
from wtforms import (
    DateField,
    EmailField,
    HiddenField,
    IntegerField,
    SelectChoice,
    SelectField,
    StringField,
    ValidationError,
)
from wtforms.validators import InputRequired, NumberRange, Optional

from storefront.accounts.forms import an_email
from storefront.admin.forms.fields import AmountField, OwnerForm, line_field, text_field
from storefront.catalog.models import Variant
from storefront.checkout.reviewing import RISK_LEVELS
from storefront.core.clock import now
from storefront.core.ids import new_public_id
from storefront.web.language import NAMES

MOST_GIVEN = 99


class NoteForm(OwnerForm):
    """Something to remember."""

    text = text_field(_("Note"), 5000, _("Please write something."))


class NewEmailForm(OwnerForm):
    """Where the buyer is to be reached from now on."""

    email = EmailField(
        _("New e-mail address"), [InputRequired(_("Please enter an e-mail address.")), an_email]
    )


class ReceiptForm(OwnerForm):
    """Money that the owner saw on the shop's account."""

    key = HiddenField()
    amount = AmountField(_("Amount"), [InputRequired(_("Please enter the amount that came."))])
    received_on = DateField(_("Day"), [InputRequired(_("Please enter a day such as 2030-05-31."))])

    def __init__(self, currency: str, formdata: Any = None, **values: Any) -> None:
        super().__init__(formdata, **values)
        self.amount.currency = currency
        if not self.key.data or len(self.key.data) > 22:
            self.key.data = new_public_id()

    def validate_amount(self, field: AmountField) -> None:
        """Nothing is no money."""
        if not field.amount:
            raise ValidationError(gettext("Please enter the amount that came."))

    def validate_received_on(self, field: DateField) -> None:
        """Nobody sees money of tomorrow; a day of leeway is for other zones."""
        if field.data and not 2000 <= field.data.year <= now().year + 1:
            raise ValidationError(gettext("Please enter a day such as 2030-05-31."))


class GiftForm(OwnerForm):
    """What is given to whom."""

    key = HiddenField()
    variant = SelectField(_("Variant"))
    quantity = IntegerField(
        _("Quantity"), [NumberRange(1, MOST_GIVEN, _("Please enter a number from 1 to 99."))], default=1
    )
    email = EmailField(_("E-mail"), [InputRequired(_("Please enter an e-mail address.")), an_email])
    language = SelectField(_("Language"), choices=[SelectChoice(code, name) for code, name in NAMES.items()])
    note = line_field(_("Note (only you see it)"), 500)

    def __init__(self, variants: list[Variant], formdata: Any = None, **values: Any) -> None:
        super().__init__(formdata, **values)
        self.variant.choices = [
            SelectChoice(each.sku, f"{each.title} ({each.sku})" if each.title else each.sku)
            for each in variants
        ]
        if not self.key.data or len(self.key.data) > 22:
            self.key.data = new_public_id()


class BlockForm(OwnerForm):
    """Who may not buy, and why."""

    who = StringField(_("E-mail, domain or network"), [InputRequired(_("Please say who."))])
    reason = line_field(
        _("Reason (only you see it)"), 300, _("Please say why, for the day when somebody asks.")
    )


class PaymentRulesForm(OwnerForm):
    """Payment by transfer, and which orders wait for the owner's look."""

    transfer_details = text_field(_("Bank account for transfers"), 1000)
    transfer_details_zh = text_field(_("Bank account for transfers"), 1000)
    transfer_days = IntegerField(
        _("Days that an order waits for its transfer"),
        [
            InputRequired(_("Please enter a number of days from 1 to 60.")),
            NumberRange(1, 60, _("Please enter a number of days from 1 to 60.")),
        ],
    )
    from_amount = AmountField(_("From this total on"))
    countries = StringField(_("From these countries"))
    failures = IntegerField(
        _("After so many refused payments"),
        [Optional(), NumberRange(1, 50, _("Please enter a number from 1 to 50."))],
    )
    risk_level = SelectField(
        _("From this risk on, as Stripe judges it"),
        choices=[
            SelectChoice("", _("Not by risk")),
            SelectChoice(RISK_LEVELS[1], _("Elevated")),
            SelectChoice(RISK_LEVELS[2], _("Highest")),
        ],
    )

    @property
    def country_codes(self) -> tuple[str, ...]:
        """The countries by their two letters."""
        return tuple(dict.fromkeys(self._words()))

    def validate_countries(self, field: StringField) -> None:
        """Two letters each."""
        words = self._words()
        if len(words) > 250 or not all(
            len(word) == 2 and word.isascii() and word.isalpha() for word in words
        ):
            raise ValidationError(gettext("Please name countries by their two letters, such as US, BR."))

    def _words(self) -> list[str]:
        return (
            (self.countries.data or "")
            .upper()
            .replace(",", " ")
            .replace(";", " ")
            .replace("\uff0c", " ")
            .split()
        )
