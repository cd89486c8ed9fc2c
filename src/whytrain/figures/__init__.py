"""Figures: a result in, a Figure out; one file each, a folder per topic."""
