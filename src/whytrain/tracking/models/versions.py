"""Versions of registered models: which one an address names now, and its files."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from whytrain.errors import ConfigError, MissingRunError, TrackingError
from whytrain.tracking.reader import downloaded_model, reading

_ADDRESS = re.compile(r"models:/(?P<name>[^/@]+)(?:@(?P<alias>[^/@]+)|/(?P<version>\d+))")


@dataclass(frozen=True, kw_only=True)
class RegisteredVersion:
    """A version of a registered model.

    Attributes:
        name: of the model.
        version: its number.
        run_id: of the run that made it.
        location: of its files, as MLflow writes it.
    """

    name: str
    version: str
    run_id: str
    location: str


def is_registered(address: str) -> bool:
    """Whether an address is one of the registry's."""
    return address.startswith("models:/")


def registered_version(uri: str, address: str) -> RegisteredVersion:
    """Return the version that an address names now.

    Args:
        uri: tracking address.
        address: `models:/NAME@ALIAS` or `models:/NAME/VERSION`.

    Raises:
        ConfigError: it is neither.
        TrackingError: there is no such version.
    """
    match = _ADDRESS.fullmatch(address)
    if match is None:
        raise ConfigError(f"{address}: expected models:/NAME@ALIAS or models:/NAME/VERSION")
    with reading(uri) as client:
        from mlflow.exceptions import MlflowException

        try:
            if match["alias"] is not None:
                found = client.get_model_version_by_alias(match["name"], match["alias"])
            else:
                found = client.get_model_version(match["name"], match["version"])
        except MlflowException as error:
            if error.error_code not in {"RESOURCE_DOES_NOT_EXIST", "INVALID_PARAMETER_VALUE"}:
                raise
            raise MissingRunError(f"{address}: there is no such registered model in {uri}") from error
    if not found.source:
        raise TrackingError(f"{address}: the version has no files")
    return RegisteredVersion(
        name=found.name, version=str(found.version), run_id=str(found.run_id), location=found.source
    )


def version_folder(uri: str, version: RegisteredVersion) -> Path:
    """Return the folder of a version's model, for `whytrain.models.saved.load_model`."""
    with reading(uri):
        return downloaded_model(uri, version.location)
