"""Train text classifiers that explain themselves; track, diagnose and compare the runs."""
