"""A stored sentence is told in the language of whoever reads it."""

import pytest
from flask import Flask

from storefront.core.money import Money
from storefront.core.sentences import keep
from storefront.web.filters import told
from storefront.web.language import speaking

ODD_MONEY = keep(
    "Stripe received %(received)s instead of %(asked)s. Nothing was delivered. Refund it, or deliver.",
    received=Money(123456, "EUR"),
    asked=Money(500, "JPY"),
)
UNREACHED = "The mail server can't be reached: Connection refused."


@pytest.mark.parametrize(
    ("language", "kept", "words"),
    [
        (
            "en",
            ODD_MONEY,
            "Stripe received €1,234.56 instead of ¥500. Nothing was delivered. Refund it, or deliver.",
        ),
        ("zh", ODD_MONEY, "Stripe 收到 €1,234.56，而应收 JP¥500。尚未交付：请退款或交付。"),
        ("en", UNREACHED, UNREACHED),
        ("zh", UNREACHED, "无法连接邮件服务器：Connection refused."),
        ("zh", "paid twice", "重复付款"),
        ("zh", "550 no such user", "550 no such user"),
        ("zh", None, ""),
        ("zh", "", ""),
    ],
)
def test_sentence_is_told_in_the_language_of_the_page(
    app: Flask, language: str, kept: str | None, words: str
) -> None:
    with app.test_request_context(), speaking(language):
        assert told(kept) == words
