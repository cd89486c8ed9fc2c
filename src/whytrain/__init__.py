"""Train text classifiers that explain themselves; track, diagnose and compare the runs.

>>> import whytrain as wt
>>> run = wt.fit(texts, labels, model="bilstm_opt")  # doctest: +SKIP
>>> run.predict(["a fine film"])  # doctest: +SKIP
>>> run.explain("a fine film", explainers=["shapley", "integrated_gradients"])  # doctest: +SKIP
>>> wt.explain(wt.from_huggingface(folder), "a fine film")  # doctest: +SKIP
"""

import os
from typing import TYPE_CHECKING

from whytrain.lazy import lazy_imports

# Threads of torch spin while they wait, and so take a busy machine's cores from those that have work. OpenMP
# reads this when torch is loaded: every command, script and worker passes here first. Your own setting stays.
# A thousand turns bridge the short waits within a step, which falling asleep would lengthen.
if not {"OMP_WAIT_POLICY", "GOMP_SPINCOUNT"} & os.environ.keys():
    os.environ.update(OMP_WAIT_POLICY="passive", GOMP_SPINCOUNT="1000")

if TYPE_CHECKING:
    from whytrain.api.asking import AskedText, Changed, ask
    from whytrain.api.comparing import Comparison, compare
    from whytrain.api.explaining import (
        TextExplanation,
        explain,
        from_function,
        from_huggingface,
        infilled,
        methods,
    )
    from whytrain.api.runs import Run, fit, open_run, train
    from whytrain.api.scoring import ScoredExplanations, score_explanations
else:
    __getattr__ = lazy_imports(__name__)

__all__ = [
    "AskedText",
    "Changed",
    "Comparison",
    "Run",
    "ScoredExplanations",
    "TextExplanation",
    "ask",
    "compare",
    "explain",
    "fit",
    "from_function",
    "from_huggingface",
    "infilled",
    "methods",
    "open_run",
    "score_explanations",
    "train",
]
