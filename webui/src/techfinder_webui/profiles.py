"""The page of one person: who it is, when things are adopted, where that stands among everybody, who is alike."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import quote

from techfinder import FieldStanding, Gauge, Hit, Profile, QueryPlan, TechfinderError
from techfinder_webui.address import Address
from techfinder_webui.adoptions import axis_ticks, days, lanes
from techfinder_webui.banners import problem
from techfinder_webui.cards import badges, fact_groups, headline, profile_url, unknown_labels
from techfinder_webui.comparing import compare_url
from techfinder_webui.contexts import ProfilePage
from techfinder_webui.neighbours import neighbour
from techfinder_webui.overview_parts import GaugeStanding
from techfinder_webui.parts import Banner
from techfinder_webui.standings import standing_rows, standing_words

if TYPE_CHECKING:
    from techfinder.finder import Finder

__all__ = ["profile_page"]

_NEIGHBOURS = 4


@dataclass(frozen=True, slots=True)
class _Beside:
    """What is told beside the profile itself, as far as it can be had."""

    standing: tuple[FieldStanding, ...] = ()
    alike: tuple[Hit, ...] = ()
    people: int = 0
    banners: tuple[Banner, ...] = ()


def profile_page(finder: Finder, profile: Profile, path: str, host: str) -> ProfilePage:
    """The page of one profile, on the site at `host` (``http://...``) whose search page is at `path`."""
    schema, beside = finder.schema, _beside(finder, profile)
    facts, standing = finder.facts(profile), beside.standing
    return ProfilePage(
        id=profile.id,
        subject=schema.subject[1],
        people=beside.people,
        banners=beside.banners,
        like_url=Address().lookalikes(profile.id).url(path),
        compare_url=compare_url(path, [profile.id]),
        share_url=host + profile_url(path, profile.id),
        json_url=f"{path}api/v1/profiles/{quote(profile.id, safe='')}",
        badges=badges(schema, profile),
        headline=headline(schema, profile, facts),
        gauges=_gauges(finder, profile, standing),
        groups=fact_groups(finder, profile, facts),
        unknown=unknown_labels(schema, profile),
        lanes=lanes(schema, profile, standing),
        ticks=axis_ticks(schema, standing),
        days=days(schema, profile, facts),
        rows=standing_rows(schema, standing),
        alike=tuple(neighbour(finder, h, compare_url(path, [profile.id, h.profile.id]), path) for h in beside.alike),
        raw=json.dumps(dict(profile.values), ensure_ascii=False, indent=2),
    )


def _beside(finder: Finder, profile: Profile) -> _Beside:
    try:
        found = finder.standing(profile.id)
        alike = finder.similar([profile.id], plan=QueryPlan(limit=_NEIGHBOURS))
        return _Beside(found.fields, alike.hits, found.generation.points)
    except TechfinderError as error:
        return _Beside(banners=(problem(finder, error)[0],))


def _gauges(finder: Finder, profile: Profile, standing: Sequence[FieldStanding]) -> tuple[GaugeStanding, ...]:
    found = {f.key: f for f in standing}
    _, *gauges = finder.gauges(Hit(profile, 1.0, ()))

    def made(gauge: Gauge) -> GaugeStanding:
        field = found.get(gauge.name)
        phrase = standing_words(finder.schema.attribute(field.key), field)[0] if field else ""
        return GaugeStanding(gauge.label, gauge.text, round(100 * gauge.value, 1), phrase)

    return tuple(made(gauge) for gauge in gauges)
