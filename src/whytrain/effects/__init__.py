"""What a change of the training did: measures of runs before and after, differences, promises kept or not."""
