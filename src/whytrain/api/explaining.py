"""Explaining texts from Python: any classifier, any methods, results that show themselves in a notebook."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias, overload

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from whytrain.config.choices import choices_of, section_of
from whytrain.config.validation import check_config
from whytrain.errors import ConfigError, DataError

if TYPE_CHECKING:
    import shap
    import shapiq

    from whytrain.api.runs import Run
    from whytrain.attribution.attribution import Attribution
    from whytrain.attribution.explainer import Explainer
    from whytrain.attribution.text import ExplainedText
    from whytrain.models.saved import SavedModel
    from whytrain.types import Payoff, PlayerUnit

# Names of conf/explainer with their settings, or methods that are made already.
Methods: TypeAlias = "Sequence[str | Explainer] | Mapping[str, Mapping[str, Any]]"


@dataclass(frozen=True, eq=False)
class TextExplanation:
    """A text, what a model says of it, and why; the last line of a notebook's cell shows it.

    Attributes:
        result: everything as plain results.
    """

    result: ExplainedText

    def __repr__(self) -> str:
        """Return the answer and the methods."""
        methods = ", ".join(a.title for a in self.attributions)
        return f"TextExplanation({self.result.text!r}: {self.label}; {methods})"

    @property
    def label(self) -> str:
        """The predicted class, or the predicted labels, joined."""
        return self.result.label

    @property
    def probabilities(self) -> Mapping[str, float]:
        """The probability of each class."""
        return self.result.probabilities

    @property
    def attributions(self) -> tuple[Attribution, ...]:
        """What each method and variant says of the words."""
        return tuple(explanation.attribution for explanation in self.result.explanations)

    def attribution(self, method: str | None = None, variant: str | None = None) -> Attribution:
        """Return what a method says; None: the first one.

        Raises:
            ConfigError: the text was not explained by it.
        """
        for found in self.attributions:
            if method in (None, found.method) and variant in (None, found.variant):
                return found
        asked = " ".join(name for name in (method, variant) if name)
        raise ConfigError(f"{asked}: not explained; there is {', '.join(a.title for a in self.attributions)}")

    def to_frame(self) -> pd.DataFrame:
        """Return one row per class, method, variant and word: position, word, score and standard error."""
        frames = [
            pd.DataFrame(
                {
                    "class": a.target.name,
                    "method": a.method,
                    "variant": a.variant,
                    "position": np.arange(1, len(a.words) + 1),
                    "word": a.words,
                    "score": a.scores,
                    "standard_error": np.nan if a.standard_errors is None else a.standard_errors,
                }
            )
            for a in self.attributions
        ]
        return pd.concat(frames, ignore_index=True)

    def to_plain(self) -> dict[str, Any]:
        """Return nested lists and mappings, for JSON."""
        return self.result.to_plain()

    def to_shap(self, method: str | None = None, variant: str | None = None) -> shap.Explanation:
        """Return a method's scores as a `shap.Explanation`, whose base value is v(∅) where it promises one.

        Raises:
            ConfigError: the package shap is not installed, or the text was not explained by the method.
        """
        from whytrain.attribution.shapley.export import to_shap

        found = self.attribution(method, variant)
        return to_shap(found.scores, 0.0 if found.total is None else found.total[0], found.words)

    def to_shapiq(self, method: str | None = None, variant: str | None = None) -> shapiq.InteractionValues:
        """Return scores and interactions as `shapiq.InteractionValues` (index SII, order 2).

        Raises:
            ConfigError: the package shapiq is not installed, or the method says nothing of pairs of words.
        """
        from whytrain.attribution.shapley.export import to_shapiq

        found = self.attribution(method, variant)
        if found.pairs is None:
            raise ConfigError(f"{found.title} says nothing of pairs of words; explainers=['shapley'] does")
        return to_shapiq(found.scores, found.pairs.scores, 0.0 if found.total is None else found.total[0])

    def write(self, folder: str | Path, *, figures: bool = False) -> Path:
        """Write page and JSON, and figures as PNG files, into a folder, which is made; return the page."""
        from whytrain.pages.explanation.files import write_explanation

        return write_explanation(self.result, Path(folder), draw=figures)

    def _repr_html_(self) -> str:
        """Return the answer and the sentence, colored once per method; all text is escaped."""
        from whytrain.pages.explanation.page import notebook_html

        return notebook_html(self.result)


@overload
def explain(  # type: ignore[overload-overlap]  # a text is a sequence of texts, too
    model: Run | SavedModel,
    texts: str,
    *,
    explainers: Any = ...,
    payoff: Payoff = ...,
    players: PlayerUnit = ...,
    seed: int = ...,
    label: str | None = ...,
    rather_than: str | None = ...,
) -> TextExplanation: ...


@overload
def explain(
    model: Run | SavedModel,
    texts: Sequence[str] | pd.Series,
    *,
    explainers: Any = ...,
    payoff: Payoff = ...,
    players: PlayerUnit = ...,
    seed: int = ...,
    label: str | None = ...,
    rather_than: str | None = ...,
) -> list[TextExplanation]: ...


def explain(
    model: Run | SavedModel,
    texts: str | Sequence[str] | pd.Series,
    *,
    explainers: Methods = ("shapley",),
    payoff: Payoff = "log_odds",
    players: PlayerUnit = "word",
    seed: int = 0,
    label: str | None = None,
    rather_than: str | None = None,
) -> TextExplanation | list[TextExplanation]:
    """Explain texts for what a model predicts, or for a class that is asked about.

    Args:
        model: a run, or a classifier from `from_huggingface` or `from_function`.
        texts: one, or several.
        explainers: names of methods, as in conf/explainer; with other settings than theirs as a mapping,
            such as `{"shapley": {"exact_words": 10}}`; or objects that are explainers themselves.
        payoff: what the scores are shares of: `log_odds`, `probability` or `logit` of the class.
        players: what gets a score: each `word`, or `wordpiece`; `character`: words, but single characters of
            scripts without spaces.
        seed: of methods that draw.
        label: the class, or the label, that is asked about; None: what the model predicts.
        rather_than: another class: why the first rather than this one; None: rather than all others.

    Returns:
        An explanation, or a list of them for several texts.

    Raises:
        ConfigError: there is no such method, or it needs what the model has not.
        DataError: a text has no words.
    """
    from whytrain.attribution.text import TextExplainer
    from whytrain.models.saved import SavedModel

    classifier = model if isinstance(model, SavedModel) else model.model
    explainer = TextExplainer(
        classifier,
        made_methods(explainers),
        payoff=payoff,
        players=players,
        seed=seed,
        label=label,
        rather_than=rather_than,
    )
    if isinstance(texts, str):
        return TextExplanation(explainer(texts))
    if not isinstance(texts, (Sequence, pd.Series)):
        raise DataError(f"expected a text or a sequence of texts; got {texts!r} ({type(texts).__name__})")
    strange = [text for text in texts if not isinstance(text, str)]
    if strange:
        raise DataError(f"expected texts as strings; got {strange[0]!r} ({type(strange[0]).__name__})")
    return [TextExplanation(explainer(text)) for text in texts]


def infilled(
    model: Run | SavedModel, name_or_path: str | Path, *, samples: int = 4, seed: int = 0
) -> SavedModel:
    """Return a classifier in whose explanations a masked language model fills absent words in.

    Beside it Shapley values are computed under the absence that is usual for the classifier.

    Args:
        model: a run, or a classifier from `from_huggingface` or `from_function`.
        name_or_path: of the masked language model: a folder, or a name on the hub.
        samples: texts that each set of present words is filled up to; the mean answer counts.
        seed: of what is drawn.

    Raises:
        ConfigError: there is no such language model, or it has no trained head.
    """
    from whytrain.models.masked_language_model import masked_language_model
    from whytrain.models.saved import SavedModel

    saved = model if isinstance(model, SavedModel) else model.model
    device = str(saved.interface.device)
    found = masked_language_model(name_or_path=str(name_or_path), samples=samples, seed=seed, device=device)
    return replace(saved, infill=found)


def methods(model: Run | SavedModel) -> list[str]:
    """Return the names of the methods that can explain a model, `random` last."""
    from whytrain.models.saved import SavedModel

    interface = model.interface if isinstance(model, SavedModel) else model.model.interface
    able = [name for name in choices_of("explainer") if _made(name, {}).missing(interface) is None]
    return sorted(able, key=lambda name: (name == "random", name != "shapley"))


def made_methods(explainers: Methods) -> list[Explainer]:
    """Make methods from their names; their settings stand in conf/explainer, and nowhere else.

    Raises:
        ConfigError: there is no such method, none at all, or a setting is wrong.
    """
    if isinstance(explainers, str):
        explainers = [explainers]
    if not explainers:
        raise ConfigError("explainers: expected at least one method, such as ['shapley']; got none")
    settings = explainers if isinstance(explainers, Mapping) else {}
    return [
        _made(method, settings.get(method, {})) if isinstance(method, str) else method
        for method in dict.fromkeys(explainers)
    ]


def _made(name: str, settings: Mapping[str, Any]) -> Explainer:
    from whytrain.attribution.explainer import make_explainer

    section = section_of("explainer", name) | dict(settings)
    check_config({name: section}, {})
    return make_explainer(section)


def from_huggingface(
    name_or_module: str | Path | object, tokenizer: object | None = None, *, max_tokens: int = 512
) -> SavedModel:
    """Return a Hugging Face classifier that was trained elsewhere, to be asked and explained.

    Args:
        name_or_module: a folder with config.json and *.safetensors, a name on the hub, or a sequence
            classifier of `transformers` that is loaded already.
        tokenizer: the one of a module that is loaded already; a fast one.
        max_tokens: after which texts are cut, unless the model reads fewer.

    Raises:
        ConfigError: there is no such classifier, or it is of a family that cannot be asked in batches.
        DataError: its tokenizer cannot be used.
    """
    from whytrain.models.existing import huggingface_classifier, loaded_classifier

    if isinstance(name_or_module, (str, Path)):
        return huggingface_classifier(str(name_or_module), max_tokens)
    return loaded_classifier(name_or_module, tokenizer, max_tokens)


def from_function(function: Callable[[list[str]], ArrayLike], class_names: Sequence[str]) -> SavedModel:
    """Return a function from texts to probabilities as a classifier that can be explained.

    Its words can only be removed: the function is also asked about texts without some, or all, of theirs, in
    lists of up to some thousand. A text of n words takes 2^n of them up to `exact_words` (14), beyond
    `budget` (1024); `explainers={"shapley": {"exact_words": 8, "budget": 500}}` takes less.

    Args:
        function: a list of n texts to probabilities (n, n_classes).
        class_names: in the order of the probabilities.

    Raises:
        DataError: fewer than two classes, or two of one name.
    """
    from whytrain.models.function import function_classifier

    return function_classifier(function, class_names)
