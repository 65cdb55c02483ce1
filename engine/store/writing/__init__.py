"""How transactions are written: the connection, and one transaction as a whole."""
