"""The commands, and all that knows Hydra beside the plugins."""

import time

BEGAN = time.perf_counter()  # of a process that is a command: libraries are imported after this
