-- Who did what: entries of the log that no rule sees, numbered and chained by themselves as well, so that they outlive
-- the links of events that went with their age. What is told of a deed (`body`) may go, its digest (`payload`) stays.

CREATE TABLE audit (
    seq      INTEGER PRIMARY KEY,            -- of the log
    id       TEXT NOT NULL UNIQUE,           -- UUIDv7
    nth      INTEGER NOT NULL UNIQUE,        -- 1, 2, 3 ... without holes
    deed     TEXT NOT NULL,
    at       INTEGER NOT NULL,               -- microseconds since 1970, UTC
    engine   REAL NOT NULL,                  -- engine time of its commit: what retention trusts
    camera   TEXT,
    payload  TEXT NOT NULL,                  -- SHA-256 of `body`, hexadecimal
    previous TEXT NOT NULL,                  -- SHA-256 of the row before, as it is chained (engine/store/hashchain/audited.py)
    body     TEXT                            -- JSON; NULL: too old
);
CREATE INDEX audit_deed ON audit (deed, nth);
CREATE INDEX audit_camera ON audit (camera, nth);
CREATE INDEX audit_at ON audit (at);
CREATE INDEX audit_told ON audit (at) WHERE body IS NOT NULL;  -- what may still go with its age
CREATE INDEX audit_who ON audit (CASE WHEN json_valid(body) THEN json_extract(body, '$.who') END, nth);
CREATE INDEX audit_name ON audit (CASE WHEN json_valid(body) THEN json_extract(body, '$.name') END, nth);

DROP VIEW log;
CREATE VIEW log (seq, kind, id, camera, at, engine, body) AS
    SELECT seq, 'event', id, camera, received_at, engine, body FROM event
    UNION ALL
    SELECT seq, 'decision', id, camera, at, engine, body FROM decision WHERE seq IS NOT NULL
    UNION ALL
    SELECT seq, 'audit', id, camera, at, engine, body FROM audit;
