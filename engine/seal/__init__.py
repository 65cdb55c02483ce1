"""What vouches for a site's past: the hash chain, the keys, what they sign, and heads kept elsewhere."""
