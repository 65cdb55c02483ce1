"""From words and pictures to cells of a terminal. Pure."""
