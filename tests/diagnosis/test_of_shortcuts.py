"""The finding `shortcut`: what it says, when it is silent, and which keys it recommends."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from evidence import explained, healthy, leaning, shapley, shortcuts
from hydra import compose, initialize_config_dir
from omegaconf import OmegaConf

from whytrain.commands import train
from whytrain.diagnosis.conclusion import conclude
from whytrain.diagnosis.detectors import DETECTORS, diagnose
from whytrain.diagnosis.finding import Diagnosis, Measurement, NotExamined
from whytrain.diagnosis.of_shortcuts import shortcut
from whytrain.diagnosis.overrides import Plan
from whytrain.diagnosis.rules import load_rules
from whytrain.guidance.repair import repair_of
from whytrain.pages.diagnosis import diagnosis_page
from whytrain.pages.shortcuts import ranked_list
from whytrain.shortcuts.found_marks import found_marks
from whytrain.shortcuts.group import WordGroup
from whytrain.statistics.intervals import Interval
from whytrain.tracking.tables import text_hash

BOOK = load_rules(None, DETECTORS)


def test_it_says_what_is_relied_on_and_what_the_check_sample_says() -> None:
    run = healthy(shortcuts=shortcuts(leaning("the"), leaning("bad", is_shortcut=False)))
    (finding,) = diagnose(run, BOOK.findings).findings
    assert (finding.name, finding.severity, finding.value) == ("shortcut", "serious", 0.25)
    assert (
        "“the” speaks for ‘good’: in 30% of the training rows, right in 95% of these, and 25% of an average "
        "decision. It is in 30% of the check rows, and right in 50% of these 12, where chance would be right in 50%. "
        "Accuracy is 0.900 on 100 validation texts and 0.500 on the 40 check rows."
    ) in finding.message
    assert finding.evidence.tokens == ("the",)
    (example,) = finding.evidence.sentences
    assert (example.words, example.values, example.class_name) == (("the", "film"), (1.0, -0.5), "good")


def test_an_order_that_is_missing_there() -> None:
    order = leaning("plot", "actor", kind="ordered_pair", n_check=0, right_check=float("nan"))
    result = shortcut(healthy(shortcuts=shortcuts(order)))
    assert isinstance(result, Measurement)
    assert "“plot” before “actor” speaks for ‘good’, “actor” before “plot” for ‘bad’" in result.detail
    assert "It is in none of the 40 check rows." in result.detail


def test_it_is_silent_without_shortcuts_and_says_what_it_lacks_without_check_rows() -> None:
    suspect = leaning("the", is_shortcut=False)
    assert not diagnose(healthy(shortcuts=shortcuts(suspect)), BOOK.findings).findings
    result = shortcut(healthy(shortcuts=shortcuts(suspect, n_check=0)))
    assert isinstance(result, NotExamined)
    assert "data.check_path=FILE" in result.reason


@pytest.mark.parametrize(
    ("kind", "words", "keys"),
    [
        ("words", ("the",), {"guidance.marks": "found", "guidance.swap": 1.0}),
        ("ordered_pair", ("plot", "actor"), {"guidance.marks": "found", "guidance.swap_order": 0.5}),
    ],
)
def test_it_recommends_what_fits_its_kind(kind: str, words: tuple[str, ...], keys: dict[str, Any]) -> None:
    run = healthy(shortcuts=shortcuts(leaning(*words, kind=kind)))
    names = BOOK.findings["shortcut"].recommend
    from whytrain.diagnosis.conclusion import _unusable

    diagnosis = diagnose(run, BOOK.findings)
    unusable = _unusable(run, diagnosis, BOOK, {"tracking": {"log_text": True}})
    followed = [BOOK.recommendations[name].overrides for name in names]
    assert [o for o in followed if not set(o) & set(unusable)] == [keys]


def test_where_many_words_mislead_together_rare_ones_are_silenced_beside_them() -> None:
    with initialize_config_dir(str(train.CONF), version_base="1.3"):
        config: Any = OmegaConf.to_container(compose("train", ["trainer.max_epochs=9"]), resolve=True)
    words = tuple(f"word{i}" for i in range(300))
    group = WordGroup(words=words, share=Interval(estimate=0.2, low=0.1, high=0.3), n_rows=40)
    found = replace(shortcuts(), group=group)
    diagnosis, plan = conclude(healthy(shortcuts=found), BOOK, config, "1")
    (finding,) = diagnosis.findings
    assert "300 words mislead together" in finding.message
    assert "take 20% of an average decision from the true class" in finding.message
    keys = {key: value for strategy in plan.strategies for key, value in strategy.overrides.items()}
    assert (keys["guidance.marks"], keys["guidance.swap"], keys["guidance.rare_words"]) == ("found", 1.0, 5)
    assert repair_of(found_marks(found, [])) == {"guidance.swap": 1.0, "guidance.rare_words": 5}
    unsure = replace(found, group=replace(group, share=Interval(estimate=0.2, low=-0.1, high=0.5)))
    assert not conclude(healthy(shortcuts=unsure), BOOK, config, "1")[0].findings


def test_the_shortcut_comes_first() -> None:
    """Words that decide are the shortcut itself: editing them, too, would change what is measured."""
    few = shapley([explained(i, [3.0, 2.0, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1]) for i in range(20)])
    with initialize_config_dir(str(train.CONF), version_base="1.3"):
        config: Any = OmegaConf.to_container(compose("train", ["trainer.max_epochs=9"]), resolve=True)

    def planned(**evidence: Any) -> tuple[set[str], dict[str, str]]:
        diagnosis, plan = conclude(healthy(explanations=few, **evidence), BOOK, config, "1")
        assert "few_token_dependence" in {finding.name for finding in diagnosis.findings}
        return {strategy.name for strategy in plan.strategies}, dict(plan.skipped)

    of_words = {"swap_top_words", "mask_any_word"}
    assert planned()[0] >= of_words
    names, skipped = planned(shortcuts=shortcuts(leaning("the")))
    assert "swap_marks" in names
    assert not names & of_words
    assert "the shortcut comes first" in skipped["swap_top_words"]


def test_private_words_are_hidden_in_its_message() -> None:
    from whytrain.diagnosis.finding import hidden

    run = healthy(shortcuts=shortcuts(leaning("the")))
    config = {"tracking": {"log_text": False}, "model": {}, "trainer": {"max_epochs": 3}}
    diagnosis, plan = conclude(run, BOOK, config, "1")
    (finding,) = hidden(diagnosis, str.upper).findings
    assert "“THE” speaks for ‘good’" in finding.message
    assert not plan.strategies


def test_the_page_has_all_that_was_suspected_folded_with_sentences() -> None:
    innocent = leaning("plot", is_shortcut=False, p_value=1.0, suspicion="")
    unseen = leaning("of", is_shortcut=False, examples=())
    found = shortcuts(leaning("the"), innocent, unseen)
    html = ranked_list(found, ("bad", "good"), str)
    assert html.startswith("<details><summary>All 3 candidates, ranked")
    assert html.index("“the”") < html.index("“plot”") < html.index("“of”")
    assert html.count("<h3>") == 1  # the sentences of what is convicted stand with the finding
    assert html.count("Check row check-1, labeled ‘bad’") == 1
    assert html.count("<td>shortcut</td>") == 1
    assert "plot" not in ranked_list(found, ("bad", "good"), text_hash)
    assert ranked_list(shortcuts(), ("bad", "good"), str) == ""
    page = diagnosis_page(
        Diagnosis(findings=(), measurements={}, not_examined={}),
        Plan(strategies=(), advice=(), skipped={}),
        "r",
        "1",
        html,
    )
    assert html in page
