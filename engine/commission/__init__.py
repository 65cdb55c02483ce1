"""Commissioning: making cameras what their site wants, proving it, and being able to take it back."""
