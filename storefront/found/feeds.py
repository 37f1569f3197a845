"""Feeds: what is new for readers (Atom, RFC 4287), and everything that is sold for Google Merchant Center."""

import hashlib
from collections.abc import Iterator
from typing import Any, NamedTuple
from urllib.parse import urlsplit
from uuid import NAMESPACE_URL, uuid5

from sqlalchemy import Select, bindparam, func, select

from storefront.catalog.models import Product, Variant
from storefront.catalog.pictures import cover_view
from storefront.catalog.pricing import PriceNow, price_at
from storefront.catalog.states import ProductKind, ProductState
from storefront.core import db
from storefront.core.clock import datetime, now
from storefront.core.money import Money, exponent_of
from storefront.found.gtin import is_gtin
from storefront.found.xml import element, text
from storefront.web.markdown import render_markdown

NEWEST = 50
_KNOWN_OPTIONS = {
    "size": "g:size",
    "尺寸": "g:size",
    "color": "g:color",
    "colour": "g:color",
    "颜色": "g:color",
}
_BATCH = 500
_HEAD = '<?xml version="1.0" encoding="UTF-8"?>\n'


class Shop(NamedTuple):
    """What feeds say of the shop, in one language."""

    base_url: str
    language: str
    name: str
    tagline: str


def write_atom(shop: Shop) -> Iterator[str]:
    """Yield the newest products as an Atom feed (1 query)."""
    rows = db.session().execute(_NEWEST, {"now": now()}).all()
    home, own = f"{shop.base_url}/{shop.language}/", f"{shop.base_url}/{shop.language}/feed.atom"
    changed_at = max((_changed_at(row) for row in rows), default=None)
    yield f'{_HEAD}<feed xmlns="http://www.w3.org/2005/Atom" xml:lang="{shop.language}">\n'
    yield element("id", _lasting_id(shop, f"feed/{shop.language}")) + element("title", shop.name)
    yield element("subtitle", shop.tagline) + element("updated", _moment(changed_at or _LONG_AGO))
    yield f'<link rel="self" type="application/atom+xml" href="{text(own)}"/>\n'
    yield f'<link rel="alternate" type="text/html" href="{text(home)}"/>\n'
    yield f"<author>{element('name', shop.name)}</author>\n"
    for row in rows:
        yield from _entry(shop, row)
    yield "</feed>\n"


def _entry(shop: Shop, row: Any) -> Iterator[str]:
    address = f"{shop.base_url}/{shop.language}/products/{row.slug}"
    words = str(render_markdown(_word(row, "description", shop.language)))
    yield "<entry>\n" + element("id", _lasting_id(shop, f"{shop.language}/product/{row.id}"))
    yield element("title", _word(row, "title", shop.language))
    yield f'<link rel="alternate" type="text/html" href="{text(address)}"/>\n'
    yield element("published", _moment(row.published_at)) + element("updated", _moment(_changed_at(row)))
    yield element("summary", _word(row, "summary", shop.language))
    yield element("content", words, type="html") + "</entry>\n"


def write_google(shop: Shop) -> Iterator[str]:
    """Yield every variant that may be offered there, some hundred products at a time (2 queries each).

    No connection is held while a slow reader takes it.
    """
    yield f'{_HEAD}<rss version="2.0" xmlns:g="http://base.google.com/ns/1.0">\n<channel>\n'
    yield element("title", shop.name) + element("link", f"{shop.base_url}/{shop.language}/")
    yield f"<description>{text(shop.tagline or shop.name)}</description>\n"
    moment, last_id = now(), 0
    while True:
        session = db.session()
        products = session.execute(_GOODS, {"now": moment, "after": last_id}).all()
        offers = _offers([product.id for product in products])
        db.close_reader()
        for product in products:
            yield from _items(shop, product, offers.get(product.id, []), moment)
        if len(products) < _BATCH:
            break
        last_id = products[-1].id
    yield "</channel>\n</rss>\n"


def _offers(product_ids: list[int]) -> dict[int, list[Any]]:
    found: dict[int, list[Any]] = {}
    for offer in db.session().execute(_OFFERS, {"ids": product_ids}) if product_ids else ():
        found.setdefault(offer.product_id, []).append(offer)
    return found


def _items(shop: Shop, product: Any, offers: list[Any], moment: datetime) -> Iterator[str]:
    """Google refuses what has no picture, what costs nothing, and courses, which are services to it."""
    if not product.cover or product.kind is ProductKind.COURSE:
        return
    for offer in offers:
        price = price_at(offer, moment)
        if price.amount > 0:
            facts = _facts(shop, product, offer, price, has_several=len(offers) > 1)
            yield "<item>\n" + "".join(facts) + "</item>\n"


def _facts(shop: Shop, product: Any, offer: Any, price: PriceNow, *, has_several: bool) -> Iterator[str]:
    title = _word(product, "title", shop.language)
    address = f"{shop.base_url}/{shop.language}/products/{product.slug}"
    picture = cover_view(product.cover, shop.language)
    variant = _word(offer, "title", shop.language) if has_several else ""
    yield element("g:id", _short(offer.sku))
    yield element("g:title", (f"{title} – {variant}" if variant else title)[:150])
    yield element("g:description", (_word(product, "summary", shop.language) or title)[:5000])
    yield element("g:link", f"{address}?variant={offer.id}" if has_several else address)
    yield element("g:image_link", _absolute(shop, picture.full))
    yield element("g:availability", "out_of_stock" if offer.stock == 0 else "in_stock")
    yield from _prices(offer, price)
    yield element("g:condition", "new") + element("g:brand", shop.name[:70])
    has_gtin = is_gtin(offer.barcode)
    yield element("g:gtin", offer.barcode) if has_gtin else element("g:identifier_exists", "no")
    if has_several:
        yield element("g:item_group_id", hashlib.sha256(f"product:{product.id}".encode()).hexdigest()[:32])
        yield from _options(offer.options)
    yield from _delivery(product, offer)


def _prices(offer: Any, price: PriceNow) -> Iterator[str]:
    """What is crossed out on the page is the price there, and what one pays the sale price."""
    if not price.before_amount:
        yield element("g:price", plain_price(price.amount, price.currency))
        return
    yield element("g:price", plain_price(price.before_amount, price.currency))
    yield element("g:sale_price", plain_price(price.amount, price.currency))
    if price.is_sale and offer.sale_ends_at:
        times = f"{_moment(offer.sale_starts_at)}/{_moment(offer.sale_ends_at)}"
        yield element("g:sale_price_effective_date", times)


def _options(options: dict[str, str]) -> Iterator[str]:
    """Names of options are the owner's; these two mean something to Google."""
    for name, value in options.items():
        attribute = {
            "size": "size",
            "尺寸": "size",
            "color": "color",
            "colour": "color",
            "颜色": "color",
        }.get(name.lower())
        if attribute:
            yield element(f"g:{attribute}", value[:100])


def _delivery(product: Any, offer: Any) -> Iterator[str]:
    """What is sent costs what the owner tells Google; what is opened at once costs nothing to deliver."""
    if not product.requires_shipping:
        free = element("g:price", plain_price(0, offer.currency))
        yield f"<g:shipping>\n{free}</g:shipping>\n"
        if product.kind is ProductKind.LICENCE:
            yield element("g:google_product_category", "Software > Computer Software")
    elif offer.weight_grams:
        yield element("g:shipping_weight", f"{offer.weight_grams} g")


def plain_price(amount: int, currency: str) -> str:
    """Return a price as machines want it: ``19.90 EUR``, with as many decimals as the currency has."""
    return f"{Money(amount, currency).decimal:.{exponent_of(currency)}f} {currency}"


def _word(row: Any, field: str, language: str) -> str:
    return str((row.translations or {}).get(language, {}).get(field) or getattr(row, field))


def _absolute(shop: Shop, address: str) -> str:
    return address if urlsplit(address).scheme else f"{shop.base_url}{address}"


def _short(sku: str) -> str:
    """Google takes 50 letters."""
    return sku if len(sku) <= 50 else hashlib.sha256(sku.encode()).hexdigest()[:40]


def _lasting_id(shop: Shop, name: str) -> str:
    """Return an id that stays when title and address change, and says nothing of ours."""
    return f"urn:uuid:{uuid5(NAMESPACE_URL, f'{shop.base_url}/{name}')}"


def _changed_at(row: Any) -> datetime:
    changed_at: datetime = max(row.updated_at, row.published_at)
    return changed_at


def _moment(value: datetime) -> str:
    return value.strftime("%Y-%m-%dT%H:%M:%SZ")


def _visible(statement: Select[Any]) -> Select[Any]:
    is_out = _product.published_at <= bindparam("now")
    return statement.where(_product.state == ProductState.PUBLISHED, is_out)


_LONG_AGO = datetime.fromisoformat("2000-01-01T00:00:00+00:00")
_product, _variant = Product.__table__.c, Variant.__table__.c
_NEWEST = (
    _visible(
        select(
            _product.id,
            _product.slug,
            _product.title,
            _product.summary,
            _product.description,
            _product.translations,
            _product.published_at,
            _product.updated_at,
        )
    )
    .order_by(_product.published_at.desc(), _product.id.desc())
    .limit(NEWEST)
)
_GOODS = (
    select(
        _product.id,
        _product.slug,
        _product.kind,
        _product.title,
        _product.summary,
        _product.translations,
        _product.requires_shipping,
        _product.cover,
    )
    .where(
        _product.id > bindparam("after"),
        # By id, not by an index of what is published: see sitemap.py.
        func.coalesce(_product.state, "") == ProductState.PUBLISHED.value,
        func.coalesce(_product.published_at, _product.created_at)
        <= bindparam("now", type_=_product.published_at.type),
    )
    .order_by(_product.id)
    .limit(_BATCH)
)
_OFFERS = (
    select(
        _variant.id,
        _variant.product_id,
        _variant.sku,
        _variant.title,
        _variant.translations,
        _variant.options,
        _variant.price_amount,
        _variant.compare_at_amount,
        _variant.currency,
        _variant.stock,
        _variant.sale_amount,
        _variant.sale_starts_at,
        _variant.sale_ends_at,
        _variant.sale_before_amount,
        _variant.pays_what_they_want,
        _variant.barcode,
        _variant.weight_grams,
    )
    .where(_variant.product_id.in_(bindparam("ids", expanding=True)), _variant.archived_at.is_(None))
    .order_by(_variant.product_id, _variant.position, _variant.id)
)
