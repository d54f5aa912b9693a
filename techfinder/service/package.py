"""Packaging the service: the folder that is logged, and the version in MLflow::

MLmodel             MLflow's description, with the signature
model.py            what MLflow runs to load it
README.md           the model card
requirements.txt    what is installed here
python_env.yaml     the same for MLflow's environments
input_example.json  a question
people.tar.gz       only with data: the people, as a packed store
schema.toml         only with data, and where the schema is not the built-in one
"""

from __future__ import annotations

import hashlib
import json
import platform
import shutil
import statistics
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from techfinder.quality import hardware
from techfinder.registry.bundle import requirements
from techfinder.registry.descriptions import describe_service
from techfinder.registry.tracking import FINGERPRINT, IDENTITY, TEMPLATE, Logged, Tracking
from techfinder.service.answering import Asked, Service
from techfinder.service.people import CARRIED, CONFIGURED, SCHEMA, SNAPSHOT, pack_people
from techfinder.weights import hash_file

if TYPE_CHECKING:
    from techfinder.finder import Finder
    from techfinder.models import GenerationInfo

__all__ = ["MODEL", "Packaged", "package"]

MODEL = "Tech_Adoption_Similarity"
ALIAS = "champion"
CODE = "model.py"
_BATCH = 32
_TIMED = 20


@dataclass(frozen=True, slots=True)
class Packaged:
    """A version of the packaged service.

    Attributes:
        model, number: Its name in MLflow, and which version it is.
        added: False when the same was packaged before.
        carries: How many people the artifact holds; 0 without data.
        uri: Where MLflow is.
    """

    model: str
    number: int
    added: bool
    carries: int
    uri: str


def package(finder: Finder, name: str = MODEL, with_data: bool = False) -> Packaged:
    """Log and register the service as it is configured here; the same facts twice add nothing.

    Raises:
        RegistryUnavailable: MLflow does not answer; nothing is half registered.
        CollectionNotFound: Nothing is live to answer from.
        StoreError, EncoderError: A part failed.
    """
    tracking, live = Tracking(finder.settings.home), finder.generation()
    facts = _facts(finder, live, with_data)
    identity = hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()
    carries = live.points if with_data else 0
    known = [v for v in tracking.listed(name) if v.model == name]
    there = next((v for v in reversed(known) if v.tags.get(IDENTITY) == identity), None)
    if there is not None:
        return Packaged(name, there.number, False, carries, tracking.uri)
    figures = _measure(finder)
    with tempfile.TemporaryDirectory(prefix="techfinder-package-") as scratch:
        folder = Path(scratch) / "model"
        folder.mkdir()
        files, config = _write(finder, folder, with_data)
        notes = {**facts, "hardware": hardware()}
        (folder / "README.md").write_text(_card(name, notes, figures, carries), encoding="utf-8")
        logged = Logged(
            kind="the service",
            model=name,
            description="Questions to people: techfinder behind `mlflow models serve`.",
            experiment="techfinder-service",
            tags={IDENTITY: identity, FINGERPRINT: live.encoder, TEMPLATE: live.template},
            describe=partial(describe_service, CODE, config, files),
        )
        number = tracking.log(logged, folder, figures, notes)
    tracking.set_alias(name, ALIAS, number)
    return Packaged(name, number, True, carries, tracking.uri)


def _facts(finder: Finder, live: GenerationInfo, with_data: bool) -> dict[str, str]:
    """What makes a version of it."""
    from techfinder import __version__

    found = {
        "techfinder": __version__,
        "people": CARRIED if with_data else CONFIGURED,
        "schema": finder.schema.name,
        "template": finder.schema.template,
        "code": hash_file(_code()),
        "requirements": hashlib.sha256(_requirements(finder).encode()).hexdigest(),
    }
    if with_data:
        found |= {"collection": live.collection, "encoder": live.encoder, "digest": live.digest}
        found |= {"count": str(live.points)}
        found |= {f"field_roles.{name}": role for name, role in finder.settings.field_roles.items()}
    return found


def _write(finder: Finder, folder: Path, with_data: bool) -> tuple[dict[str, str], Mapping[str, object]]:
    """Write all but the card and ``MLmodel``: the files that the model is given, and its configuration."""
    shutil.copyfile(_code(), folder / CODE)
    (folder / "requirements.txt").write_text(_requirements(finder), encoding="utf-8")
    environment = (
        f"python: {platform.python_version()}\nbuild_dependencies:\n- pip\ndependencies:\n- -r requirements.txt\n"
    )
    (folder / "python_env.yaml").write_text(environment, encoding="utf-8")
    example = {"columns": ["query"], "data": [[_examples(finder)[0]]]}
    (folder / "input_example.json").write_text(json.dumps(example, ensure_ascii=False), encoding="utf-8")
    if not with_data:
        return {}, {"people": CONFIGURED}
    packed, files = pack_people(finder, folder / SNAPSHOT), {SNAPSHOT: SNAPSHOT}
    if finder.settings.schema_file is not None:
        shutil.copyfile(finder.settings.schema_file, folder / SCHEMA)
        files[SCHEMA] = SCHEMA
    config = {"people": CARRIED, "collection": packed.collection, "encoder": packed.encoder.partition("@")[0]}
    config |= {"sha256": hash_file(folder / SNAPSHOT)}
    return files, {**config, "field_roles": dict(finder.settings.field_roles)}


def _measure(finder: Finder) -> dict[str, float]:
    """How quick it answers here: one question at a time, and many in one call. That it does answer is seen, too."""
    finder.load_encoder()
    service, examples = Service(finder, lambda: None), _examples(finder)
    texts = [f"{examples[i % len(examples)]} {i}" for i in range(_TIMED + _BATCH)]  # none is the same as another
    service.answer(texts[:1], Asked())
    times = []
    for text in texts[:_TIMED]:
        started = time.perf_counter()
        service.answer([text], Asked())
        times.append((time.perf_counter() - started) * 1000)
    started = time.perf_counter()
    service.answer(texts[_TIMED:], Asked())
    rate = _BATCH / (time.perf_counter() - started)
    return {"query_ms": round(statistics.median(times), 3), f"queries_per_s.batch_{_BATCH}": round(rate, 1)}


def _examples(finder: Finder) -> list[str]:
    return list(finder.schema.examples) or [f"{finder.schema.subject[1]} like these"]


def _code() -> Path:
    return Path(__file__).with_name("model_code.py")


def _requirements(finder: Finder) -> str:
    return requirements("techfinder", *{p.distribution for p in finder.plugins.describe() if not p.disabled})


def _card(name: str, notes: Mapping[str, str], figures: Mapping[str, float], carries: int) -> str:
    people = (
        f"**This artifact holds personal data**: {carries:,} profiles with their vectors, as they were when it was "
        "packaged. Whoever is to be erased must be erased here too: remove the version and package again."
        if carries
        else "No profile and no vector of one is in here: the model opens the store that `TECHFINDER_*` variables and "
        "`techfinder.toml` name where it is served."
    )
    return "\n".join(
        [
            f"# {name}",
            "",
            "Finds people for a question: conditions filter in the database, wishes and meaning rank.",
            "",
            people,
            "",
            "Input: a column `query`, one question a row; they are encoded together and answered by one generation.",
            "",
            "| parameter | default | what |",
            "|---|---|---|",
            "| `top_n` | 10 | people for each question; near misses follow where fewer fulfil it |",
            "| `show_score` | true | whether rows have `Similarity`, between 0 and 1 |",
            '| `filters` | [] | `["age=30..45"]`: NAME=VALUE, as for `techfinder search --filter` |',
            "| `explain` | false | whether rows tell how the question was read and what the score is made of |",
            "| `plan` | | a QueryPlan as JSON: its conditions hold, the question's words only rank |",
            "",
            "Output: a row for each person: `query` (number of the question), `user_id`, `User`, `Similarity`, and the",
            "`encoder` and `generation` that it came from. Serve it where techfinder and its plugins are installed:",
            f"`mlflow models serve -m models:/{name}@{ALIAS} --env-manager local`.",
            "",
            *(f"- {key}: {value}" for key, value in sorted(notes.items())),
            *(f"- {key}: {value:g}" for key, value in sorted(figures.items())),
            "",
        ]
    )
