"""Repeat a tracked run's diagnosis: whytrain diagnose run=ID [rules=FILE] [output=FOLDER]."""

from whytrain.commands.diagnose import main

if __name__ == "__main__":
    main()
