"""Acceptance checks: what is looked at of a camera before it counts as commissioned."""
