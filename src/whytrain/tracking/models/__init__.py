"""Models in the store: packaged with the code that reads them, logged, registered, and found again."""
