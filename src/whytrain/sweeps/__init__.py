"""Sweeps: which job is which, how a search gives a trial up, and what came out of all jobs."""
