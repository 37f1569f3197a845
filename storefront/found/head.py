"""The head of a page: where it stands for good, in which languages, and how it looks when it is shared."""

from typing import NamedTuple
from urllib.parse import quote, urlencode

from flask import request

from storefront.core.settings import LANGUAGES
from storefront.web.language import current_language
from storefront.web.setup import settings

_LOCALES = {"en": "en_GB", "zh": "zh_CN"}


class Head(NamedTuple):
    """Addresses of one page. ``alternates`` are (language, address), with the one that asks the browser."""

    canonical: str
    alternates: list[tuple[str, str]]
    locale: str
    other_locales: list[str]
    feed: str


def page_head(**query: str | None) -> Head:
    """Return the addresses of this page; ``query`` is what of its query makes it another page.

    Order, filters and the chosen variant show the same page in another way, so that they lead to the same address.
    """
    kept = {name: value for name, value in query.items() if value}
    tail = quote(request.path) + (f"?{urlencode(kept)}" if kept else "")
    base, language = settings().base_url, current_language()
    return Head(
        canonical=f"{base}/{language}{tail}",
        # Not the address without a prefix: that one names another as its canonical, so no alternate may lead there.
        alternates=[
            *((code, f"{base}/{code}{tail}") for code in LANGUAGES),
            ("x-default", f"{base}/{LANGUAGES[0]}{tail}"),
        ],
        locale=_LOCALES[language],
        other_locales=[_LOCALES[code] for code in LANGUAGES if code != language],
        feed=f"{base}/{language}/feed.atom",
    )


def whole_address(address: str) -> str:
    """Return an address of ours, such as a picture's, with the shop's before it."""
    return address if "://" in address else f"{settings().base_url}{address}"
