"""What may be asked of the server, and how it answers; the page of its interface is made of this."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field
from pydantic_core import PydanticCustomError


def _encodable(text: str) -> str:
    try:
        text.encode("utf-8")
    except UnicodeEncodeError as error:
        raise PydanticCustomError(
            "half_a_character",
            "expected Unicode text, character {place} is half of a surrogate pair; send whole characters",
            {"place": error.start + 1},
        ) from error
    return text


Text = Annotated[str, AfterValidator(_encodable)]


class Texts(BaseModel):
    """Texts to be classified."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"example": {"texts": ["a fine film"]}})

    texts: list[Text] = Field(min_length=1, description="each of them is answered")


class WhyTexts(Texts):
    """Texts to be classified, each answer with its reasons."""

    method: Text | None = Field(None, description="of explanation; null: the server's own")
    budget: int | None = Field(
        None, ge=1, le=1_000_000, description="model evaluations of an estimate; null: the method's own"
    )


class ModelIdentity(BaseModel):
    """Which model answered."""

    run: str | None = Field(description="MLflow's id of the run that trained it")
    version: str | None = Field(description="in the registry, as NAME/VERSION")
    fingerprint: str = Field(description="SHA-256 of its files")


class Explanation(BaseModel):
    """Why: a score for each word."""

    model_config = ConfigDict(populate_by_name=True)

    class_: str = Field(alias="class", description="for which the scores speak")
    method: str = Field(description="by which it was found")
    settings: dict[str, Any] = Field(description="of the method, by which it can be repeated")
    seed: int = Field(description="of methods that draw")
    variant: str = Field(description="what else the scores depend on")
    unit: str = Field(description="of the scores")
    words: list[str] = Field(description="of the text, or passages of a long one")
    scores: list[float] = Field(description="of each word: above 0 it speaks for the class")
    standard_errors: list[float] | None = Field(description="null: exact, or not known")
    total: list[float] | None = Field(description="value of nothing and of everything there")


class Answer(BaseModel):
    """What the model says of a text."""

    label: str = Field(description="the most probable class; several labels are joined by a semicolon")
    probability: float | None = Field(None, description="of the label, as trained")
    probabilities: dict[str, float] = Field(description="of each class, as trained")
    calibrated_probability: float | None = Field(None, description="of the label, corrected on held-out rows")
    calibrated_probabilities: dict[str, float] | None = Field(
        None, description="of each label, corrected, where labels do not exclude each other"
    )
    set: list[str] | None = Field(None, description="the conformal set")
    abstain: bool | None = Field(None, description="null: no confidence keeps the risk")
    explanation: Explanation | None = Field(None, description="why, where it was asked for")
    model: ModelIdentity = Field(description="which model answered")
    record: str | None = Field(description="hash of this answer's entry in the record")


class Answers(BaseModel):
    """The answers, in the order of the texts."""

    answers: list[Answer]


class Health(BaseModel):
    """Whether the server answers."""

    status: Literal["ok"]
    model: ModelIdentity
    methods: list[str] = Field(description="of explanation")
    classes: list[str]


class Refusal(BaseModel):
    """Why a request was refused, in a line."""

    error: str


REFUSALS: dict[int | str, dict[str, Any]] = {
    400: {"model": Refusal, "description": "what is asked cannot be done"},
    413: {"model": Refusal, "description": "too much at once"},
    422: {"model": Refusal, "description": "no request of this form"},
    503: {"model": Refusal, "description": "too many wait: ask again"},
    504: {"model": Refusal, "description": "no answer in time"},
}
