"""The virtual camera's ONVIF services, events and discovery."""
