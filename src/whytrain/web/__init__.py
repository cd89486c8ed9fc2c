"""What the app and the server of answers share: where they listen, and how much they read."""
