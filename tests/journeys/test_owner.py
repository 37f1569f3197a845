"""The owner puts something up, without and with scripts, and a guest buys it."""

import io
from collections.abc import Callable

import pytest
from PIL import Image
from playwright.sync_api import Page, expect

from tests.journeys.visitor import Visitor, new_email, wait_for_mail
from tests.servers.shop import LiveShop

Visit = Callable[..., Visitor]
TEXT = b"%PDF-1.4\n% six quiet pages\n" + bytes(range(256)) * 400


class ProductDesk:
    """The pages on which the owner makes a product, found by what is written on them."""

    def __init__(self, owner: Visitor) -> None:
        self.owner = owner
        self.page: Page = owner.page

    def make_draft(self, title: str, price: str) -> None:
        """From the list of products to the editor of a new one."""
        self.owner.open("/admin/products")
        self.page.get_by_role("link", name="New product").click()
        self.page.get_by_label("Title").fill(title)
        self.page.get_by_label("Price").fill(price)
        self.page.get_by_role("button", name="Make a draft").click()
        expect(self.owner.heading).to_contain_text(title)

    def describe(self, summary: str, text: str) -> None:
        """Fill the texts and save."""
        self.page.get_by_label("Summary", exact=False).first.fill(summary)
        self.page.get_by_label("Description", exact=False).first.fill(text)
        self.page.get_by_role("button", name="Save", exact=True).last.click()
        expect(self.page.get_by_role("main").get_by_role("status").first).to_be_visible()

    def add_picture(self, *, has_scripts: bool) -> None:
        """Upload a drawing made on the spot."""
        self.page.get_by_role("link", name="Pictures").click()
        file = io.BytesIO()
        Image.new("RGB", (1200, 900), (42, 74, 168)).save(file, "PNG")
        self._upload(
            "Drag pictures here or choose them", "cover.png", "image/png", file.getvalue(), has_scripts
        )
        expect(self.page.locator(".thumb img")).to_have_count(1)

    def add_file(self, name: str, body: bytes, *, has_scripts: bool) -> None:
        """Upload what buyers get."""
        self.page.get_by_role("link", name="What buyers get").click()
        self._upload("Drag files here or choose them", name, "application/pdf", body, has_scripts)
        expect(self.page.locator("#contents .rows")).to_contain_text(name)

    def publish(self) -> None:
        """Put it into the shop."""
        self.page.get_by_role("button", name="Publish").click()
        expect(self.page.get_by_text("Published").first).to_be_visible()

    def _upload(self, label: str, name: str, kind: str, body: bytes, has_scripts: bool) -> None:
        self.page.get_by_label(label).set_input_files({"name": name, "mimeType": kind, "buffer": body})
        if not has_scripts:
            self.page.get_by_role("button", name="Upload").click()


@pytest.mark.parametrize("has_scripts", [True, False], ids=["scripts", "no scripts"])
def test_owner_adds_a_product_with_a_file_and_a_guest_buys_it(
    sqlite_shop: LiveShop, visit: Visit, has_scripts: bool
) -> None:
    title = f"Six Quiet Pages {'A' if has_scripts else 'B'}"
    owner = visit(sqlite_shop, java_script_enabled=has_scripts)
    owner.log_in("owner@example.org", sqlite_shop.owner_password)
    desk = ProductDesk(owner)
    desk.make_draft(title, "7.50")
    desk.describe("Six pages with nothing loud on them.", "**Six** pages.")
    desk.add_picture(has_scripts=has_scripts)
    desk.add_file("六页.pdf", TEXT, has_scripts=has_scripts)
    desk.publish()

    anna, email = visit(sqlite_shop), new_email()
    anna.open("/products")
    anna.page.get_by_role("link", name=title).click()
    expect(anna.page.locator(".gallery img")).to_be_visible()
    expect(anna.page.locator("#buy .price")).to_have_text("€7.50")
    order = anna.buy(owner.path.split("/admin/products/")[1].split("/")[0], email)
    assert anna.download(anna.page.locator(".goods a.btn")) == ("六页.pdf", TEXT)
    wait_for_mail(sqlite_shop, email, order)

    owner.open("/admin/orders")
    expect(owner.page.get_by_role("main")).to_contain_text(email)


def test_lists_are_walked_chosen_and_opened_by_keyboard(sqlite_shop: LiveShop, visit: Visit) -> None:
    owner = visit(sqlite_shop)
    owner.log_in("owner@example.org", sqlite_shop.owner_password)
    owner.open("/admin/products")
    page = owner.page
    titles = page.locator("[data-list] .rows__main a").all_inner_texts()

    page.keyboard.press("j")
    page.keyboard.press("j")
    assert page.evaluate("() => document.activeElement.textContent") == titles[1]
    page.keyboard.press("x")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("x")
    page.keyboard.press("k")
    expect(page.locator("[data-chosen-count]")).to_have_text("2 chosen")
    assert page.locator(".row-pick input:checked").count() == 2

    page.keyboard.press("?")
    help_dialog = page.get_by_role("dialog", name="Keyboard in lists")
    expect(help_dialog).to_be_visible()
    page.keyboard.press("Escape")
    expect(help_dialog).to_be_hidden()
    assert page.evaluate("() => document.activeElement.textContent") == titles[1]

    page.keyboard.press("/")
    search = page.locator("#product-search")
    expect(search).to_be_focused()
    page.keyboard.type("jkx?/")  # in a field they are letters
    expect(search).to_have_value("jkx?/")
    search.fill("")
    expect(page.locator("[data-list] > li")).to_have_count(len(titles))

    page.get_by_role("link", name="Choose all on this page").click()
    expect(page.locator("[data-chosen-count]")).to_have_text(f"{len(titles)} chosen")
    page.get_by_role("link", name="Choose all on this page").click()
    expect(page.locator("[data-chosen-count]")).to_have_text("0 chosen")
    page.locator("main h1").click()
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    expect(owner.heading).to_have_text(titles[0])
