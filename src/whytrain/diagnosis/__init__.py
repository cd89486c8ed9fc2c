"""What a run's own evidence says is wrong with it, and what to change about it."""
