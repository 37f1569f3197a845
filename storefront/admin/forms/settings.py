"""What the shop says of itself, as the owner fills it in."""

from typing import Any

from flask_babel import lazy_gettext as _
from wtforms import EmailField, IntegerField, SelectChoice, SelectField
from wtforms.validators import InputRequired, Length, NumberRange

from storefront.accounts.forms import trimmed
from storefront.admin.forms.fields import (
    CurrenciesField,
    SeenForm,
    an_email_or_nothing,
    chinese,
    in_chinese,
    line_field,
    state_of,
    text_field,
)
from storefront.core.money import known_currencies
from storefront.shop.models import ShopProfile
from storefront.shop.service import ProfileInput

# What Stripe's customers use most comes first.
_USUAL = ("EUR", "USD", "GBP", "CNY", "JPY", "CHF", "HKD", "SGD", "AUD", "CAD")


class SettingsForm(SeenForm):
    """The words and the currency of the shop."""

    name = line_field(_("Name of the shop"), 80, _("Please give the shop a name."))
    tagline = line_field(_("One line about it"), 200)
    about = text_field(_("About the shop"), 10_000)
    refund_policy = text_field(_("Refunds"), 5000)
    contact_email = EmailField(_("Contact e-mail"), [Length(max=254), an_email_or_nothing], filters=[trimmed])
    currency = SelectField(_("Currency"))
    other_currencies = CurrenciesField(_("Other currencies"))
    review_reminder_days = IntegerField(
        _("Ask for a review after so many days"),
        [
            InputRequired(_("Please enter a number of days from 0 to 365.")),
            NumberRange(0, 365, _("Please enter a number of days from 0 to 365.")),
        ],
    )
    expiry_notice_days = IntegerField(
        _("Tell buyers so many days before access ends"),
        [
            InputRequired(_("Please enter a number of days from 0 to 365.")),
            NumberRange(0, 365, _("Please enter a number of days from 0 to 365.")),
        ],
    )
    sharing_places = IntegerField(
        _("Places in a day before buyers must confirm"),
        [
            InputRequired(_("Please enter a number from 0 to 1000.")),
            NumberRange(0, 1000, _("Please enter a number from 0 to 1000.")),
        ],
    )
    name_zh = line_field(_("Name of the shop"), 80)
    tagline_zh = line_field(_("One line about it"), 200)
    about_zh = text_field(_("About the shop"), 10_000)
    refund_policy_zh = text_field(_("Refunds"), 5000)

    def offer_currencies(self, present: str, *, may_change: bool) -> None:
        """Offer all currencies, or only the present one once something was ordered."""
        rest = sorted(known_currencies() - set(_USUAL))
        offered = [*_USUAL, *rest] if may_change else [present]
        self.currency.choices = [SelectChoice(code) for code in offered]

    def wanted(self) -> ProfileInput:
        """Return the words as the shop takes them."""
        return ProfileInput(
            name=self.name.data,
            tagline=self.tagline.data,
            about=self.about.data,
            refund_policy=self.refund_policy.data,
            contact_email=self.contact_email.data or "",
            currency=self.currency.data,
            other_currencies=self.other_currencies.codes,
            review_reminder_days=self.review_reminder_days.data,
            expiry_notice_days=self.expiry_notice_days.data,
            sharing_places=self.sharing_places.data,
            translations=chinese(
                name=self.name_zh.data,
                tagline=self.tagline_zh.data,
                about=self.about_zh.data,
                refund_policy=self.refund_policy_zh.data,
            ),
        )


def settings_form(profile: ShopProfile, *, may_change_currency: bool, sent: Any = None) -> SettingsForm:
    """Return the form of the shop's words."""
    form = SettingsForm(sent, data=_values(profile))
    form.offer_currencies(profile.currency, may_change=may_change_currency)
    return form


def settings_state(profile: ShopProfile) -> str:
    """Return a mark of what the form shows."""
    return state_of(
        profile.name,
        profile.tagline,
        profile.about,
        profile.refund_policy,
        profile.contact_email,
        profile.currency,
        profile.other_currencies,
        profile.review_reminder_days,
        profile.expiry_notice_days,
        profile.sharing_places,
        profile.translations,
    )


def _values(profile: ShopProfile) -> dict[str, Any]:
    names = ("name", "tagline", "about", "refund_policy")
    return {
        "seen": settings_state(profile),
        "contact_email": profile.contact_email,
        "currency": profile.currency,
        "other_currencies": ", ".join(profile.other_currencies or []),
        "review_reminder_days": profile.review_reminder_days,
        "expiry_notice_days": profile.expiry_notice_days,
        "sharing_places": profile.sharing_places,
        **{name: getattr(profile, name) for name in names},
        **{f"{name}_zh": in_chinese(profile, name) for name in names},
    }
