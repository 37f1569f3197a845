"""Every page of a full shop is strict HTML, in both languages."""

from collections.abc import Callable

import pytest

from tests.house.markup import problems_of
from tests.journeys.pages import customer_pages, owner_pages
from tests.journeys.visitor import Visitor
from tests.servers.shop import LiveShop

Visit = Callable[..., Visitor]


@pytest.mark.timeout(300)
@pytest.mark.parametrize("who", ["guest", "customer", "owner"])
def test_full_shop_is_strict_html(sqlite_shop: LiveShop, visit: Visit, who: str) -> None:
    somebody = visit(sqlite_shop, prefix="/en")
    paths = owner_pages(somebody) if who == "owner" else customer_pages(somebody, who)
    both = [path.replace("/en/", f"/{language}/", 1) for path in paths for language in ("en", "zh")]
    found = {path: problems_of(somebody.page.request.get(sqlite_shop.url + path).text()) for path in both}
    assert {path: problems for path, problems in found.items() if problems} == {}
