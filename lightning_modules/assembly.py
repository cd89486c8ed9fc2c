"""From the parts that a config names to the data module and the module to train."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping

import torch
from torch import Tensor, nn

from whytrain.data.source import Source
from whytrain.data.tokenization import TokenizerBuilder
from whytrain.errors import ConfigError
from whytrain.guidance.guidance_settings import GuidanceSettings
from whytrain.lightning_modules.classifier import Classifier
from whytrain.lightning_modules.continual import earlier_run
from whytrain.lightning_modules.data import TextData
from whytrain.lightning_modules.earlier_runs import check_origin, distillation_of, guidance_of
from whytrain.lightning_modules.trainer import TrainerSettings
from whytrain.models.interface import interface_of, match_classes
from whytrain.models.reference_words import reference_words
from whytrain.models.windowed import Windowed
from whytrain.objectives.class_weights import balanced_weights
from whytrain.objectives.distillation import DistillationSettings
from whytrain.objectives.objective import Objective, ObjectiveSettings
from whytrain.optimization import OptimizerSettings
from whytrain.runs.find import RunFinder
from whytrain.tasks import Task
from whytrain.tracking.settings import TrackingSettings

_log = logging.getLogger(__name__)


def assemble(
    *,
    task: Task,
    data: Source,
    tokenizer: TokenizerBuilder,
    make_model: Callable[[Mapping[str, int]], nn.Module],
    objective: ObjectiveSettings,
    optimizer: OptimizerSettings,
    guidance: GuidanceSettings,
    distillation: DistillationSettings,
    trainer: TrainerSettings,
    tracking: TrackingSettings,
    seed: int,
    from_diagnosis: str | None,
    continue_from: str | None,
    replay: float,
) -> tuple[TextData, Classifier]:
    """Return the data module, set up, and the module to train.

    Args:
        task: what labels mean, and what is learned and decided.
        data: where the sentences come from.
        tokenizer: how their tokenizer comes about.
        make_model: builds the model from the sizes that the data decides.
        objective: what training minimizes.
        optimizer: how the weights are updated.
        guidance: what an earlier run's explanations change.
        distillation: what is learned from a teacher.
        trainer: on which device.
        tracking: where earlier runs are found.
        seed: of weights, batches, dropout and masking.
        from_diagnosis: the run whose recommendations are followed; None where none is.
        continue_from: the run from whose weights and tokenizer the training goes on; None: a first one.
        replay: rows of its data that are learned again, per new row.

    Raises:
        ConfigError: a setting is not for this task.
    """
    check_task(task, trainer, guidance, distillation, objective)
    check_together(guidance, distillation)
    find = RunFinder(tracking.address)
    earlier = None
    if continue_from is not None:
        earlier = earlier_run(continue_from, replay=replay, seed=seed, find=find, device=trainer.device)
    text_data = TextData(data, tokenizer, seed=seed, task=task, earlier=earlier)
    text_data.prepare_data()
    text_data.setup()
    check_origin(from_diagnosis, text_data, find)
    learned = distillation_of(distillation, text_data, find, trainer.device)
    guided = guidance_of(guidance, text_data, find)
    if guided is not None:
        text_data.guide(guided)
    minimized = Objective(
        objective,
        text_data.token_kinds,
        task=task,
        row_weights=None if guided is None else guided.weights,
        input_gradient=guidance.input_gradient,
        distillation=learned,
        class_weights=_class_weights(objective, text_data),
    )
    torch.manual_seed(seed)
    model = make_model(text_data.model_sizes)
    if earlier is not None:
        earlier.give_weights(model)
    elif note := match_classes(model, text_data.corpus.class_names):
        _log.warning("model: %s", note)
    if data.windows is not None:
        model = Windowed(model, data.windows, text_data.tokenizer.frame)
    words = reference_words(text_data.corpus.train.texts, text_data.tokenizer, data.max_tokens)
    interface = interface_of(model, text_data.tokenizer, data.max_tokens, words)
    return text_data, Classifier(
        interface,
        objective=minimized,
        optimizer=optimizer,
        seed=seed,
        positive=text_data.corpus.positive,
    )


def _class_weights(objective: ObjectiveSettings, data: TextData) -> Tensor | None:
    if objective.class_weights is None:
        return None
    return balanced_weights(data.corpus.train.labels, len(data.corpus.class_names))


def check_task(
    task: Task,
    trainer: TrainerSettings,
    guidance: GuidanceSettings,
    distillation: DistillationSettings,
    objective: ObjectiveSettings,
) -> None:
    """Refuse what a task cannot serve, before any data is read.

    Raises:
        ConfigError: the monitor is not one of its metrics, or a setting is for another task.
    """
    monitors = [f"val/{metric.name}" for metric in task.metrics]
    if trainer.monitor not in monitors:
        raise ConfigError(
            f"trainer.monitor={trainer.monitor} is no metric of task={task.name}; "
            f"choices: {', '.join(monitors)}"
        )
    if task.exclusive:
        return
    for key, given, off in (
        ("guidance.run", guidance.run, None),
        ("guidance.reweight", guidance.reweight, False),
        ("guidance.input_gradient", guidance.input_gradient, 0.0),
        ("distillation.teacher", distillation.teacher, None),
        ("objective.class_weights", objective.class_weights, None),
    ):
        if given != off:
            raise ConfigError(
                f"{key} is for classes that exclude each other, not for task={task.name}: set "
                f"{key}={'null' if off is None else str(off).lower()}"
            )


def check_together(guidance: GuidanceSettings, distillation: DistillationSettings) -> None:
    """Refuse what a teacher's answers would no longer fit.

    Raises:
        ConfigError: guidance changes the sentences that the teacher answered.
    """
    if distillation.teacher is not None and guidance.counterfactuals:
        raise ConfigError(
            "guidance.counterfactuals makes rows that the teacher has not answered: set it to 0 and use "
            "guidance.swap, or train without distillation.teacher"
        )
    for name in distillation.compared:
        if guidance.edits_texts:
            raise ConfigError(
                f"distillation.{name} compares {name} token by token, and guidance changes the words: set "
                f"distillation.{name}=0"
            )
