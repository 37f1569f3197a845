"""The whole shop in Chinese. Found by address and structure, so that the words may still be polished."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from tests.journeys.pages import customer_pages
from tests.journeys.visitor import Visitor, mails, new_email, text_of, wait_for_mail
from tests.servers.shop import LiveShop

Visit = Callable[..., Visitor]

# Words of the interface that no Chinese text would use; names of goods and formats may be Latin.
ENGLISH = re.compile(
    r"\b(cart|search|products?|library|account|checkout|order(ed|s)?|pay|paid|payment|total|remove|undo|download"
    r"|lessons?|course|free|price|quantity|item|language|password|log (in|out)|thank|shop|your|you|the(?! Margin| margin)"
    r"|and|with|this|that|from|for|page not|back|next|done|start|begin|find|send|sent|mail|address|new|all)\b",
    re.IGNORECASE,
)


def test_whole_purchase_in_chinese(live_shop: LiveShop, visit: Visit) -> None:
    lan, email = visit(live_shop, language="zh-CN"), new_email("lan")
    lan.open("/")
    expect(lan.page.locator("html")).to_have_attribute("lang", "zh-Hans")
    lan.page.get_by_role("banner").get_by_role("link", name="English").click()
    assert lan.path == "/en/"
    lan.page.wait_for_load_state("networkidle")
    lan.open("/products/margin-book")
    expect(lan.heading).to_have_text("The Margin Book")
    lan.page.get_by_role("banner").get_by_role("link", name="中文").click()
    assert lan.path == "/zh/products/margin-book"
    expect(lan.heading).to_have_text("页边小书")

    lan.page.locator("#buy .btn--primary").click()
    expect(lan.status).to_contain_text("页边小书")
    lan.status.get_by_role("link").click()
    assert lan.path == "/zh/cart"
    expect(lan.page.locator(".cart-line__title")).to_have_text("页边小书")
    lan.page.locator("#email").fill(email)
    lan.page.locator("#checkout-form .btn--primary").click()
    lan.page.wait_for_url("**/practice-stripe/**")
    expect(lan.page.locator("html")).to_have_attribute("lang", re.compile("^zh"))
    expect(lan.page.locator(".lines .title")).to_have_text("页边小书")
    lan.pay()
    lan.page.wait_for_url("**/zh/orders/**")
    expect(lan.page.locator(".goods h2")).to_have_text("页边小书")
    expect(lan.page.locator(".table tbody th")).to_have_text("页边小书")

    mail = wait_for_mail(live_shop, email, "/zh/orders/")
    html = mail.get_body(("html",))
    assert html is not None
    assert re.search(r'<html[^>]* lang="zh', str(html.get_content()))
    assert "页边小书" in text_of(mail)


def test_choice_of_language_is_kept_without_a_prefix(sqlite_shop: LiveShop, visit: Visit) -> None:
    lan = visit(sqlite_shop)
    lan.open("/zh/products")
    expect(lan.page.locator("#me-links")).to_be_visible()
    lan.page.wait_for_load_state("networkidle")
    lan.open("/products")
    expect(lan.page.locator("html")).to_have_attribute("lang", "zh-Hans")


def test_two_chinese_characters_are_found(live_shop: LiveShop, visit: Visit) -> None:
    lan = visit(live_shop, prefix="/zh", language="zh-CN")
    lan.open("/")
    lan.page.locator("#search").fill("页边")
    lan.page.locator("#search").press("Enter")
    expect(lan.page.locator(".card__title a", has_text="页边小书")).to_be_visible()
    assert lan.path.startswith("/zh/products?q=")


@pytest.mark.timeout(300)
@pytest.mark.parametrize("who", ["guest", "customer"])
def test_chinese_pages_hold_no_english_interface_words(sqlite_shop: LiveShop, visit: Visit, who: str) -> None:
    lan = visit(sqlite_shop, prefix="/zh", language="zh-CN")
    found = {}
    for path in customer_pages(lan, who):
        lan.page.goto(sqlite_shop.url + path)
        words = _english_words(lan)
        if words:
            found[path] = words
    assert found == {}


def test_chinese_mails_hold_no_english_interface_words(sqlite_shop: LiveShop, visit: Visit) -> None:
    lan, email = visit(sqlite_shop, prefix="/zh", language="zh-CN"), new_email("lan")
    lan.register(email)
    lan.buy("page-canon")
    wait_for_mail(sqlite_shop, email, "/zh/orders/")
    found = {
        str(mail["Subject"]): _english_in(text_of(mail).replace(email, ""))
        for mail in mails(sqlite_shop, email)
    }
    assert len(found) == 2
    assert [words for words in found.values() if words] == []


def _english_words(lan: Visitor) -> list[str]:
    """Words of the interface in English: seen ones and spoken ones, but not the goods' own texts."""
    words: list[str] = lan.page.evaluate(
        """() => {
          const clone = document.documentElement.cloneNode(true);
          clone.querySelectorAll('script, style, code, pre, [lang=en], .prose').forEach(part => part.remove());
          const spoken = [...clone.querySelectorAll('*')].flatMap(one =>
            [...one.attributes].filter(({name}) => /^(aria-label|placeholder|alt|title|data-msg-.*)$/.test(name)));
          return [clone.querySelector('title').textContent, ...spoken.map(one => one.value),
                  ...[...clone.querySelectorAll('body *')].flatMap(one =>
                    [...one.childNodes].filter(node => node.nodeType === 3).map(node => node.data))];
        }"""
    )
    return _english_in("\n".join(words))


def _english_in(text: str) -> list[str]:
    """Lines with English words; addresses, file names and names of goods are left out."""
    without = re.sub(r"https?://\S+|\S+@\S+|[\w'’ -]+\.(pdf|epub|zip|mp4)\b", "", text)
    return sorted({line.strip() for line in without.splitlines() if ENGLISH.search(line)})
