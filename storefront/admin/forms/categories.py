"""A category, as the owner fills it in."""

from typing import Any

from flask_babel import gettext
from flask_babel import lazy_gettext as _
from wtforms import SelectChoice, SelectField

from storefront.admin.forms.fields import SeenForm, chinese, in_chinese, line_field, state_of, text_field
from storefront.catalog.models import Category
from storefront.catalog.service.categories import CategoryInput


class CategoryForm(SeenForm):
    """A category in both languages."""

    name = line_field(_("Name"), 120, _("Please give the category a name."))
    name_zh = line_field(_("Name in Chinese"), 120)
    description = text_field(_("Description"), 5000)
    description_zh = text_field(_("Description in Chinese"), 5000)
    slug = line_field(_("Address"), 80)
    parent = SelectField(_("Inside of"))

    def offer(self, categories: list[Category], but: Category | None = None) -> None:
        """Offer the categories in which this one could be."""
        self._ids = {each.slug: each.id for each in categories}
        offered = [
            SelectChoice(each.slug, each.name) for each in categories if but is None or each.id != but.id
        ]
        self.parent.choices = [SelectChoice("", gettext("Nothing: it stands at the top")), *offered]

    def wanted(self) -> CategoryInput:
        """Return the category as the catalogue takes it."""
        return CategoryInput(
            name=self.name.data,
            slug=self.slug.data,
            description=self.description.data,
            parent_id=self._ids.get(self.parent.data),
            translations=chinese(name=self.name_zh.data, description=self.description_zh.data),
        )


def category_form(
    categories: list[Category], category: Category | None, formdata: Any = None
) -> CategoryForm:
    """Return the form of a category, or of a new one."""
    form = CategoryForm(formdata, data=_values(category, categories) if category else {})
    form.offer(categories, but=category)
    return form


def category_state(category: Category) -> str:
    """Return a mark of what the form of the category shows."""
    return state_of(
        category.name, category.slug, category.description, category.parent_id, category.translations
    )


def _values(category: Category, categories: list[Category]) -> dict[str, Any]:
    return {
        "seen": category_state(category),
        "name": category.name,
        "name_zh": in_chinese(category, "name"),
        "description": category.description,
        "description_zh": in_chinese(category, "description"),
        "slug": category.slug,
        "parent": next((each.slug for each in categories if each.id == category.parent_id), ""),
    }
