"""What a page is about, in the words of schema.org (JSON-LD).

It stands in a ``<script type="application/ld+json">``, which is data: browsers never run it, and a content security
policy does not apply to it. ``json_ld`` writes it so that no text in it can end the element (HTML, 4.12.1.3).
"""

import json
from collections.abc import Iterable
from typing import Any
from urllib.parse import quote

from flask_babel import gettext
from markupsafe import Markup

from storefront.catalog.page import Offer, ProductPage
from storefront.catalog.states import ProductKind
from storefront.catalog.windows import shown_window
from storefront.core.money import exponent_of
from storefront.found.gtin import is_gtin
from storefront.found.head import whole_address
from storefront.shop.service import shop_view
from storefront.web.language import current_language, in_language
from storefront.web.setup import settings

Data = dict[str, Any]

_BASE = "https://schema.org"
_ESCAPED = {"<": "\\u003c", ">": "\\u003e", "&": "\\u0026", "\u2028": "\\u2028", "\u2029": "\\u2029"}


def json_ld(data: Data) -> Markup:
    """Return the data as it may stand in a script element."""
    written = json.dumps({"@context": _BASE, **data}, ensure_ascii=False, separators=(",", ":"))
    for letter, escaped in _ESCAPED.items():
        written = written.replace(letter, escaped)
    return Markup(written)  # noqa: S704 - escaped for where it stands


def home_data() -> Data:
    """Say who the shop is and how one searches in it."""
    shop, home = shop_view(current_language()), _address("/")
    search = {
        "@type": "SearchAction",
        "target": {"@type": "EntryPoint", "urlTemplate": f"{_address('/products')}?q={{search_term_string}}"},
        "query-input": "required name=search_term_string",
    }
    site = {
        "@type": "WebSite",
        "@id": f"{home}#site",
        "url": home,
        "name": shop.name,
        "inLanguage": _language(),
    }
    return {"@graph": [{**site, "publisher": {"@id": _owner_id()}, "potentialAction": search}, _owner()]}


def product_data(product: ProductPage) -> Data:
    """Say what is sold, for how much, and what buyers think of it; a course is also said to be one."""
    nodes = [_product(product), *([_course(product)] if product.kind is ProductKind.COURSE else [])]
    return {"@graph": [*nodes, _crumbs(product)]}


def shelf_data(way: Iterable[Any], shelf: Any) -> Data:
    """Say where a category stands, and the way to it."""
    steps = [(one.name, f"/products?category={quote(one.slug)}") for one in (*way, shelf)]
    return _trail([(gettext("Products"), "/products"), *steps])


def collection_data(collection: Any) -> Data:
    """Say where a collection stands."""
    own = (collection.title, f"/collections/{quote(collection.slug)}")
    return _trail([(gettext("Products"), "/products"), own])


def reviews_data(product: ProductPage, reviews: Iterable[Any]) -> Data:
    """Say what buyers wrote of a product, on the page where it is read."""
    node = {
        "@type": "Product",
        "@id": f"{_product_address(product)}#product",
        "name": in_language(product, "title"),
    }
    node |= {"url": _product_address(product), **_rating(product)}
    return {**node, "review": [_review(review) for review in reviews]}


def _product(product: ProductPage) -> Data:
    address = _product_address(product)
    node: Data = {
        "@type": "Product",
        "@id": f"{address}#product",
        "url": address,
        "name": in_language(product, "title"),
        "description": in_language(product, "summary") or in_language(product, "title"),
        "brand": {"@type": "Brand", "name": shop_view(current_language()).name},
        **_rating(product),
    }
    if product.pictures:
        node["image"] = [whole_address(picture.full) for picture in product.pictures]
    if product.category:
        node["category"] = in_language(product.category, "name")
    if len(product.variants) == 1:
        node["sku"] = product.variants[0].sku
        node |= {"gtin": product.variants[0].barcode} if is_gtin(product.variants[0].barcode) else {}
    if product.variants:
        node["offers"] = [_offer(product, offer) for offer in product.variants]
    return node


def _offer(product: ProductPage, offer: Offer) -> Data:
    address, has_several = _product_address(product), len(product.variants) > 1
    price = offer.now
    node = {
        "@type": "Offer",
        "url": f"{address}?variant={offer.id}" if has_several else address,
        "sku": offer.sku,
        "price": f"{price.price.decimal:.{exponent_of(offer.currency)}f}",
        "priceCurrency": offer.currency,
        "availability": f"{_BASE}/{_availability(product, offer)}",
        "itemCondition": f"{_BASE}/NewCondition",
        "seller": {"@type": "Organization", "@id": _owner_id(), "name": shop_view(current_language()).name},
    }
    if price.is_sale and offer.sale_ends_at:
        node["priceValidUntil"] = offer.sale_ends_at.isoformat()
    if has_several and in_language(offer, "title"):
        node["name"] = in_language(offer, "title")
    return node


def _availability(product: ProductPage, offer: Offer) -> str:
    if offer.stock == 0:
        return "OutOfStock"
    return "PreOrder" if shown_window(product.facts, offer.id).opens_at is not None else "InStock"


def _course(product: ProductPage) -> Data:
    contents = [content for content in product.facts.get("contents", []) if content["kind"] == "course"]
    chapters = [chapter for content in contents for chapter in content.get("chapters", [])]
    seconds = sum(lesson.get("seconds") or 0 for chapter in chapters for lesson in chapter["lessons"])
    address = _product_address(product)
    node: Data = {
        "@type": "Course",
        "@id": f"{address}#course",
        "url": address,
        "name": in_language(product, "title"),
        "description": in_language(product, "summary") or in_language(product, "title"),
        "provider": _owner(),
        "hasPart": [_chapter(chapter, number) for number, chapter in enumerate(chapters, 1)],
    }
    if product.variants:
        node["offers"] = [
            {**_offer(product, one), "category": "Paid" if one.now.amount else "Free"}
            for one in product.variants
        ]
    if seconds:
        instance = {"@type": "CourseInstance", "courseMode": "Online", "courseWorkload": _duration(seconds)}
        node["hasCourseInstance"] = [instance]
    return node


def _chapter(chapter: Data, number: int) -> Data:
    seconds = sum(lesson.get("seconds") or 0 for lesson in chapter["lessons"])
    title = chapter.get("translations", {}).get(current_language(), {}).get("title") or chapter["title"]
    node = {"@type": "LearningResource", "position": number, "name": title}
    return {**node, "timeRequired": _duration(seconds)} if seconds else node


def _rating(product: ProductPage) -> Data:
    """Nothing at all without reviews: a rating of nobody would be a lie."""
    if not product.review_count:
        return {}
    average = f"{product.rating_sum / product.review_count:.2f}"
    rating = {"@type": "AggregateRating", "ratingValue": average, "reviewCount": product.review_count}
    return {"aggregateRating": {**rating, "bestRating": 5, "worstRating": 1}}


def _review(review: Any) -> Data:
    rating = {"@type": "Rating", "ratingValue": review.rating, "bestRating": 5, "worstRating": 1}
    node = {
        "@type": "Review",
        "author": {"@type": "Person", "name": review.author_name or gettext("Anonymous")},
        "datePublished": review.created_at.date().isoformat(),
        "inLanguage": "zh-Hans" if review.language == "zh" else review.language,
        "reviewRating": rating,
    }
    node |= {"name": review.title} if review.title else {}
    return {**node, "reviewBody": review.body} if review.body else node


def _crumbs(product: ProductPage) -> Data:
    trail = [(gettext("Products"), "/products")]
    if product.category:
        trail.append(
            (in_language(product.category, "name"), f"/products?category={quote(product.category.slug)}")
        )
    return _trail([*trail, (in_language(product, "title"), f"/products/{product.slug}")])


def _trail(steps: list[tuple[str, str]]) -> Data:
    items = [
        {"@type": "ListItem", "position": number, "name": str(name), "item": _address(path)}
        for number, (name, path) in enumerate(steps, 1)
    ]
    return {"@type": "BreadcrumbList", "itemListElement": items}


def _owner() -> Data:
    shop = shop_view(current_language())
    node = {"@type": "Organization", "@id": _owner_id(), "name": shop.name, "url": _address("/")}
    return {**node, "email": shop.contact_email} if shop.contact_email else node


def _owner_id() -> str:
    return f"{settings().base_url}/#shop"


def _product_address(product: ProductPage) -> str:
    return _address(f"/products/{product.slug}")


def _address(path: str) -> str:
    return f"{settings().base_url}/{current_language()}{path}"


def _language() -> str:
    return "zh-Hans" if current_language() == "zh" else current_language()


def _duration(seconds: int) -> str:
    """Return an ISO 8601 duration: 3725 seconds are ``PT1H2M5S``."""
    minutes, rest = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    parts = ((hours, "H"), (minutes, "M"), (rest, "S"))
    return "PT" + "".join(f"{number}{unit}" for number, unit in parts if number)
