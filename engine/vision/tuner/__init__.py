"""What motion detection should be set to at one camera: a film of it, tried with several tunings, judged. Pure."""
