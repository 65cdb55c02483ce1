"""Who is registered, what they are granted, and what lets them in: in memory, and durable."""
