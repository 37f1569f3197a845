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
    ComparedForm,
    MomentField,
    OtherPricesField,
    OwnerForm,
    StockField,
    chinese,
    in_chinese,
    line_field,
    plain_amount,
    plain_moment,
    text_field,
)
from storefront.catalog.choosing import combinations, option_names
from storefront.catalog.models import Category, Picture, Product, Variant
from storefront.catalog.queries import pictures_of
from storefront.catalog.service.editing import MOST_VARIANTS, ProductInput, VariantInput
from storefront.catalog.service.naming import is_slug
from storefront.catalog.service.tags import split_tags, tags_of
from storefront.catalog.states import ProductKind
from storefront.core.clock import datetime
from storefront.core.money import Money
from storefront.taxes.states import TaxClass

KINDS = [
    SelectChoice(ProductKind.DOWNLOAD.value, _("Download")),
    SelectChoice(ProductKind.COURSE.value, _("Course")),
    SelectChoice(ProductKind.LICENCE.value, _("Licence")),
    SelectChoice(ProductKind.PHYSICAL.value, _("Something that is shipped")),
]
TAX_CLASSES = [
    SelectChoice(TaxClass.STANDARD.value, _("Standard rate")),
    SelectChoice(TaxClass.REDUCED.value, _("Reduced rate, such as e-books")),
    SelectChoice(TaxClass.ZERO.value, _("Free of tax")),
]
MOST_SPECIFICATIONS = 50
_VARIANT_FIELD = re.compile(r"variants-([0-9]{1,3})-[a-z_0-9]{1,20}", re.ASCII)


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
    option_1 = line_field(_("First option"), 60)
    option_2 = line_field(_("Second option"), 60)
    option_3 = line_field(_("Third option"), 60)
    sale = AmountField(_("Sale price"))
    sale_starts = MomentField(_("Sale from"))
    sale_ends = MomentField(_("Sale until"))
    pays_what_they_want = BooleanField(_("Buyers pay what they want, at least the price"))
    suggested = AmountField(_("Suggested amount"))
    cost = AmountField(_("What it costs you"))
    other_prices = OtherPricesField(_("Prices in other currencies"))
    low_stock = StockField(_("Tell me when there are only"))
    weight = StockField(_("Weight in grams"))
    barcode = line_field(_("Barcode"), 64)
    picture = SelectField(_("Picture"), validate_choice=False)

    @property
    def key(self) -> str:
        """What the line keeps when it is moved; nothing for a new one."""
        return self.variant_id.data or ""

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

    def validate_sale(self, field: AmountField) -> None:
        """A sale makes it cheaper."""
        if field.amount is not None and (self.price.amount is None or field.amount >= self.price.amount):
            raise ValidationError(gettext("The sale price must be lower than the price."))
        if field.amount is None and (self.sale_starts.data or self.sale_ends.data):
            raise ValidationError(gettext("Please enter the price of the sale."))

    def validate_suggested(self, field: AmountField) -> None:
        """Less than the least can't be suggested."""
        if field.amount is not None and self.price.amount is not None and field.amount < self.price.amount:
            raise ValidationError(gettext("Please suggest at least the price."))

    @property
    def picture_id(self) -> int | None:
        """The picture of the variant, one of the product's."""
        known = {choice.value for choice in self.picture.choices or []}
        return int(self.picture.data) if self.picture.data and self.picture.data in known else None

    @property
    def values(self) -> tuple[str, ...]:
        """What of each option it has."""
        return tuple(one.data or "" for one in (self.option_1, self.option_2, self.option_3))

    def wanted(self, axes: int) -> VariantInput:
        """Return the line as the catalogue takes it, for a product with so many options."""
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
            options=self.values[:axes] if axes > 1 else (),
            sale_amount=self.sale.amount,
            sale_starts_at=self.sale_starts.moment,
            sale_ends_at=self.sale_ends.moment,
            pays_what_they_want=bool(self.pays_what_they_want.data),
            suggested_amount=self.suggested.amount,
            cost_amount=self.cost.amount,
            low_stock=self.low_stock.units,
            weight_grams=self.weight.units,
            barcode=self.barcode.data or "",
            picture_id=self.picture_id,
            other_prices=self.other_prices.amounts,
        )


class ProductForm(ComparedForm):
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
    option_values = line_field(_("Values"), 500)
    option_name_2 = line_field(_("Second option"), 40)
    option_name_2_zh = line_field(_("Second option, in Chinese"), 40)
    option_values_2 = line_field(_("Values"), 500)
    option_name_3 = line_field(_("Third option"), 40)
    option_name_3_zh = line_field(_("Third option, in Chinese"), 40)
    option_values_3 = line_field(_("Values"), 500)
    values_zh = text_field(_("Values in Chinese"), 5000)
    specifications = text_field(_("Specifications"), 10_000)
    specifications_zh = text_field(_("Specifications in Chinese"), 10_000)
    kind = SelectField(_("What is it?"), choices=KINDS)
    category = SelectField(_("Category"))
    tags = line_field(_("Tags"), 5000)
    slug = line_field(_("Address"), 80, _("Please enter an address, such as two-inks."))
    tax_class = SelectField(_("Tax class"), choices=TAX_CLASSES)
    requires_shipping = BooleanField(_("It is sent by post, so ask for the delivery address"))
    published_at = MomentField(_("Publish from"))

    def __init__(
        self,
        formdata: Any,
        currency: str,
        categories: list[Category],
        pictures: list[Picture] | None = None,
        **options: Any,
    ) -> None:
        super().__init__(formdata, **options)
        offered = (SelectChoice(each.slug, each.name) for each in categories)
        self.category.choices = [SelectChoice("", gettext("None")), *offered]
        self.currency = currency
        self.pictures = pictures or []
        self._categories = {each.slug: each.id for each in categories}
        self.set_currency()

    def set_currency(self) -> None:
        """Have all amounts read in the product's currency, and all pictures of the product on offer."""
        numbered = (
            (str(one.id), one.alt or gettext("Picture %(number)s", number=n))
            for n, one in enumerate(self.pictures, 1)
        )
        choices = [SelectChoice("", gettext("The first one")), *(SelectChoice(*one) for one in numbered)]
        for row in self.rows:
            for field in (row.price, row.compare_at, row.sale, row.suggested, row.cost):
                field.currency = self.currency
            row.other_prices.own_currency = self.currency
            row.picture.choices = choices

    @property
    def option_names(self) -> tuple[str, ...]:
        """In what the variants differ, without blanks."""
        fields = (self.option_name, self.option_name_2, self.option_name_3)
        return tuple(field.data for field in fields if field.data)

    def generate_rows(self) -> int:
        """Add a line for each combination of the options' values that has none yet; return how many were added."""
        fields = (self.option_values, self.option_values_2, self.option_values_3)
        named = (self.option_name, self.option_name_2, self.option_name_3)
        axes = [
            (name.data, listed(field.data)) for name, field in zip(named, fields, strict=True) if name.data
        ]
        if not axes or not all(values for _, values in axes):
            return 0
        present = {row.values[: len(axes)] if len(axes) > 1 else (row.title.data or "",) for row in self.rows}
        price = next((row.price.data for row in self.rows if row.price.data), "")
        added = 0
        for combination in combinations(axes):
            values = tuple(combination.values())
            if values in present or len(self.rows) >= MOST_VARIANTS:
                continue
            self._fill_row(values, price)
            added += 1
        self.set_currency()
        return added

    def _fill_row(self, values: tuple[str, ...], price: str) -> None:
        """Put a combination on the first line that names none yet, else on a new one."""
        unnamed = next((row for row in self.rows if not row.title.data and not any(row.values)), None)
        row = unnamed or self.variants.append_entry().form
        row.title.data = " / ".join(values)
        row.price.data = row.price.data or price
        if len(values) > 1:
            for field, value in zip((row.option_1, row.option_2, row.option_3), values, strict=False):
                field.data = value

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

    def label_of(self, key: str, field: Any) -> str:
        """Return the label, with the name of the variant before that of one of its fields."""
        line, _sep, _name = key.rpartition("/")
        variant = next((row.title.data for row in self.rows if line and row.key == line), "")
        label = str(field.label.text)
        return str(gettext("%(what)s: %(said)s", what=variant, said=label)) if variant else label

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
        if len(rows) > 1 and len(self.option_names) < 2:
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
            tax_class=self.tax_class.data,
            published_at=self.published_at.moment,
            option_names=self.option_names,
            specifications=read_specifications(self.specifications.data, self.specifications_zh.data),
            tags=split_tags(self.tags.data),
            translations=chinese(
                title=self.title_zh.data,
                option=self.option_name_zh.data,
                option2=self.option_name_2_zh.data,
                option3=self.option_name_3_zh.data,
                **{f"value:{name}": value for name, value in read_pairs(self.values_zh.data)},
                summary=self.summary_zh.data,
                description=self.description_zh.data,
            ),
            variants=[row.wanted(len(self.option_names)) for row in self.filled_rows],
        )


def product_form(product: Product, categories: list[Category], formdata: Any = None) -> ProductForm:
    """Return the form of a product, filled with what is in the shop or with what was sent."""
    pictures = pictures_of(product.id)
    if formdata is not None:
        return ProductForm(_tame(formdata), product.currency, categories, pictures)
    return ProductForm(None, product.currency, categories, pictures, data=_values(product, categories))


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
        "option_name_2_zh": in_chinese(product, "option2"),
        "option_name_3_zh": in_chinese(product, "option3"),
        **_option_values(product),
        "specifications": "\n".join(f"{row['name']}: {row['value']}" for row in product.specifications or []),
        "specifications_zh": _specifications_in_chinese(product),
        "values_zh": "\n".join(
            f"{name.removeprefix('value:')}: {value}"
            for name, value in (product.translations or {}).get("zh", {}).items()
            if name.startswith("value:")
        ),
        "kind": product.kind.value,
        "category": next((each.slug for each in categories if each.id == product.category_id), ""),
        "tags": ", ".join(tag.name for tag in tags_of([product.id]).get(product.id, [])),
        "slug": product.slug,
        "requires_shipping": product.requires_shipping,
        "tax_class": product.tax_class,
        "published_at": plain_moment(product.published_at),
        "variants": [_variant_values(variant) for variant in product.variants],
    }


def _option_values(product: Product) -> dict[str, str]:
    names = option_names(product.option_names, [variant.options for variant in product.variants])
    found: dict[str, str] = {}
    for number, name in enumerate(names, 1):
        values = dict.fromkeys(
            variant.options[name] for variant in product.variants if name in variant.options
        )
        end = "" if number == 1 else f"_{number}"
        found |= {f"option_name{end}": name, f"option_values{end}": ", ".join(values)}
    return found


def _specifications_in_chinese(product: Product) -> str:
    rows = [row.get("translations", {}).get("zh", {}) for row in product.specifications or []]
    return "\n".join(f"{row.get('name', '')}: {row.get('value', '')}" for row in rows) if any(rows) else ""


def listed(text: str | None) -> list[str]:
    """Return the values of a list with commas, Chinese ones too, each once."""
    parts = (part.strip()[:60] for part in re.split(r"[,\uff0c\u3001]", text or ""))
    return list(dict.fromkeys(part for part in parts if part))


def read_pairs(text: str | None) -> list[tuple[str, str]]:
    """Return lines such as ``Weight: 300 g`` as pairs; lines without a colon are left out."""
    found = [re.split(r"[:\uff1a]", line, maxsplit=1) for line in (text or "").splitlines()]
    return [(pair[0].strip()[:80], pair[1].strip()[:300]) for pair in found if len(pair) == 2]


def read_specifications(text: str | None, chinese_text: str | None) -> list[dict[str, Any]]:
    """Return the rows of the table; the Chinese lines stand in the same order."""
    rows = [pair for pair in read_pairs(text) if all(pair)][:MOST_SPECIFICATIONS]
    translated = read_pairs(chinese_text)
    found: list[dict[str, Any]] = []
    for number, (name, value) in enumerate(rows):
        name_zh, value_zh = translated[number] if number < len(translated) else ("", "")
        words = {key: word for key, word in (("name", name_zh), ("value", value_zh)) if word}
        found.append({"name": name, "value": value, "translations": {"zh": words} if words else {}})
    return found


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
        **{f"option_{number}": value for number, value in enumerate(list(variant.options.values())[:3], 1)},
        "sale": _amount(variant.sale_amount, variant.currency),
        "sale_starts": _moment(variant.sale_starts_at),
        "sale_ends": _moment(variant.sale_ends_at),
        "pays_what_they_want": variant.pays_what_they_want,
        "suggested": _amount(variant.suggested_amount, variant.currency),
        "cost": _amount(variant.cost_amount, variant.currency),
        "other_prices": ", ".join(
            f"{one.currency} {Money(one.amount, one.currency).plain}" for one in variant.other_prices
        ),
        "low_stock": "" if variant.low_stock is None else str(variant.low_stock),
        "weight": "" if variant.weight_grams is None else str(variant.weight_grams),
        "barcode": variant.barcode,
        "picture": str(variant.picture_id or ""),
    }


def _amount(amount: int | None, currency: str) -> str:
    return "" if amount is None else Money(amount, currency).plain


def _moment(moment: datetime | None) -> str:
    """Return a moment with its second, since a sale begins and ends to the second."""
    return moment.strftime("%Y-%m-%dT%H:%M:%S") if moment else ""
