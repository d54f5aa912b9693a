"""What the administration's pages show: the operations' answers as contexts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from flask import url_for

from techfinder import RegistryError, TechfinderError
from techfinder_webui.admin_contexts import (
    AdminPage,
    ComparePage,
    ConfirmPage,
    EncoderRow,
    FigureRow,
    JobRow,
    PluginRow,
    Pressed,
    SwitchRow,
)
from techfinder_webui.gate import gate
from techfinder_webui.parts import Banner, Link

if TYPE_CHECKING:
    from techfinder import GenerationInfo
    from techfinder.database.switches import Switch
    from techfinder.finder import Finder
    from techfinder.jobs import Job
    from techfinder.operations import Operations, Registered
    from techfinder.registry import EncoderVersion

__all__ = ["admin_page", "compare_page", "log_lines", "promote_page", "rollback_page"]

_FIGURES = {
    "ndcg_at_10.answers.all": "nDCG@10 answers",
    "ndcg_at_10.cosine.all": "nDCG@10 cosine",
    "texts_per_s": "texts a second",
    "query_ms": "ms a question",
}
_UNREGISTERED = "not registered"
_NONE = "\N{EN DASH}"
_LESS_IS_BETTER = ("query_ms", "query_p95_ms")


def admin_page(finder: Finder, operations: Operations) -> AdminPage:
    """Everything, as it is now. What cannot be asked is told above the rest."""
    found, banners = operations.registered(), []
    if found.problem:
        banners.append(Banner("warning", "MLflow does not answer", found.problem))
    try:
        jobs, switches = operations.jobs(), operations.switches()
        back = operations.way_back()
    except TechfinderError as error:
        jobs, switches, back = [], [], None
        banners.append(Banner("error", "Jobs and switches cannot be read", str(error)))
    if any(j.state == "waiting" and j.attempts == 0 for j in jobs) and finder.settings.store == "server":
        banners.append(Banner("info", "A job waits for a worker", "Start one beside the server:", "techfinder worker"))
    encoders = _encoders(operations, found)
    measured = [n for n in range(len(_FIGURES)) if any(e.figures[n] for e in encoders)]
    return AdminPage(
        live=_live(finder, operations),
        figures=tuple(list(_FIGURES.values())[n] for n in measured),
        comparable=sum(bool(e.compare) for e in encoders) > 1,
        register=_register(encoders),
        encoders=tuple(replace(e, figures=tuple(e.figures[n] or _NONE for n in measured)) for e in encoders),
        jobs=tuple(_job(j) for j in jobs),
        switches=tuple(_switch(s) for s in switches),
        plugins=tuple(_plugins(finder)),
        rollback_url=url_for("admin.confirm_rollback") if back and gate().may("promote") else "",
        banners=tuple(banners),
    )


def compare_page(operations: Operations, wanted: Sequence[str]) -> ComparePage:
    """Some versions side by side, all figures and groups of questions. Raises RegistryError."""
    found = operations.registered(wait_s=10)
    if found.problem:
        raise RegistryError(found.problem)
    known = {v.reference: v for v in found.versions}
    chosen = [known[name] for name in dict.fromkeys(wanted) if name in known]
    if not chosen:
        raise RegistryError("None of these versions is registered. Go back and tick some.")
    names = sorted({n for v in chosen for n in v.figures}, key=lambda n: (n.startswith("ndcg"), n))
    links = tuple(Link(v.reference, _promote_url(v.reference)) for v in chosen)
    return ComparePage(links, tuple(_figure_row(name, chosen) for name in names))


def promote_page(finder: Finder, operations: Operations, reference: str) -> ConfirmPage:
    """Asks whether that encoder is to answer. Raises SettingsError when no plugin offers it."""
    finder.encoder_named(reference.partition("@")[0])
    live = operations.live()
    return ConfirmPage(
        title=f"Let {reference} answer?",
        lines=(
            f"{live.points:,} {finder.schema.subject[1]} are encoded anew beside what is live, which goes on answering."
            if live
            else "Nothing is indexed yet: there is nothing to encode.",
            "It is measured first, and refused when answers get worse: more than 1 % of nDCG@10 lost.",
            "Then questions and people go over together, in one step. What is live now is kept to go back to.",
        ),
        button="Promote",
        url=url_for("admin.promote"),
        hidden=(("encoder", reference),),
        force=True,
    )


def rollback_page(finder: Finder, operations: Operations) -> ConfirmPage | None:
    """Asks whether to go back; None when there is no way back."""
    live, back = operations.live(), operations.way_back()
    if live is None or back is None:
        return None
    return ConfirmPage(
        title=f"Go back to generation {back.number}?",
        lines=(
            f"Now {_told(finder, live)}",
            f"Then {_told(finder, back)}",
            "It is one step, nothing is built, and nobody who searches notices a gap.",
        ),
        button="Roll back",
        url=url_for("admin.rollback"),
    )


def log_lines(operations: Operations, job_id: str) -> tuple[str, ...]:
    """A job's log, a line each. Raises JobError, DatabaseError."""
    return tuple(f"{_time(line.at)}  {line.text}" for line in operations.lines(job_id))


def _live(finder: Finder, operations: Operations) -> str:
    live = operations.live()
    if live is None:
        return "Nothing is indexed yet."
    told = _told(finder, live)
    return told[0].upper() + told[1:]


def _told(finder: Finder, info: GenerationInfo) -> str:
    return f"generation {info.number} answers: {info.points:,} {finder.schema.subject[1]}, encoder {info.encoder}."


def _encoders(operations: Operations, found: Registered) -> list[EncoderRow]:
    offered = {o.name: o for o in operations.installed()}
    live = operations.live()
    rows = [_version_row(v, v.name in offered, live.encoder if live else "") for v in found.versions]
    registered = {v.fingerprint for v in found.versions}
    for name, one in offered.items():
        if one.fingerprint not in registered:
            told = ("answers now",) if one.live else ()
            marks = (*told, *(() if found.problem or found.looking else (_UNREGISTERED,)))
            url = "" if one.live else _promote_url(name)
            rows.append(EncoderRow(name, one.fingerprint, "", marks, one.live, ("",) * len(_FIGURES), "", url))
    return sorted(rows, key=lambda r: (r.name, int(r.version or 0)))


def _register(encoders: Sequence[EncoderRow]) -> str:
    names = [e.name for e in encoders if _UNREGISTERED in e.marks]
    return f"techfinder encoders register {names[0]}" if names else ""


def _version_row(version: EncoderVersion, here: bool, live: str) -> EncoderRow:
    answers = version.fingerprint == live
    marks = (*(("answers now",) if answers else ()), *version.aliases, *(() if here else ("not installed",)))
    return EncoderRow(
        name=version.name,
        fingerprint=version.fingerprint,
        version=str(version.number),
        marks=marks,
        live=answers,
        figures=tuple(_value(name, version.figures.get(name)) for name in _FIGURES),
        compare=version.reference if version.figures else "",
        promote_url=_promote_url(version.reference) if here and not answers else "",
    )


def _promote_url(reference: str) -> str:
    """Where somebody is asked to confirm; empty for who has no right to it."""
    if not gate().may("promote"):
        return ""
    return url_for("admin.confirm_promote", encoder=reference)


def _job(job: Job) -> JobRow:
    told = " ".join(str(v) for k, v in job.arguments.items() if k in ("encoder", "source"))
    share = min(100.0, round(100 * job.done / job.total, 1)) if job.total and job.state == "running" else None
    verbs = {"waiting": ("Cancel", "admin.cancel"), "running": ("Cancel", "admin.cancel")}
    verbs |= {"failed": ("Try again", "admin.retry"), "cancelled": ("Try again", "admin.retry")}
    text, endpoint = verbs.get(job.state, ("", ""))
    asked = job.cancel_asked and job.state == "running"
    return JobRow(
        id=job.id[:8],
        what=f"{job.kind} {told}".strip(),
        state="stopping" if asked else job.state,
        phase=job.phase if job.state == "running" else "",
        share=share,
        progress=f"{job.done:,} of {job.total:,}" if share is not None else "",
        when=_time(job.created_at),
        message=job.message,
        log_url=url_for("admin.log", job_id=job.id),
        actions=(Pressed(text, url_for(endpoint, job_id=job.id)),) if endpoint and not asked else (),
    )


def _switch(switch: Switch) -> SwitchRow:
    forced = ", forced" if switch.facts.get("forced") else ""
    return SwitchRow(
        when=_time(switch.at),
        action=f"{switch.action}{forced}",
        before=f"{switch.from_generation}, {switch.from_encoder}",
        after=f"{switch.to_generation}, {switch.to_encoder}",
        actor=switch.actor,
    )


def _plugins(finder: Finder) -> list[PluginRow]:
    rows = [
        PluginRow(
            name=p.name,
            origin=f"{p.distribution} {p.version}".strip(),
            offers="; ".join(f"{kind}: {', '.join(names)}" for kind, names in p.entries.items() if names),
            state="disabled" if p.disabled else "failed" if p.failure else "good",
            failure=p.failure,
        )
        for p in finder.plugins.describe()
    ]
    return sorted(rows, key=lambda r: r.state != "failed")


def _figure_row(name: str, versions: Sequence[EncoderVersion]) -> FigureRow:
    values = [v.figures.get(name) for v in versions]
    known = [v for v in values if v is not None]
    best = (min(known) if name in _LESS_IS_BETTER else max(known)) if len(set(known)) > 1 else None
    kind, *group = name.split(".")
    told = (
        " ".join([kind.replace("ndcg_at_", "nDCG@").replace("_", " "), ", ".join(group)]).replace(", all", "").strip()
    )
    return FigureRow(
        name=told,
        values=tuple(_value(name, v) for v in values),
        best=tuple(v is not None and v == best for v in values),
        group=len(group) > 1 and group[-1] != "all",
    )


def _value(name: str, value: float | None) -> str:
    if value is None:
        return ""
    return f"{value:.3f}" if name.startswith("ndcg") else f"{value:,.1f}"


def _time(seconds: float) -> str:
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%d %H:%M}"
