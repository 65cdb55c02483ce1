"""ONVIF events: the pull point, what a pull brings, and what one notification says."""
