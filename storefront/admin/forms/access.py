"""For how long buyers may use a product, and from when, as the owner fills it in."""

from collections.abc import Iterator
from typing import Any

from flask_babel import gettext
from flask_babel import lazy_gettext as _
from wtforms import Form, FormField, IntegerField, ValidationError
from wtforms.validators import Optional

from storefront.admin.forms.fields import MomentField, OwnerForm, plain_moment
from storefront.catalog.models import Product, Variant
from storefront.catalog.service.mistakes import InvalidField
from storefront.catalog.windows import Window
from storefront.core.clock import datetime


class WindowForm(Form):  # type: ignore[misc]  # wtforms is not typed
    """How long: so many days, until a moment, or neither."""

    days = IntegerField(_("Days from when it opens to them"), [Optional()])
    until = MomentField(_("Until a day, in UTC"))

    def validate_until(self, field: MomentField) -> None:
        """Both would contradict each other."""
        if field.moment is not None and self.days.data is not None:
            raise ValidationError(gettext("Please choose days or a last day, not both."))

    @property
    def window(self) -> Window:
        """What was filled in."""
        return Window(self.days.data, self.until.moment)


class AccessForm(OwnerForm):
    """The window of a product, those of its variants, and its release."""

    opens_at = MomentField(_("Release"))
    own = FormField(WindowForm, _("Every buyer"))

    def refuse(self, error: InvalidField) -> None:
        """Show what the catalogue did not accept at its field."""
        for window in self._windows():
            for field in window.form:
                if field.id == error.field:
                    field.errors = [*field.errors, gettext(error.sentence, **error.values)]

    def rows(self, product: Product) -> Iterator[tuple[Variant, WindowForm]]:
        """Return the variants with their windows; one variant alone has no word of its own."""
        for variant in product.variants:
            name = _name(variant)
            if name in self:
                yield variant, self[name].form

    def wanted(self, product: Product) -> dict[int, Window]:
        """Return the windows of variants, by their ids."""
        return {variant.id: window.window for variant, window in self.rows(product)}

    def _windows(self) -> Iterator[Any]:
        return (field for field in self if field.type == "FormField")


class ExtendForm(OwnerForm):
    """Until when somebody may use what they have; nothing is for ever."""

    until = MomentField(_("Until a day, in UTC"))

    @property
    def moment(self) -> datetime | None:
        """The end that was asked for."""
        return self.until.moment


def access_form(product: Product, sent: Any = None) -> AccessForm:
    """Return the form of a product's windows, filled with what is in the shop or with what was sent."""
    several = product.variants if len(product.variants) > 1 else []
    fields = {_name(variant): FormField(WindowForm, variant.title or variant.sku) for variant in several}
    form = type("AccessFormOfProduct", (AccessForm,), fields)
    values = {_name(variant): _values(variant) for variant in several}
    made: AccessForm = form(
        sent, data={"opens_at": plain_moment(product.opens_at), "own": _values(product), **values}
    )
    return made


def _name(variant: Variant) -> str:
    return f"variant_{variant.id}"


def _values(row: Product | Variant) -> dict[str, Any]:
    return {"days": row.access_days, "until": plain_moment(row.access_until)}
