"""The store on PostgreSQL, by asyncpg: loaded only where a database's address asks for it."""
