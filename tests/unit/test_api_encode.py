"""A sentence as a vector, over the API and by the client."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import numpy as np
import pytest
from flask.testing import FlaskClient

import homes
from techfinder.app import create_app
from techfinder.client import Client
from techfinder.errors import QueryError
from techfinder.finder import Finder
from techfinder.testing.fakes import HashEncoder

ENCODER = HashEncoder()


@pytest.fixture(scope="module")
def finder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Finder]:
    made = homes.open_home(tmp_path_factory.mktemp("encode"), ENCODER.entry())
    homes.index(made, "synthetic:n=30,seed=5")
    made.load_encoder()
    yield made
    made.close()


@pytest.fixture
def client(finder: Finder) -> FlaskClient:
    return create_app(finder=finder).test_client()


def test_a_sentence_becomes_the_vector_that_is_searched_with(finder: Finder) -> None:
    with Client("http://127.0.0.1:8000", transport=httpx.WSGITransport(app=create_app(finder=finder))) as client:
        found = client.encode("gaming and music")
    assert np.array(found.vector, np.float32).tolist() == ENCODER.encode_query("gaming and music").tolist()
    assert (found.encoder, found.collection, found.generation) == ("hash", "people", 1)


@pytest.mark.parametrize("body", [{}, {"text": ""}, {"text": " \n"}, {"text": "x" * 2001}, {"text": 1}, {"q": "x"}])
def test_what_is_no_sentence_is_refused(client: FlaskClient, body: dict[str, Any]) -> None:
    answer = client.post("/api/v1/encode", json=body)
    assert (answer.status_code, answer.get_json()["type"]) == (422, "/api/problems/invalid-request")


@pytest.mark.parametrize("text", ["  ", "\t\n", "\u001f", "\u3000"])
def test_a_text_needs_something_besides_blanks(client: FlaskClient, finder: Finder, text: str) -> None:
    found = client.post("/api/v1/encode", json={"text": text}).get_json()
    assert found["detail"].startswith("#/text: expected something besides blanks")
    with pytest.raises(QueryError, match="nothing besides blanks"):
        finder.encode(text)


def test_a_sentence_is_never_in_an_address(client: FlaskClient) -> None:
    assert client.get("/api/v1/encode?text=gaming").status_code == 405


def test_nothing_indexed_is_told(tmp_path: Any) -> None:
    empty = homes.open_home(tmp_path, ENCODER.entry())
    answer = create_app(finder=empty).test_client().post("/api/v1/encode", json={"text": "gaming"})
    assert answer.get_json()["type"] == "/api/problems/nothing-indexed"
    empty.close()
