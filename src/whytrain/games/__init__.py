"""Sentences and models as cooperative games: players, absence, payoff, and the table of all coalitions."""
