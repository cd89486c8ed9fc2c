"""An explained text for people: the page, the folder that holds it, the terminal, the notebook."""
