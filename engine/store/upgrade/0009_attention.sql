-- Which alerts nobody has seen: what has ended stays in the queue until a person was there. What fired before this
-- upgrade counts as seen, so that no upgrade floods a desk.

CREATE TABLE attention (
    decision TEXT PRIMARY KEY,               -- the id of the firing decision
    at       INTEGER NOT NULL,               -- microseconds since 1970, UTC
    ended    INTEGER,                        -- likewise; NULL: it still holds, or was a moment
    seen     INTEGER                         -- likewise; NULL: nobody has seen it
);
CREATE INDEX attention_unseen ON attention (at) WHERE seen IS NULL;
