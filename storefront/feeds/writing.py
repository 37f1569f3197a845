"""Feeds as XML: podcasts (RSS 2.0 with Apple's tags) and catalogues of books (OPDS 1.2)."""

from collections.abc import Iterator
from email.utils import format_datetime
from typing import Any, NamedTuple
from urllib.parse import quote, urlsplit
from uuid import NAMESPACE_URL, uuid5

from storefront.catalog.pictures import cover_view
from storefront.core.clock import UTC, datetime, timedelta
from storefront.feeds.contents import Book, Episode
from storefront.found.xml import element, text
from storefront.fulfilment.service import Holding
from storefront.web.markdown import render_markdown

PODCAST_TYPE = "application/rss+xml; charset=utf-8"
BOOKS_TYPE = "application/atom+xml;profile=opds-catalog;kind=acquisition; charset=utf-8"

_HEAD = '<?xml version="1.0" encoding="UTF-8"?>\n'
_ITUNES = 'xmlns:itunes="http://www.itunes.com/dtds/podcast-1.0.dtd"'
_LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)
_OPDS_LINK_TYPE = "application/atom+xml;profile=opds-catalog;kind=acquisition"


class Feed(NamedTuple):
    """What a feed says of itself. ``address`` is its own, with the secret; files lie below it."""

    base_url: str
    language: str
    shop: str
    address: str


def write_podcast(feed: Feed, holding: Holding, episodes: list[Episode]) -> str:
    """Return a course as a private podcast, first episode first."""
    return "".join(_podcast(feed, holding, episodes))


def _podcast(feed: Feed, holding: Holding, episodes: list[Episode]) -> Iterator[str]:
    product, language = holding.product, feed.language
    title = _word(product, "title", language)
    yield f'{_HEAD}<rss version="2.0" {_ITUNES} xmlns:atom="http://www.w3.org/2005/Atom">\n<channel>\n'
    yield element("title", title)
    yield element("link", f"{feed.base_url}/{language}/library/{holding.entitlement.public_id}")
    yield f'<atom:link rel="self" type="application/rss+xml" href="{text(feed.address)}"/>\n'
    yield f"<description>{text(_word(product, 'summary', language) or title)}</description>\n"
    yield element("language", "zh-cn" if language == "zh" else "en")
    yield element("itunes:author", feed.shop) + element("itunes:explicit", "false")
    # In no directory: the address is a secret of one buyer.
    yield element("itunes:block", "Yes") + element("itunes:type", "serial")
    if product.cover:
        yield f'<itunes:image href="{text(_cover(feed, product.cover))}"/>\n'
    for number, episode in enumerate(episodes, 1):
        yield from _item(feed, holding, episode, number, len(episodes))
    yield "</channel>\n</rss>\n"


def _item(feed: Feed, holding: Holding, episode: Episode, number: int, count: int) -> Iterator[str]:
    """Programs sort by date too, so that each is a minute younger than the one before."""
    moment = holding.entitlement.starts_at - timedelta(minutes=count - number)
    address = (
        f"{feed.address.rpartition('/')[0]}/episodes/{episode.id}/{quote(episode.file.filename, safe='')}"
    )
    words = _translated(episode, "body", feed.language) or episode.words
    yield "<item>\n" + element("title", _translated(episode, "title", feed.language) or episode.title)
    yield element("guid", _lasting_id(feed, f"episode/{episode.id}"), isPermaLink="false")
    yield element("pubDate", format_datetime(moment.astimezone(UTC), usegmt=True))
    yield element("description", str(render_markdown(words)) if words else "")
    yield (
        f'<enclosure url="{text(address)}" length="{episode.file.size}"'
        f' type="{text(episode.file.content_type)}"/>\n'
    )
    yield element("itunes:episode", number)
    if episode.seconds:
        yield element("itunes:duration", episode.seconds)
    yield "</item>\n"


def write_books(feed: Feed, account_id: int, books: list[Book]) -> str:
    """Return the books of a buyer as an OPDS acquisition feed, newest first."""
    return "".join(_catalogue(feed, account_id, books))


def _catalogue(feed: Feed, account_id: int, books: list[Book]) -> Iterator[str]:
    yield f'{_HEAD}<feed xmlns="http://www.w3.org/2005/Atom" xmlns:dc="http://purl.org/dc/terms/">\n'
    yield element("id", _lasting_id(feed, f"books/{account_id}")) + element("title", feed.shop)
    yield element("updated", _moment(max(map(_changed_at, books), default=_LONG_AGO)))
    yield f"<author>{element('name', feed.shop)}</author>\n"
    for relation in ("self", "start"):
        yield f'<link rel="{relation}" type="{_OPDS_LINK_TYPE}" href="{text(feed.address)}"/>\n'
    for book in books:
        yield from _entry(feed, book)
    yield "</feed>\n"


def _entry(feed: Feed, book: Book) -> Iterator[str]:
    """Several formats of one book are several entries: the shop does not know that they are the same."""
    product, language = book.holding.product, feed.language
    title, of = _word(book.content, "title", language), _word(product, "title", language)
    address = (
        f"{feed.address.rpartition('/')[0]}/books/{book.holding.entitlement.public_id}"
        f"/{book.content.public_id}/{quote(book.file.filename, safe='')}"
    )
    yield "<entry>\n" + element("id", _lasting_id(feed, f"book/{book.content.public_id}"))
    yield element("title", title if title == of else f"{of}: {title}")
    yield f"<author>{element('name', feed.shop)}</author>\n"
    yield element("updated", _moment(_changed_at(book)))
    yield element("summary", _word(product, "summary", language), type="text")
    if product.cover:
        cover = text(_cover(feed, product.cover))
        yield f'<link rel="http://opds-spec.org/image" type="image/webp" href="{cover}"/>\n'
    yield (
        f'<link rel="http://opds-spec.org/acquisition" type="{book.content_type}" length="{book.file.size}"'
        f' href="{text(address)}"/>\n</entry>\n'
    )


def _changed_at(book: Book) -> datetime:
    return max(book.file.created_at, book.holding.entitlement.granted_at)


def _cover(feed: Feed, cover: dict[str, Any]) -> str:
    address = cover_view(cover, feed.language).full
    return address if urlsplit(address).scheme else f"{feed.base_url}{address}"


def _word(row: Any, field: str, language: str) -> str:
    return str((row.translations or {}).get(language, {}).get(field) or getattr(row, field))


def _translated(episode: Episode, field: str, language: str) -> str:
    return str((episode.translations or {}).get(language, {}).get(field) or "")


def _lasting_id(feed: Feed, name: str) -> str:
    """Return an id that stays when titles change, and says nothing of ours."""
    return f"urn:uuid:{uuid5(NAMESPACE_URL, f'{feed.base_url}/{name}')}"


def _moment(value: datetime) -> str:
    return value.strftime("%Y-%m-%dT%H:%M:%SZ")
