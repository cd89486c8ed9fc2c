"""Train, explain and track one run: python train.py model=bilstm_opt [group=choice …] [key=value …]."""

from whytrain.commands.train import main

if __name__ == "__main__":
    main()
