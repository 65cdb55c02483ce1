"""What may happen: one module for each kind of event with all that is known of it; `table` lists them."""
