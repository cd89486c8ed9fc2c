"""Baselines: simple models that a network has to beat."""
