"""A poster on its way to a buyer with a phone, and back again."""

from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from tests.journeys.visitor import Visitor, new_email, wait_for_mail
from tests.servers.shop import LiveShop

Visit = Callable[..., Visitor]


@pytest.mark.timeout(240)
def test_poster_is_priced_paid_sent_received_and_returned(sqlite_shop: LiveShop, visit: Visit) -> None:
    anna, email = visit(sqlite_shop, width=390), new_email()
    anna.add("ampersand-poster")
    anna.open("/cart")
    total = anna.page.locator(".totals__sum dd")
    expect(anna.page.locator("#destination-form [name=country]")).to_have_value("NL")
    expect(total).to_have_text("€26.20")
    anna.page.locator("#destination-form [name=country]").select_option("DE")
    expect(total).to_have_text("€31.90")
    expect(anna.status).to_contain_text("€31.90")
    anna.page.get_by_role("link", name="To checkout").click()

    anna.page.locator("#email").fill(email)
    anna.page.locator("#country").select_option("US")
    expect(anna.page.get_by_label("ZIP code")).to_be_visible()
    expect(anna.page.locator("#email")).to_have_value(email)
    anna.page.locator("#country").select_option("NL")
    expect(anna.page.get_by_label("Postcode")).to_be_visible()
    anna.fill_address()
    anna.page.get_by_role("button", name="Pay €26.20").click()
    anna.page.wait_for_url("**/practice-stripe/**")
    expect(anna.page.get_by_text("€26.20").first).to_be_visible()
    anna.pay()
    anna.page.wait_for_url("**/orders/**")
    order_page = anna.path
    expect(anna.page.get_by_text("We are packing it.")).to_be_visible()

    owner = visit(sqlite_shop, width=390)
    owner.log_in("owner@example.org", sqlite_shop.owner_password)
    owner.open("/admin/parcels")
    row = owner.page.locator("#to-ship li").last
    number = row.locator("a").first.inner_text()
    owner.open(f"/admin/orders/{number}/shipment")
    owner.page.get_by_label("Carrier").select_option("dhl")
    owner.page.get_by_label("Parcel number").fill("JD014600003")
    owner.page.get_by_role("button", name="It is on its way").click()
    expect(owner.page.get_by_role("link", name="See where it is")).to_be_visible()
    assert "JD014600003" in str(wait_for_mail(sqlite_shop, email, "on its way"))
    owner.page.get_by_role("button", name="Delivered").click()

    anna.page.goto(sqlite_shop.url + order_page)
    expect(anna.page.locator("#parcels")).to_contain_text("Delivered")
    anna.page.get_by_role("link", name="Return something").click()
    anna.page.get_by_label("Why").select_option("damaged")
    anna.page.get_by_role("button", name="Ask for the return").click()
    expect(anna.page.get_by_text("Please send nothing yet").last).to_be_visible()

    owner.open("/admin/returns")
    owner.page.get_by_role("link", name=f"of {number}").click()
    owner.page.locator("#instructions").fill("By post, we pay.")
    owner.page.get_by_role("button", name="Approve").click()
    wait_for_mail(sqlite_shop, email, "By post, we pay.")
    owner.page.get_by_role("button", name="Note that it has arrived").click()
    owner.page.get_by_role("button", name="Refund").click()
    expect(owner.page.get_by_text("Refunded").first).to_be_visible()
    wait_for_mail(sqlite_shop, email, "Your return has arrived")
    anna.page.goto(sqlite_shop.url + order_page)
    expect(anna.page.locator("#parcels")).to_contain_text("the money goes back")
