"""Whether the picture itself can be relied upon: covered, sprayed, turned, frozen and more. Pure."""
