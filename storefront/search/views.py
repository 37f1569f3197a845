"""The list of products: browsed by shelf and order, or found by words."""

from dataclasses import dataclass
from urllib.parse import urlencode

from flask import Response, make_response, render_template, request
from flask_babel import gettext

from storefront.catalog import queries
from storefront.catalog.cards import Card
from storefront.catalog.queries import PAGE_SIZE, Shelf, Sort, TagView
from storefront.catalog.views import catalog
from storefront.search.service import MOST_RANKED, search_products
from storefront.web.access import public
from storefront.web.language import current_language
from storefront.web.page_cache import cacheable, page_ends_at
from storefront.web.pages import render_page

_LONGEST_QUERY = 100
_SUGGESTED = 6


@dataclass(slots=True)
class Listing:
    """What the list page shows, and the address of what comes next."""

    cards: list[Card]
    next_url: str | None
    total: int | None = None
    is_capped: bool = False


@catalog.get("/products", endpoint="list_products")
@public
@cacheable
def list_products() -> Response:
    """Show a page of products; the address says all of the state."""
    words = request.args.get("q", "").strip()[:_LONGEST_QUERY]
    sort = _sort(request.args.get("sort"))
    categories = queries.list_shelves(current_language(), request.args.get("category", ""))
    category = next((one for one in categories if one.slug == request.args.get("category")), None)
    if category is None and (new_slug := queries.find_new_category_slug(request.args.get("category", ""))):
        return _moved(category=new_slug)
    tag = _tag(request.args.get("tag", ""))
    if tag is None and (new_slug := queries.find_new_tag_slug(request.args.get("tag", ""))):
        return _moved(tag=new_slug)
    way = queries.way_to(category, categories) if category else []
    page_ends_at(queries.next_publication())
    listing = _found(words) if words else _browsed(sort, category, categories, tag)
    return render_page(
        "search/list_products.html",
        fragment="search/_products.html",
        listing=listing,
        words=words,
        sort=sort,
        categories=categories,
        category=category,
        way=way,
        crumbs=_crumbs(way),
        tag=tag,
        is_first_page="after" not in request.args,
        suggestions=[]
        if listing.cards
        else queries.list_cards(current_language(), size=4, root=request.script_root).cards,
    )


@catalog.get("/suggestions")
@public
def suggest() -> Response:
    """Complete what is being typed with titles; the browser's own list lets one choose by keyboard."""
    words = request.args.get("q", "").strip()[:_LONGEST_QUERY]
    hits = search_products(words, size=_SUGGESTED) if len(words) > 1 else None
    cards = queries.cards_by_ids(current_language(), hits.product_ids) if hits else []
    return make_response(render_template("search/_suggestions.html", titles=[card.title for card in cards]))


def _browsed(sort: Sort, category: Shelf | None, categories: list[Shelf], tag: TagView | None) -> Listing:
    page = queries.list_cards(
        current_language(),
        sort=sort,
        category_ids=queries.with_descendants(category, categories) if category else (),
        tag=tag,
        after=request.args.get("after"),
        root=request.script_root,
    )
    return Listing(page.cards, _next_url(page.next_after))


def _found(words: str) -> Listing:
    after = request.args.get("after", "")
    offset = min(int(after), MOST_RANKED) if after.isascii() and after.isdigit() and len(after) < 6 else 0
    hits = search_products(words, size=PAGE_SIZE, offset=offset)
    cards = queries.cards_by_ids(current_language(), hits.product_ids, root=request.script_root)
    seen = offset + len(hits.product_ids)
    return Listing(cards, _next_url(str(seen)) if seen < hits.total else None, hits.total, hits.is_capped)


def _tag(slug: str) -> TagView | None:
    return queries.find_tag(current_language(), slug) if slug else None


def _crumbs(way: list[Shelf]) -> list[tuple[str, str]]:
    """Return the names and addresses that lead to a shelf or tag."""
    top = f"{request.script_root}/products"
    return [(gettext("Products"), top), *((one.name, f"{top}?category={one.slug}") for one in way)]


def _moved(**new_slugs: str) -> Response:
    """Lead from an address that category or tag once had to the present one, with all else that was asked for."""
    kept = {**request.args.to_dict(), **new_slugs}
    return Response(status=301, headers={"Location": f"{request.script_root}/products?{urlencode(kept)}"})


def _next_url(after: str | None) -> str | None:
    if after is None:
        return None
    kept = {name: request.args[name] for name in ("q", "category", "tag", "sort") if request.args.get(name)}
    return f"{request.script_root}/products?{urlencode({**kept, 'after': after})}"


def _sort(word: str | None) -> Sort:
    return Sort(word) if word in list(Sort) else Sort.NEWEST
