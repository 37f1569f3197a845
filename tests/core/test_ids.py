"""Ids that outsiders see cannot be guessed, and order numbers can be read aloud."""

import re

from storefront.core.ids import READABLE_LETTERS, new_order_number, new_public_id, new_token


def test_public_id_is_22_characters_for_addresses() -> None:
    assert all(re.fullmatch(r"[A-Za-z0-9_-]{22}", new_public_id()) for _ in range(100))


def test_token_is_twice_as_long() -> None:
    assert re.fullmatch(r"[A-Za-z0-9_-]{43}", new_token())


def test_order_number_has_no_letters_that_look_alike() -> None:
    assert set("01ILO5S2Z8BUV") & set(READABLE_LETTERS) == set()
    number = new_order_number()
    assert re.fullmatch(f"[{READABLE_LETTERS}]{{4}}-[{READABLE_LETTERS}]{{4}}", number)


def test_ids_do_not_repeat() -> None:
    for make in (new_public_id, new_token, new_order_number):
        assert len({make() for _ in range(1000)}) == 1000
