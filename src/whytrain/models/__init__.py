"""Text classifiers as plain modules: token ids and a mask in, logits out."""

from typing import TYPE_CHECKING

from whytrain.lazy import lazy_imports

if TYPE_CHECKING:
    from whytrain.models.bilstm.bilstm import BiLSTM
    from whytrain.models.existing import existing_classifier, huggingface_classifier
    from whytrain.models.function import function_classifier
    from whytrain.models.interface import Capabilities, ModelInterface, interface_of
    from whytrain.models.saved import SavedModel, load_model, save_model
    from whytrain.models.transformer import Transformer
else:
    __getattr__ = lazy_imports(__name__)

__all__ = [
    "BiLSTM",
    "Capabilities",
    "ModelInterface",
    "SavedModel",
    "Transformer",
    "existing_classifier",
    "function_classifier",
    "huggingface_classifier",
    "interface_of",
    "load_model",
    "save_model",
]
