"""A shop that keeps files, in a folder or at S3."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from storefront.core.settings import Settings
from storefront.gateways.files import FileStore, FolderStore
from storefront.storage import views
from storefront.web.setup import make_app
from tests.storage.keeping import opened_shop, settings_for


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return settings_for(tmp_path)


@pytest.fixture
def folder(settings: Settings) -> Iterator[FolderStore]:
    """A shop with its files in a folder."""
    with opened_shop(settings) as store:
        assert isinstance(store, FolderStore)
        yield store


@pytest.fixture
def s3_settings(tmp_path: Path, s3_url: str) -> Settings:
    return settings_for(tmp_path, storage_url=s3_url)


@pytest.fixture
def s3(s3_settings: Settings) -> Iterator[FileStore]:
    """A shop with its files at S3."""
    with opened_shop(s3_settings) as store:
        yield store


@pytest.fixture(params=["folder", "s3"])
def store(request: pytest.FixtureRequest) -> FileStore:
    """A shop with its files in either."""
    found: FileStore = request.getfixturevalue(request.param)
    return found


@pytest.fixture
def app(settings: Settings) -> Flask:
    app = make_app(settings, media_origins=(), payment_origins=())
    app.register_blueprint(views.blueprint)
    return app


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    """A browser that asks for JSON, so that refusals need no page."""
    client = app.test_client()
    client.environ_base["HTTP_ACCEPT"] = "application/json"
    return client
