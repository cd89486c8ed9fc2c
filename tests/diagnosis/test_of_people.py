"""The detectors of unequal treatment, on evidence with known figures."""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from typing import Any

import numpy as np
import pytest
from evidence import NAMES, fairness, healthy, leaning, moved, rates, shortcuts
from hydra import compose, initialize_config_dir
from omegaconf import OmegaConf
from scipy.stats import t as student

from whytrain.commands import train
from whytrain.diagnosis.conclusion import conclude
from whytrain.diagnosis.detectors import DETECTORS
from whytrain.diagnosis.finding import Measurement, NotExamined
from whytrain.diagnosis.of_people import unfair_to_terms, worse_for_a_group
from whytrain.diagnosis.rules import load_rules
from whytrain.fairness.evidence import LEAST_EFFECT, FairnessEvidence, as_plain, moving, of_plain, together
from whytrain.pages.diagnosis import diagnosis_page
from whytrain.pages.diagnosis_files import told

BOOK = load_rules(None, DETECTORS)

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
    assert f"“woman” for “man” −0.20 for ‘{NAMES[1]}’" in result.detail
    assert "actress" not in result.detail
    assert result.evidence.tokens == ("woman",)


@pytest.mark.parametrize(
    ("found", "reason"),
    [
        (fairness(WOMAN), "no two words that could stand for each other both stand in the training texts"),
        (
            fairness(moved("woman", [0.0, 0.3] * 4)),
            "only words that surely move a probability by more than 0.1 are exchanged",
        ),
    ],
)
def test_without_words_for_each_other_the_repair_says_that_it_lacks_them(
    found: FairnessEvidence, reason: str
) -> None:
    with initialize_config_dir(str(train.CONF), version_base="1.3"):
        config: Any = OmegaConf.to_container(compose("train", ["trainer.max_epochs=9"]), resolve=True)
    met = replace(BOOK.findings["unfair_to_terms"], above=-1.0)
    book = replace(BOOK, findings={**BOOK.findings, "unfair_to_terms": met})
    order = leaning("plot", "actor", kind="ordered_pair")
    for convicted, repairs in (((), set()), ((order,), {"swap_order"}), ((leaning("the"),), {"swap_marks"})):
        run = healthy(fairness=found, shortcuts=shortcuts(*convicted))
        diagnosis, plan = conclude(run, book, config, "run1")
        assert plan.skipped["swap_identity_terms"] == reason
        assert {strategy.name for strategy in plan.strategies} == repairs
        assert reason in " ".join(told(diagnosis, plan, "run", ()))
        assert reason in diagnosis_page(diagnosis, plan, "run", "1")
    # Orders are a reason for those alone: other words are there.
    run = healthy(fairness=replace(found, n_marks=1), shortcuts=shortcuts(order))
    _, plan = conclude(run, book, config, "1")
    assert {"swap_identity_terms", "swap_order"} <= {strategy.name for strategy in plan.strategies}
    assert plan.skipped["swap_marks"] == "only orders of two words were found to be shortcuts"


def test_words_that_never_stand_in_training_are_named() -> None:
    one = unfair_to_terms(healthy(fairness=replace(fairness(WOMAN), never_learned=("man",))))
    assert isinstance(one, Measurement)
    assert one.detail.endswith(". “man” never stands in the training texts.")
    many = replace(fairness(WOMAN), never_learned=("a", "b", "c", "d", "e"))
    several = unfair_to_terms(healthy(fairness=many))
    assert isinstance(several, Measurement)
    assert several.detail.endswith("“a”, “b”, “c” and 2 more never stand in the training texts.")
    assert as_plain(many, str.upper)["never_learned"] == ("A", "B", "C", "D", "E")


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
    older = {key: value for key, value in asdict(found).items() if key != "never_learned"}
    assert of_plain(older) == found
