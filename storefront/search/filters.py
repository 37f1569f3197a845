"""What a list is narrowed by: all of it stands in the address, in one order, so that equal choices are one page."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from urllib.parse import urlencode

from werkzeug.datastructures import MultiDict

from storefront.catalog.facets import RATINGS
from storefront.core.money import InvalidAmount, Money, parse_amount
from storefront.web.page_cache import MOST_OF_A_KEY, MOST_OPTIONS, OPTION_PREFIX

_LONGEST_NAME = 60
_LONGEST_VALUE = 120


@dataclass(frozen=True, slots=True)
class Filters:
    """What the address asks for. Several values of one thing mean "one of these", different things mean "and".

    Categories and tags are slugs, options pairs of name and value, prices in the smallest unit of ``currency``, both
    ends included. ``is_open``: the filters are shown although none may be chosen yet.
    """

    currency: str
    categories: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    options: tuple[tuple[str, str], ...] = ()
    least: int | None = None
    most: int | None = None
    in_stock: bool = False
    rating: int | None = None
    is_open: bool = False

    @property
    def is_plain(self) -> bool:
        """Whether this is the list of everything, of one category or of one tag, which needs no sets."""
        return not (
            self.is_open
            or len(self.categories) > 1
            or len(self.tags) > 1
            or self.options
            or self.least is not None
            or self.most is not None
            or self.in_stock
            or self.rating
        )

    @property
    def is_empty(self) -> bool:
        """Whether nothing is chosen."""
        return replace(self, is_open=False) == Filters(self.currency)

    def pairs(self) -> list[tuple[str, str]]:
        """Return names and values as the address has them."""
        found = [("category", slug) for slug in self.categories]
        found += [("tag", slug) for slug in self.tags]
        found += [(f"{OPTION_PREFIX}{name}", value) for name, value in self.options]
        for name, amount in (("min", self.least), ("max", self.most)):
            if amount is not None:
                found.append((name, Money(amount, self.currency).plain))
        if self.in_stock:
            found.append(("stock", "1"))
        if self.rating:
            found.append(("rating", str(self.rating)))
        if self.is_open:
            found.append(("filters", "1"))
        return found

    def without_option(self, name: str, value: str) -> "Filters":
        """Return the same without one value of an option."""
        return replace(self, options=tuple(pair for pair in self.options if pair != (name, value)))

    def without_category(self, slug: str) -> "Filters":
        """Return the same without one category."""
        return replace(self, categories=tuple(one for one in self.categories if one != slug))

    def without_tag(self, slug: str) -> "Filters":
        """Return the same without one tag."""
        return replace(self, tags=tuple(one for one in self.tags if one != slug))


def read_filters(arguments: MultiDict[str, str], currency: str) -> Filters:
    """Return what the address asks for; what makes no sense is left out."""
    least, most = _amount(arguments.get("min"), currency), _amount(arguments.get("max"), currency)
    if least is not None and most is not None and least > most:
        least, most = most, least
    rating = arguments.get("rating", "")
    return Filters(
        currency=currency,
        categories=_some(arguments.getlist("category")),
        tags=_some(arguments.getlist("tag")),
        options=_options(arguments),
        least=least,
        most=most,
        in_stock=arguments.get("stock") == "1",
        rating=int(rating) if rating in map(str, RATINGS) else None,
        is_open=arguments.get("filters") == "1",
    )


def read_position(after: str | None) -> tuple[int, int] | None:
    """Return where a page of what is left begins: a number (price or second) and a product; None at the start."""
    number, _, product_id = (after or "").partition("-")
    is_position = all(part.isascii() and part.isdigit() and len(part) < 16 for part in (number, product_id))
    return (int(number), int(product_id)) if is_position else None


def address(root: str, pairs: Iterable[tuple[str, str]]) -> str:
    """Return the path of a list; ``root`` is the language prefix of the page."""
    query = urlencode(list(pairs))
    return f"{root}/products?{query}" if query else f"{root}/products"


def _options(arguments: MultiDict[str, str]) -> tuple[tuple[str, str], ...]:
    names = sorted(name for name in arguments if name.startswith(OPTION_PREFIX))
    found = [
        (name.removeprefix(OPTION_PREFIX)[:_LONGEST_NAME], value)
        for name in names
        for value in _some(arguments.getlist(name))
    ]
    return tuple(dict.fromkeys(found))[: MOST_OPTIONS * MOST_OF_A_KEY]


def _some(values: list[str]) -> tuple[str, ...]:
    known = {value.strip()[:_LONGEST_VALUE] for value in values if value.strip()}
    return tuple(sorted(known))[:MOST_OF_A_KEY]


def _amount(text: str | None, currency: str) -> int | None:
    try:
        return parse_amount(text, currency) if text and text.strip() else None
    except InvalidAmount:
        return None
