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
from hydra.types import RunMode
from hydra.utils import instantiate
from omegaconf import DictConfig, OmegaConf

from whytrain.command_line import quiet_libraries, run_command, tell, trusted_targets

KEYS = {"seed": Annotated[int, Ge(0)], "run_name": str | None, "resume": str | None}
CONF = Path(__file__).resolve().parent / "conf"


@hydra.main(version_base="1.3", config_path=str(CONF), config_name="train")
def hydra_main(config: DictConfig) -> float | None:
    """Train the composed config; in a sweep a failed job is left to the sweeper."""
    try:
        return train(config)
    except Exception as error:
        if HydraConfig.get().mode == RunMode.RUN:
            sys.exit(tell(error, CONF))
        raise


def train(config: DictConfig) -> float | None:
    """Train one run and return the best value of the monitored metric."""
    # Imported here: --help, --cfg and a wrong command line do without these seconds.
    import torch
    from rich.console import Console

    import callbacks as watch
    import lightning_modules as lm
    from whytrain.checkpoints import usable_checkpoint
    from whytrain.objectives.token_kinds import TokenKinds
    from whytrain.reports.console import closing_table, next_commands, opening_table, run_facts
    from whytrain.tracking.ending import ending
    from whytrain.tracking.store import Store
    from whytrain.validation import check_config

    quiet_libraries()
    console, choices = Console(), HydraConfig.get().runtime.choices
    overrides = list(HydraConfig.get().overrides.task)
    tracking = instantiate(config.tracking)
    folder = tracking.root / "runs" / (config.resume or "new")
    if config.resume is not None:
        lm.check_only_resume(overrides)
        config = OmegaConf.create(lm.stored_config(folder, trusted_targets(CONF)) | {"resume": config.resume})
    plain: dict[str, Any] = OmegaConf.to_container(config, resolve=True, throw_on_missing=True)
    check_config(plain, KEYS)

    data = lm.TextData(instantiate(config.data), instantiate(config.tokenizer), seed=config.seed)
    data.prepare_data()
    data.setup()
    torch.manual_seed(config.seed)
    sizes = {
        "vocabulary_size": data.tokenizer.vocabulary_size,
        "n_classes": len(data.corpus.class_names),
        "padding_id": data.tokenizer.padding_id,
    }
    module = lm.Classifier(
        instantiate(config.model, **sizes),
        objective=instantiate(config.objective),
        optimizer=instantiate(config.optimizer),
        token_kinds=TokenKinds.of(data.tokenizer),
        seed=config.seed,
    )
    settings = instantiate(config.trainer)
    observers = list(instantiate(config.callbacks).values())
    is_main = int(os.environ.get("LOCAL_RANK", "0")) == 0
    name = (
        config.run_name or f"{choices.model}-{choices.data}-seed{config.seed}-{time.strftime('%m%d-%H%M%S')}"
    )
    store = Store.start(tracking, run_name=name, tags={}, run_id=config.resume) if is_main else None
    with ending(store):
        folder = store.directory if store else folder
        if store and not config.resume:
            lm.write_config(folder, plain)
        history = watch.History()
        checkpoints = watch.Checkpoints(
            folder / "checkpoints", settings, flush=store.flush if store else None
        )
        record = watch.RunRecord(plain, overrides, plain["model"] | sizes, history, checkpoints)
        observed = [
            watch.ProgressBars(console),
            history,
            record,
            *observers,
            watch.EarlyStop(settings),
            checkpoints,
        ]
        trainer = lm.make_trainer(settings, observed, lm.StoreLogger(store))
        if store:
            device = f"{trainer.world_size} × {trainer.strategy.root_device}, {settings.precision}"
            facts = run_facts(name, module.model, data.corpus, data.tokenizer, device, folder)
            console.print(opening_table(facts, data.corpus.notices))
        ckpt = usable_checkpoint(checkpoints.last) if config.resume else None
        trainer.fit(module, datamodule=data, ckpt_path=ckpt, weights_only=True if ckpt else None)
    if store:
        console.print(closing_table(record.results, record.floor))
        console.print(next_commands(store.run_id, tracking.address), store.summary() or "", highlight=False)
    return checkpoints.best_score


def main() -> None:
    """Run the command."""
    sys.exit(run_command(hydra_main, CONF))


if __name__ == "__main__":
    main()
