"""TracIn by hand on a linear model, and against captum and dattri on a small network."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import safetensors.torch
import torch
from small import small_bilstm, wordpiece_tokenizer
from torch import Tensor, nn

from whytrain.data.encoded import EncodedSplit
from whytrain.errors import ConfigError
from whytrain.influence.tracin import Checkpoint, read_checkpoints, self_influence, tracin
from whytrain.models.batch_runner import split_of
from whytrain.models.interface import ModelInterface, interface_of
from whytrain.tasks import CLASSIFICATION, TASKS

WORDS = ("fine", "dull", "film", "plot", "a", "very", "great", "not")
TRAIN = ["a fine film", "a dull plot", "not fine", "very very great film", "not a dull film"]
ASKED = ["a great film", "dull dull", "not very fine plot"]
LABELS, WANTED = [1, 0, 2, 1, 2], [1, 0, 2]


class Counting(nn.Module):
    """Logits that are linear in which wordpieces a text has."""

    def __init__(self, n_words: int, n_classes: int) -> None:
        super().__init__()
        self.classifier = nn.Linear(n_words, n_classes)
        nn.init.zeros_(self.classifier.weight)
        nn.init.zeros_(self.classifier.bias)

    def forward(self, token_ids: Tensor, mask: Tensor | None) -> Tensor:
        counts = nn.functional.one_hot(token_ids, self.classifier.in_features).float()
        if mask is not None:
            counts = counts * mask[..., None]
        logits: Tensor = self.classifier(counts.sum(dim=1))
        return logits


def labeled(model: ModelInterface, texts: list[str], labels: object) -> EncodedSplit:
    return split_of(texts, model, np.array(labels))


def bilstm(seed: int = 0) -> ModelInterface:
    tokenizer = wordpiece_tokenizer(WORDS)
    module = small_bilstm(seed=seed, vocabulary_size=tokenizer.vocabulary_size, pooling="attention").eval()
    with torch.no_grad():
        for weight in module.parameters():
            weight.mul_(3)  # so that texts differ
    return interface_of(module, tokenizer, 20)


def test_a_linear_model_by_hand() -> None:
    tokenizer = wordpiece_tokenizer(WORDS, template=False)
    model = interface_of(Counting(tokenizer.vocabulary_size, 2), tokenizer, 20)
    train = labeled(model, ["fine film", "dull film film", "plot"], [1, 0, 0])
    asked = labeled(model, ["fine film"], [1])
    # At weights of 0 all p = 1/2: e = (1/2, -1/2) for label 1, its negative for label 0; e·e' = ±1/2.
    # h·h' counts shared words and the bias: 1+1+1, 0+2+1, 0+0+1.
    found = tracin([Checkpoint(name="0", model=model, learning_rate=0.1)], train, asked, CLASSIFICATION)
    assert found == pytest.approx(0.1 * np.array([[0.5 * 3, -0.5 * 3, -0.5 * 1]]))
    own = self_influence([Checkpoint(name="0", model=model, learning_rate=0.1)], train, CLASSIFICATION)
    assert own == pytest.approx(0.1 * 0.5 * np.array([3, 6, 2]))


def test_labels_that_do_not_exclude_each_other() -> None:
    tokenizer = wordpiece_tokenizer(WORDS, template=False)
    model = interface_of(Counting(tokenizer.vocabulary_size, 2), tokenizer, 20)
    train = labeled(model, ["fine", "dull"], [[1, 1], [0, 1]])
    [step] = [Checkpoint(name="0", model=model, learning_rate=1.0)]
    scale = float(TASKS["multilabel"].loss(torch.zeros(1, 2), torch.ones(1, 2).long(), 0.0)) / np.log(2)
    # e = (σ − y) times what a label weighs in the row's loss.
    found = tracin([step], train, train, TASKS["multilabel"])
    assert found == pytest.approx((scale / 2) ** 2 * 0.5 * np.array([[2, 0], [0, 2]]), abs=1e-7)


def reference(model: ModelInterface, parameter: str, split: EncodedSplit) -> np.ndarray:
    """Return the gradient of each row's loss by a pass of its own, (n, n_weights)."""
    found = []
    for row in range(len(split)):
        ids = torch.from_numpy(split.sentence(row).astype("int64"))[None]
        loss = nn.functional.cross_entropy(model(ids, None), torch.tensor([split.labels[row]]))
        names, weights = zip(*model.module.named_parameters(), strict=True)
        chosen = [w for name, w in zip(names, weights, strict=True) if name.startswith(parameter)]
        found.append(torch.cat([g.flatten() for g in torch.autograd.grad(loss, chosen)]).numpy())
    return np.stack(found).astype(np.float64)


@pytest.mark.parametrize(("layer", "parameter"), [("last", "classifier"), ("words", "embedding")])
def test_layers_without_a_pass_per_text(layer: str, parameter: str) -> None:
    model = bilstm()
    train, asked = labeled(model, TRAIN, LABELS), labeled(model, ASKED, WANTED)
    steps = [
        Checkpoint(name="a", model=model, learning_rate=0.5),
        Checkpoint(name="b", model=bilstm(1), learning_rate=2.0),
    ]
    theirs = [(reference(s.model, parameter, train), reference(s.model, parameter, asked)) for s in steps]
    expected = sum(s.learning_rate * b @ a.T for s, (a, b) in zip(steps, theirs, strict=True))
    found = tracin(steps, train, asked, CLASSIFICATION, layer)  # type: ignore[arg-type]
    assert found == pytest.approx(expected, rel=1e-3, abs=1e-6 * float(np.abs(expected).max()))  # float32
    own = self_influence(steps, train, CLASSIFICATION, layer)  # type: ignore[arg-type]
    squares = sum(s.learning_rate * (a**2).sum(axis=1) for s, (a, _) in zip(steps, theirs, strict=True))
    assert own == pytest.approx(squares, rel=1e-4)
    assert np.abs(found).min() < 0.5 * np.abs(found).max()  # texts differ


def padded(model: ModelInterface, texts: list[str]) -> Tensor:
    batch = split_of(texts, model).batch(np.arange(len(texts)))
    return batch.token_ids


class Whole(nn.Module):
    """The network as captum and dattri call it, with the mask made from the padding."""

    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        self.model = model

    def forward(self, ids: Tensor) -> Tensor:
        logits: Tensor = self.model(ids, ids != 0)
        return logits


@pytest.fixture
def kept(tmp_path: Path) -> dict[str, Path]:
    """Weights of two epochs as a run keeps them."""
    files = {}
    for seed, rate in ((0, "0.5"), (1, "2.0")):
        files[f"epoch-{seed}"] = tmp_path / f"{seed}.safetensors"
        safetensors.torch.save_model(
            bilstm(seed).module, str(files[f"epoch-{seed}"]), {"learning_rate": rate}
        )
    return files


@pytest.mark.filterwarnings("ignore:Input Tensor 0 has a dtype of torch.int64")
def test_captum_says_the_same(kept: dict[str, Path]) -> None:
    from captum.influence import TracInCP

    model = bilstm(5)
    before = [weight.clone() for weight in model.module.parameters()]
    train, asked = labeled(model, TRAIN, LABELS), labeled(model, ASKED, WANTED)
    found = tracin(read_checkpoints(model, kept), train, asked, CLASSIFICATION)
    assert all(map(torch.equal, before, model.module.parameters()))
    network = Whole(bilstm(5).module)

    def load(_: nn.Module, path: str) -> float:
        safetensors.torch.load_model(network.model, path)
        return {"0": 0.5, "1": 2.0}[Path(path).stem]

    data = torch.utils.data.TensorDataset(padded(model, TRAIN), torch.tensor(LABELS))
    oracle = TracInCP(
        network,
        data,
        [str(path) for path in kept.values()],
        load,
        layers=["model.classifier"],
        loss_fn=nn.CrossEntropyLoss(reduction="sum"),
        batch_size=5,
        sample_wise_grads_per_batch=True,
    )
    expected = oracle.influence((padded(model, ASKED), torch.tensor(WANTED))).numpy()
    assert found == pytest.approx(expected, rel=1e-3, abs=1e-6 * float(np.abs(expected).max()))  # float32
    own = self_influence(read_checkpoints(model, kept), train, CLASSIFICATION)
    assert own == pytest.approx(oracle.self_influence(None).numpy(), rel=1e-4)


@pytest.mark.filterwarnings("ignore:.*torch.jit.script_method. is deprecated:DeprecationWarning")
@pytest.mark.filterwarnings("ignore:There is a performance drop because:UserWarning")
def test_dattri_says_the_same(kept: dict[str, Path]) -> None:
    from dattri.algorithm.tracin import TracInAttributor
    from dattri.task import AttributionTask

    model = bilstm(5)
    network = Whole(bilstm(5).module)

    def loss(params: dict[str, Tensor], data: tuple[Tensor, Tensor]) -> Tensor:
        ids, label = data
        logits = torch.func.functional_call(network, params, (ids[None],))
        return nn.functional.cross_entropy(logits, label[None])

    weights = []
    for path in kept.values():
        weights.append({f"model.{k}": v for k, v in safetensors.torch.load_file(path).items()})
    task = AttributionTask(loss_func=loss, model=network, checkpoints=weights)
    oracle = TracInAttributor(
        task,
        weight_list=torch.tensor([0.5, 2.0]),
        normalized_grad=False,
        layer_name=["model.classifier.weight", "model.classifier.bias"],
    )
    oracle.projector_kwargs = None  # the gradients themselves
    loaders = [
        torch.utils.data.DataLoader(
            torch.utils.data.TensorDataset(padded(model, texts), torch.tensor(labels)), batch_size=5
        )
        for texts, labels in ((TRAIN, LABELS), (ASKED, WANTED))
    ]
    expected = oracle.attribute(*loaders).numpy().T
    train, asked = labeled(model, TRAIN, LABELS), labeled(model, ASKED, WANTED)
    found = tracin(read_checkpoints(model, kept), train, asked, CLASSIFICATION)
    assert found == pytest.approx(expected, rel=1e-3, abs=1e-6 * float(np.abs(expected).max()))


def test_a_model_without_a_last_layer_is_refused() -> None:
    class Tripled(Counting):
        def forward(self, token_ids: Tensor, mask: Tensor | None) -> Tensor:
            return 3 * super().forward(token_ids, mask) + token_ids[:, :1]

    tokenizer = wordpiece_tokenizer(WORDS)
    model = interface_of(Tripled(tokenizer.vocabulary_size, 2), tokenizer, 20)
    with pytest.raises(ConfigError, match="does not end with a linear layer"):
        self_influence(read_checkpoints(model, {}), labeled(model, TRAIN, [0] * 5), CLASSIFICATION)
