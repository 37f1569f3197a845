"""A category, as the owner fills it in."""

from typing import Any

from flask_babel import gettext
from flask_babel import lazy_gettext as _
from wtforms import SelectChoice, SelectField, ValidationError

from storefront.admin.forms.fields import SeenForm, chinese, in_chinese, line_field, state_of, text_field
from storefront.catalog.models import Category
from storefront.catalog.service.categories import MOST_LEVELS, CategoryInput, levels


class CategoryForm(SeenForm):
    """A category in both languages."""

    name = line_field(_("Name"), 120, _("Please give the category a name."))
    name_zh = line_field(_("Name in Chinese"), 120)
    description = text_field(_("Description"), 5000)
    description_zh = text_field(_("Description in Chinese"), 5000)
    alt = line_field(_("What is to be seen"), 300)
    alt_zh = line_field(_("What is to be seen, in Chinese"), 300)
    slug = line_field(_("Address"), 80)
    parent = SelectField(_("Inside of"), validate_choice=False)

    def offer(self, categories: list[Category], but: Category | None = None) -> None:
        """Offer the categories in which this one could be, as a tree: not itself, nor what is inside of it."""
        self._ids = {each.slug: each.id for each in categories}
        deep = levels(categories)
        own = {but.id} if but is not None else set()
        for each in categories:  # in the order of the tree
            own |= {each.id} if each.parent_id in own else set()
        offered = [
            SelectChoice(each.slug, "\u2003" * deep[each.id] + each.name)
            for each in categories
            if each.id not in own and deep[each.id] < MOST_LEVELS - 1
        ]
        self.parent.choices = [SelectChoice("", gettext("Nothing: it stands at the top")), *offered]

    def validate_parent(self, field: SelectField) -> None:
        """It may have been deleted since the page was opened."""
        if field.data and field.data not in self._ids:
            raise ValidationError(gettext("This category is gone. Please choose another."))

    def wanted(self) -> CategoryInput:
        """Return the category as the catalogue takes it."""
        return CategoryInput(
            name=self.name.data,
            slug=self.slug.data,
            description=self.description.data,
            parent_id=self._ids.get(self.parent.data),
            translations=chinese(name=self.name_zh.data, description=self.description_zh.data),
            alt=self.alt.data or "",
            alt_translations=chinese(alt=self.alt_zh.data or ""),
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
        category.name,
        category.slug,
        category.description,
        category.parent_id,
        category.translations,
        words_of_picture(category.picture),
    )


def words_of_picture(picture: dict[str, Any] | None) -> dict[str, str]:
    """Return what the fields of a form say about a picture."""
    kept = picture or {}
    return {"alt": kept.get("alt", ""), "alt_zh": kept.get("translations", {}).get("zh", {}).get("alt", "")}


def _values(category: Category, categories: list[Category]) -> dict[str, Any]:
    return {
        "seen": category_state(category),
        "name": category.name,
        "name_zh": in_chinese(category, "name"),
        "description": category.description,
        "description_zh": in_chinese(category, "description"),
        **words_of_picture(category.picture),
        "slug": category.slug,
        "parent": next((each.slug for each in categories if each.id == category.parent_id), ""),
    }
