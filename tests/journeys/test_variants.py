"""Choosing a variant in a browser: price, stock and address follow, with scripts and without; and waiting for one."""

from collections.abc import Callable

from playwright.sync_api import expect

from tests.journeys.visitor import Visitor, links_of, new_email, wait_for_mail
from tests.servers.shop import LiveShop

Visit = Callable[..., Visitor]


def test_address_follows_the_choice_and_leads_back_to_it(sqlite_shop: LiveShop, visit: Visit) -> None:
    anna = visit(sqlite_shop)
    anna.open("/products/pilcrow-shirt")
    medium = anna.page.get_by_role("radio", name="M", exact=True)
    medium.check(force=True)
    anna.page.wait_for_url("**/products/pilcrow-shirt?variant=*")
    expect(medium).to_be_checked()
    expect(medium).to_be_focused()
    chosen = anna.path

    anna.page.get_by_role("radio", name="S", exact=True).check(force=True)
    anna.page.wait_for_url(lambda url: not url.endswith(chosen))
    anna.page.go_back()
    anna.page.wait_for_url(f"**{chosen}")
    expect(anna.page.get_by_role("radio", name="M", exact=True)).to_be_checked()
    anna.page.get_by_role("button", name="Add to cart").click()
    expect(anna.cart_count).to_have_text("1")


def test_who_finds_a_size_sold_out_is_asked_and_confirms_by_mail(sqlite_shop: LiveShop, visit: Visit) -> None:
    anna, email = visit(sqlite_shop), new_email()
    anna.open("/products/pilcrow-shirt")
    anna.page.get_by_role("link", name="XXL (sold out)").click()
    expect(anna.page.get_by_text("Sold out at the moment.")).to_be_visible()
    anna.page.get_by_label("Tell me when it is back").fill(email)
    anna.page.get_by_role("button", name="Tell me", exact=True).click()
    expect(anna.page.get_by_text("Please look into your mailbox:")).to_be_visible()
    mail = wait_for_mail(sqlite_shop, email, "Please confirm")
    anna.page.goto(links_of(mail)[0])
    anna.page.get_by_role("button", name="Yes, tell me").click()
    expect(anna.page.get_by_text("We will tell you once")).to_be_visible()


def test_choice_is_shown_and_bought_without_scripts(sqlite_shop: LiveShop, visit: Visit) -> None:
    anna = visit(sqlite_shop, java_script_enabled=False)
    anna.open("/products/pilcrow-shirt")
    anna.page.get_by_role("radio", name="L", exact=True).check(force=True)
    anna.page.get_by_role("button", name="Show this choice").click()
    anna.page.wait_for_url("**/products/pilcrow-shirt?variant=*")
    expect(anna.page.get_by_role("radio", name="L", exact=True)).to_be_checked()
    anna.page.get_by_role("radio", name="M", exact=True).check(force=True)
    anna.page.get_by_role("button", name="Add to cart").click()
    anna.page.wait_for_url("**/cart")
    expect(anna.page.locator(".cart-line")).to_contain_text("M")
