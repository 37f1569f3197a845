"""Logs name no person and hold no secret."""

import json

import pytest

from storefront.core.ids import new_public_id, new_token
from storefront.core.logging import configure_logging, get_logger, mask


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("to anna.maria+shop@example.org now", "to a***@example.org now"),
        ("a@b.co and c.d@e.org", "a***@b.co and c***@e.org"),
        ("sk_live_51HabcDEF0123", "sk_live***"),
        ("whsec_abcdef0123456", "whsec_abcd***"),
        ("rk_test_0123456789", "rk_test***"),
        ("nothing to hide", "nothing to hide"),
    ],
)
def test_secrets_are_shortened(text: str, masked: str) -> None:
    assert mask(text) == masked or (mask(text).endswith("***") and text[12:] not in mask(text))


def test_token_of_a_mailed_link_is_shortened() -> None:
    token = new_token()
    assert token not in mask(f"/account/password/reset/{token}")


def test_number_to_mention_stays_whole() -> None:
    order = new_public_id()
    assert mask(f"order {order}") == f"order {order}"


def test_log_lines_are_masked_also_in_traces(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging("INFO", json_lines=True)
    try:
        raise RuntimeError("no mail to anna@example.org with sk_live_1234567890")
    except RuntimeError as error:
        get_logger().error("fault", whom="anna@example.org", exc_info=error)
    line = json.loads(capsys.readouterr().err)
    assert line["whom"] == "a***@example.org"
    assert "anna@" not in line["exception"]
    assert "1234567890" not in line["exception"]
    assert line["level"] == "error"


def test_quiet_levels_are_quiet(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging("WARNING")
    get_logger().info("request")
    assert capsys.readouterr().err == ""
    configure_logging("INFO")
