"""Documents for search engines and readers."""

from flask import Blueprint, Response
from sqlalchemy import select

from storefront.catalog.models import Product
from storefront.catalog.queries import next_publication
from storefront.catalog.stamp import read_stamp
from storefront.catalog.states import ProductState
from storefront.core import db
from storefront.core.clock import now
from storefront.core.errors import NotFound
from storefront.found import feeds, sitemap
from storefront.found.xml import streamed
from storefront.shop.service import shop_view
from storefront.web.access import public
from storefront.web.language import current_language
from storefront.web.page_cache import cacheable, page_ends_at
from storefront.web.setup import settings

found = Blueprint("found", __name__)

_XML = "application/xml; charset=utf-8"
_HIGHEST_PART = 10_000_000


@found.get("/sitemap.xml")
@public
@cacheable
def show_index() -> Response:
    """List the parts of the sitemap."""
    page_ends_at(next_publication())
    return Response(
        "".join(sitemap.write_index(settings().base_url, sitemap.list_parts())), content_type=_XML
    )


@found.get("/sitemap-pages.xml")
@public
@cacheable
def show_pages() -> Response:
    """List the pages that are no products."""
    return Response("".join(sitemap.write_pages(settings().base_url)), content_type=_XML)


@found.get(f"/sitemap-products-<int(max={_HIGHEST_PART}):number>.xml")
@public
def show_products(number: int) -> Response:
    """List a part of the products; too long to be kept in memory, it is written as it is read."""
    if sitemap.find_part(number) is None:
        raise NotFound
    base_url = settings().base_url
    return streamed(lambda: sitemap.write_products(base_url, number), _XML, f"{_version()}-{number}")


@found.get("/feed.atom")
@public
@cacheable
def show_feed() -> Response:
    """Tell readers what is new."""
    page_ends_at(next_publication())
    return Response("".join(feeds.write_atom(_shop())), content_type="application/atom+xml; charset=utf-8")


@found.get("/feeds/google.xml")
@public
def show_google_feed() -> Response:
    """Offer everything to Google Merchant Center."""
    shop = _shop()
    # A sale begins and ends by the clock, so what is older than an hour is read again.
    mark = f"{_version()}-{now():%Y%m%d%H}-{shop.language}"
    answer = streamed(lambda: feeds.write_google(shop), _XML, mark)
    answer.vary.update(("Accept-Language", "Cookie"))
    return answer


def _shop() -> feeds.Shop:
    language = current_language()
    words = shop_view(language)
    return feeds.Shop(settings().base_url, language, words.name, words.tagline)


def _version() -> str:
    """Return what differs whenever the catalogue does, by a change or by the clock."""
    published = select(Product.published_at).where(
        Product.state == ProductState.PUBLISHED, Product.published_at <= now()
    )
    last = db.session().scalar(published.order_by(Product.published_at.desc()).limit(1))
    return f"{read_stamp()}-{int(last.timestamp()) if last else 0}"
