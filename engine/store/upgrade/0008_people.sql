-- People and what they may: small tables, read whole at a start. See engine/identity/. Their columns differ in number
-- or type from each other's and from those of SQLite's own schema, so that rows can be told apart on the pages of a
-- damaged database (engine/store/rescue/carve.py).

CREATE TABLE person (
    id       TEXT PRIMARY KEY,              -- the name by which they log in; never given again
    name     TEXT NOT NULL,
    local    TEXT NOT NULL,                 -- JSON: users of this machine who are this person
    by       TEXT NOT NULL,                 -- who added them
    made     INTEGER NOT NULL,              -- microseconds since 1970, UTC, as all times here
    password TEXT,                          -- Argon2id in PHC form; NULL: there is none
    set_at   INTEGER,                       -- when the password was set
    disabled INTEGER,                       -- since when; NULL: they are not
    removed  INTEGER                        -- likewise; the row stays, what they did names them
);

CREATE TABLE role_grant (
    id     TEXT PRIMARY KEY,
    person TEXT NOT NULL,
    role   TEXT NOT NULL,
    place  TEXT NOT NULL,                   -- site, group:NAME, camera:ID
    by     TEXT NOT NULL,
    why    TEXT NOT NULL,
    since  INTEGER,
    until  INTEGER,
    hours  TEXT,                            -- JSON: hours of which days
    engine REAL                             -- engine time by which it is over, too; NULL: it does not end by itself
);

CREATE TABLE token (
    id      TEXT PRIMARY KEY,
    secret  BLOB NOT NULL,                  -- SHA-256 of the secret; the secret itself is kept nowhere
    person  TEXT NOT NULL,
    purpose TEXT NOT NULL,
    made    INTEGER NOT NULL,
    until   INTEGER NOT NULL,
    engine  REAL NOT NULL,                  -- engine time when it was made: its age does not hang on the wall clock alone
    by      TEXT NOT NULL,
    role    TEXT,                           -- no more than that role may; NULL: all that the person may
    place   TEXT,                           -- likewise
    used    INTEGER
);

CREATE TABLE session (
    id      TEXT PRIMARY KEY,
    secret  BLOB NOT NULL,
    person  TEXT NOT NULL,
    address TEXT NOT NULL,
    made    INTEGER NOT NULL,
    engine  REAL NOT NULL,
    used    INTEGER NOT NULL,
    used_at REAL NOT NULL                   -- engine time of its last use
);

CREATE TABLE one_time (
    id      TEXT PRIMARY KEY,
    secret  BLOB NOT NULL,
    purpose TEXT NOT NULL,                  -- first, setup, reset
    made    INTEGER NOT NULL,
    engine  REAL NOT NULL,
    person  TEXT                            -- NULL: of who is not yet registered
);

CREATE TABLE login_try (
    subject TEXT PRIMARY KEY,               -- user:NAME, address:ADDRESS, ...
    tries   TEXT NOT NULL,                  -- JSON: engine times of those that count
    engine  REAL NOT NULL                   -- of the last one
);
