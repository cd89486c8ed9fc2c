"""What a run holds: per record one file with its schema, writer and reader."""
