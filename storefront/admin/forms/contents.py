"""What buyers get, as the owner fills it in."""

import json
from typing import Any

from flask_babel import gettext
from flask_babel import lazy_gettext as _
from wtforms import BooleanField, RadioField, SelectChoice, SelectField, StringField, TextAreaField
from wtforms.validators import DataRequired

from storefront.accounts.forms import trimmed
from storefront.admin.forms.fields import (
    CountField,
    MultiCheckboxField,
    OwnerForm,
    SeenForm,
    StockField,
    chinese,
    in_chinese,
    line_field,
    state_of,
    text_field,
)
from storefront.catalog.models import Content, Picture, Product, Sample
from storefront.catalog.service.contents import Rules
from storefront.catalog.service.licences import LicenceTerms, terms_of
from storefront.catalog.service.versions import News
from storefront.catalog.showing import Axes
from storefront.catalog.states import Stamp

_TITLE = _("Please enter a title.")


class LicenceFields:
    """The terms of a licence."""

    keys_from_pool = BooleanField(_("Keys come from a list that I import, not from the pattern"))
    activation_limit = StockField(_("On how many machines one key may be in use"))
    low_pool_at = StockField(_("Tell me when so few free keys are left"), default="10")

    @property
    def terms(self) -> LicenceTerms:
        """What was filled in."""
        return LicenceTerms(
            bool(self.keys_from_pool.data), self.low_pool_at.units or 0, self.activation_limit.units or None
        )


class ContentForm(LicenceFields, SeenForm):
    """A file's, licence's, text's or course's title and words; pattern and terms are for licences only."""

    title = line_field(_("Title"), 200, _TITLE)
    pattern = StringField(_("Pattern of the keys"), filters=[trimmed], default="****-****-****-####")
    url = line_field(_("Web address"), 500)
    body = text_field(_("Text"))
    variant = SelectField(_("Who gets it"), validate_choice=False)
    is_stream_only = BooleanField(_("Only to be watched or heard here, without a download"))
    download_limit = CountField(_("How often it may be downloaded"))
    download_days = CountField(_("Within how many days from the purchase"))
    stamp = RadioField(
        _("Say in the file who bought it"),
        choices=[
            SelectChoice(Stamp.NONE.value, _("No")),
            (
                Stamp.FIRST.value,
                _("Once: on a PDF's first page, at the end of an EPUB, in a corner of a picture"),
            ),
            SelectChoice(Stamp.EVERY.value, _("On every page")),
        ],
        default=Stamp.NONE.value,
    )
    title_zh = line_field(_("Title"), 200)
    body_zh = text_field(_("Text"))

    def offer(self, product: Product) -> None:
        """Offer the variants of the product."""
        offered = [
            SelectChoice(str(variant.id), variant.title or variant.sku) for variant in product.variants
        ]
        self.variant.choices = [SelectChoice("", gettext("Every buyer")), *offered]

    @property
    def variant_id(self) -> int | None:
        """The variant whose buyers get it; None is everybody."""
        offered = {choice.value for choice in self.variant.choices}
        return int(self.variant.data) if self.variant.data and self.variant.data in offered else None

    @property
    def rules(self) -> Rules:
        """How buyers may have the file."""
        return Rules(
            is_stream_only=bool(self.is_stream_only.data),
            download_limit=self.download_limit.number,
            download_days=self.download_days.number,
            stamp=Stamp(self.stamp.data),
        )

    @property
    def translations(self) -> dict[str, dict[str, str]]:
        """The Chinese texts."""
        return chinese(title=self.title_zh.data, body=self.body_zh.data)


class VersionForm(OwnerForm):
    """What is said about a version of a file."""

    name = line_field(_("Number or name of the version"), 40)
    notes = text_field(_("What is new"))

    @property
    def news(self) -> News:
        """The same, for the catalogue."""
        return News(self.name.data, self.notes.data)


class PictureForm(SeenForm):
    """What a picture shows: in words for those who can't see it, and which of the choices of a buyer."""

    alt = line_field(_("What it shows"), 300)
    alt_zh = line_field(_("What it shows, in Chinese"), 300)
    choices = MultiCheckboxField(_("Which choices it shows"), validate_choice=False)

    def offer(self, axes: Axes) -> None:
        """Offer the choices that the product has."""
        self.choices.choices = [
            SelectChoice(_choice_key(name, value), f"{name}: {value}" if name else value)
            for name, values in axes.items()
            for value in values
        ]

    @property
    def shows(self) -> dict[str, list[str]] | None:
        """The choices that it shows, by option; None is all of them."""
        chosen: dict[str, list[str]] = {}
        for choice in self.choices.choices:
            if choice.value in (self.choices.data or ()):
                name, value = json.loads(choice.value)
                chosen.setdefault(name, []).append(value)
        return chosen or None

    @property
    def translations(self) -> dict[str, dict[str, str]]:
        """The Chinese texts."""
        return chinese(alt=self.alt_zh.data)


class SampleForm(SeenForm):
    """What a sample is called."""

    title = line_field(_("Title"), 200, _TITLE)
    title_zh = line_field(_("Title in Chinese"), 200)

    @property
    def translations(self) -> dict[str, dict[str, str]]:
        """The Chinese title."""
        return chinese(title=self.title_zh.data)


class NewContentForm(OwnerForm):
    """What a new licence, text or course needs."""

    title = line_field(_("Title"), 200, _TITLE)
    pattern = StringField(_("Pattern of the keys"), filters=[trimmed], default="****-****-****-####")
    url = line_field(_("Web address"), 500)
    body = text_field(_("Text"))


class NewLicenceForm(LicenceFields, NewContentForm):
    """A licence must say what its keys look like."""

    pattern = StringField(
        _("Pattern of the keys"),
        [DataRequired(_("Please enter a pattern."))],
        filters=[trimmed],
        default="****-****-****-####",
    )


def content_form(content: Content, product: Product, formdata: Any = None) -> ContentForm:
    """Return the form of a content, filled with what is in the shop or with what was sent."""
    form = ContentForm(formdata, data=_content_values(content))
    form.offer(product)
    return form


def content_state(content: Content) -> str:
    """Return a mark of what the form of the content shows."""
    rules = (content.is_stream_only, content.download_limit, content.download_days, content.stamp)
    return state_of(
        content.title,
        content.pattern,
        content.url,
        content.body,
        content.variant_id,
        content.translations,
        terms_of(content),
        *rules,
    )


def picture_form(picture: Picture, axes: Axes, sent: Any = None) -> PictureForm:
    """Return the form of a picture of a product with these choices."""
    values = {
        "seen": picture_state(picture),
        "alt": picture.alt,
        "alt_zh": in_chinese(picture, "alt"),
        "choices": [
            _choice_key(name, value) for name, values in (picture.shows or {}).items() for value in values
        ],
    }
    form = PictureForm(sent, data=values)
    form.offer(axes)
    return form


def picture_state(picture: Picture) -> str:
    """Return a mark of what the form of the picture shows."""
    return state_of(picture.alt, picture.translations, picture.shows)


def sample_form(sample: Sample, sent: Any = None) -> SampleForm:
    """Return the form of a sample."""
    values = {
        "seen": sample_state(sample),
        "title": sample.title,
        "title_zh": in_chinese(sample, "title"),
    }
    return SampleForm(sent, data=values)


def sample_state(sample: Sample) -> str:
    """Return a mark of what the form of the sample shows."""
    return state_of(sample.title, sample.translations)


def _choice_key(name: str, value: str) -> str:
    return json.dumps([name, value], ensure_ascii=False)


def _content_values(content: Content) -> dict[str, Any]:
    return {
        "seen": content_state(content),
        "title": content.title,
        "pattern": content.pattern,
        "keys_from_pool": content.keys_from_pool,
        "activation_limit": "" if content.activation_limit is None else str(content.activation_limit),
        "low_pool_at": str(content.low_pool_at),
        "url": content.url,
        "body": content.body,
        "variant": str(content.variant_id or ""),
        "is_stream_only": content.is_stream_only,
        "download_limit": str(content.download_limit or ""),
        "download_days": str(content.download_days or ""),
        "stamp": content.stamp.value,
        "title_zh": in_chinese(content, "title"),
        "body_zh": in_chinese(content, "body"),
    }


class KeysForm(OwnerForm):
    """Licence keys to be imported: pasted here, or in a file beside."""

    keys = TextAreaField(_("Keys, one in each line"))
