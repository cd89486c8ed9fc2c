"""Tracked runs side by side: which is better, in what, and whether it is real."""
