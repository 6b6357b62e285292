"""The fast quantum layer: a state-vector simulator in numba, many samples side by side in vector registers."""
