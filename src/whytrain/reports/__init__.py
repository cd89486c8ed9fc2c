"""HTML from results and figures."""
