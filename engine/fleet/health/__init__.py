"""How cameras do beside their connection: what is the matter with them, what was seen of them and when."""
