"""SOAP over our own HTTP: connection, login, signature, clock, faults."""
