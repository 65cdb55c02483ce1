"""What can still be read of a damaged database: table by table, page by page, from its write-ahead log."""
