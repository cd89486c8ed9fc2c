"""Shapley values, interactions and trees of tables of payoffs; pure functions that know no model."""
