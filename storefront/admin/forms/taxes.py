"""How the shop deals with tax, as the owner fills it in."""

from collections.abc import Sequence
from typing import Any

from flask_babel import gettext
from flask_babel import lazy_gettext as _
from wtforms import BooleanField, FieldList, Form, FormField, SelectChoice, SelectField, ValidationError

from storefront.admin.forms.codes import PercentField
from storefront.admin.forms.fields import OwnerForm, add_error, line_field
from storefront.shop.service import TaxFacts
from storefront.taxes.models import TaxRate
from storefront.taxes.states import TaxClass, TaxMode
from storefront.web.countries import COUNTRIES, named
from storefront.web.filters import percent

MODES = [
    SelectChoice(TaxMode.OFF.value, _("No tax is worked out")),
    SelectChoice(TaxMode.RATES.value, _("By the table of rates below")),
    SelectChoice(TaxMode.STRIPE.value, _("By Stripe Tax")),
]


class RateForm(Form):  # type: ignore[misc]  # wtforms is not typed
    """A country of the table."""

    country = SelectField(_("Country"), validate_choice=False)
    standard = PercentField(_("Standard"))
    reduced = PercentField(_("E-books and the like"))
    name = line_field(_("Name of the tax"), 40)


class TaxForm(OwnerForm):
    """The switch, and the table."""

    mode = SelectField(_("Tax"), choices=MODES)
    country = SelectField(_("Where the shop is at home"))
    is_included = BooleanField(_("My prices include the tax"))
    rates = FieldList(FormField(RateForm), max_entries=300)

    def validate_country(self, field: SelectField) -> None:
        """Whoever works out tax must know where."""
        if self.mode.data != TaxMode.OFF and not field.data:
            raise ValidationError(gettext("Please choose the country where the shop is at home."))

    def validate_rates(self, field: FieldList) -> None:
        """Each country once, each with a standard rate."""
        seen: set[str] = set()
        for row in field.entries:
            code = row.form.country.data
            if code not in COUNTRIES:
                continue
            if code in seen:
                add_error(row.form, row.form.country.id, gettext("This country stands in the table twice."))
                raise ValidationError(gettext("This country stands in the table twice."))
            if row.form.standard.hundredths is None:
                raise ValidationError(gettext("Each country needs a standard rate; 0 is one."))
            seen.add(code)

    def wanted_rates(self) -> list[tuple[str, TaxClass, int, str]]:
        """Return the table: country, class, hundredths of a percent, name."""
        found = []
        for row in (entry.form for entry in self.rates.entries if entry.form.country.data in COUNTRIES):
            name = row.name.data or ""
            found.append((row.country.data, TaxClass.STANDARD, row.standard.hundredths or 0, name))
            if row.reduced.hundredths is not None:
                found.append((row.country.data, TaxClass.REDUCED, row.reduced.hundredths, name))
        return found


def tax_form(facts: TaxFacts, rates: Sequence[TaxRate], sent: Any = None) -> TaxForm:
    """Return the form; its table ends with an empty row for one country more."""
    form = TaxForm(sent, data=None if sent else _values(facts, rates))
    choices = [SelectChoice("", _("Choose…")), *(SelectChoice(code, name) for code, name in named())]
    form.country.choices = choices
    for row in form.rates.entries:
        row.form.country.choices = choices
    return form


def _values(facts: TaxFacts, rates: Sequence[TaxRate]) -> dict[str, Any]:
    table: dict[str, dict[str, str]] = {}
    for one in rates:
        row = table.setdefault(one.country, {"country": one.country, "name": one.name})
        row[one.tax_class.value] = percent(one.hundredths)
    return {
        "mode": facts.mode,
        "country": facts.country,
        "is_included": facts.is_included,
        "rates": [*table.values(), {}],
    }
