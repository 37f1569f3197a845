"""How quizzes are marked: exactly the right choices count, whatever else was sent."""

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from storefront.catalog.quizzes import answers_in, mark
from tests.learning.schooling import QUESTIONS, RIGHT

_IDS = [choice["id"] for question in QUESTIONS for choice in question["choices"]] + ["odd"]
_TICKED = st.lists(st.sampled_from(_IDS), max_size=6)
_GIVEN = st.fixed_dictionaries({"colour": _TICKED, "number": _TICKED, "odd": _TICKED})


def test_all_right_passes_and_one_of_two_is_half() -> None:
    assert mark(QUESTIONS, RIGHT, 100).has_passed
    half = mark(QUESTIONS, {"colour": ["aaaa"], "number": ["cccc", "dddd", "eeee"]}, 51)
    assert (half.percent, half.right, half.has_passed) == (50, frozenset({"colour"}), False)


def test_per_cent_are_not_rounded_in_the_learners_favour() -> None:
    three = [{**QUESTIONS[0], "id": name} for name in ("a", "b", "c")]
    marked = mark(three, {"a": ["aaaa"], "b": ["aaaa"]}, 67)
    assert (marked.percent, marked.has_passed) == (66, False)


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(_GIVEN, st.integers(1, 100))
def test_marking_is_what_the_page_could_send(given_: dict[str, list[str]], needed: int) -> None:
    marked = mark(QUESTIONS, given_, needed)
    kept = answers_in(QUESTIONS, given_)
    # What can't be an answer changes nothing, nor do order and repetition.
    assert marked == mark(QUESTIONS, kept, needed)
    assert marked == mark(QUESTIONS, {name: some[::-1] * 2 for name, some in kept.items()}, needed)
    assert len(kept["colour"]) <= 1
    assert marked.has_passed == (len(marked.right) * 100 >= needed * 2)
    # Nobody gets a question right without all of its right choices, or with a wrong one.
    for name in marked.right:
        assert set(kept[name]) == set(RIGHT[name])
