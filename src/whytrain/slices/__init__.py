"""Groups of sentences, and how a model scores on each."""
