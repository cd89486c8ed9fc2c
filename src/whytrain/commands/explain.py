"""Explain text with a tracked run's model, or one from elsewhere: whytrain explain run=ID text="…"."""

from __future__ import annotations

import hashlib
import json
import shlex
import time
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, NoReturn

from annotated_types import Ge
from hydra.utils import instantiate
from omegaconf import DictConfig, OmegaConf

from whytrain.commands.command_line import job_errors, quiet_libraries
from whytrain.commands.explainers import chosen_methods, infilled, make_explainers
from whytrain.commands.hydra_command import CONF, HydraCommand
from whytrain.counted import counted
from whytrain.data.files.table import FileFormat, Quoting

if TYPE_CHECKING:
    from rich.console import Console

    from whytrain.attribution.bulk import RowMaker
    from whytrain.attribution.text import TextExplainer
    from whytrain.models.saved import SavedModel
    from whytrain.tracking.settings import TrackingSettings

LITERAL = (
    "run",
    "classifier",
    "text",
    "file",
    "text_column",
    "label",
    "rather_than",
    "output",
    "delimiter",
    "encoding",
)  # may hold what Hydra's grammar would not take

_OF_EXPLAINER = ("payoff", "players", "seed", "label", "rather_than")
MANY = 1000  # texts from which on it pays to learn to predict their values
FORMAT_KEYS = {
    "delimiter": str | None,
    "quoting": Quoting | None,
    "encoding": str | None,
    "header": bool | None,
}


def hydra_main(config: DictConfig) -> None:
    """Explain, and end with one line about what went wrong."""
    with job_errors(CONF / "explain.yaml"):
        explain(config)


def explain(config: DictConfig) -> None:
    """Explain one text, or every row of a file."""
    plain = checked(config)
    tracking: TrackingSettings = instantiate(config.tracking)
    run_id = _run_id(tracking, plain)
    # Imported here: --help, --cfg and a wrong command line do without these seconds.
    from whytrain.attribution.bulk import read_texts
    from whytrain.presentation.terminal import terminal

    quiet_libraries()
    texts: list[str] = []
    if plain["file"] is not None:
        form = FileFormat(**{name: plain[name] for name in FORMAT_KEYS})
        plain["text_column"] = plain["text_column"] or _text_column(tracking, run_id)
        texts, notices = read_texts(Path(plain["file"]), plain["text_column"], form, plain["on_bad_row"])
        for notice in notices:
            print(notice)
    classifier, name = _classifier(tracking, plain, run_id)
    explainer = _text_explainer(classifier, plain)
    kept = Path("explanations") / name
    # Named after texts, model and settings: what others explained is never taken for done, nor replaced.
    made_by = {name: plain[name] for name in (*_OF_EXPLAINER, "explainer")}
    if plain["infill"]["name_or_path"] is not None:
        made_by["infill"] = plain["infill"]
    if plain["file"] is None:
        from whytrain.pages.explanation.files import folder_of

        asked = made_by | {"model": plain["classifier"], "max_tokens": plain["max_tokens"]}
        output = None if plain["output"] is None else Path(plain["output"])
        folder = output or kept / folder_of(plain["text"], asked)
        index = (kept, f"Asked of {plain['run'] or name}") if output is None else None
        return explain_text(explainer, plain["text"], folder, index, terminal(), draw=plain["figures"])
    output = Path(plain["output"] or kept)
    made_by |= {"details": plain["details"]}
    origin = [str(Path(plain["file"]).resolve()), plain["text_column"], name, made_by]
    made_of = hashlib.sha256(json.dumps(origin).encode()).hexdigest()[:8]
    target = output / f"{Path(plain['file']).stem}-{made_of}.parquet"
    return explain_file(config, plain, explainer, texts, target)


def checked(config: DictConfig) -> dict[str, Any]:
    """Return the config as plain containers.

    Raises:
        ConfigError: a key or value is wrong, or it is not said what is asked of whom.
        MissingDataError: the file of texts is not there.
    """
    from whytrain.config.known_file import known_file
    from whytrain.config.seed import Seed
    from whytrain.config.validation import check_config
    from whytrain.errors import ConfigError
    from whytrain.types import DeviceName, Payoff, PlayerUnit

    plain: Any = OmegaConf.to_container(config, resolve=True, throw_on_missing=True)
    plain["explainer"] = chosen_methods(plain.get("explainer"))
    keys: dict[str, Any] = dict.fromkeys(LITERAL, str | None) | {"max_tokens": Annotated[int, Ge(3)]}
    keys |= FORMAT_KEYS | {"on_bad_row": Literal["error", "skip"], "details": bool, "figures": bool}
    keys |= {"workers": Annotated[int, Ge(1)] | None, "ray": str | None}
    check_config(plain, keys | {"payoff": Payoff, "players": PlayerUnit, "seed": Seed, "device": DeviceName})
    if (plain["run"] is None) == (plain["classifier"] is None):
        raise ConfigError("give either run=ID_OR_NAME or model=FOLDER_OR_HUB_NAME")
    if (plain["text"] is None) == (plain["file"] is None):
        raise ConfigError('give either text="…" or file=PATH')
    if plain["file"] is not None:
        plain["file"] = str(known_file(plain["file"], "file"))
    if plain["text"] in ("…", "..."):
        raise ConfigError('text="…" stands for a text of yours: write it in its place, as text="a fine film"')
    return dict(plain)


def _run_id(tracking: TrackingSettings, plain: Mapping[str, Any]) -> str | None:
    """Return the id of the run that is asked, or its name where only MLflow can tell; None: no run is."""
    from whytrain.tracking.quick_look import known_run

    return None if plain["run"] is None else known_run(tracking.address, plain["run"])


def _text_column(tracking: TrackingSettings, run_id: str | None) -> str | None:
    """Return the column of texts that the run's config names; None where it names none."""
    from whytrain.runs.config import kept_config
    from whytrain.runs.model import kept_model
    from whytrain.tracking.reader import find_run

    if run_id is None:
        return None
    if kept_model(tracking.root, tracking.address, run_id) is not None:
        column: str | None = kept_config(tracking.root, run_id)["data"].get("text_column")
        return column
    return find_run(tracking.address, run_id).setting("data.text_column")


def _classifier(
    tracking: TrackingSettings, plain: Mapping[str, Any], run_id: str | None
) -> tuple[SavedModel, str]:
    """Return what is asked, and what its explanations are kept under: a run's id, or the model's name."""
    from whytrain.models.device import device_named
    from whytrain.models.existing import existing_classifier
    from whytrain.models.saved import load_model
    from whytrain.runs.model import kept_model, read_model
    from whytrain.tracking.reader import find_run

    device = device_named(plain["device"])
    if run_id is None:
        name = str(plain["classifier"])
        return existing_classifier(name, plain["max_tokens"], device=device), Path(name).name
    kept = kept_model(tracking.root, tracking.address, run_id)
    if kept is not None:
        return load_model(kept, device=device), run_id
    run = find_run(tracking.address, run_id)
    return read_model(run, device=device), run.run_id


def explain_text(
    explainer: TextExplainer,
    text: str,
    folder: Path,
    index: tuple[Path, str] | None,
    console: Console,
    *,
    draw: bool,
) -> None:
    """Print the verdict, scores and interactions; write page and JSON, and list the text.

    Args:
        explainer: the model.
        text: what is explained.
        folder: of this text.
        index: folder and title of the list of all texts; None: it is in no list.
        console: where it is said.
        draw: also draw the page's figures as PNG files.
    """
    from whytrain.pages.explanation.files import write_explanation, write_index
    from whytrain.pages.explanation.terminal import terminal

    explained = explainer(text)
    console.print(terminal(explained, console.width), highlight=False)
    page = write_explanation(explained, folder, draw=draw)
    beside = "JSON and PNG figures beside it" if draw else "JSON beside it; figures=true adds PNG figures"
    console.print(f"page: {page} ({beside})", markup=False, highlight=False, soft_wrap=True)
    if index is not None:
        texts = write_index(*index)
        console.print(f"all texts: {texts}", markup=False, highlight=False, soft_wrap=True)


def explain_file(
    config: DictConfig, plain: Mapping[str, Any], explainer: TextExplainer, texts: list[str], target: Path
) -> None:
    """Explain every text with a progress bar into one Parquet file, and a CSV file beside it."""
    from whytrain.attribution.bulk import AT_ONCE, explain_texts
    from whytrain.attribution.processes import available_cores, on_processes, on_ray
    from whytrain.config.trust import trusted
    from whytrain.presentation.terminal import terminal, watched

    started, console = time.perf_counter(), terminal()
    if not target.exists() and (faster := _faster_way(config, plain, explainer, len(texts))):
        console.print(faster, markup=False, highlight=False, soft_wrap=True)
    make, spread = partial(_rows_elsewhere, config, trusted()), None
    workers = plain["workers"] or min(available_cores(), 1 + len(texts) // (4 * AT_ONCE))
    if plain["ray"] is not None:
        spread = on_ray(make, None if plain["ray"] == "local" else plain["ray"], workers)
    elif workers > 1 and explainer.saved.interface.device.type == "cpu":
        spread = on_processes(make, workers)
    written = explain_texts(
        texts,
        _rows_by(plain, explainer),
        target,
        spread=spread,
        progress=lambda rows, total: watched(rows, "explaining", total, console=console),
    )
    seconds = (time.perf_counter() - started) / max(1, written.n_new)
    each = f", {seconds:.3f} s per sentence" if written.n_new else ""
    n_empty = written.n_empty
    whose = "row has no explanation, its" if n_empty == 1 else "rows have no explanation, their"
    empty = f"; {n_empty} {whose} column note says why" if n_empty else ""
    console.print(
        f"{counted(written.n_rows, 'row')} in {target} and, for spreadsheets, "
        f"{target.with_suffix('.csv').name}; {written.n_new} of them explained now{each}{empty}",
        markup=False,
    )


def _faster_way(
    config: DictConfig, plain: Mapping[str, Any], explainer: TextExplainer, n_texts: int
) -> str | None:
    """Say how a run's many texts are explained in milliseconds each; None where nothing is faster."""
    from whytrain.attribution.amortized.trained import FOLDER
    from whytrain.tracking.settings import place
    from whytrain.typed_commands import typed

    model = explainer.saved.interface
    is_slow = [method.name for method in explainer.explainers] == ["shapley"]
    can_be_predicted = (
        plain["payoff"] != "probability" and not plain["details"] and model.capabilities.embeddings
    )
    if plain["run"] is None or n_texts < MANY or not (is_slow and can_be_predicted):
        return None
    where = place(instantiate(config.tracking).address)
    learn = ""
    if FOLDER not in model.additions:
        learn = f"{typed('amortize')} {shlex.quote('run=' + plain['run'])}{where}, once, and "
    return f"{n_texts:,} texts; some milliseconds each, values predicted: {learn}explainer=amortized"


def _rows_by(plain: Mapping[str, Any], explainer: TextExplainer) -> RowMaker:
    from whytrain.attribution.bulk import detailed_rows, scored_rows

    return partial(detailed_rows if plain["details"] else scored_rows, explainer)


def _rows_elsewhere(config: DictConfig, trusted: frozenset[str]) -> RowMaker:
    """Make in another process what explains rows there."""
    from whytrain.config.trust import trust

    trust(trusted)
    quiet_libraries()
    plain, tracking = checked(config), instantiate(config.tracking)
    classifier, _ = _classifier(tracking, plain, _run_id(tracking, plain))
    return _rows_by(plain, _text_explainer(classifier, plain))


def _text_explainer(classifier: SavedModel, plain: Mapping[str, Any]) -> TextExplainer:
    from whytrain.attribution.text import TextExplainer

    settings = {name: plain[name] for name in _OF_EXPLAINER}
    classifier = infilled(classifier, plain["infill"], plain["seed"])
    return TextExplainer(classifier, make_explainers(plain["explainer"]), **settings)


def classifier_key(word: str) -> str:
    """Return a word with the key behind it: conf/model is train's, here a model is a classifier."""
    return f"classifier={word.removeprefix('model=')}" if word.startswith("model=") else word


COMMAND = HydraCommand(
    name="explain",
    renamed=classifier_key,
    task=hydra_main,
    text_keys=(*LITERAL, "infill.name_or_path"),
    positional='a text is given as text="{text}"',
)


def main(words: Sequence[str] | None = None) -> NoReturn:
    """Run the command."""
    COMMAND.main(words)
