"""Keys that are wrong, missing or may only read; certificates that are not trusted; http where https is spoken."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from server_people import SIZE, answers, name_of_one, opened, own_qdrant, raised

from qdrant_process import QdrantAddress, QdrantProcess
from techfinder.errors import StoreUnavailable
from techfinder.testing.store_samples import build, make_points, make_spec

KEY, READ_KEY = "all-of-it", "only-reading"


@pytest.fixture(scope="module")
def locked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[QdrantAddress]:
    """A server that wants a key, and holds the collection ``people``."""
    folder = tmp_path_factory.mktemp("locked")
    keys = {"QDRANT__SERVICE__API_KEY": KEY, "QDRANT__SERVICE__READ_ONLY_API_KEY": READ_KEY}
    with own_qdrant(folder, **keys) as server:
        with opened(server.address, folder / "home", qdrant_api_key=KEY) as store:
            build(store, make_spec("people"), make_points(SIZE))
        yield server.address


@pytest.mark.parametrize("grpc", [True, False], ids=["grpc", "rest"])
@pytest.mark.parametrize("key", ["", "wrong"], ids=["none", "wrong"])
def test_a_key_that_is_refused_is_named(locked: QdrantAddress, tmp_path: Path, key: str, grpc: bool) -> None:
    changes: dict[str, Any] = {} if grpc else {"qdrant_grpc_port": 0}
    with opened(locked, tmp_path, qdrant_api_key=key, **changes) as store:
        for question in (store.collections, lambda: store.open("people"), lambda: store.write(make_spec("people"))):
            error = raised(question)
            assert "TECHFINDER_QDRANT_API_KEY" in str(error)
            assert not isinstance(error, StoreUnavailable)
            assert KEY not in str(error)


@pytest.mark.parametrize("grpc", [True, False], ids=["grpc", "rest"])
def test_a_key_that_may_only_read_is_enough_for_searching(locked: QdrantAddress, tmp_path: Path, grpc: bool) -> None:
    changes: dict[str, Any] = {} if grpc else {"qdrant_grpc_port": 0}
    with opened(locked, tmp_path / "a", qdrant_api_key=KEY) as store:
        expected = answers(store.open("people"))
    with opened(locked, tmp_path / "b", qdrant_api_key=READ_KEY, **changes) as store:
        assert answers(store.open("people")) == expected
        assert store.verify("people") == []
        assert store.damaged() == {}


def test_a_key_that_may_only_read_cannot_index(locked: QdrantAddress, tmp_path: Path) -> None:
    with opened(locked, tmp_path, qdrant_api_key=READ_KEY) as store:
        for question in (
            lambda: store.write(make_spec("people")),
            lambda: store.drop("people"),
            lambda: store.activate("people", 1),
        ):
            error = raised(question)
            assert "needs a key that may write" in str(error)
            assert not isinstance(error, StoreUnavailable)


@pytest.mark.parametrize("key", ["secret\n", "schlüssel", " secret"])
def test_a_key_that_cannot_be_one_is_refused_before_it_is_sent(locked: QdrantAddress, tmp_path: Path, key: str) -> None:
    with (
        pytest.raises(Exception, match="TECHFINDER_QDRANT_API_KEY holds") as caught,
        opened(locked, tmp_path, qdrant_api_key=key),
    ):
        pass
    assert key.strip() not in str(caught.value)


# --- certificates --------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def papers(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with ``ca.pem``, ``other.pem``, ``cert.pem`` and ``key.pem`` for 127.0.0.1."""
    folder = tmp_path_factory.mktemp("papers")
    for name in ("ca", "other"):
        _openssl(
            folder, f"req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN={name} "
            f"-addext basicConstraints=critical,CA:TRUE -addext keyUsage=critical,keyCertSign "
            f"-keyout {name}.key -out {name}.pem"
        )  # fmt: skip
    (folder / "names").write_text("subjectAltName=IP:127.0.0.1,DNS:localhost\n")
    _openssl(
        folder, "req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=qdrant -keyout key.pem -out asked.pem"
    )  # fmt: skip
    _openssl(folder, "x509 -req -in asked.pem -CA ca.pem -CAkey ca.key -days 2 -extfile names -out cert.pem")
    return folder


def _openssl(folder: Path, arguments: str) -> None:
    subprocess.run(["openssl", *arguments.split()], cwd=folder, check=True, capture_output=True)


@pytest.fixture(scope="module")
def secured(papers: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[QdrantProcess]:
    """A server that speaks TLS only, on both ports."""
    tls = {
        "QDRANT__SERVICE__ENABLE_TLS": "true",
        "QDRANT__SERVICE__API_KEY": KEY,
        "QDRANT__TLS__CERT": str(papers / "cert.pem"),
        "QDRANT__TLS__KEY": str(papers / "key.pem"),
    }
    with own_qdrant(tmp_path_factory.mktemp("secured"), papers / "ca.pem", **tls) as server:
        yield server


@pytest.mark.parametrize("grpc", [True, False], ids=["grpc", "rest"])
def test_a_certificate_signed_by_a_named_authority_is_trusted(
    secured: QdrantProcess, papers: Path, tmp_path: Path, grpc: bool, caplog: pytest.LogCaptureFixture
) -> None:
    changes: dict[str, Any] = {} if grpc else {"qdrant_grpc_port": 0}
    name = name_of_one("secured")
    with opened(secured.address, tmp_path, qdrant_ca=papers / "ca.pem", qdrant_api_key=KEY, **changes) as store:
        build(store, make_spec(name), make_points(SIZE))
        assert len(store.open(name).browse([], [], 1000)) == SIZE
    assert "REST" not in caplog.text  # or it fell back from gRPC


@pytest.mark.parametrize("ca", [None, "other.pem"])
def test_a_certificate_signed_by_someone_else_is_refused(
    secured: QdrantProcess, papers: Path, tmp_path: Path, ca: str | None
) -> None:
    with opened(secured.address, tmp_path, qdrant_ca=papers / ca if ca else None, qdrant_api_key=KEY) as store:
        error = raised(store.collections)
    assert "not trusted" in str(error)
    assert "TECHFINDER_QDRANT_CA" in str(error)
    assert not isinstance(error, StoreUnavailable)


@pytest.mark.parametrize("content", [None, b"", b"no certificate"], ids=["missing", "empty", "garbage"])
def test_a_file_without_certificates_is_named(secured: QdrantProcess, tmp_path: Path, content: bytes | None) -> None:
    file = tmp_path / "ca.pem"
    if content is not None:
        file.write_bytes(content)
    with (
        pytest.raises(Exception, match=r"TECHFINDER_QDRANT_CA: .*ca\.pem"),
        opened(secured.address, tmp_path, qdrant_ca=file),
    ):
        pass


def test_http_where_https_is_spoken_is_said_so(secured: QdrantProcess, tmp_path: Path) -> None:
    plain = QdrantAddress(secured.url.replace("https", "http"), secured.grpc_port)
    with opened(plain, tmp_path, qdrant_api_key=KEY) as store:
        error = raised(store.collections)
    assert "need https" in str(error)
    assert not isinstance(error, StoreUnavailable)


def test_https_where_http_is_spoken_is_said_so(locked: QdrantAddress, tmp_path: Path) -> None:
    secure = QdrantAddress(locked.url.replace("http", "https"), locked.grpc_port)
    with opened(secure, tmp_path, qdrant_api_key=KEY) as store:
        error = raised(store.collections)
    assert "Use http://" in str(error)
    assert not isinstance(error, StoreUnavailable)
