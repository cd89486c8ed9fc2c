"""Train, explain and track one run: python train.py model=bilstm_opt [group=choice …] [key=value …]."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path
from typing import Annotated, Any

import hydra
from annotated_types import Ge
from hydra.core.hydra_config import HydraConfig
from hydra.utils import instantiate
from omegaconf import DictConfig, OmegaConf

from whytrain.command_line import job_errors, run_command, trusted_targets

KEYS = {"seed": Annotated[int, Ge(0)], "run_name": str | None, "resume": str | None}
CONF = Path(__file__).resolve().parent / "conf"


@hydra.main(version_base="1.3", config_path=str(CONF), config_name="train")
def hydra_main(config: DictConfig) -> float | None:
    """Train the composed config."""
    with job_errors(CONF):
        return train(config)


def train(config: DictConfig) -> float | None:
    """Train one run and return the best value of the monitored metric."""
    # Imported here: --help, --cfg and a wrong command line do without these seconds.
    from rich.console import Console

    import callbacks as watch
    import lightning_modules as lm
    from whytrain.reports.console import closing_table, next_commands
    from whytrain.tracking.ending import ending
    from whytrain.tracking.store import Store
    from whytrain.validation import check_config

    choices: Any = HydraConfig.get().runtime.choices
    overrides: list[str] | None = list(HydraConfig.get().overrides.task)
    tracking = instantiate(config.tracking)
    run_id, folder, checkpoint = config.resume, tracking.root / "runs" / (config.resume or "new"), None
    if run_id is not None:
        stored, checkpoint = lm.stopped_run(folder, overrides or [], trusted_targets(CONF))
        config, overrides = OmegaConf.create(stored), None
    plain: Any = OmegaConf.to_container(config, resolve=True, throw_on_missing=True)
    check_config(plain, KEYS)

    settings, observers = instantiate(config.trainer), list(instantiate(config.callbacks).values())
    data, module = build(config)
    made = f"{choices.model}-{choices.data}-seed{config.seed}-{time.strftime('%m%d-%H%M%S')}"
    name = str(config.run_name or made)
    is_main = int(os.environ.get("LOCAL_RANK", "0")) == 0
    store = Store.start(tracking, run_name=name, tags={}, run_id=run_id) if is_main else None
    with ending(store):
        if store and run_id is None:
            folder = store.directory
            lm.write_config(folder, plain)
        console, history, stops = Console(), watch.History(), watch.EarlyStop(settings)
        checkpoints = watch.Checkpoints(folder, settings, flush=store.flush if store else None)
        record = watch.RunRecord(plain, overrides, history, checkpoints)
        model = watch.ModelRecord(plain["model"] | data.model_sizes, config.data.max_tokens, checkpoints)
        observed = [watch.ProgressBars(console), history, record, *observers, stops, model, checkpoints]
        trainer = lm.make_trainer(settings, observed, lm.StoreLogger(store))
        trainer.fit(module, datamodule=data, ckpt_path=checkpoint, weights_only=True if checkpoint else None)
    if store:
        lm.mark_finished(folder)
        console.print(closing_table(record.results, record.floor))
        console.print(next_commands(store.run_id, tracking.address), store.summary() or "", highlight=False)
    return checkpoints.best_score


def build(config: DictConfig) -> tuple[Any, Any]:
    """Return the data module, set up, and the module to train."""
    import lightning_modules as lm

    parts = ("data", "tokenizer", "objective", "optimizer", "guidance", "tracking")
    return lm.assemble(
        make_model=lambda sizes: instantiate(config.model, **sizes),
        seed=config.seed,
        **{name: instantiate(config[name]) for name in parts},
    )


def main() -> None:
    """Run the command."""
    sys.exit(run_command(hydra_main, CONF))


if __name__ == "__main__":
    main()
