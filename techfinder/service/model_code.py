"""What MLflow runs to load the service: it is logged as ``model.py`` with each version, and unpickles nothing."""

import weakref
from typing import Any

import pandas as pd
from mlflow.exceptions import MlflowException
from mlflow.models import set_model
from mlflow.protos.databricks_pb2 import INVALID_PARAMETER_VALUE
from mlflow.pyfunc.model import PythonModel, PythonModelContext

from techfinder.errors import QueryError
from techfinder.service import Asked, open_service

COLUMNS = ("query", "user_id", "User", "Similarity", "encoder", "generation", "explanation")


class SimilarPeople(PythonModel):
    """Finds people for questions; see the model card for parameters."""

    def load_context(self, context: PythonModelContext) -> None:
        """Find the people and load the encoder."""
        self._service = open_service(context.model_config or {}, context.artifacts)
        weakref.finalize(self, self._service.close)

    def predict(
        self, context: PythonModelContext, model_input: pd.DataFrame, params: dict[str, Any] | None = None
    ) -> pd.DataFrame:
        """A row for each person found."""
        try:
            rows = self._service.answer(list(model_input["query"]), Asked.of(params))
        except QueryError as error:
            raise MlflowException(str(error), error_code=INVALID_PARAMETER_VALUE) from None
        found = pd.DataFrame(rows, columns=list(COLUMNS))
        used = [c for c in COLUMNS if c in rows[0]] if rows else list(COLUMNS[:3])
        return found[used]


set_model(SimilarPeople())
