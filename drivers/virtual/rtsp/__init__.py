"""The virtual camera's RTSP server."""
