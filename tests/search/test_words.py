"""Words are comparable: without case and accents, each Chinese character a word of its own."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storefront.search.words import MOST_WORDS, index_text, query_terms

texts = st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=200)


@pytest.mark.parametrize(
    ("text", "indexed"),
    [
        ("Quiet Pages", "quiet pages"),
        ("Crème brûlée", "creme brulee"),
        ("STRASSE Straße", "strasse strasse"),
        ("安静的书页", "安 静 的 书 页"),
        ("PDF格式 2版", "pdf 格 式 2 版"),
        ("ひらがな", "ひ ら か な"),  # the mark of が is an accent, too, in the index and in what is asked
        ("한글", "한 글"),
        ("ﬁnd ①", "find 1"),
        ("ＡＢＣ", "abc"),
        ("rock'n'roll, e-mail; snake_case", "rock n roll e mail snake case"),
        ("", ""),
        ("!?—…", ""),
    ],
)
def test_text_becomes_words(text: str, indexed: str) -> None:
    assert index_text(text) == indexed


def test_chinese_of_a_query_is_a_phrase() -> None:
    assert query_terms("安静 page") == [["安", "静"], ["page"]]


def test_query_has_an_end() -> None:
    assert len(query_terms("word " * 1000)) == MOST_WORDS


@given(texts)
def test_words_hold_nothing_that_a_query_language_knows(text: str) -> None:
    assert not re.search(r"[^\w ]|_", index_text(text))
    assert all(re.fullmatch(r"[^\W_]+", word) for term in query_terms(text) for word in term)


@given(texts)
def test_indexing_twice_changes_nothing(text: str) -> None:
    once = index_text(text)
    assert index_text(once) == once


@given(texts)
def test_what_is_asked_for_is_written_in_the_index_in_that_form(text: str) -> None:
    words = index_text(text).split()
    asked = [word for term in query_terms(text) for word in term]
    assert asked == words[: len(asked)]


@given(texts)
def test_case_does_not_matter(text: str) -> None:
    assert index_text(text.lower()) == index_text(text.lower().casefold())
