"""Explore tracked runs in the browser: python explore.py run=ID (runs=[A,B], model=FOLDER) [key=value …]."""

from whytrain.commands.explore import main

if __name__ == "__main__":
    main()
