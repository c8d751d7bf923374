"""Durable homes of a workspace's log, journal, lanes and tokens: SQLite, PostgreSQL; memory for tests and trials."""
