"""MLflow's own descriptions of what is logged (``MLmodel``), with signatures."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from techfinder.registry.versions import VersionFacts

__all__ = ["describe_encoder", "describe_service"]

_EXAMPLE = {"artifact_path": "input_example.json", "type": "dataframe", "pandas_orient": "split"}


def describe_encoder(facts: VersionFacts, folder: Path) -> None:
    """Write ``MLmodel`` for an encoder version: a text in, a vector out; it names no loader."""
    import numpy as np
    from mlflow.models import Model, ModelSignature
    from mlflow.types import ColSpec, Schema, TensorSpec

    signature = ModelSignature(
        Schema([ColSpec("string", "text")]), Schema([TensorSpec(np.dtype("float32"), (-1, facts.dim))])
    )
    model = Model(artifact_path="model", signature=signature)
    model.add_flavor("techfinder_encoder", fingerprint=facts.fingerprint, files=dict(facts.files))
    model.saved_input_example_info = dict(_EXAMPLE)
    model.save(str(folder / "MLmodel"))


def describe_service(code: str, config: Mapping[str, object], files: Mapping[str, str], folder: Path) -> None:
    """Write ``MLmodel`` for a pyfunc that answers questions, from code and without a pickle.

    Args:
        code: Name of the file in `folder` that MLflow runs to load the model.
        config: What that file is given.
        files: Other files that it is given, names in `folder` by what they are.
        folder: Of the model.
    """
    from mlflow.models import Model, ModelSignature
    from mlflow.pyfunc import add_to_model
    from mlflow.types import ColSpec, ParamSchema, ParamSpec, Schema, TensorSpec
    from mlflow.types.schema import AnyType

    answers: list[ColSpec | TensorSpec] = [
        ColSpec("long", "query"),
        ColSpec("string", "user_id"),
        ColSpec("string", "User"),
    ]
    answers += [ColSpec("double", "Similarity", required=False), ColSpec("string", "encoder")]
    answers += [ColSpec("long", "generation"), ColSpec(AnyType(), "explanation", required=False)]  # type: ignore[no-untyped-call]
    asked = [ParamSpec("top_n", "long", 10), ParamSpec("show_score", "boolean", True)]
    asked += [ParamSpec("filters", "string", [], shape=(-1,)), ParamSpec("explain", "boolean", False)]
    asked += [ParamSpec("plan", "string", "")]
    signature = ModelSignature(Schema([ColSpec("string", "query")]), Schema(answers), ParamSchema(asked))
    model = Model(artifact_path="model", signature=signature)
    add_to_model(  # type: ignore[no-untyped-call]
        model,
        loader_module="mlflow.pyfunc.loaders.code_model",
        model_code_path=code,
        model_config=dict(config),
        python_env="python_env.yaml",
        artifacts={name: {"path": path, "uri": path} for name, path in files.items()},
        streamable=False,
    )
    model.saved_input_example_info = dict(_EXAMPLE)
    model.save(str(folder / "MLmodel"))
