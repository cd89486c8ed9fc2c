"""How far an explanation can be believed: scores, each a file, of the methods that explain one model."""
