"""Carriers and the pages on which they tell where a parcel is."""

import re
from dataclasses import dataclass
from urllib.parse import quote, urlsplit

from flask_babel import gettext

from storefront.core.errors import N_

_NUMBER = re.compile(r"[A-Za-z0-9][A-Za-z0-9 -]{3,58}[A-Za-z0-9]")


@dataclass(frozen=True, slots=True)
class Carrier:
    """A carrier: its name as its customers know it, and its page with ``{number}`` in it."""

    name: str
    page: str


# China Post has no page of its own that takes a number in its address; 17TRACK, which knows its numbers, has.
CARRIERS = {
    "china_post": Carrier(N_("China Post, EMS"), "https://t.17track.net/en#nums={number}"),
    "dhl": Carrier("DHL", "https://www.dhl.com/global-en/home/tracking.html?tracking-id={number}&submit=1"),
    "dpd": Carrier("DPD", "https://tracking.dpd.de/status/en_US/parcel/{number}"),
    "fedex": Carrier("FedEx", "https://www.fedex.com/fedextrack/?trknbr={number}"),
    "gls": Carrier("GLS", "https://gls-group.com/track/{number}"),
    "royal_mail": Carrier(
        "Royal Mail", "https://www.royalmail.com/track-your-item#/tracking-results/{number}"
    ),
    "sf": Carrier(
        N_("SF Express"),
        "https://www.sf-express.com/chn/sc/dynamic_function/waybill/#search/bill-number/{number}",
    ),
    "ups": Carrier("UPS", "https://www.ups.com/track?tracknum={number}"),
    "usps": Carrier("USPS", "https://tools.usps.com/go/TrackConfirmAction?tLabels={number}"),
}


def carrier_name(code: str) -> str:
    """Return the name of a carrier in the page's language, nothing for none."""
    return str(gettext(CARRIERS[code].name)) if code in CARRIERS else ""


def is_tracking_number(text: str) -> bool:
    """Whether this can be the number of a parcel."""
    return _NUMBER.fullmatch(text) is not None


def is_web_address(text: str) -> bool:
    """Whether this is an https address with a host, which may stand in a mail."""
    try:
        parts = urlsplit(text)
    except ValueError:
        return False
    is_plain = all(letter.isprintable() and letter not in " \"<>'" for letter in text)
    return parts.scheme == "https" and bool(parts.hostname) and "." in (parts.hostname or "") and is_plain


def tracking_link(carrier: str, number: str, own_link: str) -> str | None:
    """Return where one sees how far a parcel is: the owner's own link, else the carrier's page."""
    if own_link:
        return own_link
    if carrier not in CARRIERS or not number:
        return None
    return CARRIERS[carrier].page.format(number=quote(number.replace(" ", ""), safe=""))
