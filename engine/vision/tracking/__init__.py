"""Objects over time: one object, one track."""
