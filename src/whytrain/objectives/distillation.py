"""Learning from a teacher: its soft labels and, where both read the same tokens, where it looks and why."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import torch
from annotated_types import Ge, Gt, Le
from torch import Tensor, nn
from torch.nn import functional
from typing_extensions import TypedDict

from whytrain.errors import ConfigError
from whytrain.guidance.guidance_settings import Probability
from whytrain.models.teacher import Compared
from whytrain.models.token_attributions import token_attributions
from whytrain.objectives.teachers import teachers_of
from whytrain.types import Batch


class AugmentationSettings(TypedDict):
    """Sentences made of training sentences, which the teacher labels: `whytrain.objectives.augmentation`."""

    copies: Annotated[int, Ge(0)]
    mask: Probability
    replace: Probability
    n_gram: Probability
    joined: Annotated[int, Ge(0), Le(20)]


@dataclass(frozen=True, kw_only=True)
class DistillationSettings:
    """Settings of knowledge distillation: the teacher, and how much its answers count.

    Attributes:
        teacher: id or unique name of a tracked run, or folder of a saved model or of a Hugging Face
            classifier; or a list of such, of which the mean counts. None where there is no teacher.
        alpha: weight of the soft labels; the gold labels' is 1 - alpha.
        temperature: softens the labels and the student's answer to them.
        attention: weight of the squared distance between the attention of student and teacher; 0: off.
        attributions: weight of the squared distance between the attributions of student and teacher; 0: off.
        augmentation: further sentences.
    """

    teacher: str | list[str] | None
    alpha: Probability
    temperature: Annotated[float, Gt(0)]
    attention: Annotated[float, Ge(0)]
    attributions: Annotated[float, Ge(0)]
    augmentation: AugmentationSettings

    def __post_init__(self) -> None:
        """Refuse to average the reasons of several teachers, each for the class that it predicts."""
        if self.attributions > 0 and len(self.teachers) > 1:
            raise ConfigError(
                "distillation.attributions: a teacher's reasons are for the class that it predicts, and "
                f"{len(self.teachers)} teachers may predict several: give one teacher, or set it to 0"
            )

    @property
    def teachers(self) -> tuple[str, ...]:
        """Each teacher."""
        return teachers_of(self.teacher)

    @property
    def compared(self) -> tuple[Compared, ...]:
        """What of the teacher is compared token by token."""
        weights: dict[Compared, float] = {"attention": self.attention, "attributions": self.attributions}
        return tuple(name for name, weight in weights.items() if weight > 0)


@dataclass(frozen=True, kw_only=True)
class StudentSettings(DistillationSettings):
    """Settings of a model that cannot be trained without a teacher (`model=bilstm_kd`).

    Raises:
        ConfigError: there is none.
    """

    def __post_init__(self) -> None:
        """Refuse a student that has nobody to learn from."""
        super().__post_init__()
        if not self.teachers:
            raise ConfigError(
                "distillation.teacher: a student learns from a teacher, and none was given: give the id or "
                "name of a tracked run, or the folder of a Hugging Face classifier"
            )


class Distillation(nn.Module):
    r"""Per sentence (1 - α) E + α T² KL(p ‖ q) + β ‖A_student - A_teacher‖² + γ ‖a_student - a_teacher‖².

    E is the error against the gold label, p = softmax(teacher's logits / T), q = softmax(student's / T); T²
    keeps the size of the soft gradient, which falls with 1/T². A are attention weights over tokens. a is,
    token by token, the input times the gradient of the log-odds of the teacher's class, scaled to length 1 in
    a sentence: which words speak for the class, and which against it, however sure the model is.

    References:
        Hinton, Vinyals, Dean (2015), Distilling the knowledge in a neural network, section 2.
        Zagoruyko, Komodakis (2017), Paying more attention to attention, for attention as a target.
        Srinivas, Fleuret (2018), Knowledge transfer with Jacobian matching, for gradients of length 1 as one.
    """

    logits: Tensor
    attention: Tensor | None
    attributions: Tensor | None
    offsets: Tensor

    def __init__(
        self,
        *,
        logits: Tensor,
        attention: Tensor | None,
        attributions: Tensor | None,
        offsets: Tensor,
        alpha: float,
        temperature: float,
        attention_weight: float,
        attributions_weight: float,
    ) -> None:
        """Store the teacher's answers.

        Args:
            logits: float32 (n_rows, n_classes), the teacher's for the rows of the training split.
            attention: float32 (n_tokens_in_all,), its attention to the flat tokens of these rows, or None.
            attributions: likewise, see `whytrain.models.token_attributions`; or None.
            offsets: int64 (n_rows + 1,), row i has the tokens offsets[i]:offsets[i + 1].
            alpha: weight of the soft labels.
            temperature: T.
            attention_weight: β; above 0 only with attention.
            attributions_weight: γ; above 0 only with attributions.
        """
        super().__init__()
        self.register_buffer("logits", logits, persistent=False)
        self.register_buffer("attention", attention, persistent=False)
        self.register_buffer("attributions", attributions, persistent=False)
        self.register_buffer("offsets", offsets, persistent=False)
        self.alpha, self.temperature = alpha, temperature
        self.attention_weight, self.attributions_weight = attention_weight, attributions_weight

    def blend(self, errors: Tensor, logits: Tensor, attention: Tensor | None, batch: Batch) -> Tensor:
        """Return what each sentence costs.

        Args:
            errors: (batch,), against gold labels.
            logits: (batch, n_classes), the student's.
            attention: (batch, n_tokens), the student's; needed where the teacher's has weight.
            batch: whose rows are the training split's.

        Returns:
            (batch,).
        """
        t = self.temperature
        log_p = (self.logits[batch.rows].float() / t).log_softmax(dim=1)
        log_q = (logits.float() / t).log_softmax(dim=1)
        divergence = functional.kl_div(log_q, log_p, log_target=True, reduction="none").sum(dim=1)
        costs = (1 - self.alpha) * errors + self.alpha * t**2 * divergence
        if self.attention_weight > 0:
            assert attention is not None
            distance = (attention.float() - self.of_tokens(self.attention, batch)).square().sum(dim=1)
            costs = costs + self.attention_weight * distance
        return costs

    def attribution_cost(self, logits: Tensor, embeddings: Tensor, counted: Tensor, batch: Batch) -> Tensor:
        """Return γ times the mean squared distance between the attributions of student and teacher, scalar.

        Args:
            logits: (batch, n_classes), computed from `embeddings` by what can be differentiated twice (see
                `whytrain.models.evaluation.twice_differentiable`).
            embeddings: (batch, n_tokens, size), the student's.
            counted: bool (batch, n_tokens), tokens that are compared.
            batch: whose rows are the training split's.
        """
        classes = self.logits[batch.rows].argmax(dim=1)
        student = token_attributions(logits, embeddings, classes, create_graph=True)
        directions = [
            functional.normalize(values.masked_fill(~counted, 0.0), dim=1)
            for values in (student, self.of_tokens(self.attributions, batch))
        ]
        distances = (directions[0] - directions[1]).square().sum(dim=1)
        return self.attributions_weight * distances.mean()

    def of_tokens(self, kept: Tensor | None, batch: Batch) -> Tensor:
        """Return what the teacher says of each token, (batch, n_tokens), 0 on padding.

        Args:
            kept: `attention` or `attributions`.
            batch: whose rows are the training split's.
        """
        assert kept is not None
        columns = torch.arange(batch.token_ids.shape[1], device=batch.token_ids.device)
        place = self.offsets[batch.rows, None] + columns
        inside = place < self.offsets[batch.rows + 1, None]
        return kept[place.masked_fill(~inside, 0)].float().masked_fill(~inside, 0.0)
