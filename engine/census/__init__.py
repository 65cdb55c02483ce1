"""Who is there: what answers on the networks, who it is, and how that compares with who should be there."""
