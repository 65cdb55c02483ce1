-- Which rules were judged by, from which event on; so that a replay judges each stretch by its own.

CREATE TABLE ruleset (
    digest TEXT PRIMARY KEY,
    body   BLOB NOT NULL                    -- see engine/rulebook.py
);

CREATE TABLE adoption (
    seq    INTEGER PRIMARY KEY,             -- of the event `engine.rules`
    digest TEXT NOT NULL                    -- its rule set
);
