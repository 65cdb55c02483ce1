"""What a virtual camera looks at: a street drawn by our own code, coded as H.264."""
