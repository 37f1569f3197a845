"""Looking into the books of a running shop from the outside, and putting something onto its shelves."""

from collections.abc import Iterator
from contextlib import contextmanager
from email import policy
from email.message import EmailMessage
from email.parser import BytesParser

from storefront.core import db
from storefront.core.settings import load_settings
from tests.selling import make_product, variant_of
from tests.servers.shop import LiveShop


@contextmanager
def connect_to(shop: LiveShop) -> Iterator[None]:
    """Connect this process to the database of a shop."""
    settings = load_settings(
        _env_file=None, var_dir=shop.var_dir, database_url=shop.environment.get("DATABASE_URL", "")
    )
    db.connect(settings.database_dsn)
    try:
        yield
    finally:
        db.disconnect()


def put_on_shelf(stock: int | None) -> int:
    """Put a product with so many units into the shop that this process is connected to; return its variant's id."""
    with db.unit_of_work():
        return variant_of(make_product(stock=stock)).id


def mails_to(shop: LiveShop, email: str) -> list[EmailMessage]:
    """Return the mails that a shop has written to somebody."""
    parser = BytesParser(policy=policy.default)
    found = [parser.parsebytes(path.read_bytes()) for path in (shop.var_dir / "outbox").glob("*.eml")]
    return [mail for mail in found if email in str(mail["To"])]
