"""The commands, and all that knows Hydra beside the plugins."""
