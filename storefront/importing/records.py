"""What a row and a product of any file are once they have been read: the same for all kinds of files."""

from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any, NamedTuple

from storefront.catalog.states import ProductState

MOST_OPTIONS = 3
_LONGEST_KEY = 200


def key_of(source: str, name: str) -> str:
    """Return under which key a product of another shop is remembered; names of any length have a short one."""
    key = f"{source}:{name}"
    return key if len(key) <= _LONGEST_KEY else f"{source}:{sha256(name.encode()).hexdigest()}"


class Note(NamedTuple):
    """A sentence about one row; with an error its product is left out. ``sentence`` is a message id."""

    line: int
    column: str
    sentence: str
    values: dict[str, Any]
    is_error: bool = True


class Shelf(NamedTuple):
    """One step of the way to a category; ``slug`` is empty where the file knows names only."""

    slug: str
    name: str
    translations: dict[str, dict[str, str]]


class TagRecord(NamedTuple):
    """A tag by its name; the translations are for one that the shop does not have yet."""

    name: str
    translations: dict[str, dict[str, str]]


class PictureRecord(NamedTuple):
    """A picture by its address."""

    url: str
    alt: str


@dataclass(slots=True)
class VariantRecord:
    """A variant as the file wants it; what the file does not speak of is not in ``fields``."""

    line: int
    sku: str
    fields: dict[str, Any] = field(default_factory=dict)
    translations: dict[str, dict[str, str]] = field(default_factory=dict)
    has_stock: bool = False
    stock: int | None = None
    is_archived: bool | None = None
    other_prices: dict[str, int] | None = None


@dataclass(slots=True)
class ProductRecord:
    """A product as the file wants it.

    ``key`` names it in the other shop (empty: the slug does). ``fields`` are wanted always, ``defaults`` only for a
    product that is new. ``shelves`` is the way to its category, ``option_names`` in what its variants differ and
    ``tags`` are all that it has, None when the file does not speak of them. When ``is_exact`` the state is taken as it
    stands, because the file was written by a shop like this one.
    """

    line: int
    key: str = ""
    slug: str = ""
    fields: dict[str, Any] = field(default_factory=dict)
    defaults: dict[str, Any] = field(default_factory=dict)
    translations: dict[str, dict[str, str]] = field(default_factory=dict)
    state: ProductState | None = None
    is_exact: bool = False
    shelves: list[Shelf] | None = None
    currency: str = ""
    option_names: list[str] | None = None
    tags: list[TagRecord] | None = None
    variants: list[VariantRecord] = field(default_factory=list)
    pictures: list[PictureRecord] = field(default_factory=list)
    notes: list[Note] = field(default_factory=list)

    def is_refused(self) -> bool:
        """Whether the product has to be left out."""
        return any(note.is_error for note in self.notes)

    def refuse(self, line: int, column: str, sentence: str, **values: Any) -> None:
        """Say what is wrong, so that the product is left out."""
        self.notes.append(Note(line, column, sentence, values))

    def warn(self, line: int, column: str, sentence: str, **values: Any) -> None:
        """Say what the owner should know."""
        self.notes.append(Note(line, column, sentence, values, is_error=False))
