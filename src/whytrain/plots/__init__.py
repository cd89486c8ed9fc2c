"""Figures: one per file, a result in, a matplotlib Figure out; no pyplot, no global state."""
