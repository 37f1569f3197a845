"""How pages behave under one's hands: focus, announcements, Back, lost connections, wrong input, themes."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Locator, expect

from tests.journeys.visitor import Visitor, new_email
from tests.servers.shop import LiveShop

Visit = Callable[..., Visitor]


@pytest.fixture
def anna(sqlite_shop: LiveShop, visit: Visit) -> Visitor:
    """A visitor in English."""
    return visit(sqlite_shop)


@pytest.mark.parametrize("path", ["/", "/products/margin-book", "/cart"])
def test_first_tab_leads_to_the_content(anna: Visitor, path: str) -> None:
    anna.open(path)
    anna.page.keyboard.press("Tab")
    skip = anna.page.get_by_role("link", name="Skip to content")
    expect(skip).to_be_focused()
    expect(skip).to_be_in_viewport()
    anna.page.keyboard.press("Enter")
    assert anna.focused() == "main#main"
    anna.page.keyboard.press("Tab")
    assert anna.page.evaluate("() => document.activeElement.closest('main') !== null")


def test_boosted_visit_moves_focus_title_and_scroll_and_back_restores_them(anna: Visitor) -> None:
    anna.open("/products")
    anna.page.evaluate("() => { window.stayed = true; }")
    last = anna.page.locator(".card__title a").last
    title = last.inner_text()
    last.scroll_into_view_if_needed()
    scrolled = anna.page.evaluate("() => scrollY")
    last.click()
    expect(anna.heading).to_have_text(title)
    expect(anna.heading).to_be_focused()
    assert anna.page.title() == f"{title} – Inkwell Lane"
    anna.page.wait_for_function("() => scrollY === 0")
    assert anna.page.evaluate("() => window.stayed")

    anna.page.go_back()
    expect(anna.heading).to_have_text("Products")
    assert anna.page.title() == "Products – Inkwell Lane"
    assert scrolled > 0
    anna.page.wait_for_function("was => Math.abs(scrollY - was) < 60", arg=scrolled)


def test_removing_a_line_moves_focus_and_can_be_undone(anna: Visitor) -> None:
    anna.add("page-canon")
    anna.add("tide-notebook")
    anna.open("/cart")
    anna.page.get_by_role("button", name="Remove Page Canon").click()
    expect(anna.status).to_contain_text("Page Canon")
    expect(anna.cart_count).to_have_text("1")
    expect(anna.page.locator(".cart-line")).to_have_count(1)
    anna.page.wait_for_function("() => document.activeElement !== document.body")
    assert anna.page.evaluate("() => document.activeElement.closest('#cart') !== null")
    anna.page.get_by_role("button", name="Undo").click()
    expect(anna.page.locator(".cart-line")).to_have_count(2)
    expect(anna.cart_count).to_have_text("2")
    anna.page.wait_for_function("() => document.activeElement !== document.body")


def test_quantity_by_buttons_and_by_field(anna: Visitor) -> None:
    anna.add("tide-notebook")
    anna.open("/cart")
    more = anna.page.get_by_role("button", name="One more")
    more.click()
    more.click()
    expect(anna.page.locator(".cart-line__amount")).to_have_text("€48.00")
    expect(anna.cart_count).to_have_text("3")
    expect(anna.page.get_by_role("button", name="One more")).to_be_focused()
    field = anna.page.get_by_role("textbox", name="Tide Notebook")
    field.fill("2")
    field.press("Tab")
    expect(anna.page.locator(".cart-line__amount")).to_have_text("€32.00")
    expect(anna.page.locator(".totals__sum dd")).to_have_text("€38.90")  # with the parcel


def test_more_than_there_is_becomes_what_there_is_and_is_said(anna: Visitor) -> None:
    anna.add("pilcrow-shirt", option="XL")
    anna.open("/cart")
    field = anna.page.locator(".stepper__input")
    field.fill("99")
    field.press("Enter")
    expect(anna.page.locator("#cart .notice--warning")).to_be_visible()
    kept = int(anna.page.locator(".stepper__input").input_value())
    assert 1 <= kept <= 9
    expect(anna.status).to_contain_text(str(kept))


def test_lost_connection_keeps_everything_and_can_be_tried_again(anna: Visitor) -> None:
    anna.open("/products/page-canon")
    anna.page.route("**/cart/lines", lambda route: route.abort())
    anna.page.get_by_role("button", name="Add to cart").click()
    alert = anna.page.locator("#alert")
    expect(alert).to_contain_text("The connection was lost.")
    expect(anna.cart_count).to_have_count(0)
    anna.page.unroute("**/cart/lines")
    alert.get_by_role("button", name="Try again").click()
    expect(anna.cart_count).to_have_text("1")
    expect(alert).to_be_empty()
    anna.troubles.clear()


def test_fault_of_the_server_keeps_what_was_typed(anna: Visitor) -> None:
    anna.add("tide-notebook")
    anna.open("/cart")
    anna.page.route("**/cart/lines/*", lambda route: route.fulfill(status=503, body="<h1>down</h1>"))
    field = anna.page.locator(".stepper__input")
    field.fill("7")
    field.press("Enter")
    expect(anna.page.locator("#alert")).to_contain_text("Something went wrong on our side.")
    expect(field).to_have_value("7")
    anna.page.unroute("**/cart/lines/*")
    anna.page.locator("#alert").get_by_role("button", name="Try again").click()
    expect(anna.page.locator(".totals__sum dd")).to_have_text("€112.00")
    anna.troubles.clear()


def test_wrong_address_comes_back_filled_with_focus_on_it(anna: Visitor) -> None:
    anna.add("page-canon")
    anna.open("/cart")
    anna.page.locator("#email").fill("anna(at)example")
    anna.page.get_by_role("button", name="Pay €9.00").click()
    field = anna.page.locator("#email")
    expect(field).to_have_attribute("aria-invalid", "true")
    expect(field).to_have_value("anna(at)example")
    expect(field).to_be_focused()
    assert "email-error" in str(field.get_attribute("aria-describedby"))
    expect(anna.page.locator("#email-error")).to_be_visible()


def test_registering_with_errors_leads_to_the_first(anna: Visitor) -> None:
    anna.open("/account/register")
    anna.page.locator("#email").fill(new_email())
    anna.page.locator("#password").fill("short")
    anna.page.get_by_role("button", name="Create an account").click()
    expect(anna.page.locator("#password")).to_be_focused()
    summary = anna.page.locator(".error-summary")
    expect(summary.get_by_role("link")).to_have_attribute("href", "#password")
    expect(anna.page.locator("#email")).to_have_value(re.compile("@example.org"))
    expect(anna.page.locator("#password")).to_have_value("")


def test_expired_session_in_a_fragment_leads_through_the_login_and_back(anna: Visitor) -> None:
    anna.log_in("owner@example.org", anna.shop.owner_password)
    anna.open("/admin/products")
    anna.context.clear_cookies()
    search = anna.page.locator("main form[hx-get] input").first
    search.fill("margin")
    search.press("Enter")
    expect(anna.heading).to_have_text("Log in")
    anna.page.locator("#email").fill("owner@example.org")
    anna.page.locator("#password").fill(anna.shop.owner_password)
    anna.page.get_by_role("button", name="Log in").click()
    anna.page.wait_for_url("**/admin/products**")
    expect(anna.heading).to_have_text("Products")


def test_search_tells_the_count_and_helps_when_nothing_is_found(anna: Visitor) -> None:
    anna.open("/")
    anna.page.locator("#search").fill("book")
    anna.page.locator("#search").press("Enter")
    expect(anna.heading).to_have_text("Search: book")
    expect(anna.page.locator("main .lede")).to_have_text(re.compile(r"^\d products found$"))
    found = anna.page.locator(".card__title a").all_inner_texts()
    assert "The Margin Book" in found
    anna.page.reload()
    assert anna.page.locator(".card__title a").all_inner_texts() == found
    expect(anna.page.locator("#search")).to_have_value("book")

    anna.page.locator("#search").fill("qqzzqq")
    anna.page.locator("#search").press("Enter")
    expect(anna.page.get_by_text("Check the spelling")).to_be_visible()
    expect(anna.page.get_by_role("heading", name="Perhaps one of these")).to_be_visible()


def test_sorting_is_in_the_address_and_survives_a_reload(anna: Visitor) -> None:
    anna.open("/products")
    newest = _titles(anna)
    anna.page.get_by_label("Sort by").select_option(label="Price: low to high")
    expect(anna.page.locator(".card .price").first).to_have_text("Free")
    anna.page.wait_for_url("**/products?**sort=price**")
    cheapest = _titles(anna)
    assert cheapest != newest
    anna.page.reload()
    assert _titles(anna) == cheapest
    expect(anna.page.get_by_label("Sort by")).to_have_value("price")
    anna.page.go_back()
    expect(anna.page.locator(".card__title a").first).to_have_text(newest[0])


def _titles(anna: Visitor) -> list[str]:
    return anna.page.locator(".card__title a").all_inner_texts()


def test_chosen_theme_is_kept_and_does_not_flash(anna: Visitor) -> None:
    anna.open("/")
    assert _paper(anna) == "rgb(253, 253, 251)"
    anna.page.get_by_role("button", name="Dark").click()
    expect(anna.page.get_by_role("button", name="Dark")).to_have_attribute("aria-pressed", "true")
    assert _paper(anna) == "rgb(19, 20, 22)"
    # Before anything of the body is there, the theme is already chosen.
    anna.page.add_init_script(
        """new MutationObserver((_, watch) => {
             if (!document.body) return;
             window.themeAtFirst = document.documentElement.dataset.theme;
             watch.disconnect();
           }).observe(document, {childList: true, subtree: true});"""
    )
    anna.open("/cart")
    assert anna.page.evaluate("() => window.themeAtFirst") == "dark"
    assert _paper(anna) == "rgb(19, 20, 22)"
    anna.page.get_by_role("button", name="As the system").click()
    assert _paper(anna) == "rgb(253, 253, 251)"


def test_theme_follows_the_system(sqlite_shop: LiveShop, visit: Visit) -> None:
    anna = visit(sqlite_shop, color_scheme="dark")
    anna.open("/")
    assert _paper(anna) == "rgb(19, 20, 22)"


def _paper(anna: Visitor) -> str:
    colour: str = anna.page.evaluate("() => getComputedStyle(document.body).backgroundColor")
    return colour


def test_whoever_wants_no_motion_sees_none(sqlite_shop: LiveShop, visit: Visit) -> None:
    anna = visit(sqlite_shop, reduced_motion="reduce")
    anna.add("page-canon")
    toast = anna.status.evaluate("region => getComputedStyle(region).animationDuration")
    button = anna.page.locator(".btn").first.evaluate("one => getComputedStyle(one).transitionDuration")
    assert max(float(str(seconds).rstrip("s")) for seconds in (toast, button)) <= 0.00001


def test_focus_ring_is_seen_on_every_kind_of_control(anna: Visitor) -> None:
    anna.open("/products/pilcrow-shirt")
    bare = []
    for _ in range(30):
        anna.page.keyboard.press("Tab")
        if not anna.page.evaluate(
            """() => {
              const one = document.activeElement, ringed = one.matches('.option input') ? one.nextElementSibling : one;
              const style = getComputedStyle(ringed, one.matches('.card__title a') ? '::after' : null);
              return one === document.body || style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2;
            }"""
        ):
            bare.append(anna.page.evaluate("() => document.activeElement.outerHTML.slice(0, 120)"))
    assert bare == []


def test_waiting_order_page_keeps_the_focus(anna: Visitor) -> None:
    anna.add("page-canon")
    anna.check_out(new_email())
    anna.pay("pay_delayed")
    anna.page.wait_for_url("**/orders/**")
    # The page asks again every few seconds.
    link: Locator = anna.page.get_by_role("link", name="Cart").first
    link.focus()
    with anna.page.expect_response(lambda answer: "/orders/" in answer.url, timeout=15_000):
        pass
    expect(link).to_be_focused()
    expect(anna.heading).to_have_text("Your payment is being processed")


def test_every_page_names_itself_once(anna: Visitor) -> None:
    for path in (
        "/",
        "/products",
        "/products/margin-book",
        "/cart",
        "/account/login",
        "/orders/find",
        "/nothing",
    ):
        anna.open(path)
        expect(anna.page.locator("h1")).to_have_count(1)
        assert anna.page.title().endswith(" – Inkwell Lane")
        assert anna.page.locator("html").get_attribute("lang") == "en"
        for landmark in ("banner", "main", "contentinfo"):
            expect(anna.page.get_by_role(landmark)).to_have_count(1)


def test_search_suggests_while_one_types(anna: Visitor) -> None:
    anna.open("/")
    anna.page.locator("#search").press_sequentially("marg")
    expect(anna.page.locator("#suggestions option[value='The Margin Book']")).to_have_count(1)
    expect(anna.page.locator("#search")).to_be_focused()
    expect(anna.page.locator("#search")).to_have_value("marg")
