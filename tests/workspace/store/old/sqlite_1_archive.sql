BEGIN TRANSACTION;
CREATE TABLE archive (
	ws VARCHAR NOT NULL, 
	sha VARCHAR NOT NULL, 
	content BLOB NOT NULL, 
	PRIMARY KEY (ws, sha)
);
INSERT INTO "archive" VALUES('w','sha256:00',X'00FF');
CREATE TABLE journal (
	ws VARCHAR NOT NULL, 
	jid INTEGER NOT NULL, 
	doc VARCHAR NOT NULL, 
	lane VARCHAR NOT NULL, 
	actor VARCHAR NOT NULL, 
	content BLOB NOT NULL, 
	PRIMARY KEY (ws, jid)
);
CREATE TABLE lane (
	ws VARCHAR NOT NULL, 
	lane VARCHAR NOT NULL, 
	actor VARCHAR NOT NULL, 
	secret_hash VARCHAR NOT NULL, 
	created_at VARCHAR NOT NULL, 
	PRIMARY KEY (ws, lane)
);
INSERT INTO "lane" VALUES('w','L1','ana','hash','now');
CREATE TABLE log (
	ws VARCHAR NOT NULL, 
	seq INTEGER NOT NULL, 
	epoch INTEGER NOT NULL, 
	kind VARCHAR NOT NULL, 
	at VARCHAR NOT NULL, 
	actor VARCHAR NOT NULL, 
	body VARCHAR NOT NULL, 
	prev VARCHAR NOT NULL, 
	hash VARCHAR NOT NULL, 
	PRIMARY KEY (ws, seq)
);
INSERT INTO "log" VALUES('w',1,1,'config','2026-11-23T10:00:01.000Z','ana','{"documents":{"plan":"text"},"members":{"ana":"owner"},"name":"w1"}','','sha256:12ce9547f6330096a8d07c19d479e56daa111c683e9f92f93962beaa6cac658a');
INSERT INTO "log" VALUES('w',2,1,'config','2026-11-23T10:00:02.000Z','ana','{"name":"w2"}','sha256:12ce9547f6330096a8d07c19d479e56daa111c683e9f92f93962beaa6cac658a','sha256:effced9595bd7dddfeb64009263945f997b8ce4d545c08f2be0cc13aee6a068a');
INSERT INTO "log" VALUES('w',3,1,'config','2026-11-23T10:00:03.000Z','ana','{"name":"w3"}','sha256:effced9595bd7dddfeb64009263945f997b8ce4d545c08f2be0cc13aee6a068a','sha256:275ae9fbc9720fb08eae9b2c2ad8a0caf09d8e83f9cb46e64a46a68bec86073f');
INSERT INTO "log" VALUES('w',4,1,'config','2026-11-23T10:00:04.000Z','ana','{"name":"w4"}','sha256:275ae9fbc9720fb08eae9b2c2ad8a0caf09d8e83f9cb46e64a46a68bec86073f','sha256:60efab4926afeaada32eb4f48a9d6e5aa400f49a278b781dc72b8460b322b4a6');
INSERT INTO "log" VALUES('w',5,1,'config','2026-11-23T10:00:05.000Z','ana','{"name":"w5"}','sha256:60efab4926afeaada32eb4f48a9d6e5aa400f49a278b781dc72b8460b322b4a6','sha256:1104bf3c1d16a52830e0af1a8dcf8e11b9bdb042c37abc48f46b175c71692612');
CREATE TABLE schema_version (
	version INTEGER NOT NULL, 
	PRIMARY KEY (version)
);
INSERT INTO "schema_version" VALUES(1);
CREATE TABLE snapshot (
	ws VARCHAR NOT NULL, 
	doc VARCHAR NOT NULL, 
	jid INTEGER NOT NULL, 
	state BLOB NOT NULL, 
	digest VARCHAR NOT NULL, 
	PRIMARY KEY (ws, doc, jid)
);
INSERT INTO "snapshot" VALUES('w','plan',0,X'0000','d');
CREATE TABLE token (
	id VARCHAR NOT NULL, 
	ws VARCHAR, 
	actor VARCHAR NOT NULL, 
	role VARCHAR NOT NULL, 
	secret_hash VARCHAR NOT NULL, 
	expires FLOAT, 
	revoked BOOLEAN NOT NULL, 
	created_at VARCHAR NOT NULL, 
	PRIMARY KEY (id)
);
INSERT INTO "token" VALUES('0123456789ab','w','ana','owner','sha256:b235d9133396f6aa4f6e6a6d6c6cc16bb8cd806f484918177f1d8027afd44687',NULL,0,'a');
INSERT INTO "token" VALUES('t2','w','ben','editor','h',5.5,1,'b');
CREATE TABLE workspace (
	id VARCHAR NOT NULL, 
	name VARCHAR NOT NULL, 
	created_at VARCHAR NOT NULL, 
	epoch INTEGER NOT NULL, 
	PRIMARY KEY (id)
);
INSERT INTO "workspace" VALUES('w','Zoë ✓ 😀','2026-11-23T10:00:00.000Z',1);
INSERT INTO "workspace" VALUES('empty','Empty','2026-11-23T10:00:01.000Z',0);
CREATE INDEX journal_by_doc ON journal (ws, doc, jid);
CREATE INDEX ix_token_ws ON token (ws);
COMMIT;
