"""Getting into a device, and leaving it with another password, so that nobody is ever locked out."""
