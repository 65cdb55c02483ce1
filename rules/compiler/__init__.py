"""From the grammar to rules with an index: names are looked up, patterns become matchers."""
