"""What training minimizes: cross-entropy and the terms that can be switched on beside it."""
