"""Intervals, paired tests and power: what a difference between two runs is worth."""
