"""A plugin for servers under test: sixty people, and an encoder that is ready when a file says so."""

from __future__ import annotations

import os
import time
from dataclasses import replace
from pathlib import Path

from techfinder.hookspecs import hookimpl
from techfinder.interfaces import EncoderEntry, SourceEntry
from techfinder.testing.fakes import HashEncoder, ListSource

GATE = "TECHFINDER_TEST_ENCODER_GATE"
"""Names a file; loading the encoder lasts until it exists. Not set: no wait."""

STAGES = ("Laggard", "Late Majority", "Early Majority", "Early Adopter", "Innovator")
LEVELS = ("Very Low", "Low", "Moderate", "High", "Very High")
BUDGETS = ("Economy", "Budget", "Mid-range", "High", "Premium")
SKILLS = ("Beginner", "Basic", "Intermediate", "Advanced", "Expert")


@hookimpl
def register_sources() -> list[SourceEntry]:
    """``sixty:``, the people; ``seventy:``, ten more; ``hostile:``, people who are attacks."""
    return [
        ListSource([_person(n) for n in range(60)]).entry("sixty"),
        ListSource([_person(n) for n in range(70)]).entry("seventy"),
        ListSource([_hostile(n, attack) for n, attack in enumerate(ATTACKS)]).entry("hostile"),
    ]


@hookimpl
def register_encoders() -> list[EncoderEntry]:
    """``hash``, behind the gate; and where ``TECHFINDER_TEST_SITE_ALSO`` names another one, that."""
    others = [HashEncoder(name=name).entry() for name in os.environ.get("TECHFINDER_TEST_SITE_ALSO", "").split()]
    return [replace(HashEncoder().entry(), load=_load), *others]


ATTACKS = (
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    '"><svg onload=alert(1)>',
    "' onmouseover='alert(1)",
    "javascript:alert(1)",
    "</title></style></textarea><script>alert(1)</script>",
    "{{ 7*7 }}{% include 'x' %}${7*7}",
    "../../etc/passwd?x=1#y",
    "<div hx-get=/people/1 hx-trigger=load>",
    "<base href=//evil.example>",
    "\u202eright to left \u2066mixed",
    "W" * 400,
)
"""What somebody may have put into a file to harm who looks at it, or to break the layout."""


def _hostile(n: int, attack: str) -> dict[str, object]:
    names = ("job_sector", "gender", "preferred_platforms", "interests", "persona", "location")
    person = _person(n) | dict.fromkeys((*names, "smartphone_preferred_product"), attack)
    return person | ({"user_id": attack} if attack.isprintable() and len(attack) <= 200 else {})


def _load() -> HashEncoder:
    gate = os.environ.get(GATE)
    while gate and not Path(gate).exists():
        time.sleep(0.02)
    return HashEncoder()


def _person(n: int) -> dict[str, object]:
    return {
        "user_id": f"P{n:04}",
        "age": 20 + n,
        "gender": ("Female", "Male")[n % 2],
        "location": ("Seattle, WA", "Austin, TX", "Boston, MA")[n % 3],
        "job_sector": ("Healthcare", "Technology", "Finance")[n % 3],
        "adopter_category": STAGES[n % 5],
        "tech_interest": LEVELS[n % 5],
        "budget_category": BUDGETS[n % 5],
        "technical_proficiency": SKILLS[n % 5],
        "preferred_platforms": ("TikTok", "Reddit, YouTube")[n % 2],
        "smartphone_preferred_product": ("iPhone", "Google Pixel")[n % 2],
        "smartphone_adoption_timing": n % 12,
        "interests": f"Hobby {n % 30:02}",
        "apple_loyalty": n % 11,
    }
