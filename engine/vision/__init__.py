"""From coded packets to tracked objects: decode, motion, objects, tracks."""
