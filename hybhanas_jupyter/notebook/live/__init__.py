"""The running search."""
