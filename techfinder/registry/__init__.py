"""Encoder versions, kept in MLflow: which there are, how good each is, and the files to load it from.

``versions``   what makes a version: facts, and the digest that tells two versions apart
``bundle``     the folder that is logged for a version: weights as they are, their hashes, a model card
``registry``   registering, finding and fetching versions
``fetched``    weights that were fetched, found again without MLflow
``tracking``   the border to MLflow; ``descriptions`` what MLflow is told of a model: the only importers of mlflow

Importing this package imports no MLflow. Nothing that searches asks it: the app starts and answers
without MLflow.
"""

from techfinder.registry.registry import Registered, Registry
from techfinder.registry.versions import EncoderVersion, VersionFacts

__all__ = ["EncoderVersion", "Registered", "Registry", "VersionFacts"]
