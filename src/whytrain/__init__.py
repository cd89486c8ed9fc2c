"""Train text classifiers that explain themselves; track, diagnose and compare the runs.

>>> import whytrain as wt
>>> run = wt.fit(texts, labels, model="bilstm_opt")  # doctest: +SKIP
>>> run.predict(["a fine film"])  # doctest: +SKIP
"""

from typing import TYPE_CHECKING

from whytrain.lazy import lazy_imports

if TYPE_CHECKING:
    from whytrain.api import Run, fit, open_run, train
else:
    __getattr__ = lazy_imports(__name__)

__all__ = ["Run", "fit", "open_run", "train"]
