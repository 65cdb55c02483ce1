"""``matthan camera aim``, ``reference``, ``zones``: for whoever stands on the ladder. Each loads its part when run."""
