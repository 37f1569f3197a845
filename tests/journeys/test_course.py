"""A course on two devices: the place in the film goes along, and a telephone without scripts can do everything."""

from collections.abc import Callable

from playwright.sync_api import expect

from tests.journeys.visitor import Visitor, new_email
from tests.servers.shop import LiveShop

Visit = Callable[..., Visitor]


def test_a_film_goes_on_on_the_telephone_where_the_desk_has_left_it(
    sqlite_shop: LiveShop, visit: Visit
) -> None:
    desk = visit(sqlite_shop)
    desk.buy("quiet-pages", new_email())
    desk.page.locator(".goods .rows a[href*='/library/']").click()
    course = desk.path
    desk.page.get_by_role("link", name="Begin: Why pages are loud").click()
    film = desk.page.locator(".player video")
    film.evaluate(
        """video => { video.muted = true;
        return video.readyState || new Promise(done => video.addEventListener("loadedmetadata", done)); }"""
    )
    # Keys play and jump, but not while one is writing.
    desk.page.keyboard.press("k")
    expect(film).to_have_js_property("paused", False)
    desk.page.keyboard.press("k")
    with desk.page.expect_request("**/position"):
        desk.page.keyboard.press("l")
    assert film.evaluate("video => video.currentTime") >= 9
    desk.page.get_by_label("Speed", exact=True).select_option("1.5")
    note = desk.page.get_by_label("Note", exact=True)
    note.click()
    note.press_sequentially("jkl ")
    expect(note).to_have_value("jkl ")
    expect(desk.page.get_by_label("At", exact=False).first).to_have_value("0:10")
    desk.page.get_by_role("button", name="Keep the note").click()
    expect(desk.page.locator("#notes li")).to_contain_text("0:10 jkl")
    # The page was not left for it, so the film stands where it stood.
    assert film.evaluate("video => video.currentTime") >= 9
    with desk.page.expect_request(lambda sent: "seconds=12" in (sent.post_data or "")):
        film.evaluate("video => { video.currentTime = 12.2; }")

    telephone = visit(sqlite_shop, width=390)
    telephone.page.goto(sqlite_shop.url + course)
    telephone.page.get_by_role("link", name="Go on: Why pages are loud").click()
    expect(telephone.page.locator(".player video")).to_have_js_property("currentTime", 12)
    expect(telephone.page.get_by_text("Lessons, 0 of 7 done")).to_be_visible()
    expect(telephone.page.locator(".lessons")).to_be_hidden()
    assert telephone.page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    # The speed is the browser's own matter.
    expect(telephone.page.get_by_label("Speed", exact=True)).to_have_value("1")
    desk.page.goto(telephone.page.url)
    expect(desk.page.locator(".player video")).to_have_js_property("playbackRate", 1.5)


def test_a_telephone_without_scripts_takes_the_course(sqlite_shop: LiveShop, visit: Visit) -> None:
    anna = visit(sqlite_shop, width=390, java_script_enabled=False)
    anna.open("/products/quiet-pages")
    anna.page.get_by_role("button", name="Add to cart").click()
    anna.page.locator("#email").fill(new_email())
    anna.page.locator("#checkout-form .btn--primary").click()
    anna.pay()
    # The page asks again by itself until the goods are there.
    anna.page.get_by_role("link", name="Start the course").click()
    anna.page.get_by_role("link", name="How long is a line?").click()
    anna.page.get_by_label("55 to 75").check()
    anna.page.get_by_label("When the screen is small").check()
    anna.page.get_by_role("button", name="Check my answers").click()
    # One of two is enough here.
    expect(anna.page.get_by_text("Passed: 1 of 2 right.")).to_be_visible()
    anna.page.get_by_label("Note", exact=True).fill("Count the letters")
    anna.page.get_by_role("button", name="Keep the note").click()
    expect(anna.page.locator("#notes li")).to_contain_text("Count the letters")
    anna.page.get_by_role("button", name="Not done yet").click()
    anna.page.get_by_role("button", name="Done, go on").click()
    expect(anna.heading).to_have_text("The space between lines")
