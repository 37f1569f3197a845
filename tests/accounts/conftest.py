"""A small shop in which accounts are real and everything around them is a line of text."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from argon2 import PasswordHasher
from flask import Blueprint, Flask

import storefront.accounts.emails
import storefront.accounts.jobs  # noqa: F401 - registers its work
from storefront.accounts import passwords, service
from storefront.accounts.guard import init_guard
from storefront.accounts.sessions import current_account
from storefront.accounts.views import blueprint
from storefront.core.settings import Settings, load_settings
from storefront.gateways import mail
from storefront.jobs import worker
from storefront.journal.service import current_actor
from storefront.shop.service import legal_facts, shop_view
from storefront.web.access import customer_only, owner_only, public
from storefront.web.language import current_language
from storefront.web.setup import make_app, put_layers
from tests.accounts.visiting import Visitor
from tests.servers.compiled import COMPILED


@pytest.fixture
def make_shop(work_database: str, tmp_path: Path) -> Callable[..., Flask]:
    """Return a function that makes the shop with other settings than usual."""

    def make(**settings: str) -> Flask:
        var = tmp_path / "var"
        return _shop(load_settings(_env_file=None, var_dir=var, database_url=work_database, **settings))

    return make


@pytest.fixture
def shop(make_shop: Callable[..., Flask], monkeypatch: pytest.MonkeyPatch) -> Iterator[Flask]:
    """The shop, at http, with passwords that are quick to check."""
    monkeypatch.setattr(passwords, "_hasher", PasswordHasher(time_cost=1, memory_cost=64, parallelism=1))
    passwords._nobodys_hash.cache_clear()
    monkeypatch.setattr(service, "_after_login", [])
    monkeypatch.setattr(service, "_on_mailbox_proven", [])
    app = make_shop()
    worker.configure(around_job=app.app_context)
    yield app
    worker.configure()
    passwords._nobodys_hash.cache_clear()


@pytest.fixture
def visitor(shop: Flask) -> Visitor:
    """A browser that nobody knows."""
    return Visitor(shop)


@pytest.fixture
def hooks(shop: Flask) -> list[tuple[str, str]]:
    """What the rest of the shop was told of logins and proven mailboxes: (what, e-mail)."""
    told: list[tuple[str, str]] = []
    service.after_login(lambda account: told.append(("login", account.email)))
    service.on_mailbox_proven(lambda account: told.append(("proven", account.email)))
    return told


def _shop(settings: Settings) -> Flask:
    app = make_app(settings, media_origins=(), payment_origins=())
    app.jinja_env.bytecode_cache = COMPILED
    app.context_processor(lambda: {"shop": shop_view(current_language())})
    app.jinja_env.globals["legal_facts"] = legal_facts
    init_guard(app)
    app.register_blueprint(blueprint)
    app.register_blueprint(_surroundings())
    app.url_build_error_handlers.append(_elsewhere)
    put_layers(app, settings, lambda: 0)
    mail.configure(settings)
    return app


def _surroundings() -> Blueprint:
    """Pages of others, for each kind of visitor."""
    room = Blueprint("around", __name__)
    room.add_url_rule("/me", "me", public(_me))
    room.add_url_rule("/library", "library", customer_only(lambda: "library"), methods=["GET", "POST"])
    room.add_url_rule("/admin", "admin", owner_only(lambda: "admin"), methods=["GET", "POST"])
    room.add_url_rule("/undeclared", "undeclared", lambda: "nobody said who this is for")
    room.add_url_rule("/journal", "journal", public(current_actor))
    return room


def _me() -> str:
    account = current_account()
    return account.email if account else "nobody"


def _elsewhere(_error: Exception, endpoint: str, _values: dict[str, Any]) -> str:
    """The layout leads to every room of the shop; here it need not exist."""
    assert not endpoint.startswith("accounts.")
    return f"/elsewhere/{endpoint}"
