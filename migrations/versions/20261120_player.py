"""the course player: files, captions, quizzes and opening of lessons; positions, notes, questions, certificates"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "20261120_player"
down_revision = "20261120_content"
branch_labels = None
depends_on = None

_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_JSON = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
_MOMENT = sa.DateTime(timezone=True)

# A column's own check is the only one that SQLite can add to a table that is there, and one that looks at two columns
# belongs to the later one. Each stands on a line of its own, which is how SQLAlchemy finds them again.
_LESSON = (
    ("opens_after_days", sa.Integer(), "", "opens_later", "opens_after_days IS NULL OR opens_after_days > 0"),
    ("opens_at", _MOMENT, "", "opens_once", "opens_after_days IS NULL OR opens_at IS NULL"),
    ("transcript", sa.Text(), "DEFAULT '' NOT NULL", "", ""),
)


def upgrade() -> None:
    """Apply this step."""
    _add_columns()
    _add_parts_of_lessons()
    _add_what_learners_do()


def _add_columns() -> None:
    op.add_column(
        "content", sa.Column("gives_certificate", sa.Boolean(), server_default=sa.false(), nullable=False)
    )
    for name, kind, rest, check, condition in _LESSON:
        type_name = kind.compile(dialect=op.get_bind().dialect)
        own = f"\nCONSTRAINT ck_lesson_{check} CHECK ({condition})\n" if check else "\n"
        op.execute(f"ALTER TABLE lesson ADD COLUMN {name} {type_name} {rest}{own}")
    op.create_index(
        "ix_lesson_opens",
        "lesson",
        ["opens_after_days", "opens_at"],
        sqlite_where=sa.text("opens_after_days IS NOT NULL OR opens_at IS NOT NULL"),
        postgresql_where=sa.text("opens_after_days IS NOT NULL OR opens_at IS NOT NULL"),
    )


def _add_parts_of_lessons() -> None:
    op.create_table(
        "lesson_file",
        sa.Column("id", _ID, nullable=False),
        sa.Column("public_id", sa.String(length=22), nullable=False),
        sa.Column("lesson_id", sa.BigInteger(), nullable=False),
        sa.Column("file_id", sa.BigInteger(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        _to("lesson_file", "lesson"),
        _to("lesson_file", "stored_file", "file_id", "RESTRICT"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_lesson_file")),
        sa.UniqueConstraint("public_id", name=op.f("uq_lesson_file_public_id")),
    )
    op.create_index("ix_lesson_file_lesson_id", "lesson_file", ["lesson_id", "position"])
    op.create_index(op.f("ix_lesson_file_file_id"), "lesson_file", ["file_id"])
    op.create_table(
        "lesson_caption",
        sa.Column("id", _ID, nullable=False),
        sa.Column("lesson_id", sa.BigInteger(), nullable=False),
        sa.Column("language", sa.String(length=12), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        _to("lesson_caption", "lesson"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_lesson_caption")),
        sa.UniqueConstraint("lesson_id", "language", name=op.f("uq_lesson_caption_lesson_id_language")),
    )
    op.create_table(
        "quiz",
        sa.Column("lesson_id", sa.BigInteger(), nullable=False),
        sa.Column("pass_percent", sa.Integer(), nullable=False),
        sa.Column("most_tries", sa.Integer(), nullable=True),
        sa.Column("questions", _JSON, nullable=False),
        sa.CheckConstraint("pass_percent > 0 AND pass_percent <= 100", name=op.f("ck_quiz_pass_percent")),
        sa.CheckConstraint("most_tries IS NULL OR most_tries > 0", name=op.f("ck_quiz_most_tries")),
        _to("quiz", "lesson"),
        sa.PrimaryKeyConstraint("lesson_id", name=op.f("pk_quiz")),
    )


def _add_what_learners_do() -> None:
    op.create_table(
        "lesson_position",
        sa.Column("id", _ID, nullable=False),
        *_whose(),
        sa.Column("seconds", sa.Integer(), nullable=False),
        sa.Column("reported_at", _MOMENT, nullable=False),
        sa.CheckConstraint("seconds >= 0", name=op.f("ck_lesson_position_seconds_not_negative")),
        *_to_both("lesson_position"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_lesson_position")),
        sa.UniqueConstraint(
            "entitlement_id", "lesson_id", name=op.f("uq_lesson_position_entitlement_id_lesson_id")
        ),
    )
    op.create_index(op.f("ix_lesson_position_lesson_id"), "lesson_position", ["lesson_id"])
    op.create_table(
        "lesson_note",
        sa.Column("id", _ID, nullable=False),
        sa.Column("public_id", sa.String(length=22), nullable=False),
        *_whose(),
        sa.Column("seconds", sa.Integer(), nullable=True),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("created_at", _MOMENT, nullable=False),
        sa.Column("updated_at", _MOMENT, nullable=False),
        *_to_both("lesson_note"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_lesson_note")),
        sa.UniqueConstraint("public_id", name=op.f("uq_lesson_note_public_id")),
    )
    op.create_index("ix_lesson_note_entitlement_id", "lesson_note", ["entitlement_id", "lesson_id"])
    op.create_index(op.f("ix_lesson_note_lesson_id"), "lesson_note", ["lesson_id"])
    op.create_table(
        "lesson_post",
        sa.Column("id", _ID, nullable=False),
        sa.Column("public_id", sa.String(length=22), nullable=False),
        sa.Column("lesson_id", sa.BigInteger(), nullable=False),
        sa.Column("question_id", sa.BigInteger(), nullable=True),
        sa.Column("entitlement_id", sa.BigInteger(), nullable=True),
        sa.Column("author_name", sa.String(length=60), nullable=False),
        sa.Column("language", sa.String(length=8), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("created_at", _MOMENT, nullable=False),
        sa.Column("hidden_at", _MOMENT, nullable=True),
        sa.Column("hidden_reason", sa.String(length=300), nullable=True),
        sa.CheckConstraint(
            "(hidden_at IS NULL) = (hidden_reason IS NULL)", name=op.f("ck_lesson_post_hidden_with_reason")
        ),
        sa.CheckConstraint(
            "question_id IS NOT NULL OR entitlement_id IS NOT NULL",
            name=op.f("ck_lesson_post_learners_ask"),
        ),
        *_to_both("lesson_post"),
        _to("lesson_post", "lesson_post", "question_id"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_lesson_post")),
        sa.UniqueConstraint("public_id", name=op.f("uq_lesson_post_public_id")),
    )
    op.create_index("ix_lesson_post_lesson_id", "lesson_post", ["lesson_id", "question_id", "id"])
    op.create_index(op.f("ix_lesson_post_question_id"), "lesson_post", ["question_id"])
    op.create_index(op.f("ix_lesson_post_entitlement_id"), "lesson_post", ["entitlement_id"])
    op.create_table(
        "quiz_attempt",
        sa.Column("id", _ID, nullable=False),
        *_whose(),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("answers", _JSON, nullable=False),
        sa.Column("right_ones", _JSON, nullable=False),
        sa.Column("percent", sa.Integer(), nullable=False),
        sa.Column("has_passed", sa.Boolean(), nullable=False),
        sa.Column("made_at", _MOMENT, nullable=False),
        *_to_both("quiz_attempt"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_quiz_attempt")),
        sa.UniqueConstraint(
            "entitlement_id",
            "lesson_id",
            "number",
            name=op.f("uq_quiz_attempt_entitlement_id_lesson_id_number"),
        ),
    )
    op.create_index(op.f("ix_quiz_attempt_lesson_id"), "quiz_attempt", ["lesson_id"])
    op.create_table(
        "certificate",
        sa.Column("id", _ID, nullable=False),
        sa.Column("public_id", sa.String(length=22), nullable=False),
        sa.Column("entitlement_id", sa.BigInteger(), nullable=False),
        sa.Column("content_id", sa.BigInteger(), nullable=True),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("course", sa.String(length=200), nullable=False),
        sa.Column("course_translations", _JSON, nullable=False),
        sa.Column("completed_at", _MOMENT, nullable=False),
        sa.Column("issued_at", _MOMENT, nullable=False),
        sa.Column("revoked_at", _MOMENT, nullable=True),
        sa.Column("revoked_reason", sa.String(length=300), nullable=True),
        sa.CheckConstraint(
            "(revoked_at IS NULL) = (revoked_reason IS NULL)", name=op.f("ck_certificate_revoked_with_reason")
        ),
        _to("certificate", "entitlement", on_delete="RESTRICT"),
        _to("certificate", "content", on_delete="SET NULL"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_certificate")),
        sa.UniqueConstraint("public_id", name=op.f("uq_certificate_public_id")),
        sa.UniqueConstraint(
            "entitlement_id", "content_id", name=op.f("uq_certificate_entitlement_id_content_id")
        ),
    )
    op.create_index(op.f("ix_certificate_content_id"), "certificate", ["content_id"])
    op.create_table(
        "lesson_notice",
        *_whose(),
        sa.Column("told_at", _MOMENT, nullable=False),
        *_to_both("lesson_notice"),
        sa.PrimaryKeyConstraint("entitlement_id", "lesson_id", name=op.f("pk_lesson_notice")),
    )
    op.create_index(op.f("ix_lesson_notice_lesson_id"), "lesson_notice", ["lesson_id"])
    op.create_table(
        "learning_opt_out",
        sa.Column("email_sha256", sa.String(length=64), nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("created_at", _MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("email_sha256", "kind", name=op.f("pk_learning_opt_out")),
    )


def _whose() -> tuple[sa.Column[int], sa.Column[int]]:
    return (
        sa.Column("entitlement_id", sa.BigInteger(), nullable=False),
        sa.Column("lesson_id", sa.BigInteger(), nullable=False),
    )


def _to_both(table: str) -> tuple[sa.ForeignKeyConstraint, sa.ForeignKeyConstraint]:
    return _to(table, "entitlement"), _to(table, "lesson")


def _to(
    table: str, other: str, column: str | None = None, on_delete: str = "CASCADE"
) -> sa.ForeignKeyConstraint:
    column = column or f"{other}_id"
    return sa.ForeignKeyConstraint(
        [column], [f"{other}.id"], name=op.f(f"fk_{table}_{column}"), ondelete=on_delete
    )


def downgrade() -> None:
    """Take this step back."""
    for table in (
        "learning_opt_out",
        "lesson_notice",
        "certificate",
        "quiz_attempt",
        "lesson_post",
        "lesson_note",
        "lesson_position",
        "quiz",
        "lesson_caption",
        "lesson_file",
    ):
        op.drop_table(table)
    op.drop_index("ix_lesson_opens", table_name="lesson")
    for name, _, _, check, _ in reversed(_LESSON):
        if check and op.get_bind().dialect.name != "sqlite":
            op.drop_constraint(op.f(f"ck_lesson_{check}"), "lesson", type_="check")
        op.drop_column("lesson", name)
    op.drop_column("content", "gives_certificate")
