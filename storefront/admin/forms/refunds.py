"""What goes back of an order, as the owner fills it in."""

from typing import Any

from flask_babel import gettext
from flask_babel import lazy_gettext as _
from wtforms import HiddenField, RadioField, SelectChoice

from storefront.admin.forms.fields import AmountField, OwnerForm, line_field
from storefront.checkout.giving_back import LineOffer, LineWish, RefundWish
from storefront.core.ids import new_public_id
from storefront.payments.states import LineAccess

_MOST_PIECES = 99_999


class RefundForm(OwnerForm):
    """Everything, some pieces, or an amount; for each line what becomes of access and goods."""

    key = HiddenField()
    mode = RadioField(
        _("What goes back"),
        choices=[
            SelectChoice("all", _("Everything that is left")),
            SelectChoice("lines", _("Pieces of what was bought")),
            SelectChoice("amount", _("An amount")),
        ],
        default="all",
    )
    amount = AmountField(_("Amount"))
    reason = line_field(_("Reason (only you see it)"), 300)

    def __init__(self, offers: list[LineOffer], currency: str, formdata: Any = None) -> None:
        super().__init__(formdata)
        self.offers, self.sent = offers, formdata
        self.amount.currency = currency
        self.line_errors: dict[int, str] = {}
        if not self.mode.data:
            self.mode.data = "all"
        if not self.key.data or len(self.key.data) > 22:
            self.key.data = new_public_id()

    def value(self, name: str, number: int, default: str) -> str:
        """Return what stands in a field of a line; lines are counted from one."""
        return str(self.sent.get(f"{name}-{number}", default)) if self.sent else default

    def validate(self, extra_validators: Any = None) -> bool:
        """Check the fields, and the numbers of the lines."""
        is_valid = bool(super().validate(extra_validators))
        for number, offer in enumerate(self.offers, 1):
            for name, most in (("pieces", offer.left), ("restock", offer.returnable)):
                text = self.value(name, number, "0").strip() or "0"
                if not (text.isascii() and text.isdigit() and len(text) <= 5 and int(text) <= most):
                    self.line_errors[number] = gettext(
                        "Please enter a whole number up to %(most)s.", most=most
                    )
        if self.mode.data == "amount" and not self.amount.errors and not self.amount.amount:
            self.amount.errors = [gettext("Please enter the amount that goes back.")]
            is_valid = False
        return is_valid and not self.line_errors

    def wanted(self) -> RefundWish:
        """Return what is asked for; call it on a valid form only."""
        return RefundWish(
            key=str(self.key.data),
            lines=tuple(self._line(number, offer) for number, offer in enumerate(self.offers, 1)),
            amount=self.amount.amount if self.mode.data == "amount" else None,
            is_all=self.mode.data == "all",
            reason=self.reason.data or "",
        )

    def _line(self, number: int, offer: LineOffer) -> LineWish:
        access = self.value("access", number, "")
        return LineWish(
            offer.line.id,
            quantity=min(int(self.value("pieces", number, "0").strip() or 0), _MOST_PIECES),
            restock=min(int(self.value("restock", number, "0").strip() or 0), _MOST_PIECES),
            access=LineAccess(access) if access in list(LineAccess) else None,
        )
