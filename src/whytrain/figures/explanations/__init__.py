"""Figures of explained sentences and words."""
