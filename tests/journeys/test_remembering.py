"""What a browser remembers: hearts that follow the wishlist, and what was looked at lately, told to nobody."""

from collections.abc import Callable

from playwright.sync_api import expect

from tests.journeys.visitor import Visitor
from tests.servers.shop import LiveShop

Visit = Callable[..., Visitor]


def test_hearts_follow_the_list_and_what_was_seen_stays_in_the_browser(
    sqlite_shop: LiveShop, visit: Visit
) -> None:
    anna = visit(sqlite_shop)
    asked: list[str] = []
    anna.open("/products/margin-book")
    anna.page.get_by_role("button", name="Save to the wishlist").click()
    expect(anna.page.get_by_role("button", name="On your wishlist")).to_be_visible()
    anna.page.on("request", lambda request: asked.append(f"{request.url} {request.post_data or ''}"))
    anna.open("/products/quiet-pages")
    lately = anna.page.get_by_role("region", name="Looked at lately")
    expect(lately.get_by_role("link")).to_have_text(["The Margin Book"])
    # Pages, pictures and scripts: nothing is sent that says what was seen before.
    assert [one for one in asked if "margin-book" in one] == []
    anna.open("/products")
    heart = anna.page.get_by_role("button", name="Save The Margin Book")
    expect(heart).to_have_attribute("aria-pressed", "true")
    heart.click()
    expect(heart).to_have_attribute("aria-pressed", "false")
    anna.open("/")
    expect(lately.get_by_role("link")).to_have_count(2)
    lately.get_by_role("button", name="Forget these").click()
    expect(lately).to_be_hidden()
    assert anna.page.evaluate("localStorage.getItem('recent')") is None


def test_browser_that_asks_not_to_be_tracked_keeps_nothing(sqlite_shop: LiveShop, visit: Visit) -> None:
    anna = visit(sqlite_shop)
    anna.page.add_init_script(
        "Object.defineProperty(Navigator.prototype, 'globalPrivacyControl', { get: () => true })"
    )
    anna.open("/products/margin-book")
    anna.open("/products/quiet-pages")
    expect(anna.page.get_by_role("region", name="Looked at lately")).to_be_hidden()
    assert anna.page.evaluate("localStorage.getItem('recent')") is None
