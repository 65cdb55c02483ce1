-- One site's history and promises. `user_version` holds the number of the last file applied.

CREATE TABLE event (
    seq         INTEGER PRIMARY KEY,        -- counts within the site, given by the judge
    id          TEXT NOT NULL UNIQUE,       -- UUIDv7
    camera      TEXT,
    received_at INTEGER NOT NULL,           -- microseconds since 1970, UTC
    engine      REAL NOT NULL,              -- engine time of its commit: what retention trusts
    body        TEXT NOT NULL               -- JSON, see engine/store/codec.py
);
CREATE INDEX event_camera ON event (camera, seq);

CREATE TABLE decision (
    n      INTEGER PRIMARY KEY AUTOINCREMENT, -- order of commit
    id     TEXT NOT NULL UNIQUE,              -- hash of (rule, key, phase, cause)
    camera TEXT,
    cause  TEXT NOT NULL,
    at     INTEGER NOT NULL,
    engine REAL NOT NULL,
    body   TEXT NOT NULL
);
CREATE INDEX decision_camera ON decision (camera, n);

CREATE TABLE memory (
    rule       TEXT NOT NULL,
    key        TEXT NOT NULL,
    state      TEXT NOT NULL,
    since      REAL NOT NULL,
    since_wall TEXT NOT NULL,
    due        REAL,
    cause      TEXT NOT NULL,
    subject    TEXT NOT NULL,
    reason     TEXT NOT NULL,               -- JSON: [code, values]
    PRIMARY KEY (rule, key)
);

CREATE TABLE outbox (
    id       INTEGER PRIMARY KEY AUTOINCREMENT,
    decision TEXT NOT NULL,
    nth      INTEGER NOT NULL,               -- place among the decision's actions
    action   TEXT NOT NULL,
    params   TEXT NOT NULL,
    lane     TEXT NOT NULL,                  -- rows of one lane are tried in order
    state    TEXT NOT NULL DEFAULT 'due' CHECK (state IN ('due', 'done', 'dead')),
    attempts INTEGER NOT NULL DEFAULT 0,
    created  REAL NOT NULL,                  -- engine time, as next_at
    next_at  REAL NOT NULL DEFAULT 0,
    detail   TEXT NOT NULL DEFAULT '',
    UNIQUE (decision, nth)                   -- the idempotency key: <decision>/<nth>
);
CREATE INDEX outbox_due ON outbox (lane, id) WHERE state = 'due';
CREATE INDEX outbox_dead ON outbox (id) WHERE state = 'dead';

CREATE TABLE meta (
    key   TEXT PRIMARY KEY,
    value TEXT NOT NULL                      -- JSON
);
