-- Who takes care of a decision: the first person who said so.

CREATE TABLE acknowledgement (
    decision TEXT PRIMARY KEY,               -- the id of the firing decision
    at       INTEGER NOT NULL,               -- microseconds since 1970, UTC
    person   TEXT NOT NULL,
    note     TEXT NOT NULL
);
