"""What analyses answered, as a page with tables and figures."""
