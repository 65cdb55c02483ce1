"""The cameras of a site: their devices, streams, states and pictures."""
