"""one model of content: links, windows of access, seats, the access log and secret feeds"""

import re

import sqlalchemy as sa
from alembic import op

revision = "20261120_content"
down_revision = "20261120_prices"
branch_labels = None
depends_on = None

_MOMENT = sa.DateTime(timezone=True)
_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_KINDS = "'file', 'course', 'licence', 'text'"
_KINDS_WITH_LINK = _KINDS + ", 'link'"
_LINE_IS_UNIQUE = ", CONSTRAINT uq_entitlement_order_line_id UNIQUE (order_line_id)"
_LINK_HAS_URL = ", CONSTRAINT ck_content_link_has_url CHECK (kind <> 'link' OR url <> '')"
_SEAT = "parent_id IS NOT NULL AND taken_back_at IS NULL"


def upgrade() -> None:
    """Apply this step."""
    _widen_contents()
    _add_windows()
    _widen_entitlements()
    _create_closings()
    _create_access_notes()
    _create_feed_keys()
    op.add_column(
        "shop_profile",
        sa.Column("expiry_notice_days", sa.Integer(), nullable=False, server_default=sa.text("7")),
    )
    op.add_column(
        "shop_profile",
        sa.Column("sharing_places", sa.Integer(), nullable=False, server_default=sa.text("10")),
    )


def downgrade() -> None:
    """Take this step back. Seats and links are lost, since the tables before know neither."""
    op.drop_column("shop_profile", "sharing_places")
    op.drop_column("shop_profile", "expiry_notice_days")
    op.drop_table("feed_key")
    op.drop_table("access_note")
    op.drop_table("entitlement_closing")
    _narrow_entitlements()
    _drop_windows()
    _narrow_contents()


def _widen_contents():
    op.add_column("content", sa.Column("url", sa.String(length=500), nullable=False, server_default=""))
    if _is_sqlite():
        _rebuild(
            "content",
            lambda sql: _with(sql.replace(f"IN ({_KINDS})", f"IN ({_KINDS_WITH_LINK})"), _LINK_HAS_URL),
        )
        return
    op.drop_constraint(op.f("ck_content_kind"), "content", type_="check")
    op.create_check_constraint(op.f("ck_content_kind"), "content", f"kind IN ({_KINDS_WITH_LINK})")
    op.create_check_constraint(op.f("ck_content_link_has_url"), "content", "kind <> 'link' OR url <> ''")


def _narrow_contents():
    op.execute("DELETE FROM content WHERE kind = 'link'")
    if _is_sqlite():
        _rebuild(
            "content",
            lambda sql: sql.replace(f"IN ({_KINDS_WITH_LINK})", f"IN ({_KINDS})").replace(_LINK_HAS_URL, ""),
        )
    else:
        op.drop_constraint(op.f("ck_content_link_has_url"), "content", type_="check")
        op.drop_constraint(op.f("ck_content_kind"), "content", type_="check")
        op.create_check_constraint(op.f("ck_content_kind"), "content", f"kind IN ({_KINDS})")
    op.drop_column("content", "url")


def _add_windows():
    """A column's own check is the only one that SQLite can add to a table that is there; on a line of its own, which is
    how SQLAlchemy finds it again."""
    moment = "DATETIME" if _is_sqlite() else "TIMESTAMP WITH TIME ZONE"
    for table in ("product", "variant"):
        op.execute(
            f"ALTER TABLE {table} ADD COLUMN access_days INTEGER\n"
            f"CONSTRAINT ck_{table}_access_days_positive CHECK (access_days IS NULL OR access_days > 0)\n"
        )
        op.execute(
            f"ALTER TABLE {table} ADD COLUMN access_until {moment}\n"
            f"CONSTRAINT ck_{table}_one_window CHECK (access_days IS NULL OR access_until IS NULL)\n"
        )
    op.add_column("product", sa.Column("opens_at", _MOMENT, nullable=True))
    op.create_index(
        "ix_product_opens_at",
        "product",
        ["opens_at"],
        sqlite_where=sa.text("opens_at IS NOT NULL"),
        postgresql_where=sa.text("opens_at IS NOT NULL"),
    )


def _drop_windows():
    op.drop_index("ix_product_opens_at", table_name="product")
    op.drop_column("product", "opens_at")
    for table in ("variant", "product"):
        if not _is_sqlite():
            op.drop_constraint(op.f(f"ck_{table}_one_window"), table, type_="check")
            op.drop_constraint(op.f(f"ck_{table}_access_days_positive"), table, type_="check")
        op.drop_column(table, "access_until")
        op.drop_column(table, "access_days")


def _widen_entitlements():
    if _is_sqlite():
        _rebuild("entitlement", lambda sql: sql.replace(_LINE_IS_UNIQUE, ""))
    else:
        op.drop_constraint(op.f("uq_entitlement_order_line_id"), "entitlement", type_="unique")
    op.execute(
        "ALTER TABLE entitlement ADD COLUMN parent_id BIGINT"
        " CONSTRAINT fk_entitlement_parent_id REFERENCES entitlement (id) ON DELETE RESTRICT"
    )
    op.add_column("entitlement", sa.Column("seat_position", sa.Integer(), nullable=True))
    for name in ("taken_back_at", "place_given_at", "end_told_for", "asked_at", "confirmed_at"):
        op.add_column("entitlement", sa.Column(name, _MOMENT, nullable=True))
    op.add_column("entitlement", sa.Column("language", sa.String(length=8), nullable=True))
    op.add_column(
        "entitlement", sa.Column("awaits_release", sa.Boolean(), nullable=False, server_default=sa.false())
    )
    op.create_index(op.f("ix_entitlement_order_line_id"), "entitlement", ["order_line_id"])
    op.create_index("ix_entitlement_email", "entitlement", ["email"])
    _index("ix_entitlement_bought", ["order_line_id"], "parent_id IS NULL", unique=True)
    _index("ix_entitlement_seat", ["parent_id", "seat_position"], _SEAT, unique=True)
    _index("ix_entitlement_seat_of", ["parent_id", "email"], _SEAT, unique=True)
    _index("ix_entitlement_ends_at", ["ends_at"], "ends_at IS NOT NULL")
    _index(
        "ix_entitlement_awaiting",
        ["product_id", "starts_at"],
        "awaits_release = 1" if _is_sqlite() else "awaits_release",
    )


def _narrow_entitlements():
    op.execute(
        "DELETE FROM licence_key WHERE entitlement_id IN (SELECT id FROM entitlement WHERE parent_id > 0)"
    )
    op.execute("DELETE FROM entitlement WHERE parent_id IS NOT NULL")
    for name in (
        "ix_entitlement_awaiting", "ix_entitlement_ends_at", "ix_entitlement_seat_of", "ix_entitlement_seat",
        "ix_entitlement_bought", "ix_entitlement_email", "ix_entitlement_order_line_id",
    ):  # fmt: skip
        op.drop_index(name, table_name="entitlement")
    for name in (
        "awaits_release", "language", "confirmed_at", "asked_at", "end_told_for", "place_given_at", "taken_back_at",
        "seat_position", "parent_id",
    ):  # fmt: skip
        op.drop_column("entitlement", name)
    if _is_sqlite():
        _rebuild("entitlement", lambda sql: _with(sql, _LINE_IS_UNIQUE))
    else:
        op.create_unique_constraint(op.f("uq_entitlement_order_line_id"), "entitlement", ["order_line_id"])


def _create_closings():
    op.create_table(
        "entitlement_closing",
        sa.Column("id", _ID, nullable=False),
        sa.Column("entitlement_id", sa.BigInteger(), nullable=False),
        sa.Column("reason", sa.String(length=80), nullable=False),
        sa.Column("closed_at", _MOMENT, nullable=False),
        sa.ForeignKeyConstraint(
            ["entitlement_id"],
            ["entitlement.id"],
            name=op.f("fk_entitlement_closing_entitlement_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_entitlement_closing")),
        sa.UniqueConstraint(
            "entitlement_id", "reason", name=op.f("uq_entitlement_closing_entitlement_id_reason")
        ),
    )
    op.execute(
        "INSERT INTO entitlement_closing (entitlement_id, reason, closed_at)"
        " SELECT id, coalesce(revoked_reason, 'closed'), revoked_at FROM entitlement WHERE revoked_at IS NOT NULL"
    )


def _create_access_notes():
    op.create_table(
        "access_note",
        sa.Column("id", _ID, nullable=False),
        sa.Column("entitlement_id", sa.BigInteger(), nullable=False),
        sa.Column("at", _MOMENT, nullable=False),
        sa.Column(
            "deed",
            sa.Enum(
                "download",
                "lesson",
                "stream",
                "feed",
                "key",
                name="deed",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("title", sa.String(length=200), nullable=False),
        sa.Column("place", sa.String(length=60), nullable=False),
        sa.Column("agent", sa.String(length=60), nullable=False),
        sa.ForeignKeyConstraint(
            ["entitlement_id"],
            ["entitlement.id"],
            name=op.f("fk_access_note_entitlement_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_access_note")),
    )
    op.create_index("ix_access_note_entitlement_id", "access_note", ["entitlement_id", "at"])
    op.create_index("ix_access_note_at", "access_note", ["at"])


def _create_feed_keys():
    op.create_table(
        "feed_key",
        sa.Column("id", _ID, nullable=False),
        sa.Column("account_id", sa.BigInteger(), nullable=True),
        sa.Column("entitlement_id", sa.BigInteger(), nullable=True),
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column("created_at", _MOMENT, nullable=False),
        sa.Column("used_at", _MOMENT, nullable=True),
        sa.CheckConstraint(
            "(account_id IS NULL) <> (entitlement_id IS NULL)", name=op.f("ck_feed_key_of_one")
        ),
        sa.ForeignKeyConstraint(
            ["account_id"], ["account.id"], name=op.f("fk_feed_key_account_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["entitlement_id"],
            ["entitlement.id"],
            name=op.f("fk_feed_key_entitlement_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_feed_key")),
        sa.UniqueConstraint("account_id", name=op.f("uq_feed_key_account_id")),
        sa.UniqueConstraint("entitlement_id", name=op.f("uq_feed_key_entitlement_id")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_feed_key_token_hash")),
    )


def _index(name, columns, where, unique=False):
    op.create_index(
        name,
        "entitlement",
        columns,
        unique=unique,
        sqlite_where=sa.text(where),
        postgresql_where=sa.text(where),
    )


def _is_sqlite():
    return op.get_bind().dialect.name == "sqlite"


def _with(sql, constraint):
    return sql[: sql.rindex(")")].rstrip() + constraint + "\n)"


def _rebuild(table, edit):
    """Give a table of SQLite, which can't change constraints, another definition; in one transaction with the rest.

    Dropping a table deletes its rows first, and what refers to them; so that goes aside until the new one stands.
    """
    bind = op.get_bind()
    below = _below(table)
    for name in below:
        bind.exec_driver_sql(f'CREATE TEMP TABLE "aside_{name}" AS SELECT * FROM main."{name}"')  # noqa: S608 - our own tables
    for name in reversed(below):
        bind.exec_driver_sql(f'DELETE FROM main."{name}"')  # noqa: S608 - our own tables
    kept = "SELECT sql FROM sqlite_master WHERE tbl_name = ? AND type = ? AND sql IS NOT NULL"
    (before,) = bind.exec_driver_sql(kept, (table, "table")).scalars()
    indexes = list(bind.exec_driver_sql(kept, (table, "index")).scalars())
    after = edit(re.sub(r",\s+CONSTRAINT", ", CONSTRAINT", before)).replace(", CONSTRAINT", ",\n\tCONSTRAINT")
    bind.exec_driver_sql(re.sub(r'^CREATE TABLE "?\w+"?', f'CREATE TABLE "{table}_new"', after))
    bind.exec_driver_sql(f'INSERT INTO "{table}_new" SELECT * FROM "{table}"')  # noqa: S608 - our own tables
    bind.exec_driver_sql(f'DROP TABLE "{table}"')
    bind.exec_driver_sql(f'ALTER TABLE "{table}_new" RENAME TO "{table}"')
    for index in indexes:
        bind.exec_driver_sql(index)
    for name in below:
        bind.exec_driver_sql(f'INSERT INTO main."{name}" SELECT * FROM "aside_{name}"')  # noqa: S608 - our own tables
        bind.exec_driver_sql(f'DROP TABLE "aside_{name}"')


def _below(table):
    """Return the tables whose rows refer to rows of this one, at any distance, each after those that it refers to."""
    bind = op.get_bind()
    names = [name for name in sa.inspect(bind).get_table_names() if not name.startswith("search_fts")]
    refers = {
        name: {row[2] for row in bind.exec_driver_sql(f'PRAGMA foreign_key_list("{name}")')} - {name}
        for name in names
    }
    found = {table}
    while more := {name for name in names if refers[name] & found} - found:
        found |= more
    left, ordered = found - {table}, []
    while left:
        free = sorted(name for name in left if not refers[name] & left)
        ordered += free
        left -= set(free)
    return ordered
