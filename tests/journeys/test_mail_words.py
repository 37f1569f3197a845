"""The owner changes the words of a mail and sees at once how it will look, light and dark, with and without scripts."""

from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from tests.journeys.visitor import Visitor
from tests.servers.shop import LiveShop

Visit = Callable[..., Visitor]

# The contrast of each text with what is behind it (WCAG 2), the lowest first.
_CONTRASTS = """() => {
  const light = (colour) => {
    const [r, g, b] = colour.match(/[0-9.]+/g).map(Number).map((part) => part / 255)
      .map((part) => part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4);
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const behind = (element) => {
    const colour = getComputedStyle(element).backgroundColor;
    return /, 0\\)$/.test(colour) && element.parentElement ? behind(element.parentElement) : colour;
  };
  return [...document.querySelectorAll("body *")]
    .filter((one) => [...one.childNodes].some((node) => node.nodeType === 3 && node.data.trim()))
    .map((one) => {
      const [a, b] = [light(getComputedStyle(one).color), light(behind(one))].sort((x, y) => y - x);
      return Math.round((a + 0.05) / (b + 0.05) * 10) / 10;
    }).sort((x, y) => x - y);
}"""


@pytest.mark.parametrize("has_scripts", [True, False], ids=["scripts", "no scripts"])
def test_preview_follows_what_is_typed(sqlite_shop: LiveShop, visit: Visit, has_scripts: bool) -> None:
    owner = visit(sqlite_shop, java_script_enabled=has_scripts)
    owner.log_in("owner@example.org", sqlite_shop.owner_password)
    owner.open("/admin/messages/words/password_changed/en")
    page, frame = owner.page, owner.page.frame_locator("#mail-preview")
    expect(frame.locator("h1")).to_have_text("Your password was changed")
    text = page.get_by_label("Text")
    text.fill("# Careful\n\n{{ nobody }}")
    if not has_scripts:
        page.get_by_role("button", name="Preview").click()
    expect(frame.locator("body")).to_contain_text("There is no {{ nobody }} in this mail.")
    text.fill("# Careful\n\n[Choose a *new* one]({{ password_url }})\n\n---\nBye, [all]({{ shop_url }})")
    if not has_scripts:
        page.get_by_role("button", name="Preview").click()
    expect(frame.locator("h1")).to_have_text("Careful")
    expect(frame.locator(".button")).to_have_text("Choose a new one")
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        found = frame.locator("body").evaluate(_CONTRASTS)
        assert len(found) >= 4
        assert found[0] >= 4.5, (scheme, found)
