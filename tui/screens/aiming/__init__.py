"""Aiming a camera: its focus, what was marked on its picture, a walk through a zone, zones and lines that are drawn."""
