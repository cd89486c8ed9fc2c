"""The addresses of the app, a file per view."""
