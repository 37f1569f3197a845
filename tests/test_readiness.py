"""A start that finds everything prepared loads nothing that only prepares; any other prepares."""

from pathlib import Path

import pytest
from alembic.script import ScriptDirectory
from sqlalchemy import text

from storefront.accounts.service import create_owner
from storefront.core import db
from storefront.core.migrating import alembic_config, downgrade, migrate
from storefront.core.settings import Settings
from storefront.readiness import is_prepared, newest_revision


@pytest.fixture(params=["sqlite", "postgresql"])
def settings(request: pytest.FixtureRequest, tmp_path: Path) -> Settings:
    """A shop that was not prepared yet, on each database."""
    url = "" if request.param == "sqlite" else request.getfixturevalue("postgres_url")
    return Settings(var_dir=tmp_path, database_url=url, demo=False, _env_file=None)  # type: ignore[call-arg]


def test_the_newest_step_is_alembics() -> None:
    assert newest_revision() == ScriptDirectory.from_config(alembic_config()).get_current_head()


def test_prepared_is_what_has_the_schema_and_an_owner(settings: Settings) -> None:
    assert not is_prepared(settings)
    assert not Path(settings.var_dir, "storefront.sqlite").exists()
    engine = db.connect(settings.database_dsn)
    try:
        migrate(engine)
        assert not is_prepared(settings)
        with db.unit_of_work():
            create_owner("owner@example.org")
        assert is_prepared(settings)
        assert not is_prepared(settings.model_copy(update={"demo": True}))
        with engine.begin() as connection:
            connection.execute(text("UPDATE account SET disabled_at = CURRENT_TIMESTAMP"))
        assert not is_prepared(settings)
        with engine.begin() as connection:
            connection.execute(text("UPDATE account SET disabled_at = NULL"))
        downgrade(engine, "-1")
        assert not is_prepared(settings)
    finally:
        db.disconnect()
