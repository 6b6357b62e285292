"""What a circuit is."""
