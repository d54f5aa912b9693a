"""Two thousand made companies: a second kind of profile, for tests that nothing is made for people alone."""

from __future__ import annotations

import csv
import random
from datetime import date, timedelta
from pathlib import Path

__all__ = ["write_companies"]

PLACES = (
    "Austin, TX",
    "Dallas, TX",
    "Boston, MA",
    "Denver, CO",
    "Seattle, WA",
    "Spokane, WA",
    "Chicago, IL",
    "Atlanta, GA",
)
CLOUDS = ("AWS", "Azure", "Google Cloud", "On premises")
CRMS = ("Salesforce", "HubSpot", "Dynamics", "Zoho")
LEVELS = ("None", "Exploring", "Piloting", "Scaling", "Leading")
TOOLS = ("Slack", "Jira", "Zoom", "Teams", "Notion", "Datadog", "Snowflake")
BUSINESS = {
    "Retail": "runs shops and an online store for clothes",
    "Healthcare": "operates clinics and keeps patient records",
    "Banking": "lends money and moves payments",
    "Insurance": "insures cars and homes and settles claims",
    "Manufacturing": "builds machine parts with robots",
    "Logistics": "moves parcels and plans routes",
    "Energy": "runs wind farms and a power grid",
    "Media": "publishes news and podcasts",
    "Education": "teaches courses on campus and online",
    "Software": "sells a platform for data privacy",
}

TOPICS = (
    "It works on cold storage for vaccines.",
    "It is known for fraud detection.",
    "It offers drone inspections of roofs.",
    "It reports on carbon accounting.",
    "It trains voice assistants.",
    "It repairs elevators.",
    "It hosts tournaments for chess players.",
)


def write_companies(path: Path, count: int = 2000, seed: int = 3) -> None:
    """Write the table; the same seed gives the same companies."""
    draw, topics = random.Random(seed), random.Random(seed + 1)
    with path.open("w", newline="", encoding="utf-8") as file:
        rows = [_company(n, draw, topics) for n in range(count)]
        writer = csv.DictWriter(file, rows[0].keys())
        writer.writeheader()
        writer.writerows(rows)


def _company(n: int, draw: random.Random, topics: random.Random) -> dict[str, object]:
    industry = draw.choice(list(BUSINESS))
    employees = round(10 ** draw.uniform(0.8, 4.2))
    uses = draw.random()
    topic = topics.choice(TOPICS) if topics.random() < 0.1 else ""
    return {
        "company_id": f"C{n:04}",
        "industry": industry,
        "employees": employees,
        "revenue": round(employees * draw.uniform(2e4, 4e5), 2),
        "growth": round(draw.gauss(10, 12), 1),
        "headquarters": draw.choice(PLACES),
        "cloud_provider": draw.choice(CLOUDS),
        "crm_uses": "" if uses < 0.1 else "no" if uses < 0.3 else "yes",
        "crm_product": draw.choice(CRMS) if uses >= 0.3 else "",
        "ai_maturity": draw.choices(LEVELS, (3, 4, 3, 2, 1))[0],
        "kubernetes": draw.choice(("yes", "no")),
        "renewal": "" if draw.random() < 0.1 else date(2026, 9, 1) + timedelta(days=draw.randrange(500)),
        "tools": ";".join(draw.sample(TOOLS, draw.randint(1, 4))),
        "about": f"{industry} company that {BUSINESS[industry]}. {topic}".strip(),
    }
