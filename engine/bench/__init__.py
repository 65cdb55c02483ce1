"""Detectors side by side on this machine: their cost and their precision."""
