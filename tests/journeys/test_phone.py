"""Small screens and large letters: nothing sticks out, everything can be hit with a thumb."""

from collections.abc import Callable

import pytest

from tests.journeys.pages import customer_pages, owner_pages
from tests.journeys.visitor import Visitor
from tests.servers.shop import LiveShop

Visit = Callable[..., Visitor]

_WIDER = "() => document.scrollingElement.scrollWidth > document.documentElement.clientWidth"
# What sticks out to the right, for the message of a test that fails.
_STICKS_OUT = """() => [...document.querySelectorAll('body *')]
  .filter(one => one.getBoundingClientRect().right > document.documentElement.clientWidth + 1)
  .filter(one => { for (let up = one; up; up = up.parentElement) if (/auto|scroll|hidden/.test(getComputedStyle(up).overflowX)
                     && up !== document.body && up !== document.documentElement) return false;
                   return getComputedStyle(one).position !== 'fixed'; })
  .slice(0, 4).map(one => one.localName + '.' + one.className + ' ' + one.textContent.trim().slice(0, 40))"""
# Too small to hit. WCAG 2.5.8 excepts links within a sentence; the link of a card covers the card.
_SMALL = """() => [...document.querySelectorAll('a[href], button, input:not([type=hidden]), select, textarea, summary')]
  .filter(one => one.checkVisibility({visibilityProperty: true, opacityProperty: false}) && !one.closest('.visually-hidden, .skip-link'))
  .filter(one => !(one.localName === 'a' && getComputedStyle(one).display === 'inline' && one.closest('p, td, .prose, dd')))
  .filter(one => !(['radio', 'checkbox', 'file'].includes(one.type) && one.labels.length))
  .filter(one => getComputedStyle(one, '::after').position !== 'absolute')
  .map(one => [one.getBoundingClientRect(), one])
  .filter(([box]) => box.width > 0 && (box.width < 23.5 || box.height < 23.5))
  .map(([box, one]) => `${one.localName}.${one.className} ${(one.textContent || one.name).trim().slice(0, 30)} `
                       + `${Math.round(box.width)}x${Math.round(box.height)}`)"""


@pytest.mark.timeout(300)
@pytest.mark.parametrize("who", ["guest", "customer", "owner"])
def test_nothing_sticks_out_and_targets_are_large_enough(
    sqlite_shop: LiveShop, visit: Visit, who: str
) -> None:
    anna = visit(sqlite_shop, width=390)
    paths = owner_pages(anna) if who == "owner" else customer_pages(anna, who)
    problems = []
    for path in paths:
        anna.page.set_viewport_size({"width": 390, "height": 800})
        anna.page.goto(sqlite_shop.url + path)
        problems += [f"{path}: small {one}" for one in anna.page.evaluate(_SMALL)]
        problems += _too_wide(anna, path, "390 px")
        anna.page.set_viewport_size({"width": 320, "height": 800})
        problems += _too_wide(anna, path, "320 px")
        # Letters twice as large, on the smallest phone.
        anna.page.evaluate("() => { document.documentElement.style.fontSize = '200%'; }")
        problems += _too_wide(anna, path, "320 px, 200 %")
    assert not problems, "\n".join(problems)


def _too_wide(anna: Visitor, path: str, where: str) -> list[str]:
    if not anna.page.evaluate(_WIDER):
        return []
    return [f"{path} at {where}: {anna.page.evaluate(_STICKS_OUT)}"]
