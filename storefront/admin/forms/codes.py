"""A discount code, as the owner fills it in."""

import re
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from flask_babel import gettext
from flask_babel import lazy_gettext as _
from wtforms import SelectChoice, SelectField, StringField, ValidationError
from wtforms.validators import StopValidation

from storefront.accounts.forms import trimmed
from storefront.admin.forms.fields import (
    MomentField,
    MultiCheckboxField,
    OtherPricesField,
    SeenForm,
    StockField,
    line_field,
    plain_amount,
    plain_moment,
    state_of,
    text_field,
)
from storefront.catalog.models import Category, Collection
from storefront.core.money import Money
from storefront.promotions.models import DiscountCode
from storefront.promotions.queries import ScopeNames
from storefront.promotions.service import CodeInput
from storefront.promotions.states import CodeKind
from storefront.web.filters import percent

KINDS = [
    SelectChoice(CodeKind.PERCENT.value, _("Percent off")),
    SelectChoice(CodeKind.AMOUNT.value, _("A fixed amount off")),
    SelectChoice(CodeKind.SHIPPING.value, _("Free postage")),
]


class PercentField(StringField):  # type: ignore[misc]  # wtforms is not typed
    """A share such as ``20`` or ``12.5``; ``hundredths`` is what it means, None when empty."""

    hundredths: int | None = None

    def pre_validate(self, form: Any) -> None:
        """Read the number; never through a float."""
        text = trimmed(self.data).replace(",", ".").rstrip("% ") if self.data else ""
        if not text:
            return
        if not re.fullmatch(r"[0-9]{1,3}(\.[0-9]{1,2})?", text) or Decimal(text).scaleb(2) > 10_000:
            raise StopValidation(gettext("Please enter a percentage such as 20 or 12.5."))
        self.hundredths = int(Decimal(text).scaleb(2))


class CodeForm(SeenForm):
    """All that a code can be."""

    code = line_field(_("Code"), 40, _("Please enter a code."))
    kind = SelectField(_("What it does"), choices=KINDS)
    percent = PercentField(_("Percent"))
    amounts = OtherPricesField(_("Amounts"))
    minimums = OtherPricesField(_("Counts from"))
    products = text_field(_("Products"), 4000)
    categories = MultiCheckboxField(_("Categories"))
    collections = MultiCheckboxField(_("Collections"))
    starts = MomentField(_("From"))
    ends = MomentField(_("Until"))
    most_uses = StockField(_("Uses in all"))
    most_per_customer = StockField(_("Uses for each customer"))
    note = line_field(_("Note for yourself"), 200)

    def validate_percent(self, field: PercentField) -> None:
        """Only a code of its kind needs it."""
        if self.kind.data == CodeKind.PERCENT and not field.hundredths:
            raise ValidationError(gettext("Please enter a percentage such as 20 or 12.5."))

    def validate_amounts(self, field: OtherPricesField) -> None:
        """Only a code of its kind needs them."""
        if self.kind.data == CodeKind.AMOUNT and not any(getattr(field, "amounts", {}).values()):
            raise ValidationError(gettext("Please enter an amount such as EUR 5.00."))

    def validate_ends(self, field: MomentField) -> None:
        """It can't end before it begins."""
        if field.moment and self.starts.moment and field.moment <= self.starts.moment:
            raise ValidationError(gettext("It must end later than it begins."))

    def validate_most_per_customer(self, field: StockField) -> None:
        """None at all would be no code."""
        if field.units == 0:
            raise ValidationError(gettext("At least one use, or nothing for no limit."))

    def wanted(self) -> CodeInput:
        """Return the code as the shop takes it."""
        return CodeInput(
            code=self.code.data,
            kind=CodeKind(self.kind.data),
            percent=self.percent.hundredths,
            amounts=self.amounts.amounts,
            minimums=self.minimums.amounts,
            starts_at=self.starts.moment,
            ends_at=self.ends.moment,
            most_uses=self.most_uses.units,
            most_per_customer=self.most_per_customer.units,
            note=self.note.data or "",
            scope=ScopeNames(
                tuple(
                    sorted({_slug(word) for word in re.split(r"[\s,;，]+", self.products.data or "") if word})
                ),
                tuple(sorted(self.categories.data or [])),
                tuple(sorted(self.collections.data or [])),
            ),
        )


def code_form(
    code: DiscountCode | None,
    scope: ScopeNames,
    categories: Sequence[Category],
    collections: Sequence[Collection],
    sent: Any = None,
) -> CodeForm:
    """Return the form of a code, or of a new one."""
    form = CodeForm(sent, data=_values(code, scope) if code else {})
    form.amounts.own_currency = form.minimums.own_currency = ""
    form.categories.choices = [SelectChoice(one.slug, one.name) for one in categories]
    form.collections.choices = [SelectChoice(one.slug, one.title) for one in collections]
    return form


def code_state(code: DiscountCode, scope: ScopeNames) -> str:
    """Return a mark of what the form of the code shows."""
    values = _values(code, scope, is_marked=False)
    return state_of(values)


def _values(code: DiscountCode, scope: ScopeNames, *, is_marked: bool = True) -> dict[str, Any]:
    values: dict[str, Any] = {
        "code": code.code,
        "kind": code.kind.value,
        "percent": percent(code.percent) if code.percent else "",
        "amounts": _amounts(code.amounts),
        "minimums": _amounts(code.minimums),
        "products": "\n".join(scope.products),
        "categories": list(scope.categories),
        "collections": list(scope.collections),
        "starts": plain_moment(code.starts_at),
        "ends": plain_moment(code.ends_at),
        "most_uses": "" if code.most_uses is None else str(code.most_uses),
        "most_per_customer": "" if code.most_per_customer is None else str(code.most_per_customer),
        "note": code.note,
    }
    return {**values, "seen": code_state(code, scope)} if is_marked else values


def _amounts(amounts: dict[str, int]) -> str:
    return ", ".join(
        f"{currency} {plain_amount(Money(amount, currency))}" for currency, amount in sorted(amounts.items())
    )


def _slug(word: str) -> str:
    """A whole address is taken for the product at its end."""
    return word.rstrip("/").rpartition("/")[2].partition("?")[0]
