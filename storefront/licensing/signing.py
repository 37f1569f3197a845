"""Licence files: signed by the shop (Ed25519), checked by an application without any network.

docs/licences.md has the format and programs that check it, which the tests run.
"""

import base64
import json
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import func, select
from sqlalchemy.dialects import postgresql, sqlite

from storefront.catalog.models import Product
from storefront.core import db
from storefront.core.clock import now
from storefront.core.ids import new_public_id
from storefront.fulfilment.models import Entitlement, LicenceKey
from storefront.journal import service as journal
from storefront.licensing.models import SigningKey
from storefront.shop.service import shop_mark

FORMAT = 1
TOPIC = "licences"


def ensure_key() -> None:
    """Make the first pair of keys, unless there is one. Must run in a unit."""
    if db.session().scalar(select(func.count()).select_from(SigningKey)) == 0:
        _make(number=1)


def renew_key() -> SigningKey:
    """Make a new pair that signs from now on; files that the old ones signed stay valid. Must run in a unit."""
    newest = db.session().scalar(select(func.max(SigningKey.number))) or 0
    made = _make(number=newest + 1)
    journal.write(TOPIC, "signing_key.made", name=made.name)
    return made


def public_keys() -> list[SigningKey]:
    """Return all pairs, the one that signs first."""
    return list(db.session().scalars(select(SigningKey).order_by(SigningKey.number.desc())))


def licence_file(
    key: LicenceKey, entitlement: Entitlement, product: Product, instance: str | None = None
) -> dict[str, Any]:
    """Return the licence file of a key, for one instance or for any. Must run in a unit.

    ``licence`` holds the very bytes that were signed (base64 of JSON), so that nobody needs to write JSON in the
    same way as the shop.
    """
    ensure_key()
    pair = public_keys()[0]
    licence = json.dumps(
        {
            "format": FORMAT,
            "shop": shop_mark(),
            "product": product.slug,
            "key": key.key,
            "instance": instance,
            "issued_at": now().isoformat(timespec="seconds"),
            "expires_at": entitlement.ends_at.isoformat(timespec="seconds") if entitlement.ends_at else None,
        },
        ensure_ascii=False,
        sort_keys=True,
    ).encode()
    private = Ed25519PrivateKey.from_private_bytes(base64.b64decode(pair.private_half))
    return {
        "licence": base64.b64encode(licence).decode(),
        "signature": base64.b64encode(private.sign(licence)).decode(),
        "signed_with": pair.name,
    }


def _make(number: int) -> SigningKey:
    """Two that make the same number at once agree on the one that came first."""
    private = Ed25519PrivateKey.generate()
    values = {
        "number": number,
        "name": new_public_id()[:8],
        "private_half": base64.b64encode(private.private_bytes_raw()).decode(),
        "public_half": base64.b64encode(private.public_key().public_bytes_raw()).decode(),
        "created_at": now(),
    }
    insert = sqlite.insert if db.is_sqlite() else postgresql.insert
    db.session().execute(insert(SigningKey).values(**values).on_conflict_do_nothing())
    return db.session().get_one(SigningKey, number)
