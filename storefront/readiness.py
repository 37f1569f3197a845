"""Whether a start finds everything prepared: asked without the code of the shop, whose loading takes a second.

So it speaks to the database by its bare driver. Whatever it can't tell, it leaves to the preparation.
"""

import re
import sqlite3
from pathlib import Path
from urllib.parse import quote

from storefront.core.settings import Settings

_MIGRATIONS = Path(__file__).parents[1] / "migrations" / "versions"
_STEP = re.compile(r'^(revision|down_revision) = "([^"]+)"', re.MULTILINE)
_QUESTION = (
    "SELECT (SELECT min(version_num) FROM alembic_version),"
    " EXISTS (SELECT 1 FROM account WHERE role = 'owner' AND disabled_at IS NULL),"
    " EXISTS (SELECT 1 FROM product)"
)


def is_prepared(settings: Settings) -> bool:
    """Whether the database is at the newest schema, has an owner, and has the demo products where they are wanted."""
    try:
        revision, has_owner, has_products = _ask(settings)
    except Exception:
        return False  # each driver has errors of its own, and the preparation will say what is wrong
    wants_demo = settings.demo and not settings.is_production
    return revision == newest_revision() and bool(has_owner) and (bool(has_products) or not wants_demo)


def newest_revision() -> str:
    """Return the name of the last step of the migrations, which no other one builds upon."""
    steps: dict[str, set[str]] = {"revision": set(), "down_revision": set()}
    for path in _MIGRATIONS.glob("*.py"):
        for kind, name in _STEP.findall(path.read_text(encoding="utf-8")):
            steps[kind].add(name)
    (newest,) = steps["revision"] - steps["down_revision"]
    return newest


def _ask(settings: Settings) -> tuple[str, bool, bool]:
    if settings.is_sqlite:
        path = settings.database_dsn.removeprefix("sqlite:///")
        with sqlite3.connect(f"file:{quote(path)}?mode=ro", uri=True, timeout=5.0) as connection:
            found = connection.execute(_QUESTION).fetchone()
        connection.close()
        return tuple(found)
    import psycopg  # only where it is in use

    with psycopg.connect(settings.database_dsn.replace("+psycopg", "", 1), connect_timeout=5) as server:
        row = server.execute(_QUESTION).fetchone()
    assert row is not None
    return row[0], row[1], row[2]
