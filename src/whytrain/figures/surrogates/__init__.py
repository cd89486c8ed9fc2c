"""Figures of the readable models that imitate the network."""
