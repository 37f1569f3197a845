"""Sentences that are written down now and read later, each time in the language of the reader.

What is stored is a message id of gettext, marked by ``N_``, in one of three forms: alone; with values for its
placeholders; or followed by a colon and the own words of another machine, which nobody can translate.
``web.filters.told`` gives the words.
"""

import json
from typing import Any

from storefront.core.money import Money


def keep(sentence: str, **values: object) -> str:
    """Return the text under which a sentence and its values (texts, numbers, Money) are stored."""
    if not values:
        return sentence
    return json.dumps(
        {"sentence": sentence, "values": values}, default=_plain, ensure_ascii=False, sort_keys=True
    )


def read(kept: str) -> tuple[str, dict[str, Any]]:
    """Return the message id and the values of a stored sentence; any other text is a sentence without values."""
    if not kept.startswith('{"sentence": '):
        return kept, {}
    found = json.loads(kept)
    return found["sentence"], {name: _restored(value) for name, value in found["values"].items()}


def _plain(value: object) -> dict[str, Any]:
    if isinstance(value, Money):
        return {"amount": value.amount, "currency": value.currency}
    raise TypeError(f"a sentence can't keep {type(value).__name__}")


def _restored(value: Any) -> Any:
    return Money(value["amount"], value["currency"]) if isinstance(value, dict) else value
