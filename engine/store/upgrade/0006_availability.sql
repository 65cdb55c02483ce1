-- How each camera was, as runs: one row per change, the last of a camera open while it is so. See engine/availability.py.

CREATE TABLE availability (
    id     INTEGER PRIMARY KEY,             -- in the order in which runs began
    camera TEXT NOT NULL,
    state  TEXT NOT NULL,
    since  INTEGER NOT NULL,                -- microseconds since 1970, UTC
    until  INTEGER,                         -- NULL: it is so still, or was when the engine was last alive (meta: alive)
    reason TEXT NOT NULL,
    engine REAL NOT NULL                    -- engine time when it was written last: what retention trusts
);
