"""What a worker process answers with: the model of now, its methods, and the record."""

from __future__ import annotations

import copy
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch
from torch import nn

from whytrain.attribution.explainer import able, make_explainer
from whytrain.audit.answers import Reasons, UnexplainedError, answers_of, fingerprint, recorded
from whytrain.audit.chain import Chain
from whytrain.config.choices import choices_of, every_section, section_of
from whytrain.config.trust import trust
from whytrain.config.validation import did_you_mean
from whytrain.errors import ConfigError, DataError
from whytrain.models.device import device_named
from whytrain.models.saved import SavedModel, load_model
from whytrain.serving.settings import ServeSettings
from whytrain.tracking.models.versions import registered_version, version_folder
from whytrain.tracking.traces import Traces

_MOST_METHODS = 20  # with their budgets, that are kept ready
_log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class Question:
    """A text, and who asks.

    Attributes:
        text: the text.
        request: id of the request that it came with.
        place: where it stands among the texts of the request, from 0.
        asked_by: who asks, as they say; None: they do not.
    """

    text: str
    request: str
    place: int
    asked_by: str | None


@dataclass(frozen=True, kw_only=True)
class WhyQuestion(Question):
    """A text whose answer is to be explained.

    Attributes:
        method: name of the method.
        budget: model evaluations at most, in place of the method's own; None: its own.
    """

    method: str
    budget: int | None


class Served:
    """A loaded model, and what gives its reasons.

    Attributes:
        model: the model that predicts.
        identity: `run`, `version` and `fingerprint`.
        methods: names of those that can give its reasons.
    """

    def __init__(self, model: SavedModel, identity: Mapping[str, Any], *, seed: int) -> None:
        """Keep a copy for the reasons: its modes are its own, its weights are shared.

        Args:
            model: the model.
            identity: see above.
            seed: of methods that draw.
        """
        self.model, self.identity, self._seed = model, identity, seed
        self.explained = replace(model, model=_sharing_weights(model.model))
        named = every_section("explainer") | dict(model.explainers)
        able_ones, _ = able([make_explainer(section) for section in named.values()], self.explained.interface)
        self.methods = sorted(method.name for method in able_ones)
        self._reasons: dict[tuple[str, int | None], Reasons] = {}

    def default_method(self, wanted: str | None) -> str:
        """Return the method where a request names none."""
        return wanted or next(iter(self.model.explainers), "shapley")

    def reasons(self, method: str, budget: int | None) -> Reasons:
        """Return a method with the run's settings, or those of conf/explainer; made once.

        Raises:
            ConfigError: there is no such method, it has no budget, or it needs what the model has not.
        """
        if (method, budget) not in self._reasons:
            if method not in self.methods:
                known = method in choices_of("explainer")
                why = "this model has not what it needs" if known else "no such method"
                raise ConfigError(f"method={method}: {why}; {did_you_mean(method, self.methods)}")
            section = dict(self.model.explainers.get(method) or section_of("explainer", method))
            if budget is not None:
                if "budget" not in section:
                    raise ConfigError(f"budget={budget}: the method {method} has no budget; leave it out")
                section["budget"] = budget
            if len(self._reasons) >= _MOST_METHODS:
                self._reasons.pop(next(iter(self._reasons)))
            self._reasons[method, budget] = Reasons(self.explained, section, seed=self._seed)
        return self._reasons[method, budget]


class Worker:
    """Answers questions, and records each answer before it is given."""

    def __init__(self, settings: ServeSettings, *, loaded: Callable[[Mapping[str, Any]], None]) -> None:
        """Load the model.

        Args:
            settings: of the server.
            loaded: told the identity of each model that is loaded.
        """
        trust(settings.trusted)
        torch.set_num_threads(settings.threads)
        self._settings, self._loaded = settings, loaded
        self._chain = None if settings.record is None else Chain(Path(settings.record))
        self._traces = None if settings.traces is None else Traces(settings.tracking_uri, settings.traces)
        self.served = self._load(Path(settings.folder), settings.identity)
        self.follow()

    def _load(self, folder: Path, identity: Mapping[str, Any]) -> Served:
        model = load_model(folder, device=device_named(self._settings.device))
        model.predict(["a"])  # the first call is slow
        served = Served(model, identity, seed=self._settings.seed)
        self._loaded(identity)
        return served

    def follow(self) -> None:
        """Load the version that the alias names now, if it is another one; what is being answered goes on.

        A registry that is out of reach, or a version that cannot be loaded, leaves the model as it is.
        """
        settings = self._settings
        if settings.address is None:
            return
        try:
            found = registered_version(settings.tracking_uri, settings.address)
            version = f"{found.name}/{found.version}"
            if version == self.served.identity["version"]:
                return
            folder = version_folder(settings.tracking_uri, found)
            identity = {"run": found.run_id, "version": version, "fingerprint": fingerprint(folder)}
            self.served = self._load(folder, identity)
        except Exception as error:  # MLflow and torch raise their own
            _log.warning(
                "%s: cannot follow it (%s); still serving %s", settings.address, error, self.served.identity
            )

    def close(self) -> None:
        """Send what waits to be a trace."""
        if self._traces is not None:
            self._traces.close()

    def predict(self, questions: Sequence[Question]) -> list[dict[str, Any]]:
        """Answer questions."""
        served = self.served
        answers = answers_of(served.model, [question.text for question in questions])
        return self._told(served, questions, answers)

    def explain(self, questions: Sequence[WhyQuestion]) -> list[dict[str, Any]]:
        """Answer questions with the reasons.

        Raises:
            ConfigError: see `Served.reasons`.
            DataError: a text cannot be explained.
        """
        served = self.served
        texts = [question.text for question in questions]
        logits = served.explained.logits(texts)  # once, for answers and reasons
        answers = answers_of(served.explained, texts, logits)
        together: dict[tuple[str, int | None], list[int]] = {}
        for place, question in enumerate(questions):
            together.setdefault((question.method, question.budget), []).append(place)
        for method, places in together.items():
            try:
                told = served.reasons(*method)([texts[place] for place in places], logits[places])
            except UnexplainedError as error:
                at_fault = questions[places[error.row]]
                raise DataError(f"texts.{at_fault.place}: {error}") from error
            for place, explanation in zip(places, told, strict=True):
                answers[place]["explanation"] = explanation
        return self._told(served, questions, answers)

    def _told(
        self, served: Served, questions: Sequence[Question], answers: list[dict[str, Any]]
    ) -> list[dict[str, Any]]:
        """Record answers; each then says its model and the hash of its entry."""
        hashes: list[str | None] = [None] * len(answers)
        if self._chain is not None or self._traces is not None:
            entries = [
                recorded(
                    answer,
                    question.text,
                    model=served.identity,
                    request=question.request,
                    asked_by=question.asked_by,
                    with_text=self._settings.with_text,
                )
                for question, answer in zip(questions, answers, strict=True)
            ]
            if self._chain is not None:
                hashes[:] = self._chain.append(entries)
            if self._traces is not None:
                self._traces.add(entries, hashes)
        return [
            {**answer, "model": dict(served.identity), "record": entry}
            for answer, entry in zip(answers, hashes, strict=True)
        ]


def _sharing_weights(module: nn.Module) -> nn.Module:
    """Return a copy of a module with the same weights in memory, whose modes and flags are its own."""
    kept: dict[int, object] = {id(p): nn.Parameter(p.data, p.requires_grad) for p in module.parameters()}
    kept |= {id(buffer): buffer for buffer in module.buffers()}
    return copy.deepcopy(module, kept)
