-- Identity: to which alert a decision belongs, what a row of the outbox is about, and a hash chain over the log.

-- The firing that a decision belongs to: a copy of what its body says, to find all decisions of an alert by.
-- Those of before: what follows a firing has an id that is made of it; an escalation knows its firing by itself.
ALTER TABLE decision ADD COLUMN alert TEXT;
UPDATE decision SET alert = id WHERE CASE WHEN json_valid(body) THEN json_extract(body, '$.phase') END = 'firing';
UPDATE decision SET alert = fired FROM (
    SELECT id AS fired, decision_id(
        json_extract(body, '$.rule'), json_extract(body, '$.key'), phase,
        cause || coalesce('>' || nullif(json_extract(body, '$.via'), ''), '')
    ) AS follower
    FROM (SELECT id, cause, iif(json_valid(body), body, '{}') AS body FROM decision WHERE alert = id),
        (SELECT 'resolved' AS phase UNION ALL SELECT 'escalated')
) WHERE id = follower;
UPDATE decision SET alert = decision_id(
    json_extract(body, '$.rule'), json_extract(body, '$.key'), 'firing',
    cause || coalesce('>' || nullif(json_extract(body, '$.via'), ''), '')
) WHERE alert IS NULL AND CASE WHEN json_valid(body) THEN json_extract(body, '$.phase') END = 'escalated';
UPDATE decision SET body = substr(body, 1, length(body) - 1) || ',"alert":"' || alert || '"}'
    WHERE alert <> id AND json_valid(body) AND body LIKE '{%}';
CREATE INDEX decision_alert ON decision (alert);

-- What is to be sent, and which one: today decisions alone.
ALTER TABLE outbox RENAME COLUMN decision TO subject;
ALTER TABLE outbox ADD COLUMN kind TEXT NOT NULL DEFAULT 'decision';
UPDATE outbox SET kind = 'decision';         -- so that every row on the disk has all of its columns
ALTER TABLE dead_letter RENAME COLUMN decision TO subject;
ALTER TABLE dead_letter ADD COLUMN kind TEXT NOT NULL DEFAULT 'decision';
UPDATE dead_letter SET kind = 'decision';

-- A hash chain over the entries of the log from now on (engine/store/hashchain/chain.py). It stands beside them: an
-- entry may go, its link stays as long as an older event does.
CREATE TABLE link (
    seq      INTEGER PRIMARY KEY,            -- of the entry
    digest   BLOB NOT NULL,                  -- SHA-256 of its row as stored
    previous BLOB NOT NULL                   -- SHA-256 of the link before: of its `previous` and `digest`
);
INSERT INTO meta (key, value)                -- where the chain begins, and where it ends by now; without: before all
    SELECT name, json_object('seq', last, 'value', lower(hex(zeroblob(32))))
    FROM (SELECT 'chain_from' AS name UNION ALL SELECT 'chain'), (SELECT max(
        coalesce((SELECT CAST(value AS INTEGER) FROM meta WHERE key = 'last_seq'), 0),
        coalesce((SELECT max(seq) FROM event), 0)
    ) AS last)
    WHERE last > 0;
