"""full-text search beside the plain words of search_entry

SQLite: an FTS5 table that reads its text from search_entry and is kept by triggers. PostgreSQL: a generated
tsvector, title before body, with a GIN index. The configuration is ``simple``, since words come normalised.
"""

from alembic import op

revision = "20261120_search"
down_revision = "20261120_first_tables"
branch_labels = None
depends_on = None

_SQLITE = (
    "CREATE VIRTUAL TABLE search_fts USING fts5(title, body, content='search_entry', content_rowid='product_id',"
    " tokenize='unicode61 remove_diacritics 2', prefix='2 3')",
    "CREATE TRIGGER search_entry_added AFTER INSERT ON search_entry BEGIN"
    " INSERT INTO search_fts(rowid, title, body) VALUES (new.product_id, new.title, new.body); END",
    "CREATE TRIGGER search_entry_removed AFTER DELETE ON search_entry BEGIN"
    " INSERT INTO search_fts(search_fts, rowid, title, body) VALUES ('delete', old.product_id, old.title, old.body); END",
    "CREATE TRIGGER search_entry_changed AFTER UPDATE ON search_entry BEGIN"
    " INSERT INTO search_fts(search_fts, rowid, title, body) VALUES ('delete', old.product_id, old.title, old.body);"
    " INSERT INTO search_fts(rowid, title, body) VALUES (new.product_id, new.title, new.body); END",
)
_POSTGRESQL = (
    "ALTER TABLE search_entry ADD COLUMN search_fts tsvector GENERATED ALWAYS AS"
    " (setweight(to_tsvector('simple', title), 'A') || setweight(to_tsvector('simple', body), 'B')) STORED",
    "CREATE INDEX search_fts_index ON search_entry USING gin (search_fts)",
)


def upgrade() -> None:
    """Apply this step."""
    for statement in _SQLITE if op.get_bind().dialect.name == "sqlite" else _POSTGRESQL:
        op.execute(statement)


def downgrade() -> None:
    """Take this step back."""
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP INDEX search_fts_index")
        op.execute("ALTER TABLE search_entry DROP COLUMN search_fts")
        return
    for name in ("added", "removed", "changed"):
        op.execute(f"DROP TRIGGER search_entry_{name}")
    op.execute("DROP TABLE search_fts")
