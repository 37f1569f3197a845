"""Browsers for the journeys."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest
from playwright.sync_api import Browser, expect

from tests.journeys.visitor import Visitor, visitor
from tests.servers.shop import LiveShop

# Patient enough for a machine that does other things, too; what is there is seen at once.
expect.set_options(timeout=15_000)


@pytest.fixture
def visit(browser: Browser) -> Iterator[Callable[..., Visitor]]:
    """Send somebody with a fresh browser to a shop: `visit(shop, prefix="/zh", width=390)`."""
    with ExitStack() as stack:

        def send(shop: LiveShop, **options: Any) -> Visitor:
            return stack.enter_context(visitor(browser, shop, **options))

        yield send
