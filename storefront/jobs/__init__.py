"""Durable work: what must happen after a commit is a row first."""
