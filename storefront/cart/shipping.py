"""Where the physical things of a cart go, and what that costs: chosen in the cart, priced when it is read."""

from collections.abc import Mapping

from storefront.accounts import book
from storefront.accounts.places import COUNTRIES, cleaned
from storefront.cart.models import Cart
from storefront.cart.showing import CartView
from storefront.core import db
from storefront.shipping import service as shipping
from storefront.shipping.rates import Destination


def add_shipping(view: CartView, cart: Cart | None, account_id: int | None) -> CartView:
    """Note in the view what is offered for its physical things; a cart without them asks nothing of anybody."""
    if cart is not None and view.requires_shipping:
        offer_to(view, destination_of(cart, account_id), cart.ship_method)
    return view


def offer_to(view: CartView, destination: Destination | None, method_id: str | None) -> CartView:
    """Note in the view what is offered for sending its physical things there."""
    view.shipping = shipping.offer(destination, view.parcel, view.currency, method_id)
    return view


def destination_of(cart: Cart, account_id: int | None) -> Destination | None:
    """Return where the cart's things go: as chosen, else to the account's usual address, else where most things go."""
    if cart.ship_country:
        return Destination(cart.ship_country, cart.ship_state or "", cart.ship_postal_code or "")
    saved = book.addresses_of(account_id) if account_id is not None else []
    if saved:
        return place_of(saved[0].address)
    country = shipping.usual_country()
    return Destination(country) if country else None


def place_of(address: Mapping[str, str]) -> Destination:
    """Return the parts of an address on which the price of sending depends."""
    found = cleaned(address)
    return Destination(found.get("country", ""), found.get("state", ""), found.get("postal_code", ""))


def choose(cart: Cart, address: Mapping[str, str], method_id: str) -> None:
    """Keep in a locked cart where its things go and how; what is no country changes nothing but the method."""
    place = place_of(address)
    if place.country in COUNTRIES:
        cart.ship_country = place.country
        cart.ship_state, cart.ship_postal_code = place.state[:100], place.postal_code[:20]
    if method_id:
        cart.ship_method = method_id[:22]
    db.session().flush()
