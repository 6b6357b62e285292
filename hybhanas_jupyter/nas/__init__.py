"""How architectures are found."""
