"""A commissioning on paper, as a table, and as a signed document that can be verified years later."""
