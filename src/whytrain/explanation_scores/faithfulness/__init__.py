"""Do the words that an explanation names decide? They are taken away, or left alone."""
