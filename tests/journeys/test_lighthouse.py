"""Lighthouse on a phone: at least 95 in all four categories on the pages that sell."""

from collections.abc import Callable
from contextlib import suppress

import pytest

from tests.journeys.visitor import Visitor, new_email
from tests.servers.lighthouse import PageReport
from tests.servers.shop import LiveShop

# The page of a lesson is at nobody else's address; that search engines must not list it, Lighthouse counts as a fault.
LESSON = "a lesson"


@pytest.mark.alone
@pytest.mark.timeout(300)
@pytest.mark.parametrize("path", ["/", "/products", "/products/margin-book", "/cart", LESSON])
def test_page_is_fast_and_well_made_on_a_phone(
    sqlite_shop: LiveShop,
    lighthouse: Callable[..., PageReport],
    visit: Callable[..., Visitor],
    path: str,
) -> None:
    address = _lesson(visit(sqlite_shop)) if path == LESSON else path
    report = _look(lighthouse, f"{sqlite_shop.url}{address}")
    scores = {name: score for name, score in report.scores.items() if path != LESSON or name != "seo"}
    assert min(scores.values()) >= 95, (report.scores, report.weaknesses())
    assert report.layout_shift < 0.1


def _lesson(buyer: Visitor) -> str:
    buyer.buy("quiet-pages", new_email())
    buyer.page.locator(".goods .rows a[href*='/library/']").click()
    return str(buyer.page.locator(".lessons a").first.get_attribute("href"))


def _look(lighthouse: Callable[..., PageReport], url: str) -> PageReport:
    """A busy machine only takes away, or keeps Lighthouse from seeing anything: then more looks decide."""
    with suppress(RuntimeError):
        report = lighthouse(url)
        if report.worst >= 95:
            return report
    return lighthouse(url, runs=3)
