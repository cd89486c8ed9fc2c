"""Compare tracked runs: python compare.py runs=[A,B,…] (or experiment=NAME) [key=value …]."""

from whytrain.commands.compare import main

if __name__ == "__main__":
    main()
