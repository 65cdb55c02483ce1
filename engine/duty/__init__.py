"""What people on duty do: alerts that need somebody, acknowledgements, acts."""
