"""What the site writes of itself: reference pages, the gallery, the output of the tutorials' commands."""
