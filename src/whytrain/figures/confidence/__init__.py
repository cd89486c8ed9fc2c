"""Figures of how far confidence can be trusted."""
