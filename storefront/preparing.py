"""Making a shop ready to be served: its schema, the demo products, an owner."""

import sys

from storefront.accounts.service import create_owner, owner_exists
from storefront.app import create_runtime
from storefront.core import db
from storefront.core.migrating import migrate
from storefront.core.settings import Settings
from storefront.seeding import is_empty, seed_demo


def prepare(settings: Settings) -> None:
    """Bring the database to the newest schema, make an owner and fill an empty shop; what is there stays."""
    app = create_runtime(settings)
    migrate(db.engine())
    with app.app_context():
        _fill(settings)
    db.disconnect()


def _fill(settings: Settings) -> None:
    if settings.demo and not settings.is_production and is_empty():
        _say("An empty shop: filling it with demo products (this takes some seconds).")
        seed_demo()
    if not owner_exists():
        with db.unit_of_work():
            password = create_owner(settings.owner_email)
        _say(f"Owner: {settings.owner_email}  Password: {password}  (shown only now)")
    db.close_reader()


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()
