CREATE TABLE IF NOT EXISTS access (
	id TEXT COLLATE "C" NOT NULL, 
	place TEXT COLLATE "C" NOT NULL, 
	at TEXT COLLATE "C" NOT NULL, 
	by_actor TEXT NOT NULL, 
	act TEXT NOT NULL, 
	subject TEXT NOT NULL, 
	detail TEXT NOT NULL, 
	PRIMARY KEY (id)
);

CREATE INDEX IF NOT EXISTS access_by_place ON access (place, at);

CREATE TABLE IF NOT EXISTS archive (
	ws TEXT COLLATE "C" NOT NULL, 
	sha TEXT COLLATE "C" NOT NULL, 
	content BYTEA NOT NULL, 
	PRIMARY KEY (ws, sha)
);

CREATE TABLE IF NOT EXISTS inbox (
	ws TEXT COLLATE "C" NOT NULL, 
	actor TEXT COLLATE "C" NOT NULL, 
	upto BIGINT NOT NULL, 
	open TEXT NOT NULL, 
	PRIMARY KEY (ws, actor)
);

CREATE TABLE IF NOT EXISTS invitation (
	id TEXT COLLATE "C" NOT NULL, 
	ws TEXT COLLATE "C" NOT NULL, 
	role TEXT NOT NULL, 
	secret_hash TEXT NOT NULL, 
	uses BIGINT NOT NULL, 
	used BIGINT NOT NULL, 
	expires FLOAT NOT NULL, 
	revoked BOOLEAN NOT NULL, 
	by_actor TEXT NOT NULL, 
	created_at TEXT COLLATE "C" NOT NULL, 
	PRIMARY KEY (id)
);

CREATE INDEX IF NOT EXISTS invitation_by_ws ON invitation (ws);

CREATE TABLE IF NOT EXISTS journal (
	ws TEXT COLLATE "C" NOT NULL, 
	jid BIGINT NOT NULL, 
	doc TEXT NOT NULL, 
	lane TEXT NOT NULL, 
	actor TEXT NOT NULL, 
	content BYTEA NOT NULL, 
	PRIMARY KEY (ws, jid)
);

CREATE TABLE IF NOT EXISTS lane (
	ws TEXT COLLATE "C" NOT NULL, 
	lane TEXT COLLATE "C" NOT NULL, 
	actor TEXT NOT NULL, 
	secret_hash TEXT NOT NULL, 
	created_at TEXT NOT NULL, 
	PRIMARY KEY (ws, lane)
);

CREATE TABLE IF NOT EXISTS log (
	ws TEXT COLLATE "C" NOT NULL, 
	seq BIGINT NOT NULL, 
	epoch BIGINT NOT NULL, 
	kind TEXT NOT NULL, 
	at TEXT NOT NULL, 
	actor TEXT NOT NULL, 
	body TEXT NOT NULL, 
	prev TEXT NOT NULL, 
	hash TEXT NOT NULL, 
	PRIMARY KEY (ws, seq)
);

CREATE TABLE IF NOT EXISTS login (
	issuer TEXT COLLATE "C" NOT NULL, 
	subject TEXT COLLATE "C" NOT NULL, 
	person TEXT COLLATE "C" NOT NULL, 
	mail TEXT NOT NULL, 
	created_at TEXT NOT NULL, 
	PRIMARY KEY (issuer, subject)
);

CREATE INDEX IF NOT EXISTS login_by_person ON login (person);

CREATE TABLE IF NOT EXISTS member (
	ws TEXT COLLATE "C" NOT NULL, 
	actor TEXT COLLATE "C" NOT NULL, 
	person TEXT COLLATE "C" NOT NULL, 
	role TEXT NOT NULL, 
	gone BOOLEAN NOT NULL, 
	changes BIGINT NOT NULL, 
	created_at TEXT NOT NULL, 
	PRIMARY KEY (ws, actor)
);

CREATE INDEX IF NOT EXISTS member_by_person ON member (person);

CREATE TABLE IF NOT EXISTS person (
	id TEXT COLLATE "C" NOT NULL, 
	name TEXT NOT NULL, 
	colour TEXT NOT NULL, 
	created_at TEXT NOT NULL, 
	PRIMARY KEY (id)
);

CREATE TABLE IF NOT EXISTS schema_version (
	version BIGINT NOT NULL, 
	PRIMARY KEY (version)
);

CREATE TABLE IF NOT EXISTS segment (
	ws TEXT COLLATE "C" NOT NULL, 
	last BIGINT NOT NULL, 
	first BIGINT NOT NULL, 
	root TEXT NOT NULL, 
	content BYTEA NOT NULL, 
	PRIMARY KEY (ws, last)
);

CREATE TABLE IF NOT EXISTS snapshot (
	ws TEXT COLLATE "C" NOT NULL, 
	doc TEXT COLLATE "C" NOT NULL, 
	jid BIGINT NOT NULL, 
	state BYTEA NOT NULL, 
	digest TEXT NOT NULL, 
	PRIMARY KEY (ws, doc, jid)
);

CREATE TABLE IF NOT EXISTS switch (
	ws TEXT COLLATE "C" NOT NULL, 
	is_on BOOLEAN NOT NULL, 
	actor TEXT NOT NULL, 
	at TEXT NOT NULL, 
	reason TEXT NOT NULL, 
	PRIMARY KEY (ws)
);

CREATE TABLE IF NOT EXISTS tally (
	ws TEXT COLLATE "C" NOT NULL, 
	name TEXT NOT NULL, 
	at TEXT NOT NULL, 
	seq BIGINT NOT NULL, 
	jid BIGINT NOT NULL, 
	log_bytes BIGINT NOT NULL, 
	journal_bytes BIGINT NOT NULL, 
	snapshot_bytes BIGINT NOT NULL, 
	facts TEXT NOT NULL, 
	PRIMARY KEY (ws)
);

CREATE TABLE IF NOT EXISTS token (
	id TEXT COLLATE "C" NOT NULL, 
	ws TEXT COLLATE "C", 
	actor TEXT NOT NULL, 
	role TEXT NOT NULL, 
	secret_hash TEXT NOT NULL, 
	expires FLOAT, 
	revoked BOOLEAN NOT NULL, 
	created_at TEXT COLLATE "C" NOT NULL, 
	person TEXT COLLATE "C", 
	scope TEXT NOT NULL, 
	label TEXT NOT NULL, 
	used_at TEXT NOT NULL, 
	used_from TEXT NOT NULL, 
	PRIMARY KEY (id)
);

CREATE INDEX IF NOT EXISTS token_by_person ON token (person);

CREATE INDEX IF NOT EXISTS token_by_time ON token (created_at, id);

CREATE INDEX IF NOT EXISTS token_by_ws ON token (ws);

CREATE TABLE IF NOT EXISTS workspace (
	id TEXT COLLATE "C" NOT NULL, 
	name TEXT NOT NULL, 
	created_at TEXT NOT NULL, 
	epoch BIGINT NOT NULL, 
	is_busy BOOLEAN NOT NULL, 
	format BIGINT NOT NULL, 
	PRIMARY KEY (id)
);

INSERT INTO schema_version (version) VALUES (7);
