"""Answer texts with their reasons over HTTP: python serve.py run=ID [port=8000] [workers=2]."""

from whytrain.commands.serve import main

if __name__ == "__main__":
    main()
