"""axe on every page, in both languages and both themes: nothing is found."""

from collections.abc import Callable

import pytest
from axe_playwright_python.sync_playwright import Axe  # type: ignore[import-untyped]  # it has no types

from tests.journeys.pages import customer_pages, owner_pages
from tests.journeys.visitor import Visitor
from tests.servers.shop import LiveShop

Visit = Callable[..., Visitor]

_AXE = Axe()
_OPTIONS: dict[str, object] = {
    "resultTypes": ["violations"],
    "runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
}

_COLOURS = {"resultTypes": ["violations"], "runOnly": {"type": "rule", "values": ["color-contrast"]}}
_LOOKS: tuple[tuple[str, dict[str, object]], ...] = (("light", _OPTIONS), ("dark", _COLOURS))

# Colours have arrived two frames later.
_PUT_ON = """theme => new Promise(done => {
  document.documentElement.dataset.theme = theme;
  requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(done, 30)));
})"""


@pytest.mark.timeout(300)
@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("who", ["guest", "customer", "owner"])
def test_axe_finds_nothing(sqlite_shop: LiveShop, visit: Visit, who: str, language: str) -> None:
    # What a theme changes is colours, and what a language changes is words: colours are looked at in both themes in one
    # language, all else in both languages. A toggle on the page looks at both themes without loading it twice.
    looks = (
        _LOOKS
        if language == "en"
        else (("light", _OPTIONS | {"rules": {"color-contrast": {"enabled": False}}}),)
    )
    somebody = visit(sqlite_shop, prefix=f"/{language}", reduced_motion="reduce")
    paths = owner_pages(somebody) if who == "owner" else customer_pages(somebody, who)
    found = []
    for path in paths:
        somebody.page.goto(sqlite_shop.url + path)
        somebody.page.evaluate(_AXE.axe_script)
        for theme, options in looks:
            found += [f"{path} {theme}: {one}" for one in _violations(somebody, theme, options)]
    assert not found, "\n".join(found)


def _violations(somebody: Visitor, theme: str, options: object) -> list[str]:
    somebody.page.evaluate(_PUT_ON, theme)
    results = somebody.page.evaluate("options => axe.run(document, options)", options)
    return [
        f"{violation['id']}: {node['html'][:150]} ({node['failureSummary'][:200]})"
        for violation in results["violations"]
        for node in violation["nodes"][:3]
    ]
