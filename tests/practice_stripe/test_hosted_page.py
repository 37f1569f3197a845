from __future__ import annotations

from typing import TYPE_CHECKING, Any

import html5lib
import pytest
import requests
from axe_playwright_python.sync_playwright import Axe  # type: ignore[import-untyped]

from practice_stripe.currencies import write_amount
from practice_stripe.texts import TEXTS, choose_language
from tests.practice_stripe.support import SHOP, Practice, line

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

ADDRESS = {
    "name": "Ann Lee",
    "country": "US",
    "line1": "1 Main St",
    "line2": "Floor 2",
    "city": "Springfield",
    "state": "IL",
    "postal_code": "62701",
}
TO_SHIP = {"shipping_address_collection": {"allowed_countries": ["US", "DE", "HK"]}}


def rate(name: str, amount: int, currency: str = "usd") -> dict[str, Any]:
    price = {"amount": amount, "currency": currency}
    return {"shipping_rate_data": {"display_name": name, "type": "fixed_amount", "fixed_amount": price}}


def look(practice: Practice, session: Any, **headers: str) -> requests.Response:
    """The hosted page, which has to be strict HTML without script or style inside."""
    answer = requests.get(f"{practice.url}/pay/{session.id}", headers=headers, timeout=10)
    check_html(answer.text)
    return answer


def check_html(text: str) -> None:
    tree = html5lib.HTMLParser(strict=True).parse(text)
    names = {element.tag.rpartition("}")[2] for element in tree.iter() if isinstance(element.tag, str)}
    assert not names & {"script", "style"}
    assert not [element for element in tree.iter() if "style" in element.attrib]


def test_page_says_what_it_is_and_what_is_bought(practice: Practice) -> None:
    page = look(practice, practice.new_session())

    assert "Practice payment: no real money" in page.text
    assert "Course" in page.text
    assert "Ten lessons" in page.text
    assert "Qty 2 × $12.50" in page.text
    assert "Pay $25.00" in page.text
    assert 'value="ann@example.com"' in page.text
    for action in ("pay", "pay_delayed", "decline", "cancel"):
        assert page.text.count(f'name="action" value="{action}"') == 1


def test_page_is_shut_against_scripts_and_frames(practice: Practice) -> None:
    page = look(practice, practice.new_session())

    policy = page.headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'; style-src 'self';")
    assert "frame-ancestors 'none'" in policy
    assert policy.endswith(f"form-action 'self' {SHOP}")
    assert page.headers["Cache-Control"] == "no-store"
    assert page.headers["X-Content-Type-Options"] == "nosniff"


def test_texts_of_the_shop_are_escaped(practice: Practice) -> None:
    session = practice.new_session(
        line_items=[line(500, name="<script>alert(1)</script>", description="a & b")]
    )

    page = look(practice, session)

    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page.text
    assert practice.press(session.id, email='"><b>').text.count('"><b>') == 0


def test_only_pictures_of_the_same_server_are_shown(practice: Practice) -> None:
    own, foreign = f"{practice.url}/media/a.webp", "https://elsewhere.example/b.webp"
    session = practice.new_session(line_items=[line(500, images=[own]), line(500, images=[foreign])])

    page = look(practice, session)

    assert own in page.text
    assert foreign not in page.text


@pytest.mark.parametrize("locale", ["zh", "zh-TW"])
def test_page_speaks_chinese_when_the_session_does(practice: Practice, locale: str) -> None:
    session = practice.new_session(locale=locale, line_items=[line(19900, "cny")])

    page = look(practice, session)

    assert '<html lang="zh-Hans">' in page.text
    assert "练习付款：不涉及真实资金" in page.text
    assert "支付 ¥199.00" in page.text


def test_page_follows_the_browser_when_the_session_does_not_say(practice: Practice) -> None:
    session = practice.new_session(locale="auto")

    assert (
        '<html lang="zh-Hans">'
        in look(practice, session, **{"Accept-Language": "fr, zh-CN;q=0.9, en;q=0.5"}).text
    )
    assert '<html lang="en">' in look(practice, session, **{"Accept-Language": "en-GB,zh;q=0.5"}).text


@pytest.mark.parametrize(
    ("locale", "accept", "language"),
    [
        (None, "", "en"),
        (None, "zh", "zh"),
        ("en", "zh", "en"),
        ("fr", "zh", "en"),
        ("auto", "de;q=1, en;q=0.1, zh;q=0.2", "zh"),
        (None, "zh;q=0, en", "en"),
        (None, "zh;q=broken, ;;;, en;q=0.1", "en"),
    ],
)
def test_language_is_chosen(locale: str | None, accept: str, language: str) -> None:
    assert choose_language(locale, accept) == language


def test_both_languages_say_everything() -> None:
    assert TEXTS["en"].keys() == TEXTS["zh"].keys()


@pytest.mark.parametrize(
    ("amount", "currency", "language", "text"),
    [
        (123456, "usd", "en", "$1,234.56"),
        (500, "jpy", "en", "¥500"),
        (500, "jpy", "zh", "JP¥500"),
        (19900, "cny", "en", "CN¥199.00"),
        (19900, "cny", "zh", "¥199.00"),
        (1250, "bhd", "en", "BHD\u00a01.250"),
        (-5, "eur", "en", "-€0.05"),
        (0, "chf", "en", "CHF\u00a00.00"),
    ],
)
def test_amounts_are_written_for_people(amount: int, currency: str, language: str, text: str) -> None:
    assert write_amount(amount, currency, language) == text


@pytest.mark.parametrize(
    "email", ["", "ann", "ann@", "ann@example", "a b@example.com", "x" * 250 + "@example.com"]
)
def test_wrong_email_is_said_at_its_field_and_kept(practice: Practice, email: str) -> None:
    session = practice.new_session()

    answer = practice.press(session.id, email=email)

    assert answer.status_code == 422
    check_html(answer.text)
    assert 'aria-invalid="true" aria-describedby="email-mistake"' in answer.text
    assert f'value="{email}"' in answer.text
    assert practice.get(session.id).status == "open"
    assert practice.event_types() == []


def test_address_is_collected(practice: Practice) -> None:
    session = practice.new_session(**TO_SHIP)
    assert 'value="HK"' in look(practice, session).text

    paid = practice.pay(session.id, **ADDRESS)

    details = paid.collected_information.shipping_details
    assert details.name == "Ann Lee"
    assert details.address.to_dict() == {key: ADDRESS[key] for key in sorted(ADDRESS) if key != "name"}
    assert paid.payment_intent.shipping.address.city == "Springfield"
    assert paid.payment_intent.latest_charge.shipping.name == "Ann Lee"
    assert paid.customer_details.name == "Ann Lee"


@pytest.mark.parametrize(
    ("changes", "wrong"),
    [
        ({"name": " "}, "name"),
        ({"line1": ""}, "line1"),
        ({"city": ""}, "city"),
        ({"postal_code": ""}, "postal_code"),
        ({"state": ""}, "state"),
        ({"country": ""}, "country"),
        ({"country": "FR"}, "country"),
        ({"city": "x" * 251}, "city"),
    ],
)
def test_wrong_address_is_said_at_its_field(practice: Practice, changes: dict[str, str], wrong: str) -> None:
    session = practice.new_session(**TO_SHIP)

    answer = practice.press(session.id, **{**ADDRESS, **changes})

    assert answer.status_code == 422
    check_html(answer.text)
    assert answer.text.count('aria-invalid="true"') == 1
    assert f'id="{wrong}-mistake"' in answer.text
    assert 'value="1 Main St"' in answer.text or wrong == "line1"


def test_countries_have_their_own_rules(practice: Practice) -> None:
    hong_kong = {**ADDRESS, "country": "HK", "postal_code": "", "state": ""}
    germany = {**ADDRESS, "country": "DE", "state": ""}

    for address in (hong_kong, germany):
        practice.pay(practice.new_session(**TO_SHIP).id, **address)


def test_chosen_shipping_changes_the_total(practice: Practice) -> None:
    session = practice.new_session(**TO_SHIP, shipping_options=[rate("Letter", 300), rate("Parcel", 900)])
    page = look(practice, session).text
    assert "Pay $28.00" in page
    assert "Pay $34.00" in page
    parcel = session.shipping_options[1].shipping_rate

    assert practice.press(session.id, **ADDRESS, shipping_rate="shr_other").status_code == 422
    paid = practice.pay(session.id, **ADDRESS, shipping_rate=parcel)

    assert (paid.amount_total, paid.total_details.amount_shipping) == (3400, 900)
    assert paid.shipping_cost.shipping_rate == parcel
    assert paid.payment_intent.amount == 3400


def test_everything_that_was_asked_for_is_collected(practice: Practice) -> None:
    session = practice.new_session(
        billing_address_collection="required",
        phone_number_collection={"enabled": True},
        tax_id_collection={"enabled": True},
        consent_collection={"terms_of_service": "required", "promotions": "auto"},
        custom_text={"submit": {"message": "Thank you for buying from a small shop."}},
    )
    assert "Thank you for buying from a small shop." in look(practice, session).text
    form = {f"billing_{name}": value for name, value in ADDRESS.items()}

    refused = practice.press(session.id, **form)
    assert refused.status_code == 422
    assert refused.text.count('aria-invalid="true"') == 2
    paid = practice.pay(
        session.id, **form, phone="+1 555 0100", terms="yes", promotions="yes", tax_id="DE123"
    )

    assert paid.customer_details.phone == "+1 555 0100"
    assert paid.customer_details.address.city == "Springfield"
    assert paid.customer_details.tax_ids[0].value == "DE123"
    assert paid.consent.to_dict() == {"promotions": "opt_in", "terms_of_service": "accepted"}
    assert paid.collected_information.shipping_details is None


def test_free_order_has_one_button(practice: Practice) -> None:
    page = look(practice, practice.new_session(line_items=[line(0)])).text

    assert page.count("<button") == 1
    assert "Complete the order" in page
    assert f'href="{SHOP}/cart"' in page


def test_finished_pages_say_so_and_lead_back(practice: Practice) -> None:
    paid, expired = practice.new_session(), practice.new_session()
    practice.pay(paid.id)
    practice.client.v1.checkout.sessions.expire(expired.id)

    complete = look(practice, paid).text
    assert "This order is complete" in complete
    assert f'href="{SHOP}/checkout/return?session_id={paid.id}"' in complete
    over = look(practice, expired).text
    assert "This payment page has expired" in over
    assert f'href="{SHOP}/cart"' in over
    for action in ("decline", "cancel", "dance"):
        assert "This order is complete" in practice.press(paid.id, action).text
    missing = requests.get(f"{practice.url}/pay/cs_test_none", timeout=10)
    assert missing.status_code == 404
    check_html(missing.text)


def test_unknown_button_does_nothing(practice: Practice) -> None:
    session = practice.new_session()

    assert practice.press(session.id, "dance").status_code == 200
    assert practice.event_types() == []


@pytest.fixture
def page(browser: Browser) -> Any:
    """A page of a phone without JavaScript."""
    context = browser.new_context(viewport={"width": 390, "height": 844}, java_script_enabled=False)
    yield context.new_page()
    context.close()


def test_buyer_is_declined_then_pays_in_a_browser(practice: Practice, page: Page) -> None:
    shop = practice.ear.shop
    session = practice.new_session(
        customer_email=None, success_url=f"{shop}/thanks?s={{CHECKOUT_SESSION_ID}}", cancel_url=f"{shop}/cart"
    )
    page.goto(session.url)
    page.get_by_label("E-mail").fill("ann@example.com")
    page.get_by_role("button", name="Have the card declined").click()
    page.get_by_text("Your card was declined.").wait_for()
    assert page.get_by_label("E-mail").input_value() == "ann@example.com"

    page.locator("button[value=pay]").click()

    page.wait_for_url(f"{shop}/thanks?s={session.id}")
    assert practice.get(session.id).payment_status == "paid"


def test_buyer_cancels_in_a_browser(practice: Practice, page: Page) -> None:
    session = practice.new_session(cancel_url=f"{practice.ear.shop}/cart")
    page.goto(session.url)

    page.locator("button[value=cancel]").click()

    page.wait_for_url(f"{practice.ear.shop}/cart")


def test_total_follows_the_chosen_shipping_without_a_script(practice: Practice, page: Page) -> None:
    session = practice.new_session(**TO_SHIP, shipping_options=[rate("Letter", 300), rate("Parcel", 900)])
    page.goto(session.url)
    pay = page.locator("button[value=pay]")
    assert pay.inner_text() == "Pay $28.00"

    page.get_by_label("Parcel").check()

    assert pay.inner_text() == "Pay $34.00"
    assert page.locator(".due").inner_text().split() == ["Total", "due", "$34.00"]
    assert page.locator(".sums .grand").inner_text().split() == ["Total", "$34.00"]


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_and_nothing_is_too_wide(
    practice: Practice, browser: Browser, scheme: Any, language: str
) -> None:
    session = practice.new_session(
        locale=language,
        **TO_SHIP,
        shipping_options=[rate("Letter", 300), rate("Parcel", 900)],
        consent_collection={"terms_of_service": "required"},
    )
    context = browser.new_context(viewport={"width": 320, "height": 800}, color_scheme=scheme)
    page = context.new_page()
    foreign: list[str] = []
    page.on(
        "request", lambda asked: None if asked.url.startswith(practice.url) else foreign.append(asked.url)
    )
    page.goto(session.url)
    for _ in ("as it opens", "with mistakes"):
        assert [each["id"] for each in Axe().run(page).response["violations"]] == []
        assert page.evaluate("document.documentElement.scrollWidth") <= 320
        page.locator("button[value=pay]").click()
    practice.client.v1.checkout.sessions.expire(session.id)
    page.goto(session.url)
    assert [each["id"] for each in Axe().run(page).response["violations"]] == []
    assert foreign == []
    context.close()
