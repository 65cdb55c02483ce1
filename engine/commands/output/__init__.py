"""How commands speak: terminal, language, reports, lists."""
