"""Aiming a camera: is it sharp, well exposed, near enough, where it was, and what is drawn on its picture. Pure."""
