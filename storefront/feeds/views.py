"""Feeds for programs, by a secret in the address; and the pages where buyers make, replace and close the secret."""

import hashlib
from collections.abc import Callable
from typing import NoReturn

import flask
from flask import Blueprint, Response, abort, flash, redirect, request, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response as BaseResponse

from storefront.accounts.sessions import current_account
from storefront.catalog.models import Content
from storefront.catalog.states import Stamp
from storefront.core.db import unit_of_work
from storefront.core.errors import NotFound
from storefront.feeds import contents, service, writing
from storefront.feeds.models import FeedKey
from storefront.fulfilment import downloads
from storefront.fulfilment.access import note
from storefront.fulfilment.doors import NotOpen
from storefront.fulfilment.service import Holding, get_holding, get_kept_holding
from storefront.fulfilment.states import Deed
from storefront.shop.service import shop_view
from storefront.storage.models import StoredFile
from storefront.storage.service import signed_url
from storefront.web.access import customer_only, public
from storefront.web.language import current_language
from storefront.web.links import absolute_url
from storefront.web.pages import go, render_page
from storefront.web.setup import settings

feeds = Blueprint("feeds", __name__)

_SHOWN = "feed-shown"

_SECONDS_FOR_A_COPY = 10

CopyFor = Callable[[Holding, Content, StoredFile], StoredFile | None]


def _no_copy(_holding: Holding, _content: Content, _stored: StoredFile) -> StoredFile | None:
    return None


_copy_for: CopyFor = _no_copy


def ask_for_copies(copy_for: CopyFor) -> None:
    """Have marked files made by who marks them: the buyer's copy, or None while it is being made."""
    global _copy_for  # set once, when the app is put together
    _copy_for = copy_for


@feeds.get("/feeds/<token>/podcast.xml")
@public
def podcast(token: str) -> Response:
    """Show what can be played of a purchase to a podcast program."""
    holding = _podcast(token)
    with unit_of_work():
        service.note_used(token)
        note(holding.entitlement, Deed.FEED)
    body = writing.write_podcast(_feed(token, "podcast.xml"), holding, contents.episodes_of(holding))
    return _document(body, writing.PODCAST_TYPE)


@feeds.get("/feeds/<token>/episodes/<episode_id>/<filename>")
@public
def episode(token: str, episode_id: str, filename: str) -> BaseResponse:
    """Lead to a fresh address of an episode, which answers byte ranges; the name in the address is decoration."""
    holding = _podcast(token)
    found = next((one for one in contents.episodes_of(holding) if one.id == episode_id), None)
    if found is None:
        _say_nothing()
    with unit_of_work():
        note(holding.entitlement, Deed.STREAM, found.title)
    holder = holding.entitlement.public_id
    return redirect(signed_url(found.file, inline=True, holder=holder), 302)


@feeds.get("/feeds/<token>/books.xml")
@public
def books(token: str) -> Response:
    """Show the books of an account to a reading program."""
    account_id, holdings = _books(token)
    found = [book for holding in holdings for book in contents.books_of(holding)]
    with unit_of_work():
        service.note_used(token)
        for entitlement in {book.holding.entitlement.id: book.holding.entitlement for book in found}.values():
            note(entitlement, Deed.FEED)
    body = writing.write_books(_feed(token, "books.xml"), account_id, found)
    return _document(body, writing.BOOKS_TYPE)


@feeds.get("/feeds/<token>/books/<public_id>/<content_id>/<filename>")
@public
def book(token: str, public_id: str, content_id: str, filename: str) -> BaseResponse:
    """Hand a book over, as the library does."""
    _account_id, holdings = _books(token)
    own = [one for one in holdings if one.entitlement.public_id == public_id]
    found = next(
        (one for holding in own for one in contents.books_of(holding) if one.content.public_id == content_id),
        None,
    )
    if found is None:
        _say_nothing()
    return _hand_over(found.holding, found.content, found.file)


@feeds.get("/library/<public_id>/feed")
@public
def show_podcast(public_id: str) -> Response:
    """Explain the podcast of a purchase, and show its address once."""
    holding = _heard(public_id)
    return _render(
        service.find_podcast_key(holding.entitlement.id),
        url_for("feeds.show_podcast", public_id=public_id),
        "podcast.xml",
        holding,
    )


@feeds.post("/library/<public_id>/feed")
@public
def make_podcast(public_id: str) -> BaseResponse:
    """Make the secret address, or another one in its place."""
    holding = _heard(public_id)
    with unit_of_work():
        token = service.open_podcast(holding.entitlement.id)
    return _show_once(token, url_for("feeds.show_podcast", public_id=public_id))


@feeds.post("/library/<public_id>/feed/removal")
@public
def close_podcast(public_id: str) -> BaseResponse:
    """Close the feed."""
    holding = get_kept_holding(public_id)
    with unit_of_work():
        service.close_podcast(holding.entitlement.id)
    return _say_closed(url_for("feeds.show_podcast", public_id=public_id))


@feeds.get("/account/books")
@customer_only
def show_books() -> Response:
    """Explain the catalogue of books, and show its address once."""
    here = url_for("feeds.show_books")
    return _render(service.find_books_key(_account_id()), here, "books.xml", None)


@feeds.post("/account/books")
@customer_only
def make_books() -> BaseResponse:
    """Make the secret address, or another one in its place."""
    with unit_of_work():
        token = service.open_books(_account_id())
    return _show_once(token, url_for("feeds.show_books"))


@feeds.post("/account/books/removal")
@customer_only
def close_books() -> BaseResponse:
    """Close the feed."""
    with unit_of_work():
        service.close_books(_account_id())
    return _say_closed(url_for("feeds.show_books"))


def _hand_over(holding: Holding, content: Content, stored: StoredFile) -> BaseResponse:
    """Lead to a book as the library does: marked where it is marked, and counted."""
    given = stored if content.stamp is Stamp.NONE else _copy_for(holding, content, stored)
    if given is None:
        words = gettext("Your copy is being made. Please try again in a moment.") + "\n"
        return Response(
            words, 503, {"Retry-After": str(_SECONDS_FOR_A_COPY), "Cache-Control": "no-store"}, "text/plain"
        )
    with unit_of_work():
        downloads.count(holding.entitlement, content, stored)
        note(holding.entitlement, Deed.DOWNLOAD, content.title)
    return redirect(signed_url(given, holder=holding.entitlement.public_id), 302)


def _podcast(token: str) -> Holding:
    try:
        return service.get_podcast(token)
    except (NotFound, NotOpen):
        _say_nothing()


def _books(token: str) -> tuple[int, list[Holding]]:
    try:
        return service.get_books(token)
    except NotFound:
        _say_nothing()


def _say_nothing() -> NoReturn:
    """A program shows no page, what is not open now is not there, and the log of refusals would keep the secret."""
    abort(Response(gettext("We could not find that.") + "\n", 404, mimetype="text/plain"))


def _heard(public_id: str) -> Holding:
    holding = get_holding(public_id)
    if not holding.can_be_heard:
        raise NotFound
    return holding


def _account_id() -> int:
    account = current_account()
    assert account is not None
    return account.id


def _feed(token: str, name: str) -> writing.Feed:
    language = current_language()
    address = absolute_url(f"/feeds/{token}/{name}", language)
    return writing.Feed(settings().base_url, language, shop_view(language).name, address)


def _document(body: str, content_type: str) -> Response:
    response = Response(body, content_type=content_type)
    response.set_etag(hashlib.sha256(body.encode()).hexdigest()[:32])
    response.headers["Cache-Control"] = "private, no-cache"
    response.headers["X-Robots-Tag"] = "noindex"
    response.make_conditional(request)
    return response


def _show_once(token: str, page: str) -> BaseResponse:
    """The database keeps only a hash, so that the page shows the address now or never."""
    flask.session[_SHOWN] = token
    return go(page)


def _say_closed(page: str) -> BaseResponse:
    flash(gettext("Closed. Programs that have the address get nothing any more."), "success")
    return go(page)


def _render(key: FeedKey | None, here: str, name: str, holding: Holding | None) -> Response:
    token = flask.session.pop(_SHOWN, None)
    return render_page(
        "feeds/show.html",
        key=key,
        here=here,
        holding=holding,
        address=absolute_url(f"/feeds/{token}/{name}", current_language()) if token and key else None,
    )
