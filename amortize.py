"""Teach a network to predict a tracked run's Shapley values: whytrain amortize run=ID."""

from whytrain.commands.amortize import main

if __name__ == "__main__":
    main()
