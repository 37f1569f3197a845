"""A discount code in two tabs: what one tab has typed the other is told before anything is paid, and it counts once."""

from collections.abc import Callable

from playwright.sync_api import expect

from tests.journeys.visitor import Visitor, new_email
from tests.servers.shop import LiveShop

Visit = Callable[..., Visitor]


def test_code_in_two_tabs_is_taken_off_once(sqlite_shop: LiveShop, visit: Visit) -> None:
    anna, email = visit(sqlite_shop), new_email()
    anna.open("/products/margin-book")
    anna.page.get_by_role("button", name="Add to cart").click()
    expect(anna.status).to_contain_text("is in the cart")
    anna.open("/cart")
    other = anna.page.context.new_page()
    other.goto(f"{sqlite_shop.url}/en/cart")
    expect(other.locator(".totals__sum dd")).to_have_text("€14.00")

    anna.page.get_by_text("Have a discount code?").click()
    anna.page.get_by_label("Discount code", exact=True).fill("nobody")
    anna.page.get_by_role("button", name="Use the code").click()
    expect(anna.page.locator("#code-error")).to_contain_text("We do not know this code.")
    anna.page.get_by_label("Discount code", exact=True).fill("welcome10")
    anna.page.get_by_role("button", name="Use the code").click()
    expect(anna.page.locator(".totals__sum dd")).to_have_text("€12.60")

    other.locator("#email").fill(email)
    other.get_by_role("button", name="Pay €14.00").click()
    expect(other.get_by_role("alert").first).to_contain_text("has changed meanwhile")
    expect(other.locator(".totals__sum dd")).to_have_text("€12.60")
    other.get_by_role("button", name="Pay €12.60").click()
    other.wait_for_url("**/practice-stripe/**")
    anna.page.locator("#email").fill(email)
    anna.page.get_by_role("button", name="Pay €12.60").click()
    anna.page.wait_for_url("**/practice-stripe/**")
    assert anna.page.url == other.url
    anna.pay()
    anna.page.wait_for_url("**/orders/**")
    expect(anna.heading).to_have_text("Thank you!")
    anna.troubles.clear()  # the browser notes that a code was refused

    again = visit(sqlite_shop)
    again.open("/products/margin-book")
    again.page.get_by_role("button", name="Add to cart").click()
    expect(again.status).to_contain_text("is in the cart")
    again.open("/cart?code=Welcome10")
    expect(again.page.locator(".totals__sum dd")).to_have_text("€12.60")
    again.page.locator("#email").fill(email.replace("@", "+two@"))
    again.page.get_by_role("button", name="Pay €12.60").click()
    expect(again.page.get_by_role("alert").first).to_contain_text("You have used the code WELCOME10 already.")
    again.troubles.clear()
