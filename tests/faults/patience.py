"""A buyer over HTTP who does not give up: what fails is tried again, as a person would press the button again."""

import re
import time
from collections.abc import Callable
from html import unescape
from typing import TypeVar

import requests

T = TypeVar("T")


class Trouble(Exception):
    """It did not work now; a patient person tries again."""


class Buyer:
    """One browser. ``during_trouble`` is called before each further try, such as to start a dead shop again."""

    def __init__(self, shop_url: str, email: str, during_trouble: Callable[[], None] = lambda: None) -> None:
        self.url = shop_url
        self.email = email
        self.http = requests.Session()
        self.failures = 0
        self._during_trouble = during_trouble

    def patiently(self, step: Callable[[], T], seconds: float = 40.0) -> T:
        """Do a step until it works."""
        end = time.monotonic() + seconds
        while True:
            try:
                return step()
            except (requests.RequestException, Trouble):
                if time.monotonic() > end:
                    raise
                self.failures += 1
                self._during_trouble()
                time.sleep(0.05)

    def put_into_cart(self, variant_id: int, quantity: int = 1) -> None:
        """Have exactly so many in the cart, however often it takes."""
        self.patiently(lambda: self._put_into_cart(variant_id, quantity))

    def check_out(self) -> str:
        """Press the button until it leads somewhere, and return where."""
        return self.patiently(lambda: self.try_to_check_out().headers.get("Location") or _give("no way"))

    def try_to_check_out(self) -> requests.Response:
        """Press the button of the cart page once."""
        page = self._get("/cart").text
        if 'action="/checkout"' not in page:
            raise Trouble(page)
        form = page[page.index('action="/checkout"') :]
        found = re.findall(r'<input type="hidden" name="(csrf_token|key|total)" value="([^"]*)"', form)
        fields = {name: unescape(value) for name, value in found}
        return self._answer(
            self.http.post(
                f"{self.url}/checkout",
                data={**fields, "email": self.email},
                allow_redirects=False,
                timeout=60,
            )
        )

    def pay(self, payment_page: str, action: str = "pay") -> str:
        """Press a button of the payment page; return the way back."""

        def press() -> str:
            fields = {"email": self.email, "action": action}
            answer = requests.post(payment_page, data=fields, allow_redirects=False, timeout=30)
            return answer.headers.get("Location") or _give(f"{answer.status_code}")

        return self.patiently(press)

    def come_back(self, way_back: str) -> str:
        """Follow the way back; return the address of the order's page."""
        path = re.sub(r"^https?://[^/]+", "", way_back)

        def follow() -> str:
            answer = self._answer(self.http.get(f"{self.url}{path}", allow_redirects=False, timeout=60))
            return answer.headers.get("Location") or _give(f"{answer.status_code}")

        return self.url + re.sub(r"^https?://[^/]+", "", self.patiently(follow))

    def wait_for(self, words: str, order_page: str, seconds: float = 40.0) -> str:
        """Look at the page until it says so, and return it."""

        def look() -> str:
            page = self._answer(self.http.get(order_page, timeout=30)).text
            return page if words in page else _give(page)

        return self.patiently(look, seconds)

    def _put_into_cart(self, variant_id: int, quantity: int) -> None:
        if f'id="quantity-{variant_id}"' in self._get("/cart").text:
            return
        fields = {"variant_id": variant_id, "quantity": quantity}
        self._answer(self.http.post(f"{self.url}/cart/lines", data=fields, allow_redirects=False, timeout=60))
        if f'id="quantity-{variant_id}"' not in self._get("/cart").text:
            raise Trouble("not in the cart")

    def _get(self, path: str) -> requests.Response:
        return self._answer(self.http.get(f"{self.url}{path}", timeout=60))

    def _answer(self, answer: requests.Response) -> requests.Response:
        if answer.status_code >= 500:
            raise Trouble(f"{answer.status_code} {answer.text[:2000]}")
        return answer


def _give(why: str) -> str:
    raise Trouble(why)
