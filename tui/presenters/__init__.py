"""How what is known reads: values of the API as words, symbols, rows and lines, in the language chosen. Pure."""
