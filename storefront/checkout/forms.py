"""What the buyer fills in."""

from typing import Any

from flask_babel import lazy_gettext as _
from flask_wtf import FlaskForm
from wtforms import BooleanField, EmailField, HiddenField
from wtforms.validators import InputRequired

from storefront.accounts.forms import an_email
from storefront.payments.states import PaymentMethod
from storefront.shop.states import Reminder


class FindForm(FlaskForm):  # type: ignore[misc]  # flask-wtf is not typed
    """Where to send the links to one's purchases."""

    email = EmailField(_("E-mail"), [InputRequired(_("Please enter your e-mail address.")), an_email])


class CheckoutForm(FlaskForm):  # type: ignore[misc]  # flask-wtf is not typed
    """Only what is needed: where the receipt and the goods go. Prices are never taken from here."""

    email = EmailField(_("E-mail"), [InputRequired(_("Please enter your e-mail address.")), an_email])
    key = HiddenField()
    total = HiddenField()
    currency = HiddenField()
    pay = HiddenField()
    remind = BooleanField()
    no_reminder = BooleanField()

    def wants_reminder(self, asked: Reminder) -> bool | None:
        """Whether the shop may write once when they leave, as it has asked; None when it has not."""
        if asked is Reminder.OFF:
            return None
        return bool(self.remind.data if asked is Reminder.CONSENT else not self.no_reminder.data)

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        # What is wrong with fields that stand in templates of their own, by the names of the fields.
        self.billing_errors: dict[str, str] = {}
        self.consent_errors: dict[str, str] = {}

    @property
    def page_key(self) -> str:
        """The key of the page that was sent, or nothing when it can be no key."""
        text = self.key.data or ""
        return text if len(text) <= 22 and text.isprintable() else ""

    @property
    def method(self) -> PaymentMethod:
        """How the person wants to pay."""
        is_transfer = self.pay.data == PaymentMethod.TRANSFER.value
        return PaymentMethod.TRANSFER if is_transfer else PaymentMethod.STRIPE

    @property
    def seen_currency(self) -> str | None:
        """The currency of the total that the person saw."""
        return self.currency.data or None

    @property
    def seen_total(self) -> int | None:
        """The total that the person saw, in minor units."""
        text = self.total.data or ""
        return int(text) if text.isascii() and text.isdigit() and len(text) <= 15 else None
