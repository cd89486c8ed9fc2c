"""Score the explanations of a tracked run's model: python score.py run=ID [key=value …]."""

from whytrain.commands.score import main

if __name__ == "__main__":
    main()
