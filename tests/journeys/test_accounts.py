"""Customers with an account: a course to watch, purchases as a guest that are found again, a cart that comes along."""

from collections.abc import Callable

from playwright.sync_api import expect

from tests.journeys.visitor import PASSWORD, Visitor, links_of, mails, new_email, wait_for_mail
from tests.servers.shop import LiveShop

Visit = Callable[..., Visitor]


def test_customer_buys_a_course_and_watches_it(live_shop: LiveShop, visit: Visit) -> None:
    anna, email = visit(live_shop), new_email()
    anna.register(email)
    anna.add("quiet-pages")
    anna.check_out()
    expect(anna.page.locator("#email")).to_have_value(email)
    anna.pay()
    anna.page.wait_for_url("**/orders/**")
    anna.page.get_by_role("link", name="Start the course").click()
    expect(anna.page.locator(".progress__text")).to_have_text("0 of 7 lessons done")
    course = anna.path
    anna.page.get_by_role("link", name="Begin: Why pages are loud").click()
    expect(anna.heading).to_have_text("Why pages are loud")

    _video_seeks(anna)
    anna.page.get_by_role("button", name="Done, go on").click()
    expect(anna.heading).to_have_text("The space between letters")
    lessons = anna.page.get_by_role("navigation", name="Lessons")
    expect(lessons.get_by_role("link", name="Done Why pages are loud")).to_be_visible()
    anna.page.get_by_role("link", name="Next").click()
    expect(anna.heading).to_have_text("How long is a line?")

    anna.open("/library")
    expect(anna.page.get_by_role("link", name="Quiet Pages: spacing, lines and margins")).to_be_visible()
    anna.page.get_by_role("link", name="Start the course").click()
    expect(anna.page.locator(".progress__text")).to_have_text("1 of 7 lessons done")

    anna.log_out()
    anna.open("/library")
    assert anna.path.split("?")[0].endswith("/account/login")
    _stolen_pages_refuse(visit(live_shop), course)


def _video_seeks(anna: Visitor) -> None:
    """Jumping forward asks for a later part of the file only."""
    video = anna.page.locator("video")
    video.evaluate(
        "v => v.readyState >= 1 || new Promise(done => v.addEventListener('loadedmetadata', done))"
    )
    seconds = video.evaluate("v => v.duration")
    assert seconds > 10
    assert video.evaluate("v => v.paused")
    where = video.evaluate(
        """v => new Promise(done => {
             v.addEventListener("seeked", () => done(v.currentTime), { once: true });
             v.currentTime = v.duration - 3;
           })"""
    )
    assert abs(where - (seconds - 3)) < 0.5
    part = anna.page.request.get(
        str(video.evaluate("v => v.currentSrc")), headers={"Range": "bytes=1000-1999"}
    )
    assert (part.status, len(part.body())) == (206, 1000)
    assert part.headers["content-type"] == "video/mp4"


def _stolen_pages_refuse(thief: Visitor, course: str) -> None:
    """Close is not enough: another course's lesson, a made-up one, a file without its signature."""
    for path in (course[:-1] + "x", f"{course}/lessons/{'a' * 22}", "/downloads/files/eyJrIjoxfQ/film.mp4"):
        answer = thief.page.goto(thief.shop.url + path)
        assert answer is not None
        # What belongs to an account asks for its login.
        assert answer.status in (403, 404, 410) or "/account/login?" in thief.page.url
        expect(thief.page.locator("video")).to_have_count(0)


def test_find_my_purchases_mails_the_links_and_tells_nobody(sqlite_shop: LiveShop, visit: Visit) -> None:
    anna, email = visit(sqlite_shop), new_email()
    order = anna.buy("page-canon", email)
    reader = visit(sqlite_shop)
    said = [_ask_for_links(reader, address) for address in (email, new_email("nobody"))]
    assert said[0] == said[1]
    mail = wait_for_mail(sqlite_shop, email, "/orders/" + order.rpartition("/")[2])
    assert len(mails(sqlite_shop, email)) == 2
    reader.page.goto(next(link for link in links_of(mail) if "/orders/" in link))
    expect(reader.page.get_by_role("link", name="Download Twelve grids")).to_be_visible()


def _ask_for_links(reader: Visitor, email: str) -> str:
    reader.open("/")
    reader.page.get_by_role("contentinfo").get_by_role("link", name="Find my purchases").click()
    reader.page.get_by_label("E-mail").fill(email)
    reader.page.get_by_role("button", name="Send my links").click()
    said = reader.page.get_by_role("main").get_by_role("status")
    expect(said).to_contain_text("a mail with all links is on its way")
    return said.inner_text()


def test_guest_purchase_waits_until_the_mailbox_is_proven(sqlite_shop: LiveShop, visit: Visit) -> None:
    email = new_email()
    visit(sqlite_shop).buy("page-canon", email)
    stranger = visit(sqlite_shop)
    stranger.register(email)
    stranger.open("/library")
    expect(stranger.page.locator(".goods")).to_have_count(0)
    expect(stranger.page.get_by_text("Nothing here yet")).to_be_visible()
    stranger.open("/account/orders")
    expect(stranger.page.get_by_text("No orders yet")).to_be_visible()

    stranger.prove_mailbox(email)
    stranger.open("/library")
    expect(stranger.page.locator(".goods h2")).to_have_text(["Page Canon: twelve page grids"])
    stranger.open("/account/orders")
    expect(stranger.page.locator(".rows li")).to_have_count(1)


def test_wrong_code_proves_nothing(sqlite_shop: LiveShop, visit: Visit) -> None:
    anna, email = visit(sqlite_shop), new_email()
    anna.register(email)
    anna.open("/account/verification")
    anna.page.locator("#code").fill("000000")
    anna.page.get_by_role("button", name="Confirm", exact=True).click()
    expect(anna.page.locator("#code")).to_have_attribute("aria-invalid", "true")
    assert anna.focused() == "input#code"


def test_cart_comes_along_at_login_and_merges(sqlite_shop: LiveShop, visit: Visit) -> None:
    at_home, away, email = visit(sqlite_shop), visit(sqlite_shop), new_email()
    at_home.register(email)
    at_home.add("tide-notebook")
    at_home.log_out()
    expect(at_home.cart_count).to_have_count(0)

    away.add("tide-notebook")
    away.add("page-canon")
    away.log_in(email)
    away.open("/cart")
    expect(away.page.locator(".cart-line__title")).to_have_text(
        ["Tide Notebook", "Page Canon: twelve page grids"]
    )
    expect(away.cart_count).to_have_text("3")

    at_home.log_in(email)
    at_home.open("/cart")
    expect(at_home.cart_count).to_have_text("3")


def test_login_from_the_cart_leads_back_to_it(sqlite_shop: LiveShop, visit: Visit) -> None:
    anna, email = visit(sqlite_shop), new_email()
    anna.register(email)
    anna.log_out()
    anna.add("page-canon")
    anna.open("/cart")
    anna.page.get_by_role("main").get_by_role("link", name="Log in").click()
    anna.log_in(email)
    assert anna.path.split("?")[0].endswith("/cart")
    expect(anna.page.get_by_text(f"For {email}")).to_be_visible()


def test_password_is_reset_by_mail(sqlite_shop: LiveShop, visit: Visit) -> None:
    anna, email = visit(sqlite_shop), new_email()
    anna.register(email)
    anna.log_out()
    anna.open("/account/login")
    anna.page.get_by_role("link", name="Forgot your password?").click()
    anna.page.get_by_label("E-mail").fill(email)
    anna.page.get_by_role("button", name="Mail me a link").click()
    expect(anna.heading).to_have_text("Look into your mailbox")
    mail = wait_for_mail(sqlite_shop, email, "/account/password/reset/")
    anna.page.goto(next(link for link in links_of(mail) if "/reset/" in link))
    anna.page.locator("#password").fill("a lantern by the violet quay")
    anna.page.get_by_role("button", name="Save and log in").click()
    anna.page.wait_for_url(lambda url: "/reset/" not in url)
    anna.log_out()
    anna.open("/account/login")
    anna.page.locator("#email").fill(email)
    anna.page.locator("#password").fill(PASSWORD)
    anna.page.get_by_role("button", name="Log in").click()
    expect(anna.page.locator(".error-summary")).to_be_visible()
    expect(anna.page.locator("#password")).to_have_value("")
    expect(anna.page.locator("#email")).to_have_value(email)
    anna.log_in(email, "a lantern by the violet quay")
