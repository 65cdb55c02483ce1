-- One log: events and decisions share one `seq` without holes; acknowledgements and deletions are events of it.
-- Decisions of before are appended in their order, so that whoever follows the log sees them too.

ALTER TABLE decision ADD COLUMN seq INTEGER;
UPDATE decision SET seq = place + max(
    coalesce((SELECT CAST(value AS INTEGER) FROM meta WHERE key = 'last_seq'), 0),
    coalesce((SELECT max(seq) FROM event), 0)
) FROM (SELECT n AS nth, row_number() OVER (ORDER BY n) AS place FROM decision) WHERE n = nth;
INSERT OR REPLACE INTO meta (key, value)
    SELECT 'last_seq', CAST(last AS TEXT) FROM (SELECT max(seq) AS last FROM decision) WHERE last IS NOT NULL;
CREATE UNIQUE INDEX decision_seq ON decision (seq);

CREATE VIEW log (seq, kind, id, camera, at, engine, body) AS
    SELECT seq, 'event', id, camera, received_at, engine, body FROM event
    UNION ALL
    SELECT seq, 'decision', id, camera, at, engine, body FROM decision WHERE seq IS NOT NULL;

-- The outbox holds only what is to be done.
ALTER TABLE outbox RENAME TO outbox_before;
DROP INDEX outbox_due;
DROP INDEX outbox_dead;
CREATE TABLE outbox (
    id       INTEGER PRIMARY KEY AUTOINCREMENT,
    decision TEXT NOT NULL,
    nth      INTEGER NOT NULL,               -- place among the decision's actions
    action   TEXT NOT NULL,
    params   TEXT NOT NULL,
    lane     TEXT NOT NULL,                  -- rows of one lane are tried in order
    rank     INTEGER NOT NULL,               -- of the decision's severity: 0 critical, 1 warning, 2 info
    attempts INTEGER NOT NULL DEFAULT 0,
    created  REAL NOT NULL,                  -- engine time, as next_at
    next_at  REAL NOT NULL DEFAULT 0,
    detail   TEXT NOT NULL DEFAULT '',
    UNIQUE (decision, nth)                   -- the idempotency key: <decision>/<nth>
);
CREATE TABLE dead_letter (
    id       INTEGER PRIMARY KEY,            -- as in the outbox
    decision TEXT NOT NULL,
    nth      INTEGER NOT NULL,
    action   TEXT NOT NULL,
    params   TEXT NOT NULL,
    lane     TEXT NOT NULL,
    rank     INTEGER NOT NULL,
    detail   TEXT NOT NULL,                  -- why it was given up
    attempts INTEGER NOT NULL,
    created  REAL NOT NULL,
    died     REAL NOT NULL,                  -- engine time
    UNIQUE (decision, nth)
);
INSERT INTO outbox (id, decision, nth, action, params, lane, rank, attempts, created, next_at, detail)
    SELECT o.id, o.decision, nth, action, params, lane,
        CASE json_extract(d.body, '$.severity') WHEN 'critical' THEN 0 WHEN 'info' THEN 2 ELSE 1 END,
        attempts, created, next_at, detail
    FROM outbox_before AS o LEFT JOIN decision AS d ON d.id = o.decision AND json_valid(d.body)
    WHERE state = 'due';
INSERT INTO dead_letter (id, decision, nth, action, params, lane, rank, detail, attempts, created, died)
    SELECT o.id, o.decision, nth, action, params, lane,
        CASE json_extract(d.body, '$.severity') WHEN 'critical' THEN 0 WHEN 'info' THEN 2 ELSE 1 END,
        detail, attempts, created, created
    FROM outbox_before AS o LEFT JOIN decision AS d ON d.id = o.decision AND json_valid(d.body)
    WHERE state = 'dead';
DELETE FROM sqlite_sequence WHERE name = 'outbox';
INSERT INTO sqlite_sequence (name, seq) SELECT 'outbox', seq FROM sqlite_sequence WHERE name = 'outbox_before';
DROP TABLE outbox_before;
-- Rows that failed often let the others of their lane pass (engine.store.model.YIELDS): each kind is found without
-- looking at the rest, however much is waiting.
CREATE INDEX outbox_lane ON outbox (lane);
CREATE INDEX outbox_fresh ON outbox (lane, id) WHERE attempts < 3;
CREATE INDEX outbox_yielding ON outbox (lane, next_at) WHERE attempts >= 3;
CREATE INDEX outbox_rank ON outbox (rank DESC, id);

-- What was deleted and is not yet an event of the log.
CREATE TABLE deletion (
    what  TEXT NOT NULL,                     -- events, decisions, promises, letters, pictures
    why   TEXT NOT NULL,                     -- age, room, damage
    rows  INTEGER NOT NULL,
    first INTEGER,                           -- their smallest and greatest seq, where they have one
    last  INTEGER,
    since INTEGER,                           -- microseconds since 1970, UTC
    until INTEGER,
    PRIMARY KEY (what, why)
);
