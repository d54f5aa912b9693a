"""Behind a proxy, requests come from where it says, and from nowhere else without one."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import pytest
from flask import request

import homes
from techfinder.access.access import Access
from techfinder.app import create_app
from techfinder.interfaces import EncoderEntry
from techfinder.testing.fakes import HashEncoder


@pytest.mark.parametrize(
    ("proxies", "expected"),
    [(0, ("127.0.0.1", "http")), (1, ("198.51.100.7", "https"))],
)
def test_what_a_forwarded_header_counts(tmp_path: Path, proxies: int, expected: tuple[str, str]) -> None:
    entry = EncoderEntry(HashEncoder(8, "hash").info, "", lambda: HashEncoder(8, "hash"))
    seen: list[tuple[str | None, str]] = []
    with closing(homes.open_home(tmp_path, entry, proxies=proxies)) as finder:
        with closing(Access(finder.settings)) as access:  # behind a proxy people sign in
            access.people.set_up_admin("admin", "test")
        app = create_app(finder=finder)
        app.before_request(lambda: seen.append((request.remote_addr, request.scheme)))
        # Whoever asks may write the first of these; the proxy adds the last one.
        headers = {"X-Forwarded-For": "203.0.113.9, 198.51.100.7", "X-Forwarded-Proto": "https"}
        assert app.test_client().get("/healthz", headers=headers).status_code == 200
        app.extensions["techfinder.access"].close()
    assert seen == [expected]
