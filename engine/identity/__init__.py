"""Who may do what, where and when; who asks; and what of it is recorded."""
