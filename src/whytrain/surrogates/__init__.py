"""Small readable students of a network: their features, rules, and how far they can be trusted."""
