"""The grammar of rules: what may be written, what its words mean, which facts there are."""
