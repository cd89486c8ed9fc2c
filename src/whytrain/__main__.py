"""python -m whytrain: the command `whytrain`."""

from whytrain.commands.__main__ import main

if __name__ == "__main__":
    main()
