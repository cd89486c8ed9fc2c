"""What an analysis may be asked of, and what is asked where nobody chose."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from small import bilstm_arguments, wordpiece_tokenizer

from whytrain.analyses.analysis import (
    Analysis,
    AnalysisResult,
    Need,
    Progress,
    askable,
    check_analyses,
    make_analysis,
)
from whytrain.analyses.subject import Subject
from whytrain.data.corpus import Split
from whytrain.errors import ConfigError
from whytrain.models.bilstm import BiLSTM
from whytrain.models.saved import SavedModel
from whytrain.tasks import TASKS


class Counted(Analysis):
    """How many rows there are."""

    name = "counted"
    title = "How many?"

    def __init__(self, needs: tuple[Need, ...] = (), *, shown: bool = True) -> None:
        self.needs, self.shown_by_default = needs, shown

    def analyze(self, subject: Subject, progress: Progress) -> AnalysisResult:
        rows = len(list(progress(subject.train.texts, "counting")))
        return AnalysisResult(verdict=f"{rows} rows.", metrics={"rows": rows})


@pytest.fixture
def subject() -> Subject:
    rows = Split(ids=["1"], texts=["a film"], labels=np.array([0]), human=None, columns={})
    saved = SavedModel(
        model=BiLSTM(**bilstm_arguments()).eval(),
        tokenizer=wordpiece_tokenizer(["a", "film"]),
        class_names=("bad", "so so", "good"),
        max_tokens=8,
    )
    return Subject(saved=saved, train=rows, validation=rows, seed=0, level=0.95)


@pytest.fixture
def several(subject: Subject) -> Subject:
    """The same with classes that do not exclude each other."""
    return dataclasses.replace(subject, saved=dataclasses.replace(subject.saved, task=TASKS["multilabel"]))


def test_what_the_model_lacks_is_told_in_one_line(several: Subject) -> None:
    reason = Counted(("one_class",)).missing(several)
    assert reason == "analysis=counted needs classes of which a text has exactly one"
    with pytest.raises(ConfigError, match="analysis=counted needs classes"):
        check_analyses([Counted(), Counted(("one_class",))], several)


def test_what_the_model_can_is_enough(subject: Subject) -> None:
    analysis = Counted(("embeddings", "layers", "one_class"))
    assert analysis.missing(subject) is None
    check_analyses([analysis], subject)


def test_unasked_come_the_usual_ones_that_can_be_asked(several: Subject) -> None:
    usual, long, needy = Counted(), Counted(shown=False), Counted(("one_class",))
    possible, reasons = askable([usual, long, needy], several)
    assert possible == [usual]
    assert reasons == ["analysis=counted needs classes of which a text has exactly one"]


def test_a_section_makes_an_analysis(subject: Subject) -> None:
    made = make_analysis({"_target_": f"{__name__}.Counted", "shown": False})
    assert isinstance(made, Counted)
    assert not made.shown_by_default
    assert made.analyze(subject, lambda items, what: items).metrics == {"rows": 1}
