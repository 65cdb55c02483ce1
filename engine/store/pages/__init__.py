"""Page sums: one checksum for each page of the database, so that a flipped bit is noticed (docs/design/store.md)."""
