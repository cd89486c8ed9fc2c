"""Explain text with a tracked run's model: python explain.py run=ID text="…" (or file=…) [key=value …]."""

from whytrain.commands.explain import main

if __name__ == "__main__":
    main()
