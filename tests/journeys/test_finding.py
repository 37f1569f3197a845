"""Finding in a browser: filters with scripts and without, in both languages, by keyboard; and a word with a mistake."""

from collections.abc import Callable

from playwright.sync_api import expect

from tests.journeys.visitor import Visitor
from tests.servers.shop import LiveShop

Visit = Callable[..., Visitor]


def test_filters_narrow_the_list_and_stand_in_the_address(sqlite_shop: LiveShop, visit: Visit) -> None:
    anna = visit(sqlite_shop)
    anna.open("/products")
    anna.page.get_by_role("link", name="Filter", exact=True).click()
    anna.page.wait_for_url("**/products?filters=1")
    size = anna.page.get_by_role("group", name="Size").locator("input[value=M]")
    size.focus()
    anna.page.keyboard.press("Space")
    anna.page.wait_for_url("**option.Size=M**")
    expect(size).to_be_checked()
    expect(size).to_be_focused()
    expect(anna.page.locator(".card__title")).to_have_text(["Pilcrow T-shirt"])
    expect(anna.status).to_have_text("1 product found")
    chip = anna.page.get_by_role("list", name="Chosen filters").get_by_role("link", name="Remove: Size: M")
    chip.click()
    anna.page.wait_for_url("**/products")
    anna.page.go_back()
    expect(chip).to_be_visible()


def test_filters_and_mistakes_without_scripts_in_chinese(sqlite_shop: LiveShop, visit: Visit) -> None:
    anna = visit(sqlite_shop, prefix="/zh", width=390, java_script_enabled=False)
    anna.open("/products?filters=1")
    anna.page.get_by_role("group", name="供货情况").get_by_role("checkbox").check()
    anna.page.locator("#narrowing").get_by_role("button", name="查看").click()
    anna.page.wait_for_url("**stock=1**")
    expect(anna.page.get_by_role("link", name="去掉： 有货")).to_be_visible()
    anna.open("/products?q=pilcorw")
    expect(anna.page.get_by_text("以下是“pilcrow”的结果")).to_be_visible()
    anna.page.get_by_role("link", name="仍然搜索“pilcorw”").click()
    expect(anna.page.locator(".empty")).to_be_visible()
