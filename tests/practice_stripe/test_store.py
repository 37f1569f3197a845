from __future__ import annotations

import sqlite3
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from practice_stripe import PracticeConfig
from practice_stripe.ids import new_id
from practice_stripe.store import Store, open_store, reading, writing
from tests.practice_stripe.support import Practice


def test_database_refuses_a_second_living_charge(practice: Practice) -> None:
    paid = practice.pay(practice.new_session().id)

    def charge_again() -> None:
        with writing(practice.config) as book:
            charge = book.get("charge", paid.payment_intent.latest_charge.id)
            book.add({**charge, "id": new_id("ch_3")})

    with pytest.raises(sqlite3.IntegrityError, match="payment_intent"):
        charge_again()
    assert len(practice.client.v1.charges.list().data) == 1


def test_what_is_raised_undoes_everything(config: PracticeConfig) -> None:
    def break_off() -> None:
        with writing(config) as book:
            book.set_setting("next_refund", "failed")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        break_off()
    with reading(config) as book:
        assert book.setting("next_refund") is None


def test_many_open_a_new_file_at_once(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        stores = list(pool.map(lambda _: Store(tmp_path / "var" / "new.sqlite"), range(8)))

    with stores[0].connection() as connection:
        assert connection.execute("PRAGMA journal_mode").fetchone()[0] == "wal"


def test_file_of_another_version_is_refused_in_words(tmp_path: Path, config: PracticeConfig) -> None:
    path = tmp_path / "old.sqlite"
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA user_version = 99")
    connection.close()

    with pytest.raises(RuntimeError, match="another version"):
        open_store(replace(config, database=path))


def test_addresses_may_be_told_late(config: PracticeConfig) -> None:
    late = replace(config, webhook_url=lambda: "http://shop/hook", public_url=lambda: "http://shop/practice/")

    assert late.find_webhook_url() == "http://shop/hook"
    assert late.find_public_url() == "http://shop/practice"
    assert replace(config, webhook_url=None).find_webhook_url() is None
