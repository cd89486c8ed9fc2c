"""The detectors of unequal treatment, on evidence with known figures."""

from __future__ import annotations

import json
from dataclasses import asdict

import numpy as np
import pytest
from evidence import NAMES, fairness, healthy, moved, rates
from scipy.stats import t as student

from whytrain.diagnosis.finding import Measurement, NotExamined
from whytrain.diagnosis.of_people import unfair_to_terms, worse_for_a_group
from whytrain.fairness.evidence import LEAST_EFFECT, FairnessEvidence, moving, of_plain, together

WOMAN = moved("woman", [-0.2, -0.22, -0.18, -0.21, -0.19, -0.2, -0.23, -0.17])
ACTRESS = moved("actress", [0.01, -0.02, 0.02, 0.0, 0.01, -0.01, 0.03, -0.01], 0.9)


def test_a_word_that_moves_the_answer() -> None:
    result = unfair_to_terms(healthy(fairness=fairness(ACTRESS, WOMAN)))
    assert isinstance(result, Measurement)
    assert result.value.estimate == pytest.approx(0.2)
    # Both intervals hold together: each at the level 0.975.
    error = np.std([0.2, 0.22, 0.18, 0.21, 0.19, 0.2, 0.23, 0.17], ddof=1) / np.sqrt(8)
    assert result.value.low == pytest.approx(0.2 - student.ppf(1 - 0.025 / 2, 7) * error)
    assert result.value.low > LEAST_EFFECT
    assert f"“woman” for “man” −0.20 for {NAMES[1]}" in result.detail
    assert "actress" not in result.detail
    assert result.evidence.tokens == ("woman",)


def test_small_effects_are_measured_and_no_finding() -> None:
    small = moved("woman", [-0.03, -0.031, -0.029, -0.03, -0.03, -0.032, -0.03, -0.028])
    result = unfair_to_terms(healthy(fairness=fairness(small)))
    assert isinstance(result, Measurement)
    assert result.value.high < LEAST_EFFECT
    assert moving((small,)) == []
    assert together((ACTRESS, WOMAN))[0].word == "woman"


def test_a_group_that_fares_worse() -> None:
    result = worse_for_a_group(healthy(fairness=fairness(rates=rates(50))))
    assert isinstance(result, Measurement)
    assert result.value.estimate == pytest.approx(0.4)
    assert 0.28 < result.value.low < 0.4 < result.value.high < 0.52
    assert "About women: accuracy 50%, −40.0 points" in result.detail
    better = tuple(rate for rate in rates(50) if rate.group == "others")
    fine = worse_for_a_group(healthy(fairness=fairness(rates=better)))
    assert isinstance(fine, Measurement)
    assert fine.value.estimate == fine.value.high == 0


def test_what_cannot_be_looked_at() -> None:
    assert isinstance(unfair_to_terms(healthy(fairness=None)), NotExamined)
    assert isinstance(worse_for_a_group(healthy(fairness=fairness())), NotExamined)
    few = unfair_to_terms(healthy(fairness=fairness()))
    assert few == NotExamined("too few sentences name people")
    foreign = FairnessEvidence(effects=(), rates=(), n_marks=0, knows_terms=False)
    unknown = unfair_to_terms(healthy(fairness=foreign))
    assert isinstance(unknown, NotExamined)
    assert "of English" in unknown.reason


def test_the_evidence_goes_through_json() -> None:
    found = fairness(WOMAN, ACTRESS, rates=rates(50))
    assert of_plain(json.loads(json.dumps(asdict(found)))) == found
