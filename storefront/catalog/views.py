"""Pages that show what is sold. They are the same for everybody, so that they can be kept."""

from typing import Any

from flask import Blueprint, Response, g, make_response, redirect, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from storefront.catalog import queries
from storefront.catalog.choosing import OPTION_FIELDS, axes_of, match_options
from storefront.catalog.collections import read_home
from storefront.catalog.page import Offer, ProductPage, find_page, find_preview
from storefront.catalog.showing import pictures_for
from storefront.catalog.windows import ShownWindow, shown_window
from storefront.core.errors import NotFound
from storefront.shop import choosing
from storefront.shop.service import currencies
from storefront.web.access import cross_site_safe, public
from storefront.web.language import current_language
from storefront.web.page_cache import cacheable, page_ends_at
from storefront.web.pages import go, own_path, render_page
from storefront.web.setup import settings

catalog = Blueprint("catalog", __name__)

_ON_HOME = 8
_YEAR = 31_536_000


@catalog.get("/")
@public
@cacheable
def home() -> Response:
    """Say who we are, and show what the owner features and what is new."""
    page_ends_at(queries.next_publication())
    newest, featured = read_home(current_language(), _ON_HOME, request.script_root)
    return render_page(
        "catalog/home.html",
        newest=newest,
        featured=featured,
        categories=queries.list_shelves(current_language()),
    )


@catalog.get("/products/<slug>")
@public
def show_product(slug: str) -> BaseResponse:
    """Show one product; an address that it once had leads to the present one."""
    product = find_page(current_language(), slug=slug, root=request.script_root)
    if product is None or not product.is_published:
        return _moved(slug)
    picked = _picked_without_scripts(product)
    if picked is not None:
        return redirect(url_for("catalog.show_product", slug=slug, variant=picked), 303)
    return _show_published(product=product)


@catalog.post("/currency")
@public
@cross_site_safe
def choose_currency() -> Response:
    """Show prices in another currency from now on; the form stands on every page."""
    wanted = request.form.get("currency", "")
    response = make_response(go(own_path(request.form.get("back"), url_for("catalog.home"))))
    if wanted in currencies():
        response.set_cookie(
            choosing.COOKIE, wanted, max_age=_YEAR, secure=settings().is_https, httponly=True, samesite="Lax"
        )
    return response


@catalog.get("/products/preview/<token>")
@public
def preview_product(token: str) -> Response:
    """Show a product as it will be to whoever has the secret address."""
    product = find_preview(current_language(), token=token)
    if product is None:
        raise NotFound
    return _render(product, is_preview=True)


@cacheable
def _show_published(product: ProductPage) -> Response:
    page_ends_at(product.price_changes_at)
    page_ends_at(_window(product).changes_at)
    return _render(product, is_preview=False)


def _render(product: ProductPage, *, is_preview: bool) -> Response:
    chosen = _chosen(product.variants)
    return render_page(
        "catalog/show_product.html",
        fragment="catalog/_buy.html",
        also=("catalog/_gallery.html",),
        product=product,
        variants=product.variants,
        chosen=chosen,
        axes=axes_of(product, chosen, current_language()),
        pictures=pictures_for(product, chosen),
        samples=product.facts.get("samples", []),
        free_lessons=_free_lessons(product.facts.get("contents", [])),
        contents=product.facts.get("contents", []),
        access=_window(product),
        is_preview=is_preview,
    )


def _window(product: ProductPage) -> ShownWindow:
    chosen = _chosen(product.variants)
    return shown_window(product.facts, chosen.id if chosen else None)


def _free_lessons(contents: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return what everybody may take of the courses."""
    return [
        lesson
        for content in contents
        for chapter in content.get("chapters", ())
        for lesson in chapter["lessons"]
        if lesson["is_preview"]
    ]


def _chosen(offers: list[Offer]) -> Offer | None:
    """Return the variant that the address names, else the first that can be had."""
    wanted = request.args.get("variant", "")
    named = next((offer for offer in offers if str(offer.id) == wanted), None)
    in_stock = next((offer for offer in offers if offer.stock != 0), None)
    return named or in_stock or next(iter(offers), None)


def _picked_without_scripts(product: ProductPage) -> int | None:
    """Return what the form of the page asked to be shown, which then gets the address that links to it."""
    wanted = {name: request.args[name] for name in OPTION_FIELDS if name in request.args}
    if "variant" in request.args or not (wanted or "variant_id" in request.args):
        return None
    offers = [(offer.id, offer.options) for offer in product.variants]
    given = next((id_ for id_, _ in offers if str(id_) == request.args.get("variant_id")), None)
    return match_options(offers, product.option_names, wanted) or given


def _moved(slug: str) -> BaseResponse:
    new_slug = queries.find_new_slug(slug)
    if new_slug is None:
        raise NotFound
    g.is_cacheable = False
    arguments: dict[str, Any] = {"slug": new_slug}
    return redirect(url_for("catalog.show_product", **arguments), 301)
