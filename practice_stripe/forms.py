"""The form of the hosted page: what was typed, what is wrong with it, and the buyer that it describes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from practice_stripe.params import is_email
from practice_stripe.paying import Buyer
from practice_stripe.store import Json

ADDRESS = ("line1", "line2", "city", "state", "postal_code", "country")
_OPTIONAL = ("line2",)
_MAX_LENGTH = 250
_WITH_STATES = ("CA", "US")
_NO_POSTAL_CODES = """
AE AG AN AO AW BF BI BJ BO BS BW BZ CD CF CG CI CK CM DJ DM ER FJ GA GD GH GM GQ GY HK IE JM KE KI KM KN KP LC
ML
MO MR MS MU MW NR NU PA QA RW SB SC SL SR ST SY TF TG TK TL TO TT TV UG VU YE ZA ZW
"""
_WITHOUT_POSTAL_CODES = frozenset(_NO_POSTAL_CODES.split())


@dataclass(frozen=True)
class PaymentForm:
    """Values by field name and mistakes by field name."""

    values: Mapping[str, str]
    groups: tuple[str, ...]
    mistakes: dict[str, str] = field(default_factory=dict)

    @classmethod
    def of_session(cls, session: Json) -> PaymentForm:
        """Return the form as it is first shown."""
        known = session["customer_details"] or {}
        values = {"email": known.get("email") or "", "name": known.get("name") or ""}
        return cls(values, _groups(session))

    def value(self, name: str) -> str:
        """Return what stands in a field."""
        return self.values.get(name, "").strip()

    def mistake(self, name: str) -> str | None:
        """Return what is wrong with a field, or None."""
        return self.mistakes.get(name)

    def buyer(self) -> Buyer:
        """Return who pays."""
        tax_id = self.value("tax_id")
        return Buyer(
            email=self.value("email"),
            name=self.value("billing_name") or self.value("name") or None,
            phone=self.value("phone") or None,
            address=self._address("billing_") if "billing_" in self.groups else None,
            shipping_name=self.value("name") if "" in self.groups else None,
            shipping_address=self._address("") if "" in self.groups else None,
            shipping_rate=self.value("shipping_rate") or None,
            accepts_terms=bool(self.value("terms")),
            wants_promotions=bool(self.value("promotions")),
            tax_id={"type": "unknown", "value": tax_id} if tax_id else None,
        )

    def _address(self, prefix: str) -> Json:
        return {part: self.value(prefix + part) or None for part in sorted(ADDRESS)}


def read_form(session: Json, values: Mapping[str, str], t: Mapping[str, str]) -> PaymentForm:
    """Return the form with its mistakes in words of ``t``."""
    form = PaymentForm(values, _groups(session), {})
    mistakes = form.mistakes
    if not form.value("email"):
        mistakes["email"] = t["required"].format(label=t["email"])
    elif not is_email(form.value("email")):
        mistakes["email"] = t["bad_email"]
    if session["phone_number_collection"]["enabled"] and not form.value("phone"):
        mistakes["phone"] = t["required"].format(label=t["phone"])
    for prefix in form.groups:
        _check_address(form, prefix, _countries(session, prefix), t)
    _check_choices(session, form, t)
    return form


def _groups(session: Json) -> tuple[str, ...]:
    """Return the prefixes of the addresses that the page asks for: "" is the shipping address."""
    groups = [""] if session["shipping_address_collection"] else []
    return (*groups, "billing_") if session["billing_address_collection"] == "required" else tuple(groups)


def _countries(session: Json, prefix: str) -> list[str] | None:
    return session["shipping_address_collection"]["allowed_countries"] if prefix == "" else None


def _check_address(form: PaymentForm, prefix: str, countries: list[str] | None, t: Mapping[str, str]) -> None:
    country = form.value(f"{prefix}country")
    for part in ("name", *ADDRESS):
        name = prefix + part
        if len(form.value(name)) > _MAX_LENGTH:
            form.mistakes[name] = t["too_long"].format(label=t[part], count=_MAX_LENGTH)
        elif not form.value(name) and _is_needed(part, country):
            form.mistakes[name] = t["required"].format(label=t[part])
    if country and countries is not None and country not in countries:
        form.mistakes[f"{prefix}country"] = t["bad_country"]


def _is_needed(part: str, country: str) -> bool:
    if part == "state":
        return country in _WITH_STATES
    if part == "postal_code":
        return country not in _WITHOUT_POSTAL_CODES
    return part not in _OPTIONAL


def _check_choices(session: Json, form: PaymentForm, t: Mapping[str, str]) -> None:
    rates = [option["shipping_rate"] for option in session["shipping_options"]]
    chosen = form.value("shipping_rate")
    if chosen and chosen not in rates:
        form.mistakes["shipping_rate"] = t["bad_choice"]
    consent = session["consent_collection"]
    if consent and consent["terms_of_service"] == "required" and not form.value("terms"):
        form.mistakes["terms"] = t["must_agree"]
