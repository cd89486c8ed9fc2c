"""The module under a real Trainer: schedule of dropout, train mode, predictions, and losses that break."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest
import pytorch_lightning as pl
import torch
from hydra import compose, initialize_config_dir
from hydra.utils import instantiate
from small_runs import SMALL

from whytrain.commands import train
from whytrain.errors import ConfigError, TrainingError
from whytrain.lightning_modules.classifier import Classifier
from whytrain.lightning_modules.data import TextData
from whytrain.lightning_modules.trainer import TrainerSettings, make_trainer
from whytrain.metrics import evaluate
from whytrain.models.batch_runner import predict_split
from whytrain.objectives.distillation import Distillation
from whytrain.objectives.objective import Objective


class Watch(pl.Callback):
    """Notes what the steps and epochs looked like."""

    def __init__(self) -> None:
        self.dropout: list[float] = []
        self.losses: list[float] = []
        self.training: list[bool] = []
        self.seeds: list[float] = []

    def on_train_epoch_end(self, trainer: Any, pl_module: Any) -> None:
        self.dropout.append(pl_module.model.dropout.p)
        self.losses.append(float(pl_module.batch_history.table[:, 0].mean()))

    def on_train_batch_start(self, trainer: Any, pl_module: Any, *args: Any) -> None:
        self.training.append(all(module.training for module in pl_module.model.modules()))

    def on_before_optimizer_step(self, trainer: Any, pl_module: Any, optimizer: Any) -> None:
        self.seeds.append(float(torch.rand(())))


def parts(*overrides: str) -> tuple[TextData, Classifier, pl.Trainer, Watch]:
    with initialize_config_dir(str(train.CONF), version_base="1.3"):
        config = compose("train", [*SMALL, "model=bilstm_opt", *overrides])
    data, module = train.build(config)
    watch = Watch()
    return data, module, make_trainer(instantiate(config.trainer), data, [watch], None), watch


def test_dropout_rises_from_the_models_own_to_its_end(workspace: Path) -> None:
    data, module, trainer, watch = parts("trainer.max_epochs=3")
    trainer.fit(module, datamodule=data)
    assert watch.dropout == pytest.approx([0.3, 0.35, 0.4])


def test_one_epoch_keeps_the_models_own(workspace: Path) -> None:
    data, module, trainer, watch = parts("trainer.max_epochs=1")
    trainer.fit(module, datamodule=data)
    assert watch.dropout == [0.3]


def test_a_module_that_arrives_in_eval_mode_is_trained_in_train_mode(workspace: Path) -> None:
    data, module, trainer, watch = parts()
    module.model.eval()
    trainer.fit(module, datamodule=data)
    assert len(watch.training) == 2 * len(
        data.train_dataloader()
    )  # the second epoch, behind a validation, too
    assert all(watch.training)


def test_predictions_are_the_models_in_the_order_of_the_rows(workspace: Path) -> None:
    data, module, trainer, _ = parts()
    trainer.fit(module, datamodule=data)
    expected = predict_split(module.interface, data.encoded("validation"))
    assert module.predictions is not None
    torch.testing.assert_close(module.predictions.logits, expected.logits, rtol=0, atol=0)
    assert (module.predictions.labels == data.corpus.validation.labels).all()
    logged = {name.removeprefix("val/"): float(v) for name, v in trainer.callback_metrics.items()}
    metrics = evaluate(expected)
    # Lightning keeps float32.
    assert {name: logged[name] for name in metrics} == pytest.approx(metrics, rel=1e-6)


def test_the_history_of_batches(workspace: Path) -> None:
    data, module, trainer, _ = parts()
    trainer.fit(module, datamodule=data)
    assert len(module.batch_history) == len(data.train_dataloader())
    loss, accuracy, seconds, sentences = module.batch_history.table.T
    assert sentences.sum() == len(data.corpus.train)
    assert ((loss > 0) & (loss < 10) & (accuracy >= 0) & (accuracy <= 1) & (seconds > 0)).all()
    # The epoch is its batches and its validation.
    assert module.epoch_seconds > module.batch_history.seconds == pytest.approx(float(seconds.sum()))


def test_every_step_draws_from_a_seed_of_its_own(workspace: Path) -> None:
    draws = []
    for seed in (0, 0, 1):
        data, module, trainer, watch = parts(f"seed={seed}")
        torch.manual_seed(123 + len(draws))  # what was drawn before does not matter
        trainer.fit(module, datamodule=data)
        draws.append(watch.seeds)
    assert draws[0] == draws[1]
    assert len(set(draws[0])) == len(draws[0])
    assert not set(draws[0]) & set(draws[2])


def computes_in_bf16() -> bool:
    """Whether this processor's LSTM can: oneDNN has none for some of them."""
    lstm = torch.nn.LSTM(8, 8, batch_first=True, bidirectional=True)
    try:
        with torch.autocast("cpu", torch.bfloat16):
            lstm(torch.zeros(2, 3, 8))[0].sum().backward()
    except RuntimeError:
        return False
    return True


@pytest.mark.parametrize(
    "precision",
    [
        pytest.param(
            "bf16-mixed",
            marks=pytest.mark.skipif(not computes_in_bf16(), reason="no bf16 LSTM on this processor"),
        ),
        "64-true",
    ],
)
def test_other_precisions_train(workspace: Path, precision: str) -> None:
    data, module, trainer, watch = parts(
        "model=bilstm", f"trainer.precision={precision}", "trainer.max_epochs=6"
    )
    trainer.fit(module, datamodule=data)
    weight = module.model.classifier.weight
    assert weight.dtype == (torch.float64 if precision == "64-true" else torch.float32)
    assert watch.losses[-1] < 0.8 * watch.losses[0]


def test_what_the_objective_knows_of_the_data_moves_with_the_module_and_is_in_no_checkpoint(
    workspace: Path,
) -> None:
    data, module, trainer, _ = parts("trainer.max_epochs=1")
    n_tokens = len(data.training.encoded.token_ids)
    distillation = Distillation(
        logits=torch.zeros(len(data.training), 2),
        attention=torch.zeros(n_tokens),
        attributions=torch.zeros(n_tokens),
        offsets=torch.from_numpy(data.training.encoded.offsets),
        alpha=0.5,
        temperature=2.0,
        attention_weight=0.0,
        attributions_weight=0.0,
    )
    taught = Objective(
        module.objective.settings,
        data.token_kinds,
        row_weights=torch.ones(len(data.training)),
        distillation=distillation,
    )
    lessons = Classifier(module.interface, objective=taught, optimizer=module.optimizer_settings, seed=0)
    names = {name for name, _ in taught.named_buffers()}
    assert names == {
        *("token_kinds.special", "token_kinds.continuation", "row_weights"),
        *(f"distillation.{name}" for name in ("logits", "attention", "attributions", "offsets")),
    }
    trainer.fit(lessons, datamodule=data)
    trainer.save_checkpoint(workspace / "lessons.ckpt")
    saved = torch.load(workspace / "lessons.ckpt", weights_only=True)["state_dict"]
    assert list(saved) == [f"model.{name}" for name in module.model.state_dict()]
    assert {str(buffer.device) for buffer in copy.deepcopy(lessons).to("meta").objective.buffers()} == {
        "meta"
    }


def unscathed(module: Classifier, before: dict[str, torch.Tensor]) -> bool:
    return all(torch.equal(value, before[name]) for name, value in module.state_dict().items())


def test_a_loss_that_breaks_ends_before_its_step(workspace: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data, module, trainer, _ = parts()
    seen: list[dict[str, torch.Tensor]] = []
    objective = type(module.objective).forward

    def breaks_at_the_third(self: Any, *args: Any) -> Any:
        loss, logits = objective(self, *args)
        seen.append({name: value.clone() for name, value in module.state_dict().items()})
        return (loss * float("nan") if len(seen) == 3 else loss), logits

    monkeypatch.setattr(type(module.objective), "forward", breaks_at_the_third)
    with pytest.raises(
        TrainingError, match=r"the loss became nan in epoch 1, step 3; .*optimizer.learning_rate"
    ):
        trainer.fit(module, datamodule=data)
    assert unscathed(module, seen[2])
    assert not unscathed(module, seen[1])


def test_a_gradient_that_breaks_ends_before_its_step(
    workspace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data, module, trainer, _ = parts()
    before = {name: value.clone() for name, value in module.state_dict().items()}
    monkeypatch.setattr(
        Classifier,
        "on_after_backward",
        lambda self: self.model.classifier.bias.grad.fill_(float("inf")),
        raising=False,
    )
    with pytest.raises(TrainingError, match=r"the gradient norm became inf in epoch 1, step 1"):
        trainer.fit(module, datamodule=data)
    assert unscathed(module, before)


def test_weights_that_break_in_an_epochs_last_step_are_not_evaluated(workspace: Path) -> None:
    data, module, trainer, watch = parts()

    def breaks(trainer: Any, *args: Any) -> None:
        if trainer.is_last_batch:
            torch.nn.init.constant_(module.model.classifier.weight, float("inf"))

    watch.on_train_batch_end = breaks  # type: ignore[method-assign]
    with pytest.raises(TrainingError, match=r"the validation logits became nan in epoch 1"):
        trainer.fit(module, datamodule=data)
    assert module.predictions is None


def settings(**changes: Any) -> TrainerSettings:
    values: dict[str, Any] = {
        "max_epochs": 1,
        "min_epochs": 1,
        "min_steps": 0,
        "accelerator": "cpu",
        "devices": 1,
        "strategy": "auto",
        "precision": "32-true",
        "gradient_clip": 1.0,
        "checkpoint_minutes": 5.0,
        "monitor": "val/accuracy",
        "patience": None,
    }
    return TrainerSettings(**values | changes)


def test_small_data_is_gone_through_more_often() -> None:
    by_steps = settings(max_epochs=None, min_epochs=5, min_steps=300)
    assert by_steps.n_epochs(15) == 20
    assert by_steps.n_epochs(16) == 19  # 304 steps: no fewer than 300
    assert by_steps.n_epochs(60) == by_steps.n_epochs(526) == 5
    assert settings(max_epochs=2, min_epochs=5, min_steps=300).n_epochs(15) == 2


def test_devices_that_are_not_here(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 0)
    with pytest.raises(
        ConfigError, match=r"trainer.accelerator=gpu, but torch sees no GPU here; use trainer=def"
    ):
        settings(accelerator="gpu")
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    with pytest.raises(ConfigError, match=r"trainer.devices=3, but torch sees 2 GPUs here; use auto"):
        settings(accelerator="gpu", devices=3)
    settings(accelerator="gpu", devices="auto")
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)
    with pytest.raises(ConfigError, match=r"trainer.accelerator=mps"):
        settings(accelerator="mps")
