"""What went wrong with a plugin, and how loudly to say so."""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace
from typing import Literal

import pluggy

from techfinder.errors import PluginContractError, SettingsError, TechfinderError
from techfinder.logs import REQUEST_ID
from techfinder.plugins.deadline import Interrupting, Overdue

__all__ = ["FailureKind", "PluginFailure", "kind_of", "line_of", "log"]

FailureKind = Literal["dependency absent", "import failed", "setting", "contract", "timeout", "bug"]

_LONGEST_LINE = 400

logger = logging.getLogger("techfinder.plugins")


@dataclass(frozen=True, slots=True)
class PluginFailure:
    """What went wrong with a plugin.

    Attributes:
        plugin: Its name.
        distribution, version: What it was installed from; empty where that is not known.
        stage: ``"import"``, ``"register"``, the name of the hook that was called, or ``"call"``
            for what an entry or ``parse_query`` did wrong later, while the app served.
        error: What happened, in one line.
        kind: ``"dependency absent"`` (install something), ``"import failed"`` (it does not fit
            this installation), ``"setting"`` (set something), ``"contract"`` (it did what its
            hook does not allow), ``"timeout"``, ``"bug"``.
    """

    plugin: str
    distribution: str
    version: str
    stage: str
    error: str
    kind: FailureKind = "bug"

    def __str__(self) -> str:
        """Whose, when and what, in one line."""
        source = " ".join(p for p in (self.distribution, self.version) if p)
        return f"{self.plugin}{f' ({source})' if source else ''}, {self.stage}: {self.error}"


def kind_of(error: BaseException, stage: str, root: str) -> FailureKind:
    """What sort of failure `error` is.

    Args:
        error: As caught.
        stage: As in :class:`PluginFailure`.
        root: Top-level module of the plugin. When that, or a part of techfinder, is what cannot
            be imported, then the plugin is at fault and no dependency is absent.
    """
    if isinstance(error, Overdue):
        return "timeout"
    if isinstance(error, (PluginContractError, pluggy.PluginValidationError)):
        return "contract"
    if isinstance(error, SettingsError):
        return "setting"
    if isinstance(error, ModuleNotFoundError):
        missing = (error.name or "").partition(".")[0]
        return "import failed" if missing in ("", root, "techfinder") else "dependency absent"
    if isinstance(error, ImportError) or (stage == "import" and isinstance(error, AttributeError)):
        return "import failed"
    return "bug"


def line_of(error: BaseException) -> str:
    """The error in one line of at most 400 characters, with its type unless it is one of ours."""
    try:
        text = " ".join(str(error).split())
    except Exception:  # the plugin's own exception class, with its own mistakes
        text = ""
    if isinstance(error, SystemExit):
        text = f"it tried to end the program (exit code {text or 0})"
    elif isinstance(error, Interrupting):
        text = "it tried to end the program (KeyboardInterrupt)"
    elif isinstance(error, Overdue):
        text += ". It was left behind in its thread"
    elif not isinstance(error, (TechfinderError, pluggy.PluginValidationError)):
        text = f"{type(error).__name__}: {text}"
    return text if len(text) <= _LONGEST_LINE else text[: _LONGEST_LINE - 1] + "…"


def log(failure: PluginFailure, error: BaseException) -> None:
    """Say it: quietly for an absent dependency, as a warning for a misfit, loudly for a bug."""
    if REQUEST_ID.get() and failure.stage == "call":  # what it says may quote what was asked
        failure = replace(failure, error=type(error).__name__)
    if failure.kind == "dependency absent":
        logger.info("Plugin left out: %s", failure)
    elif failure.kind == "bug":
        logger.error("Plugin failed: %s", failure, exc_info=error)
    else:
        logger.warning("Plugin failed: %s", failure)
