"""pools of licence keys, where keys are in use, signed licence files"""

import sqlalchemy as sa
from alembic import op

revision = "20261120_licences"
down_revision = "20261120_mail_words"
branch_labels = None
depends_on = None

_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_MOMENT = sa.DateTime(timezone=True)
_KEPT = "id, entitlement_id, content_id, position, key, state, issued_at"


def upgrade() -> None:
    """Apply this step."""
    op.add_column(
        "content", sa.Column("keys_from_pool", sa.Boolean(), nullable=False, server_default=sa.false())
    )
    op.add_column(
        "content", sa.Column("low_pool_at", sa.Integer(), nullable=False, server_default=sa.text("10"))
    )
    op.execute(
        "ALTER TABLE content ADD COLUMN activation_limit INTEGER CONSTRAINT ck_content_activation_limit_positive"
        " CHECK (activation_limit IS NULL OR activation_limit > 0)"
    )
    _put_keys_aside("1 = 1")
    _create_keys()
    fresh = (
        "lower(hex(randomblob(11)))"
        if _is_sqlite()
        else "substr(replace(gen_random_uuid()::text, '-', ''), 1, 22)"
    )
    op.execute(
        f"INSERT INTO licence_key ({_KEPT}, public_id, from_pool) SELECT {_KEPT}, {fresh}, false FROM keys_aside"  # noqa: S608 - our own names
    )
    _forget_aside()
    _create_activations()
    _create_imports()
    op.create_table(
        "signing_key",
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("name", sa.String(length=16), nullable=False),
        sa.Column("private_half", sa.String(length=64), nullable=False),
        sa.Column("public_half", sa.String(length=64), nullable=False),
        sa.Column("created_at", _MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_signing_key")),
        sa.UniqueConstraint("name", name=op.f("uq_signing_key_name")),
    )


def downgrade() -> None:
    """Take this step back; keys that nobody has, and those that were replaced, are lost."""
    op.drop_table("signing_key")
    op.drop_index(op.f("ix_key_import_content_id"), table_name="key_import")
    op.drop_table("key_import")
    op.drop_table("activation")
    op.execute("UPDATE licence_key SET state = 'burnt' WHERE state = 'suspended'")
    _put_keys_aside("entitlement_id IS NOT NULL AND position IS NOT NULL AND length(key) <= 80")
    _create_simple_keys()
    op.execute(f"INSERT INTO licence_key ({_KEPT}) SELECT {_KEPT} FROM keys_aside")  # noqa: S608 - our own names
    _forget_aside()
    if not _is_sqlite():
        op.drop_constraint(op.f("ck_content_activation_limit_positive"), "content", type_="check")
    for name in ("activation_limit", "low_pool_at", "keys_from_pool"):
        op.drop_column("content", name)


def _is_sqlite():
    return op.get_bind().dialect.name == "sqlite"


def _put_keys_aside(kept):
    """SQLite can't change the rules of a table: another takes its place, in one transaction with the rest."""
    op.execute(f"CREATE TEMP TABLE keys_aside AS SELECT {_KEPT} FROM licence_key WHERE {kept}")  # noqa: S608 - our own names
    op.drop_index(op.f("ix_licence_key_content_id"), table_name="licence_key")
    op.drop_table("licence_key")


def _forget_aside():
    op.execute("DROP TABLE keys_aside")
    if not _is_sqlite():
        op.execute(
            "SELECT setval(pg_get_serial_sequence('licence_key', 'id'), coalesce(max(id), 0) + 1, false) FROM licence_key"
        )


def _create_keys():
    op.create_table(
        "licence_key",
        sa.Column("id", _ID, nullable=False),
        sa.Column("public_id", sa.String(length=22), nullable=False),
        sa.Column("entitlement_id", sa.BigInteger(), nullable=True),
        sa.Column("content_id", sa.BigInteger(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=True),
        sa.Column("key", sa.String(length=120), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "free",
                "active",
                "suspended",
                "burnt",
                name="state",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("from_pool", sa.Boolean(), nullable=False),
        sa.Column("issued_at", _MOMENT, nullable=True),
        sa.Column("burnt_at", _MOMENT, nullable=True),
        sa.Column("burnt_reason", sa.String(length=40), nullable=True),
        sa.CheckConstraint(
            "(state = 'free') = (entitlement_id IS NULL)", name=op.f("ck_licence_key_free_belongs_to_nobody")
        ),
        *_references(),
        sa.UniqueConstraint("public_id", name=op.f("uq_licence_key_public_id")),
    )
    op.create_index(op.f("ix_licence_key_content_id"), "licence_key", ["content_id", "state", "id"])


def _create_simple_keys():
    op.create_table(
        "licence_key",
        sa.Column("id", _ID, nullable=False),
        sa.Column("entitlement_id", sa.BigInteger(), nullable=False),
        sa.Column("content_id", sa.BigInteger(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("key", sa.String(length=80), nullable=False),
        sa.Column(
            "state",
            sa.Enum("active", "burnt", name="state", native_enum=False, create_constraint=True, length=40),
            nullable=False,
        ),
        sa.Column("issued_at", _MOMENT, nullable=False),
        *_references(),
    )
    op.create_index(op.f("ix_licence_key_content_id"), "licence_key", ["content_id"])


def _references():
    return (
        sa.ForeignKeyConstraint(
            ["content_id"], ["content.id"], name=op.f("fk_licence_key_content_id"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["entitlement_id"],
            ["entitlement.id"],
            name=op.f("fk_licence_key_entitlement_id"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_licence_key")),
        sa.UniqueConstraint(
            "entitlement_id",
            "content_id",
            "position",
            name=op.f("uq_licence_key_entitlement_id_content_id_position"),
        ),
        sa.UniqueConstraint("key", name=op.f("uq_licence_key_key")),
    )


def _create_activations():
    op.create_table(
        "activation",
        sa.Column("id", _ID, nullable=False),
        sa.Column("public_id", sa.String(length=22), nullable=False),
        sa.Column("licence_key_id", sa.BigInteger(), nullable=False),
        sa.Column("instance", sa.String(length=200), nullable=False),
        sa.Column("label", sa.String(length=120), nullable=False),
        sa.Column("activated_at", _MOMENT, nullable=False),
        sa.Column("seen_at", _MOMENT, nullable=False),
        sa.ForeignKeyConstraint(
            ["licence_key_id"],
            ["licence_key.id"],
            name=op.f("fk_activation_licence_key_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_activation")),
        sa.UniqueConstraint("licence_key_id", "instance", name=op.f("uq_activation_licence_key_id_instance")),
        sa.UniqueConstraint("public_id", name=op.f("uq_activation_public_id")),
    )


def _create_imports():
    op.create_table(
        "key_import",
        sa.Column("id", _ID, nullable=False),
        sa.Column("public_id", sa.String(length=22), nullable=False),
        sa.Column("content_id", sa.BigInteger(), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "looked_at",
                "running",
                "done",
                name="state",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("keys", sa.Text(), nullable=False),
        *(sa.Column(name, sa.Integer(), nullable=False) for name in ("lines", "repeated", "known", "odd")),
        sa.Column("examples", sa.Text(), nullable=False),
        *(sa.Column(name, sa.Integer(), nullable=False) for name in ("total", "done", "added")),
        sa.Column("created_at", _MOMENT, nullable=False),
        sa.Column("finished_at", _MOMENT, nullable=True),
        sa.ForeignKeyConstraint(
            ["content_id"], ["content.id"], name=op.f("fk_key_import_content_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_key_import")),
        sa.UniqueConstraint("public_id", name=op.f("uq_key_import_public_id")),
    )
    op.create_index(op.f("ix_key_import_content_id"), "key_import", ["content_id"])
