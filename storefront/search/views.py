"""The list of products: browsed by shelf and order, or found by words."""

from dataclasses import dataclass, replace

from flask import Response, make_response, render_template, request
from flask_babel import gettext

from storefront.catalog import bits, queries
from storefront.catalog.cards import Card
from storefront.catalog.facet_sets import current_sets
from storefront.catalog.facets import CATEGORY
from storefront.catalog.queries import PAGE_SIZE, Shelf, Sort, TagView
from storefront.catalog.views import catalog
from storefront.search.filters import Filters, address, read_filters, read_position
from storefront.search.narrowing import MOST_COUNTED, Shelves, narrow, page_of
from storefront.search.panel import Address, Panel, make_panel, tag_ids
from storefront.search.service import MOST_RANKED, Found, find_products, search_products
from storefront.shop.service import currency as shop_currency
from storefront.web.access import public
from storefront.web.language import current_language
from storefront.web.page_cache import cacheable, page_ends_at
from storefront.web.pages import render_page

_LONGEST_QUERY = 100
_SUGGESTED = 6
_SHELVES_SHOWN = 8


@dataclass(slots=True)
class Listing:
    """What the list page shows, and the address of what comes next.

    ``found`` says what became of the words, ``panel`` are the filters where they are shown, ``total`` how many products
    there are, where that is known.
    """

    cards: list[Card]
    next_url: str | None
    total: int | None = None
    is_capped: bool = False
    found: Found | None = None
    panel: Panel | None = None


@catalog.get("/products", endpoint="list_products")
@public
@cacheable
def list_products() -> Response:
    """Show a page of products; the address says all of the state."""
    words = request.args.get("q", "").strip()[:_LONGEST_QUERY]
    filters = read_filters(request.args, shop_currency())
    place = Address(request.script_root, words, _sort(request.args.get("sort")))
    slug = request.args.get("category", "")
    categories = queries.list_shelves(current_language(), slug)
    category = next((one for one in categories if one.slug == slug), None)
    if category is None and (new_slug := queries.find_new_category_slug(slug)):
        return _moved(category=new_slug)
    tag = _tag(request.args.get("tag", ""))
    if tag is None and (new_slug := queries.find_new_tag_slug(request.args.get("tag", ""))):
        return _moved(tag=new_slug)
    way = queries.way_to(category, categories) if category else []
    page_ends_at(queries.next_publication())
    if filters.is_plain and not words:
        listing = _browsed(place, filters, category, categories, tag)
    else:
        listing = _narrowed(place, filters, categories)
    return render_page(
        "search/list_products.html",
        fragment="search/_products.html",
        listing=listing,
        words=words,
        sort=place.sort,
        shelves=tuple(categories),
        category=category if len(filters.categories) < 2 else None,
        way=way,
        crumbs=_crumbs(way),
        tag=tag if len(filters.tags) < 2 else None,
        is_first_page="after" not in request.args,
        is_plain=filters.is_plain and not words,
        start_url=place.of(filters),
        filters_url=place.of(replace(filters, is_open=True)),
        exactly_url=place.of(filters, ("exactly", "1")),
        perhaps_url=_words_url(place, listing.found.perhaps if listing.found else None),
        suggestions=[] if listing.cards else _suggested(),
        shelves_with_most=[] if listing.cards else _shelves_with_most(categories),
    )


@catalog.get("/suggestions")
@public
def suggest() -> Response:
    """Complete what is being typed with titles; the browser's own list lets one choose by keyboard."""
    words = request.args.get("q", "").strip()[:_LONGEST_QUERY]
    hits = search_products(words, size=_SUGGESTED) if len(words) > 1 else None
    cards = queries.cards_by_ids(current_language(), hits.product_ids) if hits else []
    return make_response(render_template("search/_suggestions.html", titles=[card.title for card in cards]))


def _browsed(
    place: Address, filters: Filters, category: Shelf | None, categories: list[Shelf], tag: TagView | None
) -> Listing:
    """Read a plain list by its index."""
    page = queries.list_cards(
        current_language(),
        sort=place.sort,
        category_ids=queries.with_descendants(category, categories) if category else (),
        tag=tag,
        after=request.args.get("after"),
        root=request.script_root,
    )
    return Listing(page.cards, _next_url(place, filters, page.next_after))


def _narrowed(place: Address, filters: Filters, categories: list[Shelf]) -> Listing:
    """Find by words, by filters, or both."""
    found = None
    if place.words:
        found = find_products(place.words, exactly=request.args.get("exactly") == "1")
        if filters.is_plain and not filters.categories and not filters.tags:
            return _listing_of_found(place, filters, found, found.product_ids)
    sets = current_sets()
    tags = queries.list_tags(current_language(), tag_ids(sets), filters.tags)
    narrowed = narrow(sets, filters, Shelves(categories), tags, found.product_ids if found else None)
    panel = make_panel(narrowed, filters, tags, place)
    if found is not None:
        left = narrowed.left
        listing = _listing_of_found(
            place, filters, found, [id_ for id_ in found.product_ids if bits.has(left, id_)]
        )
        listing.panel = panel
        return listing
    after = read_position(request.args.get("after"))
    product_ids, next_after = page_of(narrowed, place.sort, after, PAGE_SIZE)
    cards = queries.cards_by_ids(current_language(), product_ids, root=request.script_root)
    total = bits.count(narrowed.left, MOST_COUNTED)
    next_url = _next_url(place, filters, next_after)
    return Listing(cards, next_url, min(total, MOST_COUNTED), total > MOST_COUNTED, panel=panel)


def _listing_of_found(place: Address, filters: Filters, found: Found, product_ids: list[int]) -> Listing:
    after = request.args.get("after", "")
    offset = min(int(after), MOST_RANKED) if after.isascii() and after.isdigit() and len(after) < 6 else 0
    shown = product_ids[offset : offset + PAGE_SIZE]
    cards = queries.cards_by_ids(current_language(), shown, root=request.script_root)
    seen, total = offset + len(shown), len(product_ids)
    next_after = str(seen) if seen < total else None
    return Listing(cards, _next_url(place, filters, next_after), total, found.is_capped, found)


def _suggested() -> list[Card]:
    return queries.list_cards(current_language(), size=4, root=request.script_root).cards


def _shelves_with_most(categories: list[Shelf]) -> list[Shelf]:
    """Return the shelves with the most products, for who has found nothing."""
    by_id = {str(one.id): one for one in categories}
    most = [
        by_id[one.value] for one in current_sets().listed(CATEGORY) if one.value in by_id and one.products
    ]
    return most[:_SHELVES_SHOWN]


def _words_url(place: Address, words: str | None) -> str | None:
    filters = Filters(shop_currency())
    return replace(place, words=words).of(filters) if words else None


def _tag(slug: str) -> TagView | None:
    return queries.find_tag(current_language(), slug) if slug else None


def _crumbs(way: list[Shelf]) -> list[tuple[str, str]]:
    """Return the names and addresses that lead to a shelf or tag."""
    top = f"{request.script_root}/products"
    return [(gettext("Products"), top), *((one.name, f"{top}?category={one.slug}") for one in way)]


def _moved(**new_slugs: str) -> Response:
    """Lead from an address that category or tag once had to the present one, with all else that was asked for."""
    kept = {**request.args.to_dict(), **new_slugs}
    return Response(status=301, headers={"Location": address(request.script_root, kept.items())})


def _next_url(place: Address, filters: Filters, after: str | None) -> str | None:
    if after is None:
        return None
    more = [("exactly", "1")] if place.words and request.args.get("exactly") == "1" else []
    shut = replace(filters, is_open=False)
    # Places in a plain list are written in another way.
    return place.of(filters if shut.is_plain else shut, *more, ("after", after))


def _sort(word: str | None) -> Sort:
    return Sort(word) if word in list(Sort) else Sort.NEWEST
