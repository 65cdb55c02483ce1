"""ONVIF PTZ: a unit of axes, and the spaces in which its node counts them."""
