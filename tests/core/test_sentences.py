"""What is stored for a reader of any language comes back as it was meant."""

import pytest

from storefront.core.money import Money
from storefront.core.sentences import keep, read

SENTENCE = "Stripe received %(received)s instead of %(asked)s."


def test_sentence_without_values_is_stored_as_it_is() -> None:
    assert keep("Nothing was delivered.") == "Nothing was delivered."
    assert read("Nothing was delivered.") == ("Nothing was delivered.", {})


def test_values_come_back_with_their_kinds() -> None:
    values = {"received": Money(1200, "EUR"), "asked": Money(300, "JPY"), "number": 3, "name": "“Tide”"}
    assert read(keep(SENTENCE, **values)) == (SENTENCE, values)


def test_same_sentence_is_the_same_text() -> None:
    assert keep(SENTENCE, asked=1, received=2) == keep(SENTENCE, received=2, asked=1)


def test_what_can_not_come_back_is_refused() -> None:
    with pytest.raises(TypeError, match="a sentence can't keep object"):
        keep(SENTENCE, asked=object(), received=1)


@pytest.mark.parametrize("text", ["", "550 no such user: anna", "{", '{"error": "a server that talks JSON"}'])
def test_words_of_other_machines_are_left_alone(text: str) -> None:
    assert read(text) == (text, {})
