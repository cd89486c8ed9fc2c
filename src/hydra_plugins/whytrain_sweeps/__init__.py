"""Hydra plugins: sweeps that are tracked as one run with children, and where their jobs run."""
