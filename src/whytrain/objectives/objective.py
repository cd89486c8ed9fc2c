"""What training minimizes: cross-entropy and the terms that can be switched on beside it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

import torch
from annotated_types import Ge, Interval
from torch import Tensor, nn
from typing_extensions import TypedDict

from whytrain.errors import ConfigError
from whytrain.guidance.guidance_settings import Probability
from whytrain.guidance.token_kinds import TokenKinds
from whytrain.guidance.word_masking import mask_words
from whytrain.models.evaluation import twice_differentiable
from whytrain.models.interface import ModelInterface
from whytrain.objectives.adversarial import along, differentiated, fgm_perturbation
from whytrain.objectives.attention_penalty import PenaltyKind, attention_penalty
from whytrain.objectives.distillation import Distillation
from whytrain.objectives.input_gradient import input_gradient_penalty
from whytrain.tasks import CLASSIFICATION, Task
from whytrain.types import Batch, Inspection


class AttentionPenalty(TypedDict):
    """Weight of the attention regularizer (0: off) and which one."""

    weight: Annotated[float, Ge(0)]
    kind: PenaltyKind


class Adversarial(TypedDict):
    """Share of the loss that is taken at adversarial embeddings (0: off), and the step's length."""

    weight: Probability
    epsilon: Annotated[float, Ge(0)]


@dataclass(frozen=True, kw_only=True)
class ObjectiveSettings:
    """What training minimizes; 0 switches a term off.

    Attributes:
        label_smoothing: probability mass spread evenly over all classes, or over yes and no of labels.
        word_masking: probability of each word to be hidden in training.
        attention_penalty: the attention regularizer.
        adversarial: adversarial embeddings.
        dropout_end: dropout of the last epoch, reached linearly by each layer from its own; None: constant.
        class_weights: `balanced`: rows of rare classes count more, so that all classes weigh the same; None:
            all rows count the same.
    """

    label_smoothing: Probability
    word_masking: Probability
    attention_penalty: AttentionPenalty
    adversarial: Adversarial
    dropout_end: Annotated[float, Interval(ge=0, lt=1)] | None
    class_weights: Literal["balanced"] | None


class Objective(nn.Module):
    r"""(1 - λ) E(x) + λ E(x + r_adv) + w · attention penalty + γ · input gradients, of masked sentences.

    E is the task's loss, cross-entropy of classes or of each label, with label smoothing; r_adv is the fast
    gradient method's perturbation of the embeddings. What it knows of the training data moves with the module
    that it belongs to, and is in no checkpoint.
    """

    class_weights: Tensor | None
    row_weights: Tensor | None

    def __init__(
        self,
        settings: ObjectiveSettings,
        token_kinds: TokenKinds,
        *,
        task: Task = CLASSIFICATION,
        row_weights: Tensor | None = None,
        input_gradient: float = 0.0,
        distillation: Distillation | None = None,
        class_weights: Tensor | None = None,
    ) -> None:
        """Store the parts.

        Args:
            settings: the terms and their weights.
            token_kinds: which wordpieces are special and which continue a word.
            task: whose loss it is.
            row_weights: float32 (n_rows,), of the rows of the training; None: all the same.
            input_gradient: γ, weight of the penalty on the gradient at marked tokens.
            distillation: a teacher's answers, which take part in E's place; None: there is no teacher.
            class_weights: float32 (n_classes,), of a row by its class; None: all the same.
        """
        super().__init__()
        self.settings, self.token_kinds = settings, token_kinds
        self.task, self.distillation, self.input_gradient = task, distillation, input_gradient
        self.register_buffer("class_weights", class_weights, persistent=False)
        self.register_buffer("row_weights", row_weights, persistent=False)

    @property
    def target_smoothing(self) -> float:
        """Mass spread evenly over the classes in what the model is taught: a teacher's share has none."""
        taught_softly = 0.0 if self.distillation is None else self.distillation.alpha
        return self.settings.label_smoothing * (1 - taught_softly)

    @property
    def needs_inspection(self) -> bool:
        """Whether the model must show its embeddings or attention."""
        penalty, adversarial = self.settings.attention_penalty, self.settings.adversarial
        weights = (penalty["weight"], adversarial["weight"], self.input_gradient)
        return max(weights) > 0 or self._compares_attention or self._compares_attributions

    @property
    def _compares_attention(self) -> bool:
        return self.distillation is not None and self.distillation.attention_weight > 0

    @property
    def _compares_attributions(self) -> bool:
        return self.distillation is not None and self.distillation.attributions_weight > 0

    def check(self, model: ModelInterface) -> None:
        """Raise ConfigError if the model cannot serve the terms that are switched on."""
        can, name, tokenizer = model.capabilities, type(model.module).__name__, model.tokenizer
        settings = self.settings
        penalty, adversarial = settings.attention_penalty, settings.adversarial
        for is_on, term, instead in (
            (adversarial["weight"] > 0, "objective.adversarial", "set objective.adversarial.weight=0"),
            (self.input_gradient > 0, "guidance.input_gradient", "use guidance.swap or guidance.delete"),
            (self._compares_attributions, "distillation.attributions", "set distillation.attributions=0"),
        ):
            if is_on and not can.embeddings:
                raise ConfigError(
                    f"{term} needs a model with embed() and inspect(), and {name} computes no logits from "
                    f"embeddings: {instead}"
                )
        for is_on, key, learner in (
            (self._compares_attention, "distillation.attention", "student"),
            (penalty["weight"] > 0, "objective.attention_penalty.weight", "model"),
        ):
            if is_on and can.attention == "none":
                raise ConfigError(
                    f"{key} is above 0, but the {learner} {name} shows no attention: set "
                    f"model.pooling=attention or {key}=0"
                )
        if penalty["weight"] > 0 and penalty["kind"] == "scores_l1" and not can.attention_scores:
            raise ConfigError(
                "objective.attention_penalty.kind=scores_l1 needs attention before its softmax, which "
                f"{name} does not show: set objective.attention_penalty.kind=entropy"
            )
        if settings.word_masking > 0 and tokenizer.mask_id is None:
            raise ConfigError(
                f"objective.word_masking hides words behind a mask token, and the tokenizer {tokenizer.name} "
                "has none: set objective.word_masking=0"
            )
        if settings.dropout_end is not None and can.dropout is None:
            raise ConfigError(
                f"objective.dropout_end needs layers that drop out, and the model {name} has none: "
                "set objective.dropout_end=null"
            )

    def forward(self, model: ModelInterface, batch: Batch) -> tuple[Tensor, Tensor]:
        """Return the loss (scalar) and the logits (batch, n_classes) of the clean embeddings."""
        token_ids = batch.token_ids
        if self.settings.word_masking > 0:
            token_ids = mask_words(token_ids, self.settings.word_masking, self.token_kinds)
        if not self.needs_inspection:
            logits = model(token_ids, batch.mask)
            return self._error(logits, None, batch), logits
        embeddings, adversarial = model.embed(token_ids), self.settings.adversarial
        if self.input_gradient > 0 or self._compares_attributions:
            with twice_differentiable():
                inspection = model.inspect_embeddings(embeddings, batch.mask)
            loss = self._loss(inspection, batch)
            if adversarial["weight"] > 0:
                perturbation = fgm_perturbation(loss, embeddings, adversarial["epsilon"])
        elif adversarial["weight"] > 0:
            cut = embeddings.detach().requires_grad_()
            inspection = model.inspect_embeddings(cut, batch.mask)
            parameters = model.module.parameters()
            loss, gradient = differentiated(self._loss(inspection, batch), cut, embeddings, parameters)
            perturbation = along(gradient, embeddings, adversarial["epsilon"])
        else:
            inspection = model.inspect_embeddings(embeddings, batch.mask)
            loss = self._loss(inspection, batch)
        if adversarial["weight"] > 0:
            attacked = self._loss(model.inspect_embeddings(embeddings + perturbation, batch.mask), batch)
            loss = torch.lerp(loss, attacked, adversarial["weight"])
        if self.input_gradient > 0 and batch.marked is not None:
            penalty = input_gradient_penalty(inspection.logits, embeddings, batch.marked)
            loss = loss + self.input_gradient * penalty
        if self.distillation is not None and self._compares_attributions:
            words = ~self.token_kinds.special[token_ids]  # of the student's sentence: hidden words are none
            loss = loss + self.distillation.attribution_cost(inspection.logits, embeddings, words, batch)
        return loss, inspection.logits

    def _loss(self, inspection: Inspection, batch: Batch) -> Tensor:
        loss = self._error(inspection.logits, inspection.attention, batch)
        how = self.settings.attention_penalty
        if how["weight"] > 0:
            loss = loss + how["weight"] * attention_penalty(inspection, batch.mask, how["kind"])
        return loss

    def _error(self, logits: Tensor, attention: Tensor | None, batch: Batch) -> Tensor:
        """Weighted mean of the sentences' errors."""
        errors = self.task.loss(logits, batch.labels, self.settings.label_smoothing)
        if self.distillation is not None:
            errors = self.distillation.blend(errors, logits, attention, batch)
        if self.row_weights is not None:
            errors = errors * self.row_weights[batch.rows].to(errors)
        if self.class_weights is not None:
            errors = errors * self.class_weights[batch.labels].to(errors)
        return errors.mean()
