"""The server that later tests compare with is the version we say it is."""

import json
import urllib.request

import get_qdrant


def test_the_server_answers_with_the_pinned_version(qdrant_url: str) -> None:
    with urllib.request.urlopen(qdrant_url, timeout=10) as answer:
        said = json.load(answer)

    assert said["version"] == get_qdrant.VERSION
