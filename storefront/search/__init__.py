"""Finding: one function before SQLite FTS5 and PostgreSQL tsvector."""
