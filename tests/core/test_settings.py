"""Settings: typed, all mistakes told at once with the remedy, and production is careful."""

import os
import stat
from pathlib import Path
from typing import Any

import pytest

from storefront.core.settings import Settings, SettingsError, load_settings

LIVE: dict[str, Any] = {
    "shop_env": "production",
    "public_url": "https://shop.example.org",
    "secret_keys": "k" * 40,
    "stripe_secret_key": "sk_live_1234",
    "stripe_webhook_secrets": "whsec_1,whsec_2",
}


@pytest.fixture(autouse=True)
def _no_settings_of_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)


def load(tmp_path: Path, **values: Any) -> Settings:
    return load_settings(_env_file=None, **{"var_dir": tmp_path / "var", **values})


def mistakes(tmp_path: Path, **values: Any) -> list[str]:
    with pytest.raises(SettingsError) as caught:
        load(tmp_path, **values)
    return str(caught.value).splitlines()


def test_nothing_needs_to_be_set_for_a_try(tmp_path: Path) -> None:
    settings = load(tmp_path)
    assert settings.is_practice
    assert not settings.is_production
    assert settings.database_dsn == f"sqlite:///{tmp_path / 'var' / 'storefront.sqlite'}"
    assert settings.base_url == "http://127.0.0.1:8000"
    assert settings.stripe_base == "http://127.0.0.1:8000/practice-stripe"
    assert settings.mail_sender == "shop@127.0.0.1"


def test_environment_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PORT", "8123")
    monkeypatch.setenv("SECRET_KEYS", " first , second,")
    monkeypatch.setenv("PUBLIC_URL", "")
    settings = load(tmp_path)
    assert (settings.port, settings.secret_keys, settings.public_url) == (8123, ("first", "second"), "")


def test_all_mistakes_are_told_at_once(tmp_path: Path) -> None:
    told = mistakes(
        tmp_path,
        port="70000",
        public_url="shop.example.org",
        database_url="mysql://x",
        storage_url="ftp://x",
        redis_url="http://x",
        mail_url="pigeon://x",
        log_level="LOUD",
    )
    assert sorted(line.split(":")[0] for line in told) == [
        "DATABASE_URL", "LOG_LEVEL", "MAIL_URL", "PORT", "PUBLIC_URL", "REDIS_URL", "STORAGE_URL",
    ]  # fmt: skip


def test_what_was_set_is_not_repeated(tmp_path: Path) -> None:
    told = "\n".join(
        mistakes(tmp_path, database_url="mysql://shop:hunter2@db", mail_url="pop://me:hunter2@mail")
    )
    assert "hunter2" not in told


@pytest.mark.parametrize(
    ("wrong", "remedy"),
    [
        ({"stripe_secret_key": "", "stripe_webhook_secrets": ""}, "STRIPE_SECRET_KEY is not set"),
        ({"stripe_webhook_secrets": ""}, "STRIPE_WEBHOOK_SECRETS is not set"),
        ({"stripe_secret_key": "sk_test_practice_x"}, "A practice key"),
        ({"stripe_webhook_secrets": "whsec_practice_x"}, "A practice key"),
        ({"secret_keys": ""}, "SECRET_KEYS is not set"),
        ({"secret_keys": "short"}, "shorter than 32"),
        ({"secret_keys": "changeme"}, "is a default"),
        ({"secret_keys": f"{'k' * 40},short"}, "shorter than 32"),
        ({"debug": True}, "DEBUG is on"),
        ({"public_url": "http://shop.example.org"}, "https://"),
        ({"public_url": ""}, "https://"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_production_refuses_and_says_how_to_mend_it(
    tmp_path: Path, wrong: dict[str, Any], remedy: str
) -> None:
    [told] = mistakes(tmp_path, **{**LIVE, **wrong})
    assert remedy in told


def test_production_starts_when_all_is_right(tmp_path: Path) -> None:
    settings = load(tmp_path, **LIVE)
    assert settings.is_production
    assert not settings.is_practice
    assert settings.stripe_base == ""
    assert settings.webhook_secrets == ("whsec_1", "whsec_2")
    assert settings.is_https


def test_several_refusals_come_together(tmp_path: Path) -> None:
    assert len(mistakes(tmp_path, shop_env="production", debug=True)) == 4


def test_folder_that_cannot_be_written_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    [told] = mistakes(tmp_path, var_dir=tmp_path / "file" / "var")
    assert told.startswith(f"The folder {tmp_path / 'file' / 'var'} can't be written.")


@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+psycopg"])
def test_every_spelling_of_postgresql_is_understood(tmp_path: Path, scheme: str) -> None:
    settings = load(tmp_path, database_url=f"{scheme}://u:p@h/shop")
    assert settings.database_dsn == "postgresql+psycopg://u:p@h/shop"
    assert settings.web_processes == 2


def test_slash_at_the_end_of_addresses_does_not_matter(tmp_path: Path) -> None:
    settings = load(tmp_path, public_url="https://shop.example.org/", stripe_api_base="http://127.0.0.1:9/")
    assert (settings.base_url, settings.stripe_base) == ("https://shop.example.org", "http://127.0.0.1:9")


@pytest.mark.parametrize(
    ("host", "address"),
    [
        ("0.0.0.0", "http://127.0.0.1:8000"),  # noqa: S104 - compared, not bound
        ("::", "http://[::1]:8000"),
        ("192.0.2.1", "http://192.0.2.1:8000"),
    ],
)
def test_own_address_can_be_reached(tmp_path: Path, host: str, address: str) -> None:
    assert load(tmp_path, host=host).own_address == address


def test_secret_is_made_once_and_for_us_alone(tmp_path: Path) -> None:
    first, second = load(tmp_path), load(tmp_path)
    assert first.signing_keys == second.signing_keys
    assert len(first.signing_keys[0]) >= 32
    path = tmp_path / "var" / "secret_key"
    assert stat.S_IMODE(path.stat().st_mode) & 0o077 == 0
    assert [name for name in os.listdir(path.parent) if name.startswith(".secret_key")] == []


def test_practice_keys_follow_from_the_secret_and_differ(tmp_path: Path) -> None:
    one, other = load(tmp_path, secret_keys="a" * 40), load(tmp_path, secret_keys="b" * 40)
    assert one.stripe_key != other.stripe_key
    assert one.stripe_key == load(tmp_path, secret_keys="a" * 40).stripe_key
    assert one.webhook_secrets[0].removeprefix("whsec_practice_") not in one.stripe_key
