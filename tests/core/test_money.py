"""Money is exact in every currency and written as people write it."""

import contextlib
from decimal import Decimal

import pytest
from babel.numbers import format_currency
from hypothesis import given, settings
from hypothesis import strategies as st

from storefront.core.money import (
    LARGEST_AMOUNT,
    InvalidAmount,
    Money,
    exponent_of,
    known_currencies,
    parse_amount,
    symbol_of,
)

EXPONENTS = {"EUR": 2, "USD": 2, "CNY": 2, "JPY": 0, "KRW": 0, "BHD": 3, "KWD": 3}
currencies = st.sampled_from(sorted(EXPONENTS))
amounts = st.integers(min_value=0, max_value=LARGEST_AMOUNT)


@pytest.mark.parametrize(("currency", "exponent"), EXPONENTS.items())
def test_currency_knows_its_decimals(currency: str, exponent: int) -> None:
    assert exponent_of(currency) == exponent
    assert currency in known_currencies()


@pytest.mark.parametrize(
    ("money", "english", "chinese"),
    [
        (Money(1990, "EUR"), "€19.90", "€19.90"),
        (Money(0, "EUR"), "€0.00", "€0.00"),
        (Money(1990, "JPY"), "¥1,990", "JP¥1,990"),
        (Money(1990, "BHD"), "BHD1.990", "BHD1.990"),
        (Money(1990, "CNY"), "CN¥19.90", "¥19.90"),
        (Money(-1990, "EUR"), "-€19.90", "-€19.90"),
        (Money(123456789012345, "EUR"), "€1,234,567,890,123.45", "€1,234,567,890,123.45"),
    ],
)
def test_amount_is_written_as_people_write_it(money: Money, english: str, chinese: str) -> None:
    assert (money.format("en"), money.format("zh")) == (english, chinese)


@pytest.mark.parametrize(
    ("text", "currency", "amount"),
    [
        ("19.90", "EUR", 1990),
        ("19,90", "EUR", 1990),
        ("19，90", "EUR", 1990),
        (" 19.9 ", "EUR", 1990),
        ("19", "EUR", 1900),
        ("19.", "EUR", 1900),
        (".5", "EUR", 50),
        ("1,200", "EUR", 120000),
        ("1.200", "EUR", 120000),
        ("1 200,50", "EUR", 120050),
        ("1.234.567,89", "EUR", 123456789),
        ("1,234,567.89", "EUR", 123456789),
        ("1200", "JPY", 1200),
        ("1,200", "JPY", 1200),
        ("1.250", "BHD", 1250),
        ("0", "EUR", 0),
    ],
)
def test_amount_is_read_as_people_write_it(text: str, currency: str, amount: int) -> None:
    assert parse_amount(text, currency) == amount


@pytest.mark.parametrize(
    "text", ["", "-1", "abc", "1e5", "NaN", "Infinity", "१२", ".", ",", "1.,2", "9" * 40]
)
@pytest.mark.parametrize("currency", EXPONENTS)
def test_what_is_no_amount_is_refused(text: str, currency: str) -> None:
    with pytest.raises(InvalidAmount):
        parse_amount(text, currency)


@pytest.mark.parametrize(
    "text", ["1,,2", "1,2,3", "1,23,45", "19.9051", "1.234,567", "12345,678.90", ",123,456"]
)
def test_thousands_that_are_no_thousands_are_refused(text: str) -> None:
    with pytest.raises(InvalidAmount):
        parse_amount(text, "EUR")


@pytest.mark.parametrize(("text", "currency"), [("1.5", "JPY"), ("1.2345", "BHD")])
def test_more_decimals_than_the_currency_has_are_refused(text: str, currency: str) -> None:
    with pytest.raises(InvalidAmount):
        parse_amount(text, currency)


@given(amounts, currencies)
def test_what_is_written_is_read_back(amount: int, currency: str) -> None:
    assert parse_amount(str(Money(amount, currency).decimal), currency) == amount


@given(amounts, currencies)
def test_grouped_thousands_are_read_back(amount: int, currency: str) -> None:
    assert parse_amount(f"{Money(amount, currency).decimal:,f}", currency) == amount


@given(amounts, currencies)
def test_decimal_is_exact(amount: int, currency: str) -> None:
    decimal = Money(amount, currency).decimal
    assert decimal * 10 ** exponent_of(currency) == amount
    assert -decimal.as_tuple().exponent <= exponent_of(currency)  # type: ignore[operator]  # no infinity here


@given(st.text(max_size=30), currencies)
def test_no_text_is_a_fault_or_less_than_nothing(text: str, currency: str) -> None:
    with contextlib.suppress(InvalidAmount):
        assert parse_amount(text, currency) >= 0


@given(amounts, amounts, st.integers(0, 99))
def test_sums_are_exact(one: int, other: int, times: int) -> None:
    total = Money(one, "EUR") + Money(other, "EUR") * times - Money(other, "EUR")
    assert total == Money(one + other * times - other, "EUR")


def test_currencies_do_not_mix() -> None:
    with pytest.raises(ValueError, match="cannot mix EUR and USD"):
        Money(1, "EUR") + Money(1, "USD")


def test_nothing_is_false() -> None:
    assert not Money(0, "EUR")
    assert Money(1, "EUR")


def test_symbol_is_in_the_language() -> None:
    assert (symbol_of("CNY", "zh"), symbol_of("CNY", "en"), symbol_of("EUR", "en")) == ("¥", "CN¥", "€")


def test_money_holds_no_float() -> None:
    assert Money(1, "EUR").decimal == Decimal("0.01")


@settings(max_examples=15, deadline=None)
@given(
    amount=st.integers(min_value=-LARGEST_AMOUNT, max_value=LARGEST_AMOUNT),
    language=st.sampled_from(["en", "zh"]),
)
def test_amounts_are_written_as_babel_writes_them(amount: int, language: str) -> None:
    for currency in sorted(known_currencies()):
        value = Decimal(amount).scaleb(-exponent_of(currency))
        locale = {"en": "en", "zh": "zh_Hans_CN"}[language]
        assert Money(amount, currency).format(language) == format_currency(value, currency, locale=locale)
