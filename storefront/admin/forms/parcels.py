"""Forms of parcels and returns."""

from typing import Any

from flask_babel import gettext
from flask_babel import lazy_gettext as _
from wtforms import HiddenField, SelectChoice, SelectField, StringField, TextAreaField, ValidationError
from wtforms.validators import Length

from storefront.accounts.forms import trimmed
from storefront.admin.forms.fields import AmountField, OwnerForm, plain_amount, whole
from storefront.core.ids import new_public_id
from storefront.core.money import Money
from storefront.parcels.carriers import CARRIERS, carrier_name, is_tracking_number, is_web_address
from storefront.parcels.models import Shipment
from storefront.parcels.sending import Tracking


class TrackingForm(OwnerForm):
    """How a parcel can be followed."""

    carrier = SelectField(_("Carrier"), validate_choice=False)
    number = StringField(_("Parcel number"), filters=[trimmed])
    link = StringField(_("Link of your own"), [Length(max=500)], filters=[trimmed])

    def __init__(self, *places: Any, **values: Any) -> None:
        super().__init__(*places, **values)
        known = sorted((carrier_name(code), code) for code in CARRIERS)
        self.carrier.choices = [
            SelectChoice("", gettext("Another, or none")),
            *(SelectChoice(c, n) for n, c in known),
        ]

    def validate_number(self, field: Any) -> None:
        """Letters, digits, spaces and hyphens are all that carriers use."""
        if field.data and not is_tracking_number(field.data):
            raise ValidationError(gettext("Please enter letters and digits only."))

    def validate_link(self, field: Any) -> None:
        """It goes into a mail, so it must be a sound address."""
        if field.data and not is_web_address(field.data):
            raise ValidationError(gettext("Please enter an address that begins with https://."))

    @property
    def tracking(self) -> Tracking:
        """What was typed."""
        carrier = self.carrier.data if self.carrier.data in CARRIERS else ""
        return Tracking(carrier, self.number.data or "", self.link.data or "")


class ParcelForm(TrackingForm):
    """A parcel that leaves; what is in it are fields of the page."""

    key = HiddenField()

    def __init__(self, *places: Any, **values: Any) -> None:
        super().__init__(*places, **values)
        if not self.key.data or len(self.key.data) > 22:
            self.key.data = new_public_id()


class AnswerForm(OwnerForm):
    """The owner's decision on a return, with words for the buyer."""

    answer = TextAreaField(_("Your words"), [Length(max=2000)], filters=[whole])
    instructions = TextAreaField(_("How to send it"), [Length(max=5000)], filters=[whole])


class ReturnRefundForm(OwnerForm):
    """How much goes back for what arrived."""

    amount = AmountField(_("Amount"))


def refund_form(proposed: Money, sent: Any = None) -> ReturnRefundForm:
    """Return the form of a refund for a return; empty is what was proposed."""
    form = ReturnRefundForm(sent, data={"amount": plain_amount(proposed)})
    form.amount.currency = proposed.currency
    return form


def tracking_form(shipment: Shipment, sent: Any = None) -> TrackingForm:
    """Return the form of how a parcel is followed."""
    values = {"carrier": shipment.carrier, "number": shipment.tracking_number, "link": shipment.tracking_url}
    return TrackingForm(sent, data=values)
