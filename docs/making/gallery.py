"""The gallery: every figure of whytrain.figures with its picture, question, how to read it, command and code."""

from __future__ import annotations

import importlib
import inspect
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from making import small_figures
from making.markdown import page
from making.records import artifact_folder
from whytrain.pages.run.captions import CAPTIONS, Caption
from whytrain.types import Figure

Topic = Literal["training", "confidence", "explanations", "analyses", "surrogates", "comparison", "sweeps"]
TOPICS: Mapping[Topic, str] = {
    "training": "Training",
    "confidence": "Confidence",
    "explanations": "Explanations",
    "analyses": "Inside the model",
    "surrogates": "Simple copies",
    "comparison": "Comparisons",
    "sweeps": "Sweeps",
}
_TRAIN = "whytrain train data=csv data.path=reviews.csv run_name=first"
_EXPLAIN = 'whytrain explain run=first text="a gorgeous, witty, seductive movie" figures=true'
_COMPARE = 'whytrain compare "runs=[first,second]"'
_INSPECT = "whytrain inspect run=first"
Picture = str | Callable[[], Figure]


@dataclass(frozen=True, kw_only=True)
class Entry:
    """A figure.

    Attributes:
        module: below `whytrain.figures`, with its topic; the function has the file's name.
        caption: what it is for.
        command: that draws it.
        picture: a file, `PAGE:PATH`, below the run `first` of a tutorial (PATH begins with `figures/`) or below
            its folder; or what draws it from small data.
    """

    module: str
    caption: Caption
    command: str
    picture: Picture

    @property
    def topic(self) -> Topic:
        """The page that it stands on."""
        return self.module.split(".")[0]  # type: ignore[return-value]

    @property
    def name(self) -> str:
        """The name of its file and function."""
        return self.module.split(".")[1]

    @property
    def file(self) -> str:
        """The name of its picture."""
        return f"{self.name}.png"


def _of_run(module: str, figure: str, file: str | None = None, command: str = _TRAIN) -> Entry:
    """Return a figure that a run draws: its caption is that of the run's page."""
    where = f"own_csv:figures/{file or figure}.png"
    return Entry(module=module, caption=CAPTIONS[figure], command=command, picture=where)


def _caption(title: str, question: str, reading: str, worry: str = "") -> Caption:
    return Caption(section="words", title=title, question=question, reading=reading, worry=worry)


ENTRIES = (
    _of_run("training.training_history", "history/training"),
    _of_run("training.batch_history", "history/batches"),
    _of_run("training.confusion_matrix", "confusion_matrix/confusion_matrix"),
    Entry(
        module="training.label_scores",
        caption=CAPTIONS["label_scores/label_scores"],
        command='whytrain train task=multilabel "task.separator=;" data=csv data.path=tickets.csv',
        picture=small_figures.labels,
    ),
    _of_run("training.model_diagram", "model/model"),
    Entry(
        module="training.training_curves",
        caption=_caption(
            "Training of several runs",
            "Did one run learn faster, or only longer?",
            "One colour per run (seeds of one recipe share it); the dashed lines are the bags of words.",
            "A run that still rises at its end is compared too early.",
        ),
        command=_COMPARE,
        picture="own_csv:comparisons/*/figures/training.png",
    ),
    _of_run("confidence.prediction_confidence", "confidence/confidence"),
    _of_run("confidence.reliability_diagram", "calibration/reliability"),
    _of_run("confidence.confidence_distribution", "calibration/confidence"),
    _of_run("confidence.confidence_by_outcome", "calibration/confidence_by_outcome"),
    _of_run("confidence.risk_coverage_curve", "calibration/risk_coverage"),
    _of_run("confidence.conformal_sets", "calibration/conformal_sets"),
    Entry(
        module="confidence.human_entropy",
        caption=CAPTIONS["calibration/human_entropy"],
        command="whytrain train data=snippets",
        picture=small_figures.people,
    ),
    Entry(
        module="confidence.label_calibration",
        caption=CAPTIONS["calibration/labels"],
        command='whytrain train task=multilabel "task.separator=;" data=csv data.path=tickets.csv',
        picture=small_figures.label_errors,
    ),
    _of_run("explanations.token_importance", "corpus_importance", "shapley/corpus_importance"),
    _of_run("explanations.pair_importance", "corpus_pairs", "shapley/corpus_pairs"),
    _of_run("explanations.corpus_path", "corpus_path", "shapley/corpus_path"),
    _of_run("explanations.position_profile", "corpus_positions", "shapley/corpus_positions"),
    _of_run("explanations.word_trends", "word_trends", "shapley/word_trends"),
    _of_run("explanations.sentence_parts", "parts", "shapley/parts"),
    _of_run("explanations.cumulative_path", "sentence_path", "shapley/sentence_1_path"),
    _of_run("explanations.interaction_network", "sentence_network", "shapley/sentence_1_network"),
    _of_run("explanations.interaction_tree", "sentence_tree", "shapley/sentence_1_tree"),
    Entry(
        module="explanations.position_contribution",
        caption=_caption(
            "Weight of one sentence's words by place",
            "Where in the sentence does the answer come from?",
            "Words in their order; upwards for the class, downwards against it.",
            "All weight at one end of a long text: the rest is hardly read.",
        ),
        command=_EXPLAIN,
        picture="own_csv:explanations/*/*/positions.png",
    ),
    Entry(
        module="explanations.method_scores",
        caption=_caption(
            "Scores of explanation methods",
            "Which explanation should I believe on this model?",
            "One panel per score, one row per method with its interval. Gray is what random scores reach, dotted the best "
            "that any order of the words does.",
            "A method that is not better than `random`: it says nothing about this model.",
        ),
        command="whytrain score run=first",
        picture="own_csv:scores/*/scores.png",
    ),
    Entry(
        module="explanations.layer_randomization",
        caption=_caption(
            "Explanations while the layers are randomized",
            "Do the explanations depend on what the model learned?",
            "From top to bottom one layer more has random weights; at 1 words are ranked as by the trained model, at 0 "
            "the two rankings have nothing to do with each other.",
            "A correlation that stays high: the method would say the same of an untrained model.",
        ),
        command="python benchmarks/sanity.py",
        picture=small_figures.randomized_layers,
    ),
    Entry(
        module="analyses.bars",
        caption=_caption(
            "Values of an analysis, side by side",
            "How large is it, and is it more than chance?",
            "A row per thing that was asked about, a dot on its interval per series; the line is where nothing "
            "would lie.",
            "An interval across the line: nothing can be said.",
        ),
        command=_INSPECT,
        picture=small_figures.bars,
    ),
    Entry(
        module="analyses.lines",
        caption=_caption(
            "Values of an analysis, in order",
            "Where in the model, or when in training, does it appear?",
            "A line with the band of its intervals from the first place to the last.",
            "A band that holds the line of chance all the way.",
        ),
        command=_INSPECT,
        picture=small_figures.lines,
    ),
    Entry(
        module="analyses.heat",
        caption=_caption(
            "Values of an analysis, by row and column",
            "Which pairs of the two stand out?",
            "One cell per pair; white is zero, the two colours are its two directions.",
            "All cells alike: the analysis tells nothing of where.",
        ),
        command=_INSPECT,
        picture=small_figures.heat,
    ),
    Entry(
        module="analyses.points",
        caption=_caption(
            "Items of an analysis in the plane",
            "What lies beside what for this model?",
            "One dot per item, a colour per group; some have their text beside them.",
            "Shapes and distances are made by the projection: trust neighborhoods only.",
        ),
        command=_INSPECT,
        picture=small_figures.points,
    ),
    _of_run("surrogates.fidelity_history", "surrogate/fidelity"),
    _of_run("surrogates.coefficients", "surrogate/coefficients_readable"),
    _of_run("surrogates.rule_list", "surrogate/rules"),
    _of_run("surrogates.decision_tree", "surrogate/tree"),
    Entry(
        module="comparison.metric_bars",
        caption=_caption(
            "Metrics of several runs",
            "How do the runs score, all in all?",
            "One group per metric, one bar per run with its interval; the line is the bag of words.",
            "Overlapping intervals are no test: whether two runs differ is in the next figure.",
        ),
        command=_COMPARE,
        picture="own_csv:comparisons/*/figures/metric_bars.png",
    ),
    Entry(
        module="comparison.metric_radar",
        caption=_caption(
            "Profile of several runs",
            "Is one run better in everything, or does it trade one thing for another?",
            "One axis per metric, outwards is better.",
            "Areas mean nothing: they depend on the order of the axes.",
        ),
        command=_COMPARE,
        picture="own_csv:comparisons/*/figures/metric_radar.png",
    ),
    Entry(
        module="comparison.difference_forest",
        caption=_caption(
            "Differences with intervals",
            "Is the difference real?",
            "One row per metric: the difference from the baseline, paired by row, with an interval that allows for all "
            "the differences that were looked at.",
            "An interval across zero: no difference can be seen. The report says how many rows would show it.",
        ),
        command=_COMPARE,
        picture="own_csv:comparisons/*/figures/differences.png",
    ),
    Entry(
        module="comparison.value_change",
        caption=_caption(
            "One sentence's words in two runs",
            "Did the reasons change, or only the answer?",
            "Bars of both runs for each word, and beside them the change.",
            "Same answer, other words: one of the two may be right for the wrong reason.",
        ),
        command=_COMPARE,
        picture="own_csv:comparisons/*/figures/*_values.png",
    ),
    Entry(
        module="comparison.interaction_change",
        caption=_caption(
            "One sentence's pairs in two runs",
            "Do the runs read the same words together?",
            "As above, for pairs of words: above zero they do more together than alone.",
            "A negation that acts with its word in one run alone.",
        ),
        command=_COMPARE,
        picture="own_csv:comparisons/*/figures/*_interactions.png",
    ),
    Entry(
        module="comparison.attention_change",
        caption=_caption(
            "Attention on one sentence in two runs",
            "Do two models that attend look at the same words?",
            "Shares that sum to 1 in each run; beside them the difference.",
            "Attention says where a layer read, not why the answer came.",
        ),
        command='whytrain compare "runs=[opt,opt-2]"',
        picture=small_figures.attention,
    ),
    Entry(
        module="comparison.loop_effects",
        caption=_caption(
            "What the loop's arms changed",
            "Did following the diagnosis help, and more than random changes would?",
            "One panel per metric, one row per arm: the difference from the baseline with its interval; the mark is "
            "what was promised.",
            "The arm with random targets gains as much: it was the change, not the explanation, that helped.",
        ),
        command="whytrain train experiment=closed_loop loop.seeds=[0,1,2]",
        picture=small_figures.loop,
    ),
    Entry(
        module="sweeps.parallel_coordinates",
        caption=_caption(
            "All jobs of a sweep",
            "Which settings do the good jobs share?",
            "One line per job through its settings to its score; the best one is bold.",
            "Good and bad lines through the same places: the setting hardly matters.",
        ),
        command="whytrain train -m model=bilstm,bilstm_opt seed=0,1,2",
        picture=small_figures.jobs,
    ),
    Entry(
        module="sweeps.seed_intervals",
        caption=_caption(
            "Recipes over seeds",
            "Is one recipe better, or was it lucky?",
            "One row per recipe: a dot per seed, the bar is the interval of the mean.",
            "Bars that overlap widely: more seeds, or no difference.",
        ),
        command="whytrain train -m model=bilstm,bilstm_opt seed=0,1,2",
        picture=small_figures.seeds,
    ),
)


def entry(name: str) -> Entry:
    """Return a figure by its name, or by what the run's page calls it.

    Raises:
        KeyError: there is none.
    """
    for found in ENTRIES:
        if name in (found.name, found.module) or CAPTIONS.get(name) is found.caption:
            return found
    raise KeyError(f"{name}: no figure of the gallery; choices: {', '.join(e.name for e in ENTRIES)}")


def draw(folder: Path, runs: Path) -> None:
    """Put every picture into a folder: copied from the tutorials' runs, or drawn from small data.

    Args:
        folder: where to.
        runs: the folder with a folder per tutorial.

    Raises:
        FileNotFoundError: a run has no such figure any more.
    """
    for found in ENTRIES:
        target = folder / found.file
        if not isinstance(found.picture, str):
            found.picture().savefig(target, format="png")
            continue
        workspace, _, where = found.picture.partition(":")
        base = runs / workspace
        if where.startswith("figures/"):
            base = artifact_folder(base, "first")
        files = sorted(base.glob(where))
        if not files:
            raise FileNotFoundError(f"{found.module}: no {where} below {base}")
        shutil.copy(files[0], target)


def pages() -> dict[str, str]:
    """Return the index and a page per topic, by file name."""
    made = {f"{topic}.md": _topic_page(topic, title) for topic, title in TOPICS.items()}
    return {"index.md": _index(), **made}


def _index() -> str:
    parts = [
        "Every figure that whytrain draws: what it answers, how to read it, when to worry. Figures of a run are on its "
        "page and in MLflow; those of a text with `figures=true`; those of runs side by side in the comparison's folder."
    ]
    for topic, title in TOPICS.items():
        cards = [
            f":::{{grid-item-card}} {e.caption.title}\n:img-top: pictures/{e.file}\n:link: {topic}.html#{anchor(e)}\n"
            f":link-type: url\n\n{e.caption.question}\n:::"
            for e in ENTRIES
            if e.topic == topic
        ]
        parts.append(f"## {title}\n\n::::{{grid}} 1 2 3 3\n:gutter: 3\n\n" + "\n\n".join(cards) + "\n::::")
    contents = "\n".join(["```{toctree}", ":hidden:", "", *TOPICS, "```"])
    return page("Gallery", *parts, contents)


def anchor(found: Entry) -> str:
    """Return what the address of a figure's section ends with."""
    return found.name.replace("_", "-")


def _topic_page(topic: Topic, title: str) -> str:
    return page(f"Gallery: {title.lower()}", *(_section(e) for e in ENTRIES if e.topic == topic))


def _section(found: Entry) -> str:
    c = found.caption
    lines = [f"**How to read it.** {c.reading}"]
    if c.worry:
        lines.append(f"**When to worry.** {c.worry}")
    if not isinstance(found.picture, str):
        lines.append("The picture shows made-up numbers; they measure nothing.")
    function = f"whytrain.figures.{found.module}.{found.name}"
    return "\n\n".join(
        [
            f"({anchor(found)})=\n## {c.title}",
            f"*{c.question}*",
            f"![{c.title}](pictures/{found.file})",
            *lines,
            f"```\n{found.command}\n```",
            f"::::{{dropdown}} In Python: {found.name}\n```{{eval-rst}}\n.. autofunction:: {function}\n```\n::::",
        ]
    )


def function_of(found: Entry) -> Callable[..., Figure]:
    """Return the function that draws a figure."""
    module = importlib.import_module(f"whytrain.figures.{found.module}")
    function: Callable[..., Figure] = getattr(module, found.name)
    assert inspect.isfunction(function)
    return function
