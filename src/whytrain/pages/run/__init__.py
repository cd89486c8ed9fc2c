"""The page of a run: what came of it, how sure that is, what it leans on, what to do next."""
