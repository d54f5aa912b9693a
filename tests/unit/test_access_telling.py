"""What one page tells the next: for one session, unaltered."""

from __future__ import annotations

from techfinder.access.telling import sealed, unsealed

COOKIE = sealed("session", "/account/", "Ünïcode is told; and “quotes”.", "tf_1_secret")


def test_what_is_sealed_comes_back_for_the_same_session() -> None:
    assert unsealed("session", COOKIE) == ("/account/", "Ünïcode is told; and “quotes”.", "tf_1_secret")
    assert not set(COOKIE) & set(' ;,"\\')  # fit for a cookie


def test_nobody_without_the_session_can_make_it_up() -> None:
    body, _, signature = COOKIE.partition(".")
    altered = sealed("session", "/account/", "Other").partition(".")[0]
    for session, cookie in (
        ("another", COOKIE),
        ("", sealed("", "/account/", "No session")),
        ("session", f"{altered}.{signature}"),
        ("session", body),
        ("session", f"{body}."),
        ("session", ""),
        ("session", "ä.ö"),
    ):
        assert unsealed(session, cookie) == ()
