"""Durable homes of a workspace's log, journal, lanes and tokens: SQLite, and memory for tests and trials."""
