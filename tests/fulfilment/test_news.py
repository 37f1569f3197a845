"""Mails about new versions: one for each buyer who wants them."""

import io
from collections.abc import Callable
from email import message_from_bytes
from email.message import Message as Parsed
from pathlib import Path

from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from storefront.catalog.models import Product
from storefront.catalog.service import contents, versions
from storefront.core import db
from storefront.core.settings import Settings
from storefront.notifications.models import Message
from storefront.storage import service as storage
from tests.fulfilment.having import Purchase, bought, product_with
from tests.selling import path_of

Work = Callable[[], int]


def _replace_and_tell(purchase: Purchase, name: str) -> None:
    upload = storage.upload(io.BytesIO(b"%PDF-1.4 " + name.encode()), "Guide.pdf")
    with db.unit_of_work() as session:
        product = session.get_one(Product, purchase.product_id)
        content = contents.get_content(product.id, purchase.content("Guide").public_id)
        version = versions.replace_file(product, content, upload, versions.News(name, "**New** words."))
        assert versions.tell_buyers(product, content, version)
        assert not versions.tell_buyers(product, content, version)


def _mails(settings: Settings) -> list[Parsed]:
    files = sorted(Path(settings.var_dir / "outbox").glob("*.eml"))
    mails = [message_from_bytes(path.read_bytes()) for path in files]
    return [mail for mail in mails if "new version" in str(mail["Subject"])]


def test_each_buyer_is_told_once_and_ends_it_by_one_press(
    app: Flask, client: FlaskClient, shop_settings: Settings, work: Work
) -> None:
    purchase = bought(product_with((b"%PDF-1.4 one", "Guide.pdf")))
    bought(purchase.product_id)
    bought(purchase.product_id, "other@example.org")
    bought(purchase.product_id, "gone@example.org").refund()
    _replace_and_tell(purchase, "2.0")
    work()
    mails = _mails(shop_settings)
    assert sorted(str(mail["To"]) for mail in mails) == ["anna@example.org", "other@example.org"]
    (anna,) = [mail for mail in mails if mail["To"] == "anna@example.org"]
    assert anna["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    address = "".join(str(anna["List-Unsubscribe"]).split()).strip("<>")
    page = client.get(path_of(address))
    assert "Stop the news?" in page.text
    # As a mail program does it: by itself, from nowhere, without a form.
    assert client.post(path_of(address), data={"List-Unsubscribe": "One-Click"}).status_code == 200
    assert client.post(path_of(address)[:-3] + "xxx").status_code == 404
    _replace_and_tell(purchase, "3.0")
    work()
    assert sorted(str(mail["To"]) for mail in _mails(shop_settings)[2:]) == ["other@example.org"]
    kinds = db.session().scalars(select(Message.kind)).all()
    assert kinds.count("new_version") == 3
