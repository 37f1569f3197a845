"""All words that occur in the shop: for words that are unfinished, and for words with mistakes.

Mistakes are found without an extension of the database, by leaving letters out: two words with one mistake between
them become equal when a letter is left out of each (Wolf Garbe's SymSpell). The index holds each word with one letter
left out; of what was typed, up to two are left out.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple, cast

from sqlalchemy import Table, bindparam, func, insert, select, union, update

from storefront.catalog.stamp import raise_stamp
from storefront.core import db
from storefront.search.models import LONGEST_WORD, SearchMisspelling, SearchWord
from storefront.search.words import is_by_character

# Shorter words have too many neighbours; longer ones are no words.
_MENDABLE = range(4, 25)
# From here on two mistakes are forgiven.
_LONG = 7
# A beginning that many words share is looked up among so many of them.
_MOST_LOOKED_AT = 3_000
_BATCH = 500
_KEY = "search.words"


class Count(NamedTuple):
    """In how many titles and in how many products a word occurs."""

    titles: int
    products: int


def note_words(before: tuple[str, str], after: tuple[str, str]) -> None:
    """Note within the current unit how the words of a product change; each pair is the title and the rest.

    They are written at its end, all at once.
    """
    titles, products = db.session().info.setdefault(_KEY, (Counter(), Counter()))
    titles.update(_words_of(after[0]))
    titles.subtract(_words_of(before[0]))
    products.update(_words_of(" ".join(after)))
    products.subtract(_words_of(" ".join(before)))
    db.before_commit(_write_noted, 0)


def finish_word(beginning: str, most: int) -> list[str]:
    """Return words that begin like this, first those that most titles have."""
    return [row.word for row in db.session().execute(_FINISHED, {**_stretch_of(beginning), "most": most})]


def count_beginning(beginning: str) -> Count:
    """Return how often words occur that begin like this, each counted by itself."""
    row = db.session().execute(_COUNTED_TOGETHER, _stretch_of(beginning)).one()
    return Count(row.titles or 0, row.products or 0)


def counts_of(words: Iterable[str]) -> dict[str, Count]:
    """Return how often those of these words occur that do."""
    wanted = sorted({word[:LONGEST_WORD] for word in words})
    return {
        row.word: Count(row.titles, row.products) for row in db.session().execute(_COUNTED, {"words": wanted})
    }


def mend(word: str, most: int = 3) -> list[str]:
    """Return words that this one may be a mistake for, the likeliest first."""
    if len(word) not in _MENDABLE or is_by_character(word):
        return []
    allowed = 2 if len(word) >= _LONG else 1
    shorter = shortened(word)
    if allowed == 2:
        shorter |= {shortest for one in shorter for shortest in shortened(one)}
    rows = db.session().execute(_NEIGHBOURS, {"shortened": sorted({word, *shorter})})
    found = []
    for neighbour, titles in rows:
        mistakes = distance(word, neighbour)
        if 0 < mistakes <= allowed:
            found.append((mistakes, neighbour[0] != word[0], -titles, neighbour))
    return [neighbour for *_, neighbour in sorted(found)[:most]]


def shortened(word: str) -> set[str]:
    """Return the word with one letter left out, each in turn."""
    return {word[:place] + word[place + 1 :] for place in range(len(word))}


def distance(one: str, other: str) -> int:
    """Return how many letters must be put in, left out, replaced or swapped with their neighbour."""
    before_last: list[int] = []
    last = list(range(len(other) + 1))
    for row, letter in enumerate(one, 1):
        current = [row]
        for column, wanted in enumerate(other, 1):
            cost = min(last[column] + 1, current[-1] + 1, last[column - 1] + (letter != wanted))
            if row > 1 and column > 1 and letter == other[column - 2] and one[row - 2] == wanted:
                cost = min(cost, before_last[column - 2] + 1)
            current.append(cost)
        before_last, last = last, current
    return last[-1]


def misspellings(word: str) -> set[str]:
    """Return what the index holds for a word; nothing for one that is not mended."""
    return shortened(word) if len(word) in _MENDABLE and word.isalpha() else set()


def _stretch_of(beginning: str) -> dict[str, str]:
    return {"first": beginning, "end": beginning + "\U0010ffff"}


def _words_of(text: str) -> set[str]:
    return {word for word in text.split() if len(word) <= LONGEST_WORD}


def _write_noted(_items: set[int]) -> None:
    """Write new words, and how many titles have them. The stamp is taken first: writers follow one another."""
    session = db.session()
    titles, products = session.info.pop(_KEY, (Counter(), Counter()))
    if not products:
        return
    raise_stamp()
    for words in _in_batches(sorted(products)):
        known = set(session.scalars(_KNOWN, {"words": words}))
        new = [word for word in words if word not in known and products[word] > 0]
        rows = [{"word": word, "titles": max(titles[word], 0), "products": products[word]} for word in new]
        if rows:
            session.execute(insert(SearchWord), rows)
        shorter = [{"shortened": each, "word": word} for word in new for each in sorted(misspellings(word))]
        if shorter:
            session.execute(insert(SearchMisspelling), shorter)
        moved = [
            {"key": word, "more_titles": titles[word], "more_products": products[word]}
            for word in words
            if word in known and (titles[word] or products[word])
        ]
        if moved:
            session.execute(_COUNT, moved)


def _in_batches(words: list[str]) -> Iterator[list[str]]:
    for begin in range(0, len(words), _BATCH):
        yield words[begin : begin + _BATCH]


_words = cast(Table, SearchWord.__table__)
_word, _misspelling = _words.c, SearchMisspelling.__table__.c
_KNOWN = select(_word.word).where(_word.word.in_(bindparam("words", expanding=True)))
_COUNTED = select(_word.word, _word.titles, _word.products).where(
    _word.word.in_(bindparam("words", expanding=True))
)
_stretch = (
    select(_word.word, _word.titles, _word.products)
    .where(_word.word >= bindparam("first"), _word.word < bindparam("end"))
    .order_by(_word.word)
    .limit(_MOST_LOOKED_AT)
    .subquery()
)
_FINISHED = select(_stretch).order_by(_stretch.c.titles.desc(), _stretch.c.word).limit(bindparam("most"))
_SHORTENED: Any = bindparam("shortened", expanding=True)
_COUNTED_TOGETHER = select(
    func.sum(_stretch.c.titles).label("titles"), func.sum(_stretch.c.products).label("products")
)
_NEIGHBOURS = union(
    select(_word.word, _word.titles)
    .join(SearchMisspelling.__table__, _misspelling.word == _word.word)
    .where(_misspelling.shortened.in_(_SHORTENED)),
    select(_word.word, _word.titles).where(_word.word.in_(_SHORTENED)),
)
_COUNT = (
    update(_words)
    .where(_word.word == bindparam("key"))
    .values(
        titles=_word.titles + bindparam("more_titles"), products=_word.products + bindparam("more_products")
    )
)
