"""The page of a collection. It is the same for everybody, so that it can be kept."""

from flask import Response, redirect, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from storefront.catalog.collections import (
    CollectionView,
    find_collection,
    find_new_collection_slug,
    list_in_collection,
)
from storefront.catalog.queries import next_publication
from storefront.catalog.views import catalog
from storefront.core.errors import NotFound
from storefront.web.access import public
from storefront.web.language import current_language
from storefront.web.page_cache import cacheable, page_ends_at
from storefront.web.pages import render_page


@catalog.get("/collections/<slug>")
@public
def show_collection(slug: str) -> BaseResponse:
    """Show a collection; an address that it once had leads to the present one."""
    collection = find_collection(current_language(), slug)
    return _moved(slug) if collection is None else _show(collection=collection)


@cacheable
def _show(collection: CollectionView) -> Response:
    page_ends_at(next_publication())
    root, after = request.script_root, request.args.get("after")
    page = list_in_collection(current_language(), collection.id, after=after, root=root)
    here = f"{root}/collections/{collection.slug}"
    return render_page(
        "catalog/show_collection.html",
        collection=collection,
        cards=page.cards,
        here=here,
        next_url=f"{here}?after={page.next_after}" if page.next_after else None,
        is_first_page=after is None,
    )


def _moved(slug: str) -> BaseResponse:
    new_slug = find_new_collection_slug(slug)
    if new_slug is None:
        raise NotFound
    return redirect(url_for("catalog.show_collection", slug=new_slug), 301)
