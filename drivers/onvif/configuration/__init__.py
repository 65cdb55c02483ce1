"""What of an ONVIF device can be read and set: one module a part, asked for when a person asks."""
