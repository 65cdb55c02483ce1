"""The demo: virtual cameras, a configuration written for them, and the real engine on top."""
