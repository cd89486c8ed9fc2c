"""Say which explanation to believe on a tracked run's model: whytrain score run=ID [key=value …]."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

from annotated_types import Ge, Interval
from hydra.utils import instantiate
from omegaconf import DictConfig, OmegaConf

from whytrain.commands.command_line import job_errors, quiet_libraries
from whytrain.commands.explainers import chosen_methods, infilled, make_explainers
from whytrain.commands.hydra_command import CONF, HydraCommand
from whytrain.config.choices import every_section
from whytrain.counted import counted

if TYPE_CHECKING:
    from rich.console import Console

    from whytrain.attribution.explainer import Explainer
    from whytrain.data.treebank import LabelledTree
    from whytrain.explanation_scores.score import Score
    from whytrain.explanation_scores.scored_methods import ScoredMethods
    from whytrain.explanation_scores.study import Study
    from whytrain.models.interface import ModelInterface
    from whytrain.models.saved import SavedModel
    from whytrain.shortcuts.marks import Mark
    from whytrain.tracking.reader import RunRecord

LITERAL = ("run", "file", "text_column", "people", "marks", "other", "output")


def hydra_main(config: DictConfig) -> None:
    """Score, and end with one line about what went wrong."""
    with job_errors(CONF / "score.yaml"):
        score(config)


def score(config: DictConfig) -> None:
    """Score the explanations of a run's model; print the verdict, write the page, keep it with the run."""
    from whytrain.tracking.quick_look import known_run

    plain, tracking = checked(config), instantiate(config.tracking)
    run_id = known_run(tracking.address, plain["run"])
    # Imported here: --help, --cfg and a wrong command line do without these seconds.
    from whytrain.explanation_scores.scored_methods import score_methods
    from whytrain.explanation_scores.study import make_study
    from whytrain.models.device import device_named
    from whytrain.presentation.terminal import terminal, watched
    from whytrain.runs.model import read_model
    from whytrain.tracking.reader import find_run

    quiet_libraries()
    console = terminal()
    scores = _scores(plain["score"], were_chosen=bool(config.get("score")))
    run = find_run(tracking.address, run_id)
    texts, given, notes = _texts(plain, _given(plain, run), run)
    saved = read_model(run, device=device_named(plain["device"]))
    saved = infilled(saved, plain["infill"], plain["seed"])
    methods, left_out = _methods(plain["explainer"], saved.interface)
    settings = {"payoff": plain["payoff"], "removal": plain["absence"], "seed": plain["seed"]}
    study = replace(make_study(saved, texts, **settings), trees=given.trees, marks=given.marks)
    study = _with_models(study, scores, plain, tracking.address, run)
    found = score_methods(
        study,
        methods,
        scores,
        level=plain["level"],
        notes=[*notes, *left_out],
        progress=partial(watched, console=console),
    )
    _publish(found, run, plain, log_text=tracking.log_text, console=console)


def _publish(
    found: ScoredMethods, run: RunRecord, plain: Mapping[str, Any], *, log_text: bool, console: Console
) -> None:
    """Write the page, keep it with the run, and print the verdict."""
    from whytrain.pages.beside import FOLDER, link_pages
    from whytrain.pages.scores.files import write_scores
    from whytrain.pages.scores.terminal import terminal
    from whytrain.runs.scores import log_scores
    from whytrain.tracking.finished_run import FinishedRun

    folder = Path(plain["output"] or Path("scores") / run.run_id)
    page, table, figure = write_scores(found, run.name, folder, plain["level"])
    kept = FinishedRun(run, log_text=log_text)
    log_scores(kept, found.to_frame())
    kept.log_artifact(page, FOLDER)
    link_pages(run)
    kept.log_artifact(figure, "figures/scores")
    console.print(terminal(found, plain["level"]), highlight=False)
    console.print(
        f"page: {page} ({table.name} and {figure.name} beside it; kept with the run)", soft_wrap=True
    )


def checked(config: DictConfig) -> dict[str, Any]:
    """Return the config as plain containers; all methods and scores where none is chosen.

    Raises:
        ConfigError: a key or value is wrong, or texts are given twice.
        MissingDataError: a file that is named is not there.
    """
    from whytrain.config.known_file import known_file
    from whytrain.config.seed import Seed
    from whytrain.config.validation import check_config
    from whytrain.errors import ConfigError
    from whytrain.types import DeviceName, Payoff, RemovalName

    plain: Any = OmegaConf.to_container(config, resolve=True, throw_on_missing=True)
    chosen = plain.get("explainer")
    plain["explainer"] = None if chosen is None else chosen_methods(chosen)
    plain["score"] = plain.get("score") or every_section("score")
    keys: dict[str, Any] = dict.fromkeys(LITERAL, str | None) | {"run": str}
    keys |= {"sentences": Annotated[int, Ge(2)], "max_words": Annotated[int, Interval(ge=4, le=14)]}
    keys |= {"level": Annotated[float, Interval(gt=0, lt=1)], "seed": Seed, "device": DeviceName}
    keys |= {"absence": RemovalName | None, "payoff": Payoff}
    if chosen is None:
        keys["explainer"] = None
    if plain["run"] is None:
        raise ConfigError("run=ID_OR_NAME must be given: whose explanations shall be scored?")
    check_config(plain, keys)
    if plain["people"] is not None and plain["file"] is not None:
        raise ConfigError("give either people=FILE, whose sentences are then scored, or file=FILE")
    named = {key: str(known_file(plain[key], key)) for key in ("file", "people", "marks") if plain[key]}
    return dict(plain | named)


@dataclass(frozen=True, kw_only=True)
class _Given:
    """What the files hold that the command line names.

    Attributes:
        texts: None: those of the run.
        trees: people's labels of each text's phrases; empty without such.
        marks: words that are known to be shortcuts.
    """

    texts: list[str] | None = None
    trees: tuple[LabelledTree, ...] = ()
    marks: tuple[Mark, ...] = ()


def _given(plain: Mapping[str, Any], run: RunRecord) -> _Given:
    """Read the files that the command line names, texts from the column that the run's data has them in.

    Raises:
        DataError: a file is not there, or cannot be read.
        ConfigError: a file of marks holds something else.
    """
    from whytrain.attribution.bulk import read_texts
    from whytrain.data.treebank import read_treebank
    from whytrain.shortcuts.marks import read_marks

    texts: list[str] | None = None
    trees: tuple[LabelledTree, ...] = ()
    if plain["people"] is not None:
        trees = tuple(read_treebank(plain["people"]))
        texts = [" ".join(tree.words) for tree in trees]
    if plain["file"] is not None:
        column = plain["text_column"] or run.setting("data.text_column")
        texts, _ = read_texts(Path(plain["file"]), column)
    marks = () if plain["marks"] is None else tuple(read_marks(plain["marks"], "marks"))
    return _Given(texts=texts, trees=trees, marks=marks)


def _scores(sections: Mapping[str, Mapping[str, Any]], *, were_chosen: bool) -> list[Score]:
    """Return the scores asked for, or those that are shown by default."""
    from whytrain.explanation_scores.score import make_score

    scores = [make_score(section) for section in sections.values()]
    return [score for score in scores if were_chosen or score.shown_by_default]


def _methods(
    sections: dict[str, dict[str, Any]] | None, model: ModelInterface
) -> tuple[list[Explainer], list[str]]:
    """Return the methods asked for, or all that the model can do and why others are left out.

    Raises:
        ConfigError: a method that was asked for needs what the model has not.
    """
    from whytrain.attribution.explainer import able, check_explainers

    if sections is not None:
        methods = make_explainers(sections)
        check_explainers(methods, model)
        return methods, []
    methods, reasons = able(make_explainers(every_section("explainer")), model)
    return methods, [f"left out: {reason}" for reason in reasons]


def _texts(plain: Mapping[str, Any], given: _Given, run: RunRecord) -> tuple[list[str], _Given, list[str]]:
    """Choose texts; also what belongs to these of what was given, and what a reader must know of the choice.

    Raises:
        DataError: there are fewer than two.
    """
    from whytrain.data.words import split_words
    from whytrain.errors import DataError
    from whytrain.explanation_scores.marked_words import is_marked
    from whytrain.explanation_scores.sentences import LEAST_WORDS, choose_texts
    from whytrain.runs.sentences import read_clear_texts

    texts, notes = read_clear_texts(run) if given.texts is None else given.texts, []
    if given.marks:
        texts = [text for text in texts if is_marked(split_words(text), given.marks).any()]
        notes.append(f"chosen of {counted(len(texts), 'text')} with words of {plain['marks']}")
    places, note = choose_texts(texts, plain["sentences"], plain["max_words"], plain["seed"])
    if len(places) < 2:
        raise DataError(
            f"{'only one' if places else 'no'} text has {LEAST_WORDS} words or more: means are taken over "
            "two at least; give others, file=FILE"
        )
    trees = tuple(given.trees[place] for place in places) if given.trees else ()
    return [texts[place] for place in places], replace(given, trees=trees), [*notes, *filter(None, [note])]


def _with_models(
    study: Study, scores: Sequence[Score], plain: Mapping[str, Any], address: str, run: RunRecord
) -> Study:
    """Give the scores the further models that they need, trained if need be; refuse what they lack."""
    from whytrain.explanation_scores.score import check_scores
    from whytrain.runs.model import read_model
    from whytrain.tracking.reader import find_run

    if plain["other"] is not None:
        study = replace(study, other=read_model(find_run(address, plain["other"])))
    needed = {need for each in scores for need in each.needs}
    check_scores([each for each in scores if "random_labels" not in each.needs], study)
    if "random_labels" in needed:
        print("training a model like this one on random labels", flush=True)
        study = replace(study, random_labels=_on_random_labels(study, run))
    return study


def _on_random_labels(study: Study, run: RunRecord) -> SavedModel:
    """Train as the run was trained, on its training texts with shuffled labels; nothing is tracked."""
    from whytrain import lightning_modules as lm
    from whytrain.commands.job import Job
    from whytrain.commands.train import build
    from whytrain.runs.config import read_config

    config = Job.of_record(read_config(run), {}).config
    data, module = build(config)
    data.shuffle_labels(study.seed)
    trainer = lm.make_trainer(instantiate(config.trainer), data, [], None)
    trainer.fit(module, datamodule=data)
    return replace(
        study.saved, model=module.model.eval(), tokenizer=data.tokenizer, max_tokens=data.source.max_tokens
    )


COMMAND = HydraCommand(
    name="score",
    task=hydra_main,
    text_keys=(*LITERAL, "infill.name_or_path", "tracking.uri", "tracking.directory"),
    positional="a run is given as run={text}",
)


def main(words: Sequence[str] | None = None) -> NoReturn:
    """Run the command."""
    COMMAND.main(words)
