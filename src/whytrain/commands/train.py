"""Train, explain and track one run: python train.py model=bilstm_opt [group=choice …] [key=value …]."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import hydra
from hydra.core.hydra_config import HydraConfig
from hydra.utils import instantiate
from omegaconf import DictConfig, OmegaConf

from whytrain.commands.command_line import job_errors, run_command, trusted_targets
from whytrain.commands.composition import close_loop, follow_diagnosis
from whytrain.config.seed import Seed

NAMES = ("run_name", "sweep_name", "resume", "from_diagnosis")
KEYS = {"seed": Seed} | dict.fromkeys(NAMES, str | None)
CONF = Path(__file__).parents[1] / "conf"


@hydra.main(version_base="1.3", config_path=str(CONF), config_name="train")
def hydra_main(config: DictConfig) -> float | None:
    """Train the composed config."""
    with job_errors(CONF / "train.yaml"):
        return close_loop(config, train, KEYS, CONF) if "loop" in config else train(config)


def train(config: DictConfig) -> float | None:
    """Train one run and return the best value of the monitored metric."""
    # Imported here: --help, --cfg and a wrong command line do without these seconds.
    from rich.console import Console

    from whytrain import callbacks as watch
    from whytrain import lightning_modules as lm
    from whytrain.config.validation import check_config
    from whytrain.pages.console import closing_table, next_steps
    from whytrain.tracking.status import ending

    overrides: list[str] | None = list(HydraConfig.get().overrides.task)
    tracking = instantiate(config.tracking)
    run_id, folder, checkpoint = config.resume, tracking.root / "runs" / (config.resume or "new"), None
    if run_id is not None:
        stored, checkpoint = lm.stopped_run(folder, overrides or [], trusted_targets(CONF))
        config, overrides = OmegaConf.create(stored), None
    elif config.from_diagnosis is not None:
        config, overrides = follow_diagnosis(config, tracking.address, CONF)
    plain: Any = OmegaConf.to_container(config, resolve=True, throw_on_missing=True)
    check_config(plain, KEYS)
    job = lm.SweepJob(tracking.root, plain, overrides or [])
    if run_id is None and job.run_id is not None:  # a retry of a sweep's job
        if (score := job.finished_score()) is not None:
            return score
        run_id, folder, checkpoint = job.run_id, job.folder, job.checkpoint()

    settings, observers = instantiate(config.trainer), list(instantiate(config.callbacks).values())
    data, module = build(config)
    choices: Any = HydraConfig.get().runtime.choices
    name = job.name(config.run_name, f"{choices.model}-{choices.data}", config.seed)
    store = job.start(tracking, name, run_id)
    with ending(store):
        if store:
            folder = store.directory
            lm.write_config(folder, plain)
        console, history, stops = Console(), watch.History(), watch.EarlyStop(settings)
        checkpoints = watch.Checkpoints(folder, settings, flush=store.flush if store else None)
        record = watch.RunRecord(plain, overrides, history, checkpoints)
        model = watch.ModelRecord(record, data.model_sizes)
        observed = [watch.ProgressBars(console), history, record, *observers, stops]
        observed += [watch.Prune(settings), model, checkpoints]
        trainer = lm.make_trainer(settings, observed, lm.StoreLogger(store))
        trainer.fit(module, datamodule=data, ckpt_path=checkpoint, weights_only=True if checkpoint else None)
    if store:
        lm.mark_finished(folder, checkpoints.best_score)
        console.print(closing_table(record.results, record.floor))
        print(next_steps(store.run_id, tracking.address, config.callbacks), store.summary() or "", sep="\n")
    return checkpoints.best_score


def build(config: DictConfig) -> tuple[Any, Any]:
    """Return the data module, set up, and the module to train."""
    from whytrain import lightning_modules as lm

    parts = ("data", "tokenizer", "objective", "optimizer", "guidance", "distillation", "trainer", "tracking")
    return lm.assemble(
        make_model=lambda sizes: instantiate(config.model, **sizes),
        seed=config.seed,
        from_diagnosis=config.from_diagnosis,
        **{name: instantiate(config[name]) for name in parts},
    )


def main() -> None:
    """Run the command."""
    sys.exit(run_command(hydra_main, CONF / "train.yaml"))
