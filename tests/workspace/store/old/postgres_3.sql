CREATE TABLE schema_version (version bigint PRIMARY KEY);

CREATE TABLE workspace (
    id text COLLATE "C" PRIMARY KEY,
    name text NOT NULL,
    created_at text NOT NULL,
    epoch bigint NOT NULL,
    is_busy boolean NOT NULL
);

CREATE TABLE log (
    ws text COLLATE "C",
    seq bigint,
    epoch bigint NOT NULL,
    kind text NOT NULL,
    at text NOT NULL,
    actor text NOT NULL,
    body text NOT NULL,
    prev text NOT NULL,
    hash text NOT NULL,
    PRIMARY KEY (ws, seq)
);

CREATE TABLE segment (
    ws text COLLATE "C",
    last bigint,
    first bigint NOT NULL,
    root text NOT NULL,
    content bytea NOT NULL,
    PRIMARY KEY (ws, last)
);

CREATE TABLE journal (
    ws text COLLATE "C",
    jid bigint,
    doc text NOT NULL,
    lane text NOT NULL,
    actor text NOT NULL,
    content bytea NOT NULL,
    PRIMARY KEY (ws, jid)
);

CREATE TABLE snapshot (
    ws text COLLATE "C",
    doc text COLLATE "C",
    jid bigint,
    state bytea NOT NULL,
    digest text NOT NULL,
    PRIMARY KEY (ws, doc, jid)
);

CREATE TABLE archive (
    ws text COLLATE "C",
    sha text COLLATE "C",
    content bytea NOT NULL,
    PRIMARY KEY (ws, sha)
);

CREATE TABLE lane (
    ws text COLLATE "C",
    lane text COLLATE "C",
    actor text NOT NULL,
    secret_hash text NOT NULL,
    created_at text NOT NULL,
    PRIMARY KEY (ws, lane)
);

CREATE TABLE inbox (
    ws text COLLATE "C",
    actor text COLLATE "C",
    upto bigint NOT NULL,
    open text NOT NULL,
    PRIMARY KEY (ws, actor)
);

CREATE TABLE token (
    id text COLLATE "C" PRIMARY KEY,
    ws text COLLATE "C",
    actor text NOT NULL,
    role text NOT NULL,
    secret_hash text NOT NULL,
    expires double precision,
    revoked boolean NOT NULL,
    created_at text COLLATE "C" NOT NULL
);

CREATE INDEX token_by_ws ON token (ws);
INSERT INTO schema_version (version) VALUES (3);
