"""The form of an address, whose fields follow the country."""

from typing import Any

from flask_babel import lazy_gettext as _
from flask_wtf import FlaskForm
from wtforms import SelectChoice, SelectField, StringField, TelField
from wtforms.widgets import Select, TextInput

from storefront.accounts.forms import trimmed
from storefront.accounts.places import (
    COUNTRIES,
    FIELDS,
    LONGEST,
    Address,
    PlaceRules,
    cleaned,
    country_choices,
    label_of,
    mistakes_in,
    rules_of,
    state_choices,
)

# What browsers fill in by themselves. Source: https://html.spec.whatwg.org/multipage/form-control-infrastructure.html#autofill
AUTOCOMPLETE = {
    "name": "name",
    "company": "organization",
    "line1": "address-line1",
    "line2": "address-line2",
    "district": "address-level3",
    "city": "address-level2",
    "state": "address-level1",
    "postal_code": "postal-code",
    "country": "country",
    "phone": "tel",
}


class StateField(SelectField):  # type: ignore[misc]  # wtforms is not typed
    """A state to choose where the country has a list of them, else a text.

    Whether what came is one of the country's is for ``mistakes_in`` to say, with the other fields.
    """

    def offer(self, states: list[tuple[str, str]]) -> None:
        """Take these as choices; with none of them the field is a text."""
        self.choices = [SelectChoice("", ""), *(SelectChoice(code, name) for code, name in states)]
        self.widget = Select() if states else TextInput()

    def _value(self) -> str:
        return str(self.data or "")


class AddressForm(FlaskForm):  # type: ignore[misc]  # flask-wtf is not typed
    """Where something is sent to. Which fields there are, and which are required, is decided by the country."""

    country = SelectField(_("Country"), validate_choice=False)
    name = StringField(_("Full name"), filters=[trimmed])
    company = StringField(_("Company"), filters=[trimmed])
    line1 = StringField(_("Street and number"), filters=[trimmed])
    line2 = StringField(_("Flat, floor, building"), filters=[trimmed])
    district = StringField(_("District"), filters=[trimmed])
    city = StringField(_("City"), filters=[trimmed])
    state = StateField(_("State"), filters=[trimmed], choices=[], validate_choice=False)
    postal_code = StringField(_("Postcode"), filters=[trimmed])
    phone = TelField(_("Phone"), filters=[trimmed])

    def __init__(self, *places: Any, **values: Any) -> None:
        super().__init__(*places, **values)
        countries = (SelectChoice(code, name) for code, name in country_choices())
        self.country.choices = [SelectChoice("", ""), *countries]
        self._follow_country()

    @property
    def rules(self) -> PlaceRules | None:
        """How addresses of the chosen country are written; none while none is chosen."""
        return rules_of(self.country.data) if self.country.data in COUNTRIES else None

    @property
    def shown(self) -> list[Any]:
        """The fields below the country, in the order in which one fills them in."""
        rules = self.rules
        names = (
            "name",
            "company",
            *(rules.fields if rules else ("line1", "line2", "postal_code", "city")),
            "phone",
        )
        return [self[name] for name in names]

    @property
    def address(self) -> Address:
        """What was filled in, as the shop keeps it."""
        return cleaned({name: self[name].data or "" for name in FIELDS})

    def validate(self, extra_validators: Any = None) -> bool:
        """Judge the address by the rules of its country; each mistake stands at its field."""
        is_sound = bool(super().validate(extra_validators))
        wrong = mistakes_in(self.address)
        for name, sentence in wrong.items():
            self[name].errors = [sentence]
        return is_sound and not wrong

    def _follow_country(self) -> None:
        rules = self.rules
        self.state.offer(state_choices(rules) if rules else [])
        for name in FIELDS:
            field = self[name]
            is_required = name == "country" or (
                name in rules.required if rules else name in ("name", "line1")
            )
            field.flags.required = is_required or None
            if rules:
                field.label.text = label_of(rules, name)
            field.render_kw = {"autocomplete": AUTOCOMPLETE[name]}
            if field.type != "SelectField" and not (name == "state" and rules and rules.states):
                field.render_kw["maxlength"] = LONGEST[name]


def address_form(address: Address | None = None, **other: Any) -> AddressForm:
    """Return the form filled with an address instead of what was sent."""
    return AddressForm(formdata=None, data={**(address or {}), **other})
