"""Scores of predictions: each metric once, for the run, its intervals and the comparison."""
