"""Coded video as bytes: H.264 units and parameter sets. Pure."""
