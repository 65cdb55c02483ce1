"""The sheet: what a technician wants, one row per camera; read from CSV, XLSX or YAML, every mistake told at once."""
