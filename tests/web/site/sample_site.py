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
    """``sixty:``, the people; ``seventy:``, ten more."""
    return [
        ListSource([_person(n) for n in range(60)]).entry("sixty"),
        ListSource([_person(n) for n in range(70)]).entry("seventy"),
    ]


@hookimpl
def register_encoders() -> list[EncoderEntry]:
    """``hash``, behind the gate."""
    return [replace(HashEncoder().entry(), load=_load)]


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
