"""Shapley values, interactions and interaction trees, exact from a sentence's coalition table."""
