"""What a run's own evidence says is wrong with it, and what to change about it."""

from typing import TYPE_CHECKING

from whytrain.lazy import lazy_imports

if TYPE_CHECKING:
    from whytrain.diagnosis.detectors import diagnose
    from whytrain.diagnosis.evidence import RunEvidence
    from whytrain.diagnosis.finding import Diagnosis, Finding
    from whytrain.diagnosis.overrides import Plan, Strategy, make_plan, plan_text, read_plan
    from whytrain.diagnosis.rules import RuleBook, load_rules
else:
    __getattr__ = lazy_imports(__name__)

__all__ = [
    "Diagnosis",
    "Finding",
    "Plan",
    "RuleBook",
    "RunEvidence",
    "Strategy",
    "diagnose",
    "load_rules",
    "make_plan",
    "plan_text",
    "read_plan",
]
