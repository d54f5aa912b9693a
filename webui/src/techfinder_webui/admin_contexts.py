"""What the templates of the administration get: frozen records, every field explained."""

from __future__ import annotations

from dataclasses import dataclass, field

from techfinder_webui.parts import Banner, Link, explained

__all__ = [
    "AdminPage",
    "ComparePage",
    "ConfirmPage",
    "EncoderRow",
    "FigureRow",
    "JobRow",
    "PluginRow",
    "Pressed",
    "SwitchRow",
]


@dataclass(frozen=True, slots=True)
class Pressed:
    """A button that changes something: a form of its own."""

    text: str = field(metadata=explained("What is read on the button."))
    url: str = field(metadata=explained("Where the form is sent."))


@dataclass(frozen=True, slots=True)
class EncoderRow:
    """An encoder version, or an installed encoder that is not registered."""

    name: str = field(metadata=explained("Of the encoder."))
    fingerprint: str = field(metadata=explained("What tells its vectors from others'."))
    version: str = field(metadata=explained("Number in MLflow; empty when it is not registered."))
    marks: tuple[str, ...] = field(metadata=explained("'answers now', aliases, 'not installed'."))
    live: bool = field(metadata=explained("True for the one that answers now."))
    figures: tuple[str, ...] = field(
        metadata=explained("One for each of the page's figures; a dash where not measured.")
    )
    compare: str = field(metadata=explained("What stands for it in a comparison; empty when it has no figures."))
    promote_url: str = field(metadata=explained("Asks to confirm; empty when it answers already or is not installed."))


@dataclass(frozen=True, slots=True)
class JobRow:
    """A job."""

    id: str = field(metadata=explained("First eight digits."))
    what: str = field(metadata=explained("What it does, with what."))
    state: str = field(metadata=explained("'waiting', 'running', 'done', 'failed' or 'cancelled'."))
    phase: str = field(metadata=explained("What it does at the moment."))
    share: float | None = field(metadata=explained("How far it is, in percent; None when that is not known."))
    progress: str = field(metadata=explained("How far it is, in words."))
    when: str = field(metadata=explained("When it was asked for, in UTC."))
    message: str = field(metadata=explained("Why it failed, or what there is to know."))
    log_url: str = field(metadata=explained("Its log."))
    actions: tuple[Pressed, ...] = field(metadata=explained("Cancel or retry."))


@dataclass(frozen=True, slots=True)
class SwitchRow:
    """A switch from one encoder to another."""

    when: str = field(metadata=explained("In UTC."))
    action: str = field(metadata=explained("'promote' or 'rollback', with 'forced' where the gate was overruled."))
    before: str = field(metadata=explained("Generation and encoder."))
    after: str = field(metadata=explained("Generation and encoder."))
    actor: str = field(metadata=explained("Who asked for it."))


@dataclass(frozen=True, slots=True)
class PluginRow:
    """A plugin."""

    name: str = field(metadata=explained("Of its entry point."))
    origin: str = field(metadata=explained("Distribution and version."))
    offers: str = field(metadata=explained("What it offers, in words."))
    state: str = field(metadata=explained("'good', 'failed' or 'disabled'."))
    failure: str = field(metadata=explained("What went wrong; empty when nothing did."))


@dataclass(frozen=True, slots=True)
class AdminPage:
    """Of ``admin.html`` and ``_admin.html``, which is asked for again every two seconds."""

    live: str = field(metadata=explained("What answers now, in one sentence."))
    figures: tuple[str, ...] = field(metadata=explained("Heads of the columns with figures: what was measured of any."))
    comparable: bool = field(metadata=explained("Whether there are two encoders with figures to put side by side."))
    register: str = field(metadata=explained("The command that measures what is not registered; empty where all are."))
    encoders: tuple[EncoderRow, ...] = field(metadata=explained("Encoders, by name and version."))
    jobs: tuple[JobRow, ...] = field(metadata=explained("Jobs, newest first."))
    switches: tuple[SwitchRow, ...] = field(metadata=explained("Switches, newest first."))
    plugins: tuple[PluginRow, ...] = field(metadata=explained("Plugins, those that failed first."))
    rollback_url: str = field(default="", metadata=explained("Asks to confirm; empty when there is no way back."))
    banners: tuple[Banner, ...] = field(default=(), metadata=explained("What is the matter."))


@dataclass(frozen=True, slots=True)
class FigureRow:
    """One figure of several versions."""

    name: str = field(metadata=explained("What was measured."))
    values: tuple[str, ...] = field(metadata=explained("One for each version; empty where it was not measured."))
    best: tuple[bool, ...] = field(metadata=explained("True for the best of them, where they differ."))
    group: bool = field(metadata=explained("True for a group of questions."))


@dataclass(frozen=True, slots=True)
class ComparePage:
    """Of ``admin_compare.html``."""

    versions: tuple[Link, ...] = field(metadata=explained("The versions side by side; the link promotes, if it may."))
    rows: tuple[FigureRow, ...] = field(metadata=explained("What was measured."))
    banners: tuple[Banner, ...] = field(default=(), metadata=explained("What is the matter."))


@dataclass(frozen=True, slots=True)
class ConfirmPage:
    """Of ``admin_confirm.html``: one step before something changes."""

    title: str = field(metadata=explained("What is to be done."))
    lines: tuple[str, ...] = field(metadata=explained("What happens then."))
    button: str = field(metadata=explained("What is read on the button."))
    url: str = field(metadata=explained("Where the form is sent."))
    hidden: tuple[tuple[str, str], ...] = field(default=(), metadata=explained("What else goes along with it."))
    force: bool = field(default=False, metadata=explained("Whether overruling the gate is offered."))
