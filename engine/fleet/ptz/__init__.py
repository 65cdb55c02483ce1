"""Where a PTZ unit was sent, and its way back home."""
