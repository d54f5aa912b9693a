"""The service as an MLflow model: questions in, people out, behind ``mlflow models serve``.

``answering``   questions to rows
``people``      where the people are: in the configured store, or in a snapshot that the model carries
``package``     the folder that is logged, and registering it
``model_code``  the file that MLflow runs to load it

Nothing here is needed to search; importing this package imports no MLflow.
"""

from techfinder.service.answering import Asked, Service
from techfinder.service.package import MODEL, Packaged, package
from techfinder.service.people import open_service

__all__ = ["MODEL", "Asked", "Packaged", "Service", "open_service", "package"]
