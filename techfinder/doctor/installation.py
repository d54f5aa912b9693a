"""Python, packages, plugins, settings, the home folder and the address to listen on."""

from __future__ import annotations

import errno
import os
import platform
import socket
import stat
import tempfile
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, metadata, requires, version
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
from packaging.requirements import InvalidRequirement, Requirement
from packaging.specifiers import SpecifierSet
from pydantic import SecretStr

from techfinder.doctor.examining import Finding, ok, problem, warning
from techfinder.errors import known_names
from techfinder.setting_files import read_settings_file
from techfinder.store.sizing import plan_sizing

if TYPE_CHECKING:
    from techfinder.doctor.case import Case
    from techfinder.settings import Settings

__all__ = ["address", "disk", "home", "packages", "plugins", "python", "secrets", "settings"]

_OURS = "techfinder"
_FEW = 1000
"""People that room is wanted for at least."""

_PROBE_S = 2.0
_OTHERS_WRITE, _OTHERS_READ = stat.S_IWOTH, stat.S_IROTH


def python(case: Case) -> Iterator[Finding]:
    """Whether this Python is one that we support."""
    ours, wanted = platform.python_version(), str(metadata(_OURS)["Requires-Python"])
    if SpecifierSet(wanted).contains(ours, prereleases=True):
        yield ok(f"Python {ours} ({wanted} is supported).")
    else:
        yield problem(f"Python {ours} is not supported; {wanted} is.", "make install PYTHON=/path/to/python3.12")


def packages(case: Case) -> Iterator[Finding]:
    """Whether what techfinder, its plugins and the settings need is installed, in versions that fit."""
    wrong = list(_unfit(_OURS, _extras(case.settings)))
    for needed, found in wrong:
        yield problem(f"{_OURS} needs {needed}; {found}.", f"pip install '{needed}'")
    others = sorted({p.distribution for p in case.plugins.describe()} - {_OURS, ""})
    for name in others:
        for needed, found in _unfit(name, ()):
            yield warning(f"Plugin distribution {name} needs {needed}; {found}.", f"pip install '{needed}'")
            wrong.append((needed, found))
    if not wrong:
        yield ok(f"{_OURS} {version(_OURS)}, and what it and {len(others)} distributions of plugins need.")


def plugins(case: Case) -> Iterator[Finding]:
    """Whether every plugin answers what it is asked at the start."""
    if (schema := case.readable_schema) is not None:
        case.plugins.filters(schema)
        case.plugins.gauges(schema)
        case.plugins.lexicons(schema)
    for failure in case.plugins.failures:
        remedy = f"Mend or uninstall it, or leave it out: TECHFINDER_DISABLED_PLUGINS={failure.plugin}"
        if failure.kind == "dependency absent":
            yield warning(f"Plugin {failure}", f"Install what it lacks, or leave it out. {remedy}")
        else:
            yield problem(f"Plugin {failure}", remedy)
    if not case.plugins.failures:
        yield ok(f"{len(case.plugins.describe())} plugins, none of them broken.")


def settings(case: Case) -> Iterator[Finding]:
    """Whether settings fit each other, and name plugins that are there. That they can be read is known by now."""
    chosen, names = case.settings, {p.name for p in case.plugins.describe()}
    before = len(unknown := sorted((set(chosen.plugins) | set(chosen.disabled_plugins)) - names))
    for name in unknown:
        yield warning(
            f"Settings name the plugin {name!r}, which is not installed. {known_names(name, names)}",
            f"Take it out of {chosen.home / 'techfinder.toml'} or the environment, or install it.",
        )
    if chosen.workers > 1 and chosen.store == "edge":
        yield problem(
            f"TECHFINDER_WORKERS={chosen.workers}: the embedded store is open in one process at a time.",
            "Set TECHFINDER_STORE=server, or TECHFINDER_WORKERS=1.",
        )
    elif not before:
        yield ok("All settings are known, and can be used.")


def home(case: Case) -> Iterator[Finding]:
    """Whether the home folder is there, ours, and can be written."""
    folder = case.settings.home
    if not folder.exists():
        above = next(p for p in folder.parents if p.exists())
        if os.access(above, os.W_OK | os.X_OK):
            yield ok(f"{folder} is made when it is first needed.")
        else:
            yield problem(f"{folder} is not there, and cannot be made.", f"sudo install -d -o $USER {folder}")
        return
    try:
        with tempfile.TemporaryFile(dir=folder) as file:
            file.write(b"techfinder")
            file.flush()
    except OSError as error:
        reason = error.strerror or str(error)
        yield problem(
            f"{folder} cannot be written: {reason}.",
            f"chmod u+rwx {folder}, as its owner; or name another one in TECHFINDER_HOME.",
        )
        return
    yield from _ownership(folder)


def disk(case: Case) -> Iterator[Finding]:
    """Whether the next generation has room."""
    folder, chosen, live = case.settings.home, case.settings, case.live
    schema = case.readable_schema
    people = max(live.points if live else 0, _FEW)
    plan = plan_sizing(
        people,
        live.dim if live else 384,
        len(schema.attributes) if schema else 50,
        store=chosen.store,
        int8=chosen.quantization == "int8",
        keep=chosen.keep_generations,
    )
    free, needed = case.free_bytes(folder), plan.generation_bytes + plan.cached_bytes / 2
    told = f"{_size(free)} free; the next generation of {people:,} people takes about {_size(needed)}."
    remedy = f"Make room on the disk of {folder}, or keep fewer generations: TECHFINDER_KEEP_GENERATIONS=1"
    if free < needed:
        yield problem(told, remedy)
    elif free < 2 * needed:
        yield warning(told, remedy)
    else:
        yield ok(told)


def secrets(case: Case) -> Iterator[Finding]:
    """Whether other users of this machine can read what is secret."""
    chosen, wrong = case.settings, 0
    for path in _secret_files(chosen):
        mode = stat.S_IMODE(path.stat().st_mode)
        if mode & (_OTHERS_READ | _OTHERS_WRITE):
            wrong += 1
            doing = "change" if mode & _OTHERS_WRITE else "read"
            yield problem(f"Every user of this machine can {doing} {path}, which holds secrets.", f"chmod 600 {path}")
    if not wrong:
        yield ok("Files with secrets are closed to other users of this machine.")


def address(case: Case) -> Iterator[Finding]:
    """Whether `serve` could listen, or does already."""
    host, port = case.settings.host, case.settings.port
    where = f"{host}:{port}"
    try:
        places = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except OSError as error:
        yield problem(f"{host} is no address of this machine ({error.strerror}).", "Choose another TECHFINDER_HOST.")
        return
    for family, kind, protocol, _, place in places:
        try:
            with socket.socket(family, kind, protocol) as listener:
                listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                listener.bind(place)
        except OSError as error:
            yield _not_bound(where, case.settings.local_address, error)
            return
    yield ok(f"{where} is free to listen on.")


def _not_bound(where: str, asked: str, error: OSError) -> Finding:
    if error.errno != errno.EADDRINUSE:
        return problem(f"Cannot listen on {where}: {error.strerror}.", "Choose another TECHFINDER_HOST or _PORT.")
    if _we_answer_at(asked):
        return ok(f"techfinder serves at {where} already.")
    return problem(f"{where} is in use by another program.", "Stop it, or take another port: TECHFINDER_PORT=8001")


def _we_answer_at(address: str) -> bool:
    """Whether what listens there is a techfinder."""
    try:
        answer = httpx.get(f"{address}/healthz", timeout=_PROBE_S, trust_env=False)
        return bool(answer.json() == {"status": "ok"})
    except (httpx.HTTPError, ValueError):
        return False


def _ownership(folder: Path) -> Iterator[Finding]:
    told = folder.stat()
    if told.st_mode & _OTHERS_WRITE:
        yield problem(f"Every user of this machine can write {folder}.", f"chmod o-w {folder}")
    elif told.st_uid not in (os.geteuid(), 0) and os.geteuid() != 0:
        yield warning(f"{folder} belongs to another user.", f"sudo chown -R $USER {folder}")
    elif os.geteuid() == 0 and told.st_uid != 0:
        yield warning(
            f"{folder} belongs to another user, and root looks at it: what root writes there they cannot change.",
            f"Run techfinder as its owner: sudo -u '#{told.st_uid}' techfinder doctor",
        )
    elif told.st_mode & _OTHERS_READ and not _closed(folder):
        yield warning(f"Every user of this machine can read {folder}, with everybody in it.", f"chmod o-rwx {folder}")
    else:
        yield ok(f"{folder} is there, and can be written.")


def _secret_files(chosen: Settings) -> Iterator[Path]:
    """Files that hold secrets, as far as they are there."""
    file = chosen.home / "techfinder.toml"
    named = {n for n, f in type(chosen).model_fields.items() if f.annotation is SecretStr}
    if named & read_settings_file(file).keys():
        yield file
    if chosen.secrets_dir is not None:
        yield from sorted(p for p in chosen.secrets_dir.iterdir() if p.name.startswith(f"{_OURS}_") and p.is_file())
    database = chosen.home / "techfinder.db"
    if chosen.asks_to_sign_in and database.is_file() and not _closed(chosen.home):
        yield database


def _closed(folder: Path) -> bool:
    """Whether other users cannot even enter a folder."""
    return not folder.stat().st_mode & stat.S_IXOTH


def _extras(chosen: Settings) -> tuple[str, ...]:
    """The extras whose packages the settings call for."""
    wanted = {
        "gunicorn": chosen.workers > 1,
        "postgresql": chosen.database_url.get_secret_value() != "",
        "otel": chosen.otlp_endpoint != "",
    }
    return tuple(name for name, needed in wanted.items() if needed)


def _unfit(distribution: str, extras: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    """What a distribution needs and does not have, and what there is instead."""
    try:
        lines = requires(distribution) or []
    except PackageNotFoundError:
        return
    for line in lines:
        try:
            wanted = Requirement(line)
        except InvalidRequirement:
            continue
        if wanted.marker is not None and not any(wanted.marker.evaluate({"extra": e}) for e in ("", *extras)):
            continue
        needed = f"{wanted.name}{wanted.specifier}"
        try:
            there = version(wanted.name)
        except PackageNotFoundError:
            yield needed, "it is not installed"
            continue
        if not wanted.specifier.contains(there, prereleases=True):
            yield needed, f"{there} is installed"


def _size(size: float) -> str:
    return f"{size / 1e9:,.1f} GB" if size >= 1e9 else f"{size / 1e6:,.1f} MB"
