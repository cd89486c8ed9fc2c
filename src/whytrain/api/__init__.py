"""The Python door: what `import whytrain as wt` gives, over everything below and without Hydra's globals."""
