"""Trained weights that the package carries, each with its model card (README.md beside them)."""
