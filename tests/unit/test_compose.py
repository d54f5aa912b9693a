"""docker-compose.yml keeps what deploy/README.md promises, and .env.example tells the truth about it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from techfinder.settings import Settings

ROOT = Path(__file__).resolve().parents[2]
TEXT = (ROOT / "docker-compose.yml").read_text()
STACK = yaml.safe_load(TEXT)
SERVICES: dict[str, dict[str, Any]] = STACK["services"]
OURS = {name: s for name, s in SERVICES.items() if s["image"].startswith("techfinder:")}
EXAMPLE = (ROOT / ".env.example").read_text()

services = pytest.mark.parametrize("name", SERVICES)


def test_the_example_names_every_variable_with_its_default() -> None:
    used = dict(re.findall(r"\$\{([A-Z_]+)(?::?-([^}]*))?\}", TEXT))
    handed_on = [n for s in SERVICES.values() for n, v in (s.get("environment") or {}).items() if v is None]
    told = dict(re.findall(r"^#([A-Z_]+)=(.*)$", EXAMPLE, re.MULTILINE))
    assert told.keys() == used.keys() | set(handed_on)
    assert {name: told[name] for name in used} == used


def test_every_setting_that_is_handed_on_is_one() -> None:
    known = {f"TECHFINDER_{name.upper()}" for name in Settings.model_fields}
    named = {n for s in OURS.values() for n in s.get("environment", {}) if n.startswith("TECHFINDER_")}
    assert named - known == set()


def test_what_decides_who_sees_what_is_handed_on_and_never_dropped_in_silence() -> None:
    deciding = re.compile(
        "field_roles|sensitive_fields|gateway|analyst_|oidc_|max_rejects|proxies|allowed_hosts|admin$"
    )
    wanted = {f"TECHFINDER_{name.upper()}" for name in Settings.model_fields if deciding.match(name)}
    assert len(wanted) > 10
    assert wanted - SERVICES["web"]["environment"].keys() == set()


@services
def test_a_service_may_do_as_little_as_possible(name: str) -> None:
    service = SERVICES[name]
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert service["read_only"] is True
    assert not service.get("privileged")
    more = {"postgres": ["CHOWN", "DAC_OVERRIDE", "FOWNER", "SETGID", "SETUID"]}
    assert service.get("cap_add", []) == more.get(name, [])


@services
def test_an_image_is_pinned(name: str) -> None:
    image = SERVICES[name]["image"]
    assert re.fullmatch(r"[^:]+:(\$\{[A-Z_]+:-)?[\w.-]+\}?", image)
    assert "latest" not in image


@pytest.mark.parametrize("name", [n for n, s in SERVICES.items() if s["restart"] == "unless-stopped"])
def test_what_runs_for_long_is_bounded_and_has_time_to_stop(name: str) -> None:
    service = SERVICES[name]
    assert {"mem_limit", "cpus", "pids_limit", "healthcheck"} <= service.keys()


def test_only_the_page_is_published_and_only_here() -> None:
    published = {name: s["ports"] for name, s in SERVICES.items() if "ports" in s}
    assert published == {
        "web": ["${TECHFINDER_PUBLISH:-127.0.0.1}:${TECHFINDER_PORT:-8000}:8000"],
        "tls": ["${TLS_PUBLISH:-127.0.0.1}:${TLS_PORT:-8443}:8443"],
    }
    assert [name for name, s in SERVICES.items() if "front" in s.get("networks", [])] == ["web", "tls"]
    assert SERVICES["tls"]["profiles"] == ["tls"]
    assert {name for name, n in STACK["networks"].items() if n and n["internal"]} == STACK["networks"].keys() - {
        "front"
    }


def test_who_reaches_whom() -> None:
    """MLflow's own protection is not to be trusted: it sees neither Qdrant nor our database."""
    at = {name: set(s.get("networks", [])) for name, s in SERVICES.items()}
    assert at["mlflow"].isdisjoint(at["qdrant"])
    assert at["mlflow"] & at["web"] == {"registry"}
    assert at["qdrant"] == {"store", "store-nodes"}
    assert [name for name in at if "store-nodes" in at[name]] == ["qdrant", "qdrant-2", "qdrant-3"]
    assert SERVICES["secrets"]["network_mode"] == "none"


def test_a_service_sees_its_own_secrets() -> None:
    def secrets(name: str) -> set[str]:
        return {v.partition(":")[0] for v in SERVICES[name].get("volumes", []) if v.startswith("secrets-")}

    for name in ("qdrant", "qdrant-2", "mlflow", "postgres"):
        assert secrets(name) == {f"secrets-{name.partition('-')[0]}"}
    for name in ("web", "worker", "init"):
        assert secrets(name) == {"secrets-techfinder"}
    given = {n for s in SERVICES.values() for n in s.get("environment", {}) if re.search("(PASSWORD|KEY)$", n)}
    assert given == SERVICES["secrets"]["environment"].keys()


def test_the_file_for_tls_names_what_there_is() -> None:
    lines = (ROOT / "deploy" / "tls.env").read_text().splitlines()
    given = dict(line.split("=", 1) for line in lines if not line.startswith("#"))
    assert given["TECHFINDER_PUBLISH"] == "127.0.0.1"  # it trusts what the proxy says of who asks
    assert SERVICES["tls"]["profiles"] == [given.pop("COMPOSE_PROFILES")]
    assert all(f"${{{name}:-" in TEXT for name in given)


def test_the_file_for_a_cluster_names_what_there_is() -> None:
    lines = (ROOT / "deploy" / "cluster.env").read_text().splitlines()
    given = dict(line.split("=", 1) for line in lines if not line.startswith("#"))
    profile = given.pop("COMPOSE_PROFILES")
    in_profile = [name for name, s in SERVICES.items() if s.get("profiles") == [profile]]
    assert given["QDRANT_URLS"] == ",".join(f"http://{name}:6333" for name in ["qdrant", *in_profile])
    assert all(f"${{{name}:-" in TEXT for name in given)


def test_the_file_for_graphics_processors_leaves_one_worker_which_has_them() -> None:
    lines = (ROOT / "deploy" / "gpu.env").read_text().splitlines()
    given = dict(line.split("=", 1) for line in lines if not line.startswith("#"))
    profile = given.pop("COMPOSE_PROFILES")
    (name,) = [name for name, s in SERVICES.items() if s.get("profiles") == [profile]]
    (device,) = SERVICES[name]["deploy"]["resources"]["reservations"]["devices"]
    assert (device["driver"], device["count"], device["capabilities"]) == ("nvidia", 1, ["gpu"])
    assert {**SERVICES[name], "scale": "${WORKERS:-1}"} == {
        **SERVICES["worker"],
        **{key: SERVICES[name][key] for key in ("profiles", "deploy")},
    }
    assert (given["WORKERS"], given["TORCH_LINKS"]) == ("0", "")
    assert all(re.search(rf"\$\{{{name}:?-", TEXT) for name in given)


def test_the_proxy_asks_for_the_page_by_name_each_time() -> None:
    proxy = (ROOT / "deploy" / "nginx.conf").read_text()
    assert "proxy_pass $web;" in proxy  # by a variable: else the name is looked up once, at the start
    assert ">/tmp/resolver.conf" in SERVICES["tls"]["command"][0]


def test_client_and_server_of_qdrant_go_together() -> None:
    (minor,) = re.findall(r"qdrant:\$\{QDRANT_VERSION:-v1\.(\d+)\.\d+\}", TEXT)
    (client,) = re.findall(r"^qdrant-client==1\.(\d+)\.", (ROOT / "constraints.txt").read_text(), re.MULTILINE)
    assert abs(int(minor) - int(client)) <= 1


def test_our_images_run_as_nobody_special() -> None:
    dockerfile = (ROOT / "deploy" / "Dockerfile").read_text()
    for target in ("mlflow", "techfinder"):
        stage = dockerfile.partition(f" AS {target}\n")[2].partition("\nFROM ")[0]
        assert "RUN" not in stage.partition("\nUSER 10001:10001\n")[2]
    assert dockerfile.count("\nUSER 10001:10001\n") == 3
