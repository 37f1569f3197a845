"""One request to the API, and the table of what is answered by whom."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

from practice_stripe.params import Mapping
from practice_stripe.store import Book, Json


@dataclass(frozen=True)
class Call:
    """A request that has been understood: open books, ids from the path, typed parameters."""

    book: Book
    ids: dict[str, str]
    params: Json
    base_url: str


@dataclass(frozen=True)
class Route:
    """``GET /v1/charges/<id>`` and the function that answers it."""

    method: str
    path: str
    answer: Callable[[Call], Json]
    params: Mapping

    @cached_property
    def pattern(self) -> re.Pattern[str]:
        """The path as a regular expression with a group for each ``<name>``."""
        return re.compile(re.sub(r"<(\w+)>", r"(?P<\1>[^/]+)", self.path))
