"""From findings to overrides: whole, without contradictions, within the allow-list; and back from the file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from whytrain.commands import train
from whytrain.config.override_words import words_of
from whytrain.diagnosis.allowed import ALLOWED_KEYS
from whytrain.diagnosis.finding import Diagnosis, Finding, Support
from whytrain.diagnosis.overrides import Plan, make_plan, plan_text, read_plan
from whytrain.diagnosis.rules import Expectation, FindingRule, Recommendation, RuleBook, Step
from whytrain.errors import ConfigError

CONFIG: dict[str, Any] = {
    "objective": {
        "_target_": "whytrain.objectives.objective.ObjectiveSettings",
        "label_smoothing": 0.1,
        "word_masking": 0.0,
        "attention_penalty": {"weight": 0.0, "kind": "entropy"},
        "adversarial": {"weight": 0.0, "epsilon": 0.1},
        "dropout_end": None,
        "class_weights": None,
    },
    "guidance": {
        "_target_": "whytrain.guidance.guidance_settings.GuidanceSettings",
        "run": None,
        "targets": "explained",
        "top_words": 100,
        "mask": 0.0,
        "replace": 0.0,
        "synonyms": 0.0,
        "upweight": 1.0,
    },
}
PROMISE = (Expectation(metric="best/accuracy", at_least=-0.01),)


def diagnosis(*names: str) -> Diagnosis:
    found = [
        Finding(
            name=n,
            value=0.6,
            low=0.5,
            high=0.7,
            threshold=0.4,
            unit="share",
            severity="note",
            title=n,
            message=n,
            evidence=Support(),
        )
        for n in names
    ]
    return Diagnosis(findings=tuple(found), measurements={}, not_examined={})


def book(recommend: dict[str, list[str]], **overrides: dict[str, Any]) -> RuleBook:
    rules = {
        name: FindingRule(
            compare="low", above=0.4, severity="note", title=name, text=name, recommend=tuple(strategies)
        )
        for name, strategies in recommend.items()
    }
    return RuleBook(
        rules, {n: Recommendation(text=n, overrides=o, expected=PROMISE) for n, o in overrides.items()}
    )


def plan(
    recommend: dict[str, list[str]], unusable: dict[str, str] | None = None, **overrides: dict[str, Any]
) -> Plan:
    return make_plan(diagnosis(*recommend), book(recommend, **overrides), CONFIG, "run1", unusable or {})


def test_steps_start_from_the_present_value() -> None:
    made = plan({"a": ["smooth"]}, smooth={"objective.label_smoothing": Step(add=0.1, limit=0.3)})
    assert [s.overrides for s in made.strategies] == [{"objective.label_smoothing": 0.2}]
    counted = plan({"a": ["wider"]}, wider={"guidance.top_words": Step(add=50, limit=200)})
    assert [words_of(s.overrides) for s in counted.strategies] == [
        ["guidance.top_words=150", "guidance.run=run1"]
    ]


def test_one_recommendation_of_two_findings_is_followed_once() -> None:
    made = plan({"a": ["smooth"], "b": ["smooth"]}, smooth={"objective.label_smoothing": 0.3})
    assert [(s.name, s.because) for s in made.strategies] == [("smooth", ("a", "b"))]


def test_guidance_names_the_run_that_it_is_read_from() -> None:
    made = plan({"a": ["mask"]}, mask={"guidance.mask": 0.3})
    assert made.strategies[0].overrides == {"guidance.mask": 0.3, "guidance.run": "run1"}


def test_of_two_that_contradict_each_other_the_first_is_followed_and_the_other_not_in_part() -> None:
    made = plan(
        {"a": ["weak"], "b": ["strong"]},
        weak={"objective.word_masking": 0.1},
        strong={"objective.word_masking": 0.4, "objective.label_smoothing": 0.3},
    )
    assert [s.name for s in made.strategies] == ["weak"]
    assert made.skipped == {"strong": "weak sets objective.word_masking=0.1 already"}
    same = plan(
        {"a": ["x"], "b": ["y"]}, x={"objective.word_masking": 0.1}, y={"objective.word_masking": 0.1}
    )
    assert len(same.strategies) == 2


@pytest.mark.parametrize(
    ("overrides", "reason"),
    [
        ({"model.dropout": 0.3}, "this run's config has no key model.dropout"),
        ({"objective.label_smoothing": Step(add=0.1, limit=0.1)}, "the run had these values already"),
        ({"objective.label_smoothing": 0.1}, "the run had these values already"),
        ({"guidance.synonyms": 0.3}, "no WordNet here"),
        ({"objective.word_masking": 3.0}, "objective.word_masking: input should be less than"),
        ({"objective.attention_penalty.kind": "l2"}, "objective.attention_penalty"),
    ],
)
def test_what_cannot_be_followed_says_why(overrides: dict[str, Any], reason: str) -> None:
    made = plan({"a": ["x"]}, {"guidance.synonyms": "no WordNet here"}, x=overrides)
    assert made.strategies == ()
    assert made.skipped["x"].startswith(reason)
    assert made.answers("a") == [f"Nothing to change: {made.skipped['x']}."]


def test_a_key_that_does_nothing_about_one_finding_may_serve_another() -> None:
    recommend, mask = {"a": ["x", "y"], "b": ["x"]}, {"guidance.mask": 0.3}
    rules = book(recommend, x=mask, y={**mask, "guidance.synonyms": 0.3})
    for ungrounded, because, skipped in (
        ({("a", "guidance.mask"): "no words"}, [("x", ("b",))], {"y": "no words"}),
        ({("a", "guidance.synonyms"): "no words"}, [("x", ("a", "b"))], {"y": "no words"}),
        (
            {("a", "guidance.mask"): "no words", ("b", "guidance.mask"): "nor here"},
            [],
            {"x": "no words", "y": "no words"},
        ),
    ):
        made = make_plan(diagnosis(*recommend), rules, CONFIG, "run1", {}, ungrounded=ungrounded)
        assert [(s.name, s.because) for s in made.strategies] == because
        assert made.skipped == skipped
        assert bool(made.why_nothing("a")) == (because != [("x", ("a", "b"))])


def test_each_finding_has_its_own_reasons() -> None:
    recommend, mask = {"a": ["x"], "b": ["x", "y"]}, {"guidance.mask": 0.3}
    rules = book(recommend, x=mask, y={"guidance.synonyms": 0.3})
    ungrounded = {("a", "guidance.mask"): "reason of a", ("b", "guidance.mask"): "reason of b"}
    unusable = {"guidance.synonyms": "no WordNet here"}
    made = make_plan(diagnosis(*recommend), rules, CONFIG, "run1", unusable, ungrounded=ungrounded)
    assert made.answers("a") == ["Nothing to change: reason of a."]
    assert made.answers("b") == ["Nothing to change: reason of b; no WordNet here."]


def test_advice_changes_nothing() -> None:
    made = plan({"a": ["look"]}, look={})
    assert made.strategies == ()
    assert [s.name for s in made.advice] == ["look"]
    assert made.answers("a") == ["look"]


def test_a_file_that_recommends_nothing_says_so() -> None:
    text = plan_text((), "run1")
    assert text.startswith("# The diagnosis recommends no change of the training.")
    assert "from_diagnosis" not in text
    assert read_plan(text, "run1") == ()


def test_the_file_says_the_same_when_it_is_read_back() -> None:
    made = plan(
        {"a": ["x"], "b": ["y"]},
        x={"guidance.mask": 0.3, "guidance.top_words": 50},
        y={"objective.attention_penalty.kind": "scores_l1"},
    )
    read = read_plan(plan_text(made.strategies, "run1"), "run1")
    assert [(s.name, s.because, dict(s.overrides), s.expected) for s in read] == [
        (s.name, s.because, dict(s.overrides), s.expected) for s in made.strategies
    ]
    assert words_of(read[0].overrides) == [
        "guidance.mask=0.3",
        "guidance.top_words=50",
        "guidance.run=run1",
    ]


def test_a_run_id_of_digits_stays_a_text() -> None:
    digits = "1" * 32
    text = plan_text(plan({"a": ["x"]}, x={"guidance.mask": 0.3}).strategies, "r").replace("run1", digits)
    assert read_plan(text, "r")[0].overrides["guidance.run"] == digits


def stored(word: str) -> str:
    entry = {"because": ["a"], "overrides": [word], "expected": []}
    return yaml.safe_dump({"strategies": {"x": entry}})


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (stored("model._target_=os.system"), "a diagnosis may not set model._target_; "),
        (stored("+hydra.run.dir=/"), "may not set hydra.run.dir"),
        (stored("model=bilstm"), "may not set model"),
        (stored("data.path=/etc/passwd"), "may not set data.path"),
        (stored("model.pooling={_target_:os.system}"), "expected a number, true, false or a name"),
        (stored("guidance.run=${oc.env:HOME}"), "expected a number, true, false or a name"),
        (stored("model.dropout=0.1,0.2"), "expected a number, true, false or a name"),
        (stored("model.dropout="), "expected a number, true, false or a name"),
        ("strategies: 3", "is not a diagnosis' list of overrides (AttributeError)"),
        ("", "is not a diagnosis' list of overrides (TypeError)"),
        ("a: [", "is not a diagnosis' list of overrides (ParserError)"),
        (
            "!!python/object/apply:os.system ['true']",
            "is not a diagnosis' list of overrides (ConstructorError)",
        ),
    ],
)
def test_a_file_from_elsewhere_is_data(text: str, told: str) -> None:
    with pytest.raises(ConfigError) as caught:
        read_plan(text, "from_diagnosis=X")
    assert told in str(caught.value)
    assert "\n" not in str(caught.value)


def test_every_allowed_key_is_one_of_the_config() -> None:
    from hydra import compose, initialize_config_dir
    from omegaconf import OmegaConf

    with initialize_config_dir(str(train.CONF), version_base="1.3"):
        config = compose("train")
    missing = object()
    assert [key for key in ALLOWED_KEYS if OmegaConf.select(config, key, default=missing) is missing] == []


def test_more_steps_are_more_than_were_taken_and_nothing_else_says_how_long() -> None:
    longer = {"trainer.max_epochs": None, "trainer.min_steps": Step(times=4, limit=1000)}
    rules = book({"short": ["longer"]}, longer=longer)
    trainer = yaml.safe_load((Path(train.CONF) / "trainer" / "default.yaml").read_text("utf-8"))

    def made(**changes: Any) -> Plan:
        return make_plan(diagnosis("short"), rules, {"trainer": trainer | changes}, "run1", {})

    assert [dict(s.overrides) for s in made(min_steps=75).strategies] == [{"trainer.min_steps": 300}]
    given = made(min_steps=75, max_epochs=5).strategies
    assert words_of(given[0].overrides) == ["trainer.max_epochs=null", "trainer.min_steps=300"]
    assert read_plan(plan_text(given, "run1"), "overrides.yaml")[0].overrides == given[0].overrides
    # Stopped before its own least number of steps, the run only has to go on to it.
    stopped = {"trainer": trainer | {"min_steps": 30, "max_epochs": 2}}
    short = make_plan(diagnosis("short"), rules, stopped, "run1", {}, {"trainer.min_steps": 300})
    assert [words_of(s.overrides) for s in short.strategies] == [["trainer.max_epochs=null"]]
    assert made(min_steps=1000).skipped == {
        "longer": "the run had these values already, or was at their limits"
    }
