"""A tag, as the owner fills it in."""

from typing import Any

from flask_babel import lazy_gettext as _

from storefront.admin.forms.fields import OwnerForm, SeenForm, chinese, in_chinese, line_field, state_of
from storefront.catalog.models import Tag
from storefront.catalog.models.tag import LONGEST_TAG
from storefront.catalog.service.tags import TagInput


class TagForm(SeenForm):
    """A tag in both languages."""

    name = line_field(_("Name"), LONGEST_TAG, _("Please give the tag a name."))
    name_zh = line_field(_("Name in Chinese"), LONGEST_TAG)
    slug = line_field(_("Address"), 80)

    def wanted(self) -> TagInput:
        """Return the tag as the catalogue takes it."""
        return TagInput(
            name=" ".join(self.name.data.split()),
            slug=self.slug.data,
            translations=chinese(name=" ".join(self.name_zh.data.split())),
        )


class MergeForm(OwnerForm):
    """The tag into which another goes."""

    into = line_field(_("Merge it into"), LONGEST_TAG, _("Please name the other tag."))


def tag_form(tag: Tag, formdata: Any = None) -> TagForm:
    """Return the form of a tag."""
    return TagForm(formdata, data=_values(tag))


def tag_state(tag: Tag) -> str:
    """Return a mark of what the form of the tag shows."""
    return state_of(tag.name, tag.slug, tag.translations)


def _values(tag: Tag) -> dict[str, Any]:
    return {
        "seen": tag_state(tag),
        "name": tag.name,
        "name_zh": in_chinese(tag, "name"),
        "slug": tag.slug,
    }
