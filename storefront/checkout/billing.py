"""What a buyer says of themselves for tax and invoice: read from the form, checked, and kept with the cart."""

from collections.abc import Mapping
from dataclasses import replace

from flask_babel import gettext

from storefront.core.clock import now
from storefront.gateways.vies import ask_vies
from storefront.taxes.billing import Billing
from storefront.taxes.countries import EU
from storefront.taxes.states import VatCheck
from storefront.taxes.vat_ids import normalise
from storefront.web.countries import COUNTRIES

# Not the names of the delivery address, which stands in the same form.
FIELDS = ("tax_country", "billing_company", "billing_address", "vat_id")
_LONGEST = {"tax_country": 2, "billing_company": 200, "billing_address": 400, "vat_id": 40}


def read_billing(form: Mapping[str, str], before: Billing) -> tuple[Billing, dict[str, str]]:
    """Return what the form says, and what is wrong with it by field. A form without these fields changes nothing."""
    if not any(name in form for name in FIELDS):
        return before, {}
    said = {name: _plain(form.get(name, ""), _LONGEST[name]) for name in FIELDS}
    errors: dict[str, str] = {}
    if said["tax_country"] and said["tax_country"] not in COUNTRIES:
        said["tax_country"] = ""
        errors["tax_country"] = gettext("Please choose a country.")
    if not said["vat_id"]:
        return Billing(said["tax_country"], said["billing_company"], said["billing_address"]), errors
    vat_id = normalise(said["vat_id"], said["tax_country"])
    if not said["tax_country"]:
        errors["tax_country"] = gettext("Please choose the country of your VAT id.")
    elif vat_id is None:
        errors["vat_id"] = gettext(
            "This is no VAT id of that country. Please check it, or leave the field empty."
        )
    billing = Billing(
        said["tax_country"], said["billing_company"], said["billing_address"], vat_id or said["vat_id"]
    )
    if vat_id is not None and vat_id == before.vat_id:
        known = {
            "vat_state": before.vat_state,
            "vat_checked_at": before.vat_checked_at,
            "vat_name": before.vat_name,
        }
        billing = replace(billing, **known)
    return billing, errors


def look_up(billing: Billing, vies: str) -> Billing:
    """Return the same with what VIES says of the VAT id, or its right form alone when VIES does not answer.

    Asks over the network, for some seconds at most: call it with no transaction open.
    """
    if not billing.vat_id or billing.vat_state == VatCheck.VALID:
        return billing
    answer = ask_vies(vies, billing.vat_id) if billing.country in EU else None
    if answer is None:
        return replace(billing, vat_state=VatCheck.FORMAT.value, vat_checked_at=now().isoformat())
    state = VatCheck.VALID if answer.is_valid else VatCheck.INVALID
    return replace(billing, vat_state=state.value, vat_checked_at=now().isoformat(), vat_name=answer.name)


def _plain(text: str, longest: int) -> str:
    kept = "".join(letter for letter in text.replace("\r\n", "\n") if letter == "\n" or letter.isprintable())
    return kept.strip()[:longest]
