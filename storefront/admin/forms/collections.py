"""A collection, as the owner fills it in."""

from typing import Any

from flask_babel import lazy_gettext as _

from storefront.admin.forms.categories import words_of_picture
from storefront.admin.forms.fields import SeenForm, chinese, in_chinese, line_field, state_of, text_field
from storefront.catalog.models import Collection
from storefront.catalog.service.collections import CollectionInput


class CollectionForm(SeenForm):
    """A collection in both languages."""

    title = line_field(_("Title"), 120, _("Please give the collection a title."))
    title_zh = line_field(_("Title in Chinese"), 120)
    description = text_field(_("Description"), 5000)
    description_zh = text_field(_("Description in Chinese"), 5000)
    alt = line_field(_("What is to be seen"), 300)
    alt_zh = line_field(_("What is to be seen, in Chinese"), 300)
    slug = line_field(_("Address"), 80)

    def wanted(self) -> CollectionInput:
        """Return the collection as the catalogue takes it."""
        return CollectionInput(
            title=self.title.data,
            slug=self.slug.data,
            description=self.description.data,
            translations=chinese(title=self.title_zh.data, description=self.description_zh.data),
            alt=self.alt.data or "",
            alt_translations=chinese(alt=self.alt_zh.data or ""),
        )


def collection_form(collection: Collection | None, formdata: Any = None) -> CollectionForm:
    """Return the form of a collection, or of a new one."""
    return CollectionForm(formdata, data=_values(collection) if collection else {})


def collection_state(collection: Collection) -> str:
    """Return a mark of what the form of the collection shows."""
    return state_of(
        collection.title,
        collection.slug,
        collection.description,
        collection.translations,
        words_of_picture(collection.picture),
    )


def _values(collection: Collection) -> dict[str, Any]:
    return {
        "seen": collection_state(collection),
        "title": collection.title,
        "title_zh": in_chinese(collection, "title"),
        "description": collection.description,
        "description_zh": in_chinese(collection, "description"),
        **words_of_picture(collection.picture),
        "slug": collection.slug,
    }
