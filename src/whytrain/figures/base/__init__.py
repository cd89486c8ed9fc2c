"""Style, text, tables and lines that figures share."""
