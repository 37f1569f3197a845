"""A product and its variants, as the owner fills them in."""

import re
from typing import Any

from flask_babel import gettext
from flask_babel import lazy_gettext as _
from werkzeug.datastructures import MultiDict
from wtforms import (
    BooleanField,
    FieldList,
    Form,
    FormField,
    HiddenField,
    SelectChoice,
    SelectField,
    ValidationError,
)
from wtforms.validators import DataRequired

from storefront.admin.forms.fields import (
    AmountField,
    MomentField,
    OwnerForm,
    StockField,
    chinese,
    in_chinese,
    line_field,
    plain_amount,
    plain_moment,
    text_field,
)
from storefront.catalog.models import Category, Product, Variant
from storefront.catalog.service.editing import MOST_VARIANTS, ProductInput, VariantInput
from storefront.catalog.service.naming import is_slug
from storefront.catalog.states import ProductKind
from storefront.core.money import Money

KINDS = [
    SelectChoice(ProductKind.DOWNLOAD.value, _("Download")),
    SelectChoice(ProductKind.COURSE.value, _("Course")),
    SelectChoice(ProductKind.LICENCE.value, _("Licence")),
    SelectChoice(ProductKind.PHYSICAL.value, _("Something that is shipped")),
]
_VARIANT_FIELD = re.compile(r"variants-([0-9]{1,3})-[a-z_]{1,20}", re.ASCII)


class NewProductForm(OwnerForm):
    """The little that a draft needs."""

    title = line_field(_("Title"), 200, _("Please give the product a title."))
    kind = SelectField(_("What is it?"), choices=KINDS)
    price = AmountField(_("Price"), [DataRequired(_("Please enter a price; 0 is free."))])


class VariantForm(Form):  # type: ignore[misc]  # wtforms is not typed
    """One line of the list of variants."""

    variant_id = HiddenField()
    stock_seen = HiddenField()
    title = line_field(_("Name"), 120)
    title_zh = line_field(_("Name in Chinese"), 120)
    sku = line_field(_("SKU"), 64)
    price = AmountField(_("Price"))
    compare_at = AmountField(_("Price before"))
    stock = StockField(_("Stock"))
    archived = BooleanField(_("Not on sale any more"))

    @property
    def is_new(self) -> bool:
        """Whether this line is not in the shop yet."""
        return not self.variant_id.data

    @property
    def is_blank(self) -> bool:
        """Whether this is a new line in which nothing was written."""
        texts = (self.title, self.title_zh, self.sku, self.price, self.compare_at, self.stock)
        return self.is_new and not any((field.data or "").strip() for field in texts)

    def validate_price(self, field: AmountField) -> None:
        """Each variant has a price."""
        if field.amount is None and not self.is_blank:
            raise ValidationError(gettext("Please enter a price; 0 is free."))

    def validate_compare_at(self, field: AmountField) -> None:
        """A price before that is not higher would mislead."""
        if field.amount is not None and self.price.amount is not None and field.amount <= self.price.amount:
            raise ValidationError(gettext("The price before must be higher than the price."))

    def wanted(self) -> VariantInput:
        """Return the line as the catalogue takes it."""
        seen = self.stock_seen.data or ""
        return VariantInput(
            id=int(self.variant_id.data)
            if re.fullmatch(r"[0-9]{1,18}", self.variant_id.data or "")
            else None,
            title=self.title.data,
            price_amount=self.price.amount or 0,
            compare_at_amount=self.compare_at.amount,
            sku=self.sku.data,
            stock=self.stock.units,
            stock_seen=int(seen) if re.fullmatch(r"[0-9]{1,9}", seen) else None,
            is_archived=bool(self.archived.data),
            name=self.price.id.removesuffix("-price"),
            translations=chinese(title=self.title_zh.data),
        )


class ProductForm(OwnerForm):
    """All words of a product, its price and its variants."""

    version = HiddenField()
    title = line_field(_("Title"), 200, _("Please give the product a title."))
    summary = line_field(_("Summary"), 300)
    description = text_field(_("Description"))
    title_zh = line_field(_("Title"), 200)
    summary_zh = line_field(_("Summary"), 300)
    description_zh = text_field(_("Description"))
    variants = FieldList(FormField(VariantForm), _("Variants"), max_entries=MOST_VARIANTS)
    option_name = line_field(_("What differs"), 40)
    option_name_zh = line_field(_("What differs, in Chinese"), 40)
    kind = SelectField(_("What is it?"), choices=KINDS)
    category = SelectField(_("Category"))
    slug = line_field(_("Address"), 80, _("Please enter an address, such as two-inks."))
    requires_shipping = BooleanField(_("It is sent by post, so ask for the delivery address"))
    published_at = MomentField(_("Publish from"))

    def __init__(self, formdata: Any, currency: str, categories: list[Category], **options: Any) -> None:
        super().__init__(formdata, **options)
        offered = (SelectChoice(each.slug, each.name) for each in categories)
        self.category.choices = [SelectChoice("", gettext("None")), *offered]
        self.currency = currency
        self._categories = {each.slug: each.id for each in categories}
        self.set_currency()

    def set_currency(self) -> None:
        """Have all amounts read in the product's currency."""
        for row in self.rows:
            row.price.currency = row.compare_at.currency = self.currency

    @property
    def rows(self) -> list[VariantForm]:
        """The lines of the list of variants."""
        return [entry.form for entry in self.variants.entries]

    @property
    def filled_rows(self) -> list[VariantForm]:
        """The lines in which something was written."""
        return [row for row in self.rows if not row.is_blank]

    def add_row(self) -> None:
        """Add a blank line."""
        if len(self.rows) < MOST_VARIANTS:
            self.variants.append_entry()
            self.set_currency()

    def rebase(self, saved: "ProductForm") -> None:
        """Stand on what is saved now, so that saving again is a decision; untouched stocks follow."""
        self.version.data = saved.version.data
        present = {row.variant_id.data: row for row in saved.rows}
        for row in self.rows:
            if row.variant_id.data in present:
                now = present[row.variant_id.data]
                if row.stock.data == row.stock_seen.data:
                    row.stock.data = now.stock.data
                row.stock_seen.data = now.stock_seen.data

    def validate_slug(self, field: Any) -> None:
        """An address is made of few signs."""
        if not is_slug(field.data):
            raise ValidationError(gettext("Use small letters, digits and single dashes, such as two-inks."))

    def validate_variants(self, field: FieldList) -> None:
        """Several variants need names, so that a buyer can choose."""
        rows = [row for row in self.filled_rows if not row.archived.data]
        if not rows:
            raise ValidationError(gettext("A product needs at least one variant that can be bought."))
        if len(rows) > 1:
            for row in rows:
                if not row.title.data:
                    row.title.errors = [
                        *row.title.errors,
                        gettext("Please name it, since there are several."),
                    ]
            if any(not row.title.data for row in rows):
                raise ValidationError(gettext("Several variants need names."))

    def wanted(self) -> ProductInput:
        """Return the product as the catalogue takes it."""
        return ProductInput(
            title=self.title.data,
            slug=self.slug.data,
            kind=ProductKind(self.kind.data),
            summary=self.summary.data,
            description=self.description.data,
            category_id=self._categories.get(self.category.data),
            requires_shipping=bool(self.requires_shipping.data),
            published_at=self.published_at.moment,
            option_name=self.option_name.data,
            translations=chinese(
                title=self.title_zh.data,
                option=self.option_name_zh.data,
                summary=self.summary_zh.data,
                description=self.description_zh.data,
            ),
            variants=[row.wanted() for row in self.filled_rows],
        )


def product_form(product: Product, categories: list[Category], formdata: Any = None) -> ProductForm:
    """Return the form of a product, filled with what is in the shop or with what was sent."""
    if formdata is not None:
        return ProductForm(_tame(formdata), product.currency, categories)
    return ProductForm(None, product.currency, categories, data=_values(product, categories))


def with_row_moved(formdata: MultiDict[str, str], step: str) -> MultiDict[str, str]:
    """Return what was sent with two neighbouring lines of variants changed: ``"2:up"``."""
    place, _sep, way = step.partition(":")
    here = int(place) if re.fullmatch(r"[0-9]{1,3}", place) else 0
    there = here + {"up": -1, "down": 1}.get(way, 0)
    swap = {f"variants-{here}-": f"variants-{there}-", f"variants-{there}-": f"variants-{here}-"}
    if not any(name.startswith(f"variants-{there}-") for name in formdata):
        return formdata
    moved: MultiDict[str, str] = MultiDict()
    for name, value in formdata.items(multi=True):
        prefix = next((prefix for prefix in swap if name.startswith(prefix)), "")
        moved.add(swap.get(prefix, "") + name.removeprefix(prefix), value)
    return moved


def _tame(formdata: Any) -> MultiDict[str, str]:
    """Leave out names of variants that our form never makes: WTForms would stumble over odd digits."""
    return MultiDict(
        (name, value)
        for name, value in formdata.items(multi=True)
        if not name.startswith("variants") or _VARIANT_FIELD.fullmatch(name)
    )


def _values(product: Product, categories: list[Category]) -> dict[str, Any]:
    return {
        "version": str(product.version),
        "title": product.title,
        "summary": product.summary,
        "description": product.description,
        "title_zh": in_chinese(product, "title"),
        "summary_zh": in_chinese(product, "summary"),
        "description_zh": in_chinese(product, "description"),
        "option_name_zh": in_chinese(product, "option"),
        "option_name": next((name for variant in product.variants for name in variant.options), ""),
        "kind": product.kind.value,
        "category": next((each.slug for each in categories if each.id == product.category_id), ""),
        "slug": product.slug,
        "requires_shipping": product.requires_shipping,
        "published_at": plain_moment(product.published_at),
        "variants": [_variant_values(variant) for variant in product.variants],
    }


def _variant_values(variant: Variant) -> dict[str, Any]:
    before = (
        Money(variant.compare_at_amount, variant.currency) if variant.compare_at_amount is not None else None
    )
    stock = "" if variant.stock is None else str(variant.stock)
    return {
        "variant_id": str(variant.id),
        "stock_seen": stock,
        "title": variant.title,
        "title_zh": in_chinese(variant, "title"),
        "sku": variant.sku,
        "price": plain_amount(variant.price),
        "compare_at": plain_amount(before),
        "stock": stock,
        "archived": variant.archived_at is not None,
    }
