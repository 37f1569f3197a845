"""Buying, as a guest does it: by card, after a declined card, by a slow method, with a browser that dies."""

from collections.abc import Callable
from pathlib import Path
from urllib.parse import unquote

import requests
from playwright.sync_api import expect

from storefront.core.settings import load_settings
from tests.journeys.visitor import Visitor, links_of, mails, new_email, wait_for_mail
from tests.servers.shop import LiveShop

Visit = Callable[..., Visitor]
FILES = Path(__file__).parents[2] / "demo" / "files"


def test_guest_buys_a_file_and_has_it_at_once(live_shop: LiveShop, visit: Visit) -> None:
    anna, email = visit(live_shop), new_email()
    anna.open("/")
    anna.page.get_by_role("main").get_by_role("link", name="See everything").click()
    # The home page has such a link, too: without waiting, the list would arrive over the product.
    expect(anna.heading).to_have_text("Products")
    anna.page.get_by_role("link", name="The Margin Book", exact=True).click()
    expect(anna.heading).to_have_text("The Margin Book")
    product_page = anna.path

    anna.page.get_by_role("button", name="Add to cart").click()
    expect(anna.status).to_contain_text("The Margin Book is in the cart.")
    expect(anna.cart_count).to_have_text("1")
    assert anna.path == product_page

    anna.status.get_by_role("link", name="To the cart").click()
    expect(anna.page.locator(".totals__sum dd")).to_have_text("€14.00")
    anna.page.get_by_label("E-mail").fill(email)
    anna.page.get_by_role("button", name="Pay €14.00").click()
    anna.page.wait_for_url("**/practice-stripe/**")
    expect(anna.page.locator("#email")).to_have_value(email)
    anna.pay()
    anna.page.wait_for_url("**/orders/**")
    expect(anna.heading).to_have_text("Thank you!")
    expect(anna.cart_count).to_have_count(0)

    pdf = anna.page.get_by_role("link", name="Download English edition, PDF (A5)")
    assert anna.download(pdf) == ("The Margin Book.pdf", (FILES / "the-margin-book.pdf").read_bytes())
    chinese = anna.page.get_by_role("link", name="Download Chinese edition, EPUB")
    assert anna.download(chinese) == ("页边小书.epub", (FILES / "the-margin-book-zh.epub").read_bytes())
    _download_resumes(live_shop, str(chinese.get_attribute("href")))

    _mail_opens_the_order(live_shop, visit(live_shop), email)


def _download_resumes(shop: LiveShop, path: str) -> None:
    whole = (FILES / "the-margin-book-zh.epub").read_bytes()
    link = requests.get(shop.url + path, timeout=10, allow_redirects=False).headers["Location"]
    first = requests.get(f"{shop.url}{link}", headers={"Range": "bytes=0-9999"}, timeout=10)
    etag = first.headers["ETag"]
    rest = requests.get(f"{shop.url}{link}", headers={"Range": "bytes=10000-", "If-Range": etag}, timeout=10)
    assert (first.status_code, rest.status_code) == (206, 206)
    assert rest.headers["Content-Range"] == f"bytes 10000-{len(whole) - 1}/{len(whole)}"
    assert first.content + rest.content == whole
    assert "页边小书.epub" in unquote(rest.headers["Content-Disposition"])


def _mail_opens_the_order(shop: LiveShop, reader: Visitor, email: str) -> None:
    """The mail alone is enough, in another browser."""
    mail = wait_for_mail(shop, email, "is paid")
    reader.page.goto(links_of(mail)[0])
    expect(reader.heading).to_have_text("Thank you!")
    expect(reader.page.get_by_role("link", name="Download English edition, EPUB")).to_be_visible()
    assert len(mails(shop, email)) == 1


def test_declined_card_can_be_tried_again_for_the_same_order(live_shop: LiveShop, visit: Visit) -> None:
    anna, email = visit(live_shop), new_email()
    anna.add("page-canon")
    anna.check_out(email)
    payment_page = anna.page.url
    anna.pay("decline")
    expect(anna.page.get_by_role("alert")).to_contain_text("declined")
    expect(anna.page.locator("#email")).to_have_value(email)
    anna.pay("pay")
    anna.page.wait_for_url("**/orders/**")
    expect(anna.heading).to_have_text("Thank you!")
    wait_for_mail(live_shop, email, "is paid")
    assert len(mails(live_shop, email)) == 1

    anna.page.goto(payment_page)
    expect(anna.page.locator("button[value=pay]")).to_have_count(0)


def test_cancelling_leads_back_to_the_full_cart_and_paying_again_to_the_same_payment(
    live_shop: LiveShop, visit: Visit
) -> None:
    anna, email = visit(live_shop), new_email()
    anna.add("page-canon")
    anna.check_out(email)
    payment_page = anna.page.url
    anna.pay("cancel")
    anna.page.wait_for_url("**/cart**")
    expect(anna.page.get_by_text("Nothing was charged")).to_be_visible()
    expect(anna.page.locator(".cart-line")).to_have_count(1)
    anna.check_out(email)
    assert anna.page.url == payment_page


def test_delayed_payment_is_told_truly_and_the_page_opens_by_itself(
    live_shop: LiveShop, visit: Visit
) -> None:
    anna, email = visit(live_shop), new_email()
    anna.add("workshop-icons")
    anna.check_out(email)
    session = anna.page.url.rpartition("/")[2]
    anna.pay("pay_delayed")
    anna.page.wait_for_url("**/orders/**")
    expect(anna.heading).to_have_text("Your payment is being processed")
    expect(anna.page.locator(".goods")).to_have_count(0)
    assert not any("is paid" in str(mail["Subject"]) for mail in mails(live_shop, email))

    _control(live_shop, f"delayed/{session}/confirm")
    expect(anna.heading).to_have_text("Thank you!")
    expect(anna.status).to_contain_text("Your order is paid.")
    icons = anna.page.get_by_role("link", name="Download 24 icons")
    assert anna.download(icons)[1] == (FILES / "workshop-icons.zip").read_bytes()
    wait_for_mail(live_shop, email, "is paid")


def test_delayed_payment_that_fails_says_so(sqlite_shop: LiveShop, visit: Visit) -> None:
    anna, email = visit(sqlite_shop), new_email()
    anna.add("workshop-icons")
    anna.check_out(email)
    session = anna.page.url.rpartition("/")[2]
    anna.pay("pay_delayed")
    expect(anna.heading).to_have_text("Your payment is being processed")
    _control(sqlite_shop, f"delayed/{session}/fail")
    expect(anna.heading).to_have_text("This order was called off")
    expect(anna.page.locator(".goods")).to_have_count(0)


def test_browser_that_died_before_the_return_costs_nothing(live_shop: LiveShop, visit: Visit) -> None:
    anna, email = visit(live_shop), new_email()
    anna.add("twelve-patterns")
    anna.check_out(email)
    # Paid, and the answer never reaches the browser.
    anna.page.route("**/checkout/return**", lambda route: route.abort())
    anna.page.locator("button[value=pay]").click()
    mail = wait_for_mail(live_shop, email, "is paid")
    anna.troubles.clear()
    anna.context.close()

    later = visit(live_shop)
    later.page.goto(links_of(mail)[0])
    patterns = later.page.get_by_role("link", name="Download 12 patterns")
    assert later.download(patterns)[1] == (FILES / "twelve-patterns.zip").read_bytes()
    assert len(mails(live_shop, email)) == 1


def test_free_product_asks_for_an_address_only(sqlite_shop: LiveShop, visit: Visit) -> None:
    anna, email = visit(sqlite_shop), new_email()
    anna.add("river-wallpapers")
    anna.open("/cart")
    anna.page.get_by_label("E-mail").fill(email)
    anna.page.get_by_role("button", name="Get it free").click()
    anna.page.wait_for_url("**/orders/**")
    wallpapers = anna.page.get_by_role("link", name="Download Six wallpapers")
    assert anna.download(wallpapers)[1] == (FILES / "river-wallpapers.zip").read_bytes()


def test_shirt_is_sent_to_the_address_that_was_given_before_paying(
    sqlite_shop: LiveShop, visit: Visit
) -> None:
    anna, email = visit(sqlite_shop), new_email()
    anna.open("/products/pilcrow-shirt")
    expect(anna.page.locator(".option", has_text="XXL").locator("input")).to_have_count(0)
    anna.page.get_by_role("radio", name="M").check(force=True)
    anna.page.get_by_role("button", name="Add to cart").click()
    expect(anna.cart_count).to_have_text("1")
    anna.check_out(email)
    anna.pay()
    anna.page.wait_for_url("**/orders/**")
    expect(anna.page.locator("address")).to_contain_text("Netherlands")
    expect(anna.page.get_by_text("We are packing it.")).to_be_visible()


def test_two_clicks_on_pay_make_one_order(sqlite_shop: LiveShop, visit: Visit) -> None:
    anna, email = visit(sqlite_shop), new_email()
    anna.add("page-canon")
    anna.open("/cart")
    anna.page.locator("#email").fill(email)
    sent: list[str] = []
    anna.page.on("request", lambda asked: sent.append(asked.url) if asked.method == "POST" else None)
    anna.page.locator("#checkout-form .btn--primary").dblclick()
    anna.page.wait_for_url("**/practice-stripe/**")
    assert len(sent) == 1


def _control(shop: LiveShop, path: str) -> None:
    """Do at practice Stripe what a bank would do."""
    key = load_settings(_env_file=None, var_dir=shop.var_dir).stripe_key
    address = f"{shop.url}/practice-stripe/practice/{path}"
    answer = requests.post(address, headers={"Authorization": f"Bearer {key}"}, timeout=10)
    assert answer.ok, answer.text
