"""Passwords: how they are kept, and which are refused."""

import time

import pytest
from argon2 import PasswordHasher

from storefront.accounts import passwords
from storefront.accounts.passwords import hash_password, matches, needs_rehash, objection_to


def test_a_hash_is_argon2id_and_never_twice_the_same() -> None:
    first, second = hash_password("kites over the harbour"), hash_password("kites over the harbour")

    assert first.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    assert first != second
    assert matches(first, "kites over the harbour")
    assert not matches(first, "kites over the harbor")


def test_the_keyboard_makes_no_difference() -> None:
    assert matches(hash_password("１２３４ｃａｆé５６７８"), "1234cafe\u03015678")


def test_nobody_has_a_password_and_finding_out_takes_as_long(monkeypatch: pytest.MonkeyPatch) -> None:
    verified = []
    real = passwords._hasher

    class Watched:
        def hash(self, password: str) -> str:
            return real.hash(password)

        def verify(self, password_hash: str, password: str) -> bool:
            verified.append(password_hash)
            return real.verify(password_hash, password)

    passwords._nobodys_hash.cache_clear()
    monkeypatch.setattr(passwords, "_hasher", Watched())

    assert not matches(None, "kites over the harbour")
    assert not matches(None, "the password of nobody")
    assert [kept.split("$")[3] for kept in verified] == ["m=19456,t=2,p=1"] * 2


def test_a_broken_hash_matches_nothing() -> None:
    assert not matches("", "kites over the harbour")
    assert not matches("$argon2id$v=19$m=1,t=1,p=1$x$y", "kites over the harbour")


def test_a_hash_of_weaker_times_is_to_be_made_anew() -> None:
    assert needs_rehash(PasswordHasher(time_cost=1, memory_cost=1024, parallelism=1).hash("x"))
    assert not needs_rehash(hash_password("kites over the harbour"))


@pytest.mark.parametrize(
    ("password", "sentence"),
    [
        ("", "Please use at least 8 characters."),
        ("kites!7", "Please use at least 8 characters."),
        ("k" + "ites" * 64, "Please use at most 256 characters."),
        pytest.param("ﷺ한" * 50, "Please use at most 256 characters.", id="grows when it is made plain"),
        ("password", "This password is one of the first that are guessed."),
        ("Passw0rd", "This password is one of the first that are guessed."),
        ("woaini1314", "This password is one of the first that are guessed."),
        ("１２３４５６７８", "This password is one of the first that are guessed."),
        ("zzzzzzzzzzzz", "This password is one of the first that are guessed."),
        ("Mei.Chen@Example.org", "Your e-mail address can't be the password."),
        ("mei.chen", "Your e-mail address can't be the password."),
        ("kites over the harbour", None),
        ("只有天知道的密码吧", None),
        ("        spaces        ", None),
        ("kite" * 64, None),
    ],
)
def test_which_passwords_are_refused(password: str, sentence: str | None) -> None:
    assert objection_to(password, "mei.chen@example.org") == sentence


def test_an_endless_password_costs_nothing() -> None:
    kept = hash_password("kites over the harbour")
    began = time.perf_counter()

    assert not matches(kept, "k" * 2_000_000)
    assert objection_to("ﷺ" * 1_000_000, "mei@example.org") == "Please use at most 256 characters."
    assert time.perf_counter() - began < 0.1
