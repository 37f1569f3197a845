"""One spelling for each mailbox."""

import pytest

from storefront.accounts.addresses import BadAddressError, find_normal, normalise_email


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("mei@example.org", "mei@example.org"),
        ("  Mei.Chen@Example.ORG\n", "mei.chen@example.org"),
        ("mei+shop@example.org", "mei+shop@example.org"),
        ("ｍｅｉ＠example.org", "mei@example.org"),
        ("mei@münchen.example.org", "mei@xn--mnchen-3ya.example.org"),
        ("mei@XN--MNCHEN-3YA.example.org", "mei@xn--mnchen-3ya.example.org"),
        ("梅@例子.公司", "梅@例子.公司"),
        ("ÄNNE@example.org", "änne@example.org"),
    ],
)
def test_an_address_has_one_spelling(typed: str, kept: str) -> None:
    assert normalise_email(typed) == kept
    assert normalise_email(kept) == kept


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "mei",
        "mei@",
        "@example.org",
        "mei@localhost",
        "mei@example.org\r\nBcc: all@example.org",
        "mei@example.org, all@example.org",
        "Mei <mei@example.org>",
        "mei\x00@example.org",
        "a" * 250 + "@example.org",
        "mei@" + "a" * 100_000,
        "mei@\ud800.org",
    ],
)
def test_what_is_no_address_is_refused(typed: str) -> None:
    with pytest.raises(BadAddressError):
        normalise_email(typed)
    assert find_normal(typed) is None
