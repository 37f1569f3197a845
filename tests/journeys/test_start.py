"""Starting and stopping a shop as its operator does."""

import requests

from tests.servers.shop import LiveShop


def test_second_start_keeps_owner_and_products(fresh_shop: LiveShop) -> None:
    password = fresh_shop.owner_password
    fresh_shop.start()
    assert fresh_shop.owner_password == password
    assert requests.get(f"{fresh_shop.url}/products/margin-book", timeout=10).ok
    assert fresh_shop.stop() == 0


def test_taken_port_is_one_clear_sentence(fresh_shop: LiveShop) -> None:
    fresh_shop.start()
    answer = fresh_shop.command("run")
    assert answer.returncode == 2
    assert (
        answer.stderr
        == f"Port {fresh_shop.port} on 127.0.0.1 is taken. Stop what uses it, or set PORT to another.\n"
    )
