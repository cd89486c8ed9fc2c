"""The closed loop: baseline, diagnosis, the runs that follow it, and what changed."""
