"""A buyer's keys: seats freed, a leaked key replaced, a signed file that others can check; and only one's own."""

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from storefront.core import db
from storefront.fulfilment import seats
from storefront.fulfilment.models import KeyState, LicenceKey
from storefront.gateways import mail
from storefront.licensing import signing
from storefront.licensing.models import Activation, SigningKey
from tests.checkout.buying import Work, buy, complaints, count
from tests.licensing.having import ask, keys, library, licence, outcome
from tests.selling import BUYER, Till, send

DOCUMENT = (Path(__file__).parents[2] / "docs" / "licences.md").read_text("utf-8")


def _key() -> LicenceKey:
    db.close_reader()
    statement = select(LicenceKey).where(LicenceKey.state == KeyState.ACTIVE)
    return db.session().scalars(statement).one()


def test_buyer_sees_where_a_key_is_in_use_and_frees_a_seat(
    client: FlaskClient, till: Till, work: Work
) -> None:
    product = licence(limit=1)
    buy(client, till, product)
    work()
    page = f"{library()}/keys"
    ask(client, "activate", product, _key().key, instance="one", label="<b>Old laptop</b>")
    shown = client.get(page).text
    assert "In use on 1 of 1 machines" in shown
    assert "&lt;b&gt;Old laptop&lt;/b&gt;" in shown
    seat = db.session().scalars(select(Activation.public_id)).one()
    address = f"{page}/{_key().public_id}/seats/{seat}/release"
    for _ in range(2):
        assert send(client, address, page=page).status_code == 303
    assert "In use on 0 of 1 machines" in client.get(page).text
    assert outcome(ask(client, "activate", product, _key().key, instance="two")) == (200, None)


def test_leaked_key_is_burnt_for_good_and_replaced_a_few_times_a_day(
    client: FlaskClient, till: Till, work: Work
) -> None:
    product = licence(limit=1)
    buy(client, till, product)
    work()
    page, first = f"{library()}/keys", _key()
    ask(client, "activate", product, first.key, instance="one")
    address = f"{page}/{first.public_id}/replacement"
    assert first.key in client.get(address).text
    assert send(client, address).status_code == 303
    second = _key()
    assert second.key != first.key
    assert outcome(ask(client, "verify", product, first.key)) == (409, "revoked")
    assert outcome(ask(client, "activate", product, second.key, instance="one")) == (200, None)
    assert client.get(address).status_code == 404
    assert send(client, address, page=page).status_code == 404
    for _ in range(2):
        assert send(client, f"{page}/{_key().public_id}/replacement", page=page).status_code == 303
    last = _key().key
    assert send(client, f"{page}/{_key().public_id}/replacement", page=page).status_code == 429
    assert (keys(), len(keys(KeyState.BURNT)), count(Activation)) == ([last], 3, 0)
    work()
    assert [one.subject for one in mail.list_outbox() if one.recipient == BUYER].count(
        "Your licence key was replaced: What you get"
    ) == 1, "those that were replaced again are no news"
    assert complaints() == {}


def test_pool_without_another_key_leaves_the_old_one(client: FlaskClient, till: Till, work: Work) -> None:
    buy(client, till, licence(keys="K-1"))
    work()
    page = f"{library()}/keys"
    assert send(client, f"{page}/{_key().public_id}/replacement", page=page).status_code == 409
    assert keys() == ["K-1"]


def test_keys_of_others_are_not_there(client: FlaskClient, till: Till, work: Work) -> None:
    product = licence()
    buy(client, till, product)
    work()
    mine, key = library(), _key()
    ask(client, "activate", product, key.key, instance="one")
    seat = db.session().scalars(select(Activation.public_id)).one()
    stranger = client.application.test_client()
    buy(stranger, till, licence("Another"))
    work()
    db.close_reader()
    others = db.session().scalars(select(LicenceKey.public_id).where(LicenceKey.id != key.id)).one()
    theirs = _library_of(others)
    for path in (
        f"{key.public_id}/file",
        f"{key.public_id}/replacement",
        f"{key.public_id}/seats/{seat}/release",
    ):
        assert send(stranger, f"{theirs}/keys/{path}", page=f"{theirs}/keys").status_code == 404, path
    assert (count(Activation), mine != theirs) == (1, True)


def test_key_of_a_place_that_was_given_away_goes_along(client: FlaskClient, till: Till, work: Work) -> None:
    product = licence(limit=1)
    buy(client, till, product, 2)
    work()
    first, second = keys()
    ask(client, "activate", product, second, instance="one")
    bought = library()
    with db.unit_of_work():
        seats.give(bought.rpartition("/")[2], ["colleague@example.org"], "en")
    work()
    mine = client.get(bought).text
    assert (first in mine, second in mine, "getting new keys" in mine) == (True, False, False)
    assert outcome(ask(client, "activate", product, second, instance="one")) == (200, None)
    assert (keys(), complaints()) == ([first, second], {})


@pytest.mark.parametrize("language", ["python", "javascript"])
def test_programs_of_the_documents_check_a_file_and_refuse_a_forged_one(
    client: FlaskClient, till: Till, work: Work, tmp_path: Path, language: str
) -> None:
    product = licence()
    buy(client, till, product)
    work()
    key = _key()
    answer = send(client, f"{library()}/keys/{key.public_id}/file", page=f"{library()}/keys")
    assert answer.headers["Content-Disposition"] == f'attachment; filename="{product.slug}.licence.json"'
    activated = ask(client, "activate", product, key.key, instance="one")
    with db.unit_of_work():
        signing.renew_key()
    pairs = {pair.name: pair.public_half for pair in signing.public_keys()}
    assert len(pairs) == 2
    assert activated.json is not None
    good, bound = answer.json, activated.json["file"]
    assert good is not None
    forged = {**good, "licence": bound["licence"]}
    renamed = {**good, "signed_with": next(name for name in pairs if name != good["signed_with"])}
    check = _checker(language, tmp_path, product.slug, pairs)
    assert check(good) == key.key
    assert check(good, "anything") == key.key
    assert check(bound, "one") == key.key
    assert check(bound, "two") is None
    assert check(forged) is None
    assert check(renamed) is None
    assert count(SigningKey) == 2


def _library_of(key_id: str) -> str:
    from storefront.fulfilment.models import Entitlement

    statement = select(Entitlement.public_id).join(LicenceKey).where(LicenceKey.public_id == key_id)
    return f"/library/{db.session().scalars(statement).one()}"


def _checker(language: str, folder: Path, slug: str, pairs: dict[str, str]):  # type: ignore[no-untyped-def]
    """Return the program of the document as a function: the key of a file, or None when it refuses."""
    found = re.search(rf"```{language}\n(.*?)```", DOCUMENT, re.DOTALL)
    assert found
    text = found[1].replace('{"NAME": "PUBLIC_KEY"}', json.dumps(pairs))
    text = text.replace('{ "NAME": "PUBLIC_KEY" }', json.dumps(pairs)).replace('"PRODUCT"', json.dumps(slug))
    program = folder / ("check.py" if language == "python" else "check.mjs")
    program.write_text(text, "utf-8")
    runner = sys.executable if language == "python" else shutil.which("node")
    if runner is None:
        pytest.skip("there is no node")

    def check(file: dict[str, str], *instance: str) -> str | None:
        held = folder / "licence.json"
        held.write_text(json.dumps(file), "utf-8")
        done = subprocess.run(
            [runner, str(program), str(held), *instance],
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        return done.stdout.strip() if done.returncode == 0 else None

    return check
