"""Training and asking models from Python: what `import whytrain as wt` gives.

Nothing is written but into the tracking folder (`mlruns` in the working directory) and the cache.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd
import yaml

from whytrain.errors import ConfigError, DataError, TrackingError

if TYPE_CHECKING:
    from whytrain.api.explaining import TextExplanation
    from whytrain.api.inspecting import Inspected
    from whytrain.api.scoring import ScoredExplanations
    from whytrain.data.corpus import Corpus
    from whytrain.models.saved import SavedModel
    from whytrain.tracking.reader import RunRecord
    from whytrain.types import DeviceName

CONF = Path(__file__).parents[1] / "conf"
Texts = str | Sequence[object] | pd.Series | pd.DataFrame


@dataclass(frozen=True)
class Run:
    """A tracked run, from `train`, `fit` or `open_run`.

    Attributes:
        record: what the tracking store says of it.
        device: where its model computes; `auto` is this machine's accelerator, or the CPU.
    """

    record: RunRecord
    device: DeviceName = "auto"

    def __repr__(self) -> str:
        """Return name, id and status."""
        return f"Run({self.name!r}, id={self.id}, {self.record.status})"

    @property
    def id(self) -> str:
        """MLflow's id."""
        return self.record.run_id

    @property
    def name(self) -> str:
        """The name that people see."""
        return self.record.name

    @property
    def metrics(self) -> Mapping[str, float]:
        """The last value of each metric, such as `best/accuracy`."""
        return dict(self.record.metrics)

    @cached_property
    def config(self) -> Mapping[str, Any]:
        """The resolved config that the run was trained with.

        Raises:
            TrackingError: the run logged none.
        """
        from whytrain.runs.config import read_config

        return read_config(self.record)

    @cached_property
    def model(self) -> SavedModel:
        """The model of the best epoch.

        Raises:
            ConfigError: this machine has no such device.
            TrackingError: the run logged no model.
        """
        from whytrain.models.device import device_named
        from whytrain.runs.model import read_model

        device = device_named(self.device)
        trust_own_classes()
        return read_model(self.record, device=device)

    @cached_property
    def corpus(self) -> Corpus:
        """The data that the run was trained on, read again from where its config says.

        Raises:
            ConfigError: the data are not there any more.
            DataError: they cannot be read.
            TrackingError: the run keeps its text private, or its data are other ones now.
        """
        from whytrain.runs.data import read_corpus

        trust_own_classes()
        return read_corpus(self.record, self.config)

    def validation(self) -> pd.DataFrame:
        """Return what the best epoch's model says of the validation rows.

        Returns:
            One row each: `id`, `text` (its hash in a private run), `label`, `prediction`, `right`,
            `probability` (of the predicted class) and `loss` (of the label, nats).

        Raises:
            TrackingError: the run recorded none.
        """
        from whytrain.runs.validation import validation_rows

        return validation_rows(self.record)

    def explain(
        self, texts: str | Sequence[str] | pd.Series, **settings: Any
    ) -> TextExplanation | list[TextExplanation]:
        """Explain texts with the model of the best epoch; settings and results of `whytrain.explain`."""
        from whytrain.api.explaining import explain

        return explain(self, texts, **settings)

    def score_explanations(
        self,
        texts: Sequence[str] | None = None,
        *,
        sentences: int = 100,
        max_words: int = 12,
        **settings: Any,
    ) -> ScoredExplanations:
        """Say which explanation to believe on the model of the best epoch.

        Args:
            texts: what is explained; None: sentences of the validation split.
            sentences: how many of these are drawn.
            max_words: of these; longer ones follow only where there are too few.
            settings: and results as in `whytrain.score_explanations`.

        Raises:
            DataError: the run kept its texts private, and none are given.
        """
        from whytrain.api.scoring import score_explanations
        from whytrain.explanation_scores.sentences import choose_texts
        from whytrain.runs.sentences import read_clear_texts

        if texts is None:
            known = read_clear_texts(self.record)
            places, _ = choose_texts(known, sentences, max_words, settings.get("seed", 0))
            texts = [known[place] for place in places]
        return score_explanations(self, texts, name=self.name, **settings)

    def inspect(
        self,
        analysis: str,
        text: str | None = None,
        *,
        other: str | None = None,
        people: str | Path | None = None,
        level: float = 0.95,
        seed: int = 0,
        **settings: Any,
    ) -> Inspected:
        """Look inside the model of the best epoch, or at what taught it.

        Args:
            analysis: a name of conf/analysis, such as `probes`.
            text: that is asked about; None: sentences of the validation split are chosen.
            other: a second text, to be compared with the first.
            people: file of trees with people's labels of phrases.
            level: of the intervals.
            seed: of whatever is drawn.
            settings: of the analysis, in the place of those of its file.

        Raises:
            ConfigError: there is no such analysis, a setting is wrong, or it needs what is not given.
            TrackingError: the run logged no model, keeps its text private, or its data are other ones now.
        """
        from whytrain.api.inspecting import inspect
        from whytrain.data.treebank import read_treebank
        from whytrain.models.device import device_named
        from whytrain.runs.inspected import subject_of

        trust_own_classes()
        trees = () if people is None else tuple(read_treebank(people))
        device = device_named(self.device)
        subject = subject_of(
            self.record, device=device, seed=seed, level=level, text=text, other=other, trees=trees
        )
        return inspect(subject, analysis, self.name, settings)

    def amortize(self, **settings: Any) -> Run:
        """Teach a network to predict this run's Shapley values, for `explainers=["amortized"]`.

        It is kept with the run's model. The run's data must still be where its config says.

        Args:
            settings: other values than those of `training` in conf/amortize.yaml: `budget`, `orders`,
                `epochs`, `coverage`, `seed`.

        Returns:
            The run, whose model has the network.

        Raises:
            ConfigError: a setting is wrong, or the model shows no states.
            DataError: the data cannot be read, or is too little.
            TrackingError: the run logged no model.
        """
        from whytrain.attribution.amortized.training import TrainingSettings
        from whytrain.config.validation import check_config
        from whytrain.models.device import device_named
        from whytrain.runs.amortized import amortize
        from whytrain.tracking.reader import find_run

        section = yaml.safe_load((CONF / "explainer" / "amortized.yaml").read_text("utf-8"))["amortized"]
        training = yaml.safe_load((CONF / "amortize.yaml").read_text("utf-8"))["training"] | settings
        check_config({"training": training}, {})
        del training["_target_"]
        trust_own_classes()
        amortize(self.record, TrainingSettings(**training), section, device=device_named(self.device))
        return Run(find_run(self.record.uri, self.id), self.device)

    def predict(self, texts: Texts) -> pd.DataFrame:
        """Classify texts with the model of the best epoch.

        Args:
            texts: one text, a sequence, a Series, or a DataFrame of one column; None, NaN and NA are missing.

        Returns:
            One row per text, under the index of a Series or DataFrame. `label` is the most probable class,
            `probability` its probability, `probability_<class>` that of each class. With a calibration slice
            also `calibrated_probability`, `in_set_<class>` (the conformal set) and `abstain`: missing where
            no confidence keeps the error rate asked for. A text that is missing, or has no words, has a row
            of nulls.

        Raises:
            DataError: a text is neither a string nor missing, or a DataFrame has several columns.
            TrackingError: the run logged no model.
        """
        column = _column(texts)
        is_missing = column.isna()
        present = column[~is_missing]
        strange = [text for text in present if not isinstance(text, str)]
        if strange:
            raise DataError(f"expected texts as strings; got {strange[0]!r} ({type(strange[0]).__name__})")
        told = self.model.predict(present.tolist())
        flags = {name: "boolean" for name in told if name == "abstain" or str(name).startswith("in_set_")}
        told = told.astype(flags).set_axis((~is_missing).to_numpy().nonzero()[0], axis="index")
        return told.reindex(range(len(column))).set_axis(column.index, axis="index")


def trust_own_classes() -> None:
    """Let this process import what the files of conf/ name."""
    from whytrain.commands.command_line import trusted_targets
    from whytrain.config.trust import trust

    trust(trusted_targets(CONF))


def train(*words: str) -> Run:
    """Train one run, as `whytrain train` does with these words.

    Args:
        words: `group=choice` and `key=value`, such as `model=bilstm_opt` or `trainer.max_epochs=3`.

    Raises:
        ConfigError: a word is wrong; the message lists the choices.
        WhytrainError: the run cannot be started, or cannot go on.
    """
    from whytrain.commands.train import COMMAND

    return _train(COMMAND.checked(words, swept=False))


def fit(
    texts: Sequence[object],
    labels: Sequence[object],
    *words: str,
    model: str = "bilstm_opt",
    **settings: object,
) -> Run:
    """Train a classifier of texts.

    The texts are split into train, validation and test (80/10/10); the classes are the labels as strings.
    They are kept in the cache (`WHYTRAIN_CACHE`), under a name made of their content, so that the run can be
    resumed and its diagnosis followed.

    Args:
        texts: n strings.
        labels: n labels, one of two or more classes each.
        words: further `group=choice` and `key=value`, as for `train`: `experiment=quick`.
        model: a choice of the config group `model`, where the words name none.
        settings: the same as arguments, with `__` for the dots: `seed=1`, `trainer__max_epochs=3`.

    Raises:
        DataError: there are not as many labels as texts, or the data cannot be used as it is.
        ConfigError: a setting is wrong; the message lists the choices.
    """
    from whytrain.commands.train import COMMAND
    from whytrain.config.override_words import words_of

    given = COMMAND.checked(words, swept=False)
    chosen = {} if any(word.startswith("model=") for word in given) else {"model": model}
    kept = str(_kept(texts, labels))
    data = {"data": "csv", "data.path": kept, "data.text_column": "text", "data.label_column": "label"}
    named = {key.replace("__", "."): value for key, value in settings.items()}
    return _train([*words_of(data | chosen | named), *given])


def open_run(id_or_name: str, tracking_uri: str | None = None, *, device: DeviceName = "auto") -> Run:
    """Return a tracked run.

    Args:
        id_or_name: MLflow's id, or a name that one run has.
        tracking_uri: where it is tracked, as in MLflow; None: the store under `mlruns` in the working
            directory.
        device: where its model computes: auto, cpu, cuda or mps; `auto` is this machine's accelerator, or
            the CPU.

    Raises:
        TrackingError: there is no such run, or several, or it is a comparison, a sweep or a loop.
    """
    from whytrain.tracking.reader import find_run
    from whytrain.tracking.settings import TrackingSettings

    local = yaml.safe_load((CONF / "tracking" / "local.yaml").read_text("utf-8"))
    settings = {key: value for key, value in local.items() if key != "_target_"} | {"uri": tracking_uri}
    found = find_run(TrackingSettings(**settings).address, id_or_name)
    if found.of_several is not None:
        raise TrackingError(f"run {found.name} is a {found.of_several}: give the run of a training")
    return Run(found, device)


def _train(words: Sequence[str]) -> Run:
    from whytrain.commands.command_line import quiet_libraries, readable_errors
    from whytrain.commands.job import compose_job
    from whytrain.commands.train import address_of
    from whytrain.commands.train import train as train_job
    from whytrain.tracking.reader import find_run

    quiet_libraries()
    with readable_errors(CONF / "train.yaml"):
        job = compose_job(words)
        if "loop" in job.config:
            raise ConfigError("the closed loop trains many runs: use whytrain train experiment=closed_loop")
        if job.config.trainer.devices != 1:
            raise ConfigError(
                f"trainer.devices={job.config.trainer.devices}: from Python a run trains in this process; "
                "use whytrain train for several"
            )
        return Run(find_run(address_of(job), train_job(job).run_id))


def _column(texts: Texts) -> pd.Series:
    """Return texts as a Series of objects."""
    if isinstance(texts, str):
        texts = [texts]
    if isinstance(texts, pd.DataFrame):
        if texts.shape[1] != 1:
            raise DataError(f"expected one column of texts; got {', '.join(map(str, texts))}: choose one")
        texts = texts.iloc[:, 0]
    return pd.Series(texts, dtype=object)


def _kept(texts: Sequence[object], labels: Sequence[object]) -> Path:
    """Return a file in the cache that holds these rows; equal rows have one file."""
    from whytrain.data.cache import cache_directory, exclusive, staged
    from whytrain.data.corpus import content_hash
    from whytrain.tasks import label_name

    if isinstance(texts, str) or not len(texts):
        raise DataError(f"expected a sequence of texts, each with its label; got {texts!r}")
    if len(texts) != len(labels):
        raise DataError(f"expected as many labels as texts; got {len(labels)} labels and {len(texts)} texts")
    columns = {"text": _column(texts), "label": _column(labels)}
    rows = pd.DataFrame({name: column.to_numpy(dtype=object) for name, column in columns.items()})
    rows = rows.where(rows.notna(), None)
    # As reading would write them: labels of several types are one column of strings.
    rows["label"] = [None if label is None else label_name(label) for label in rows["label"]]
    strange = [text for text in rows["text"] if not (text is None or isinstance(text, str))]
    if strange:
        raise DataError(f"expected texts as strings; got {strange[0]!r} ({type(strange[0]).__name__})")
    written = [["" if value is None else value for value in rows[name]] for name in rows]
    path = cache_directory() / "given" / f"{content_hash(*written)}.parquet"
    if not path.exists():
        with exclusive(path), staged(path) as staging:
            rows.to_parquet(staging / path.name, index=False)
    return path
