"""Whether answers hold under small changes: typing errors, synonyms, deletions, clauses, templates."""

from typing import TYPE_CHECKING

from whytrain.lazy import lazy_imports

if TYPE_CHECKING:
    from whytrain.robustness.attacks import Attacked, attack
    from whytrain.robustness.certificates import certified
    from whytrain.robustness.checklist import Outcome, Suite, Test, read_suite, run_tests
    from whytrain.robustness.reduction import Reduced, reduce_texts
    from whytrain.robustness.typing_errors import all_typos, drawn_typos, mistyped, typos
else:
    __getattr__ = lazy_imports(__name__)

__all__ = [
    "Attacked",
    "Outcome",
    "Reduced",
    "Suite",
    "Test",
    "all_typos",
    "attack",
    "certified",
    "drawn_typos",
    "mistyped",
    "read_suite",
    "reduce_texts",
    "run_tests",
    "typos",
]
