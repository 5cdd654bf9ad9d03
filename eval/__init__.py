"""Evaluation: features in, the field's numbers out. Scoring needs NumPy only; see `python -m eval --help`."""
