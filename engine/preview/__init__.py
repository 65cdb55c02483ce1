"""The preview: a camera's own H.264 in a browser, over WebRTC or, where UDP does not pass, fragmented MP4."""
