"""The numbered migrations of the schema, by alembic, for both databases.

The number of a database stands in its table `schema_version`, and servers of every version read it there. Alembic's own
table is stamped from it whenever a migration begins, so a database that was made at some number and one that was
migrated to it go on alike. Each file in `versions` raises the number by one; `env` is what alembic runs them in; `run`
is what the stores call.

The first four are what older versions made: no release of them had a migration. From the fifth on a change of
`workspace.store.tables` comes with its migration, and a test holds the one against the other.
"""
