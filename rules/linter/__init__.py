"""What is no mistake of the grammar and yet cannot be meant: warnings at the character."""
