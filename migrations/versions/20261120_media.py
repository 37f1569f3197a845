"""uploads in parts, prepared films, versions of files, limits of downloads, packs and stamped copies"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "20261120_media"
down_revision = "20261120_books"
branch_labels = None
depends_on = None

_JSON = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
_MOMENT = sa.DateTime(timezone=True)
_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")

# A column's own check is the only one that SQLite can add to a table that is there. Each stands on a line of its own,
# which is how SQLAlchemy finds them again.
_CONTENT = (
    ("is_stream_only", sa.Boolean(), "DEFAULT {false} NOT NULL", "", ""),
    ("download_limit", sa.Integer(), "", "download_limit_positive", "download_limit IS NULL OR download_limit > 0"),
    ("download_days", sa.Integer(), "", "download_days_positive", "download_days IS NULL OR download_days > 0"),
    ("stamp", sa.String(length=40), "DEFAULT 'none' NOT NULL", "stamp", "stamp IN ('none', 'first', 'every')"),
)  # fmt: skip
_LESSON = (
    ("is_stream_only", sa.Boolean(), "DEFAULT {false} NOT NULL", "", ""),
    ("poster_id", sa.BigInteger(), "CONSTRAINT fk_lesson_poster_id REFERENCES stored_file (id) ON DELETE RESTRICT", "", ""),
)  # fmt: skip


def upgrade() -> None:
    """Apply this step."""
    _add("content", _CONTENT)
    _add("lesson", _LESSON)
    op.create_index("ix_lesson_poster_id", "lesson", ["poster_id"])
    _create_partial_upload()
    _create_prepared_media()
    _create_content_version()
    _create_news_opt_out()
    _create_download_use()
    _create_file_pack()
    _create_stamped_copy()


def downgrade() -> None:
    """Take this step back."""
    for table in (
        "stamped_copy",
        "file_pack",
        "download_use",
        "news_opt_out",
        "content_version",
        "prepared_media",
        "partial_upload",
    ):
        op.drop_table(table)
    op.drop_index("ix_lesson_poster_id", table_name="lesson")
    _drop("lesson", _LESSON)
    _drop("content", _CONTENT)


def _add(table, columns):
    dialect = op.get_bind().dialect
    no = "0" if dialect.name == "sqlite" else "false"
    for name, kind, rest, check, condition in columns:
        type_name = dialect.type_compiler_instance.process(kind.dialect_impl(dialect))
        own = f"\nCONSTRAINT ck_{table}_{check} CHECK ({condition})\n" if check else "\n"
        op.execute(
            f"ALTER TABLE {table} ADD COLUMN {name} {type_name} {rest.format(false=no)}{own}".rstrip(" ")
        )


def _drop(table, columns):
    for name, _, _, check, _ in reversed(columns):
        if check and op.get_bind().dialect.name != "sqlite":
            op.drop_constraint(op.f(f"ck_{table}_{check}"), table, type_="check")
        op.drop_column(table, name)


def _choice(name, *words):
    return sa.Enum(*words, name=name, native_enum=False, create_constraint=True, length=40)


def _refers(table, column, other, ondelete):
    return sa.ForeignKeyConstraint(
        [column], [f"{other}.id"], name=op.f(f"fk_{table}_{column}"), ondelete=ondelete
    )


def _create_partial_upload():
    op.create_table(
        "partial_upload",
        sa.Column("id", _ID, nullable=False),
        sa.Column("public_id", sa.String(length=22), nullable=False),
        sa.Column("fingerprint", sa.String(length=64), nullable=False),
        sa.Column("place", sa.String(length=300), nullable=False),
        sa.Column("key", sa.String(length=200), nullable=False),
        sa.Column("token", sa.String(length=1024), nullable=False),
        sa.Column("filename", sa.String(length=255), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("part_size", sa.Integer(), nullable=False),
        sa.Column("created_at", _MOMENT, nullable=False),
        sa.Column("touched_at", _MOMENT, nullable=False),
        sa.CheckConstraint("size > 0 AND part_size > 0", name=op.f("ck_partial_upload_sizes_positive")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_partial_upload")),
        sa.UniqueConstraint("public_id", name=op.f("uq_partial_upload_public_id")),
        sa.UniqueConstraint("key", name=op.f("uq_partial_upload_key")),
        sa.UniqueConstraint("fingerprint", name=op.f("uq_partial_upload_fingerprint")),
    )
    op.create_index("ix_partial_upload_touched_at", "partial_upload", ["touched_at"])


def _create_prepared_media():
    op.create_table(
        "prepared_media",
        sa.Column("id", _ID, nullable=False),
        sa.Column("file_id", sa.BigInteger(), nullable=False),
        sa.Column(
            "state",
            _choice("state", "waiting", "working", "ready", "original", "failed"),
            nullable=False,
        ),
        sa.Column("percent", sa.Integer(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("duration_seconds", sa.Integer(), nullable=True),
        sa.Column("width", sa.Integer(), nullable=True),
        sa.Column("height", sa.Integer(), nullable=True),
        sa.Column("poster_id", sa.BigInteger(), nullable=True),
        sa.Column("web_id", sa.BigInteger(), nullable=True),
        sa.Column("hls_prefix", sa.String(length=40), nullable=True),
        sa.Column("hls_key", sa.LargeBinary(), nullable=True),
        sa.Column("hls", _JSON, nullable=True),
        sa.Column("updated_at", _MOMENT, nullable=False),
        sa.CheckConstraint("percent BETWEEN 0 AND 100", name=op.f("ck_prepared_media_percent_in_range")),
        sa.CheckConstraint(
            "(hls_prefix IS NULL) = (hls_key IS NULL)", name=op.f("ck_prepared_media_hls_has_key")
        ),
        _refers("prepared_media", "file_id", "stored_file", "CASCADE"),
        _refers("prepared_media", "poster_id", "stored_file", "RESTRICT"),
        _refers("prepared_media", "web_id", "stored_file", "RESTRICT"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_prepared_media")),
        sa.UniqueConstraint("file_id", name=op.f("uq_prepared_media_file_id")),
        sa.UniqueConstraint("hls_prefix", name=op.f("uq_prepared_media_hls_prefix")),
    )
    op.create_index("ix_prepared_media_poster_id", "prepared_media", ["poster_id"])
    op.create_index("ix_prepared_media_web_id", "prepared_media", ["web_id"])


def _create_content_version():
    op.create_table(
        "content_version",
        sa.Column("id", _ID, nullable=False),
        sa.Column("public_id", sa.String(length=22), nullable=False),
        sa.Column("content_id", sa.BigInteger(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=40), nullable=False),
        sa.Column("notes", sa.Text(), nullable=False),
        sa.Column("file_id", sa.BigInteger(), nullable=False),
        sa.Column("created_at", _MOMENT, nullable=False),
        sa.Column("withdrawn_at", _MOMENT, nullable=True),
        sa.Column("told_at", _MOMENT, nullable=True),
        _refers("content_version", "content_id", "content", "CASCADE"),
        _refers("content_version", "file_id", "stored_file", "RESTRICT"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_content_version")),
        sa.UniqueConstraint("public_id", name=op.f("uq_content_version_public_id")),
        sa.UniqueConstraint("content_id", "number", name=op.f("uq_content_version_content_id_number")),
    )
    op.create_index("ix_content_version_file_id", "content_version", ["file_id"])


def _create_news_opt_out():
    op.create_table(
        "news_opt_out",
        sa.Column("product_id", sa.BigInteger(), nullable=False),
        sa.Column("email_sha256", sa.String(length=64), nullable=False),
        sa.Column("created_at", _MOMENT, nullable=False),
        _refers("news_opt_out", "product_id", "product", "CASCADE"),
        sa.PrimaryKeyConstraint("product_id", "email_sha256", name=op.f("pk_news_opt_out")),
    )


def _create_download_use():
    op.create_table(
        "download_use",
        sa.Column("entitlement_id", sa.BigInteger(), nullable=False),
        sa.Column("content_id", sa.BigInteger(), nullable=False),
        sa.Column("used", sa.Integer(), nullable=False),
        sa.Column("since", _MOMENT, nullable=False),
        sa.Column("file_id", sa.BigInteger(), nullable=True),
        sa.Column("last_at", _MOMENT, nullable=True),
        sa.Column("resumes", sa.Integer(), nullable=False),
        sa.CheckConstraint("used >= 0", name=op.f("ck_download_use_used_not_negative")),
        _refers("download_use", "entitlement_id", "entitlement", "CASCADE"),
        _refers("download_use", "content_id", "content", "CASCADE"),
        sa.PrimaryKeyConstraint("entitlement_id", "content_id", name=op.f("pk_download_use")),
    )
    op.create_index("ix_download_use_content_id", "download_use", ["content_id"])


def _create_file_pack():
    op.create_table(
        "file_pack",
        sa.Column("id", _ID, nullable=False),
        sa.Column("fingerprint", sa.String(length=64), nullable=False),
        sa.Column("product_id", sa.BigInteger(), nullable=False),
        sa.Column("entries", _JSON, nullable=False),
        sa.Column("state", _choice("state", "waiting", "ready", "failed"), nullable=False),
        sa.Column("file_id", sa.BigInteger(), nullable=True),
        sa.Column("used_at", _MOMENT, nullable=False),
        sa.CheckConstraint(
            "state <> 'ready' OR file_id IS NOT NULL", name=op.f("ck_file_pack_ready_has_file")
        ),
        _refers("file_pack", "product_id", "product", "CASCADE"),
        _refers("file_pack", "file_id", "stored_file", "RESTRICT"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_file_pack")),
        sa.UniqueConstraint("fingerprint", name=op.f("uq_file_pack_fingerprint")),
    )
    op.create_index("ix_file_pack_product_id", "file_pack", ["product_id"])
    op.create_index("ix_file_pack_file_id", "file_pack", ["file_id"])
    op.create_index("ix_file_pack_used_at", "file_pack", ["used_at"])


def _create_stamped_copy():
    op.create_table(
        "stamped_copy",
        sa.Column("id", _ID, nullable=False),
        sa.Column("entitlement_id", sa.BigInteger(), nullable=False),
        sa.Column("source_id", sa.BigInteger(), nullable=False),
        sa.Column("stamp", _choice("stamp", "none", "first", "every"), nullable=False),
        sa.Column("state", _choice("state", "waiting", "ready", "failed"), nullable=False),
        sa.Column("file_id", sa.BigInteger(), nullable=True),
        sa.Column("used_at", _MOMENT, nullable=False),
        sa.CheckConstraint(
            "state <> 'ready' OR file_id IS NOT NULL", name=op.f("ck_stamped_copy_ready_has_file")
        ),
        _refers("stamped_copy", "entitlement_id", "entitlement", "CASCADE"),
        _refers("stamped_copy", "source_id", "stored_file", "CASCADE"),
        _refers("stamped_copy", "file_id", "stored_file", "RESTRICT"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_stamped_copy")),
        sa.UniqueConstraint(
            "entitlement_id",
            "source_id",
            "stamp",
            name=op.f("uq_stamped_copy_entitlement_id_source_id_stamp"),
        ),
    )
    op.create_index("ix_stamped_copy_source_id", "stamped_copy", ["source_id"])
    op.create_index("ix_stamped_copy_file_id", "stamped_copy", ["file_id"])
    op.create_index("ix_stamped_copy_used_at", "stamped_copy", ["used_at"])
