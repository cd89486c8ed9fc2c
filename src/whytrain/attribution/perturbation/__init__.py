"""Methods that take words out of a text, or exchange them, and see what the model says then."""
