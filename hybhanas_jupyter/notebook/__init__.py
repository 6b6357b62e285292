"""The face in the notebook."""
