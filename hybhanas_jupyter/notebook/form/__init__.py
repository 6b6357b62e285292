"""The form of a search."""
