"""The Finder over a real store: search, facets, gauges and profiles agree with the judge."""

import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

import homes
from techfinder.errors import CollectionNotFound, EncoderError, FingerprintMismatch, ProfileNotFound, QueryError
from techfinder.finder import Finder
from techfinder.interfaces import Encoder, EncoderEntry, FilterEntry, FilterOption
from techfinder.judge import Judge
from techfinder.plan import AnyOf, Condition, QueryPlan, Sort
from techfinder.plugins import Plugins
from techfinder.settings import load_settings
from techfinder.testing.fakes import FakePlugin, HashEncoder
from techfinder.widening import widened

PEOPLE = "synthetic:n=300,seed=3"
BOTH = ("primary_purchasing", "secondary_purchasing")


@pytest.fixture(scope="module")
def finder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Finder]:
    made = homes.open_home(tmp_path_factory.mktemp("finder"), HashEncoder().entry())
    homes.index(made, PEOPLE)
    made.generation()  # starts the store process, which lives as long as the finder
    yield made
    made.close()


@pytest.fixture(scope="module")
def judge(finder: Finder) -> Judge:
    return homes.judge(finder, homes.read_profiles(finder, PEOPLE))


def test_a_sentence_ranks_as_the_judge_does(finder: Finder, judge: Judge) -> None:
    text = "early adopters in healthcare"
    plan = finder.plan(text, limit=30)
    assert [c.field for c in plan.required] == ["adopter_category", "job_sector"]
    result = finder.search(plan, wait_s=20)
    expected = judge.search(finder.load_encoder().encode_query(text), plan.required, 30)
    assert [h.profile for h in result.hits] == [p for p, _ in expected]
    assert [h.score for h in result.hits] == pytest.approx([(2 + s) / 3 for _, s in expected], abs=1e-5)
    assert (result.total, result.ranked_by) == (judge.count(plan.required), "meaning")


def test_many_questions_together_are_answered_as_each_alone(tmp_path: Path) -> None:
    asked: list[Sequence[str]] = []

    class Together(HashEncoder):
        def encode_queries(self, texts: Sequence[str]) -> NDArray[np.float32]:
            asked.append(texts)
            return super().encode_queries(texts)

    finder = homes.open_home(tmp_path, Together().entry())
    homes.index(finder, "synthetic:n=40,seed=3")
    some = finder.search(QueryPlan(limit=1)).hits[0].profile.id
    plans = [finder.plan(t, limit=5) for t in ("cheerful early adopters", "in Texas", "cheerful early adopters", "")]
    plans.append(QueryPlan(like=(some,), limit=3))
    together = finder.search_all(plans, wait_s=20, near=5)
    alone = [finder.search(plan, wait_s=20, near=5) for plan in plans]
    assert [(r.hits, r.near_misses, r.total, r.ranked_by) for r in together] == [
        (r.hits, r.near_misses, r.total, r.ranked_by) for r in alone
    ]
    assert asked == [[plans[0].meaning, plans[1].meaning]]
    assert finder.search_all([]) == []
    finder.close()


@pytest.mark.parametrize("text", ["cheerful", ""])
def test_wishes_order_as_the_judge_does(finder: Finder, judge: Judge, text: str) -> None:
    wishes = (
        Condition(field="vrar_uses", op="any_of", values=("yes",), required=False),
        Condition(field="tech_interest", op="at_least", values=("High",), required=False, weight=2.5),
        AnyOf(
            conditions=tuple(Condition(field=f"{n}_factor", op="any_of", values=("Price",)) for n in BOTH),
            required=False,
        ),
    )
    required = Condition(field="age", op="range", gte=20)
    plan = finder.plan(text, limit=300).model_copy(update={"conditions": (required, *wishes)})
    result = finder.search(plan, wait_s=20)
    everyone = judge.prefer(finder.load_encoder().encode_query(text or "any"), [required], wishes)
    fits = {p.id: fit for p, fit, _ in everyone}
    assert len(set(fits.values())) == 6
    assert [fits[h.profile.id] for h in result.hits] == [fit for _, fit, _ in everyone]
    if text:
        assert [h.profile.id for h in result.hits] == [p.id for p, _, _ in everyone]
    pages = [finder.search(plan.model_copy(update={"offset": o, "limit": 7})).hits for o in range(0, 70, 7)]
    assert [h.profile.id for page in pages for h in page] == [h.profile.id for h in result.hits[:70]]
    scores = [h.score for h in result.hits]
    assert scores == sorted(scores, reverse=True)
    for hit in result.hits:
        assert sum(s.value for s in hit.shares) == pytest.approx(hit.score, abs=1e-9)


def test_filters_and_sentence_together(finder: Finder, judge: Judge) -> None:
    filters = {"age": ["30..50"], "tech_interest": [">=Moderate"], "preferred_platforms": ["!TikTok"]}
    plan = finder.plan("people who like gaming", filters, limit=1000)
    result = finder.search(plan, wait_s=20)
    expected = judge.matches(plan.required)
    assert 0 < len(expected) < 300
    assert {h.profile.id for h in result.hits} == {p.id for p in expected}
    assert result.total == len(expected)


def test_shares_add_up_to_the_score(finder: Finder) -> None:
    plan = finder.plan("cheerful and kind", {"vrar_uses": ["yes"], "age": ["20.."]}, limit=50)
    hits = finder.search(plan, wait_s=20).hits
    assert hits
    for hit in hits:
        assert 0 <= hit.score <= 1
        assert sum(s.value for s in hit.shares) == pytest.approx(hit.score, abs=1e-9)
        assert [s.name for s in hit.shares] == ["vrar_uses", "age", "meaning"]


def test_without_a_sentence_people_come_in_stored_order(finder: Finder, judge: Judge) -> None:
    plan = finder.plan(filters={"job_sector": ["Healthcare", "Retail"]}, limit=10, offset=5)
    result = finder.search(plan)
    assert result.ranked_by == "order"
    assert [h.profile for h in result.hits] == judge.matches(plan.required)[5:15]
    assert {h.score for h in result.hits} == {1.0}


def test_sorting_wins_over_meaning(finder: Finder, judge: Judge) -> None:
    sort = [Sort(field="age", descending=True)]
    result = finder.search(finder.plan("cheerful", limit=20, sort=sort))
    assert result.ranked_by == "order"
    assert [h.profile for h in result.hits] == judge.browse([], sort)[:20]


def test_scales_are_sorted_from_low_to_high(finder: Finder, judge: Judge) -> None:
    sort = [Sort(field="budget_category"), Sort(field="age", descending=True)]
    hits = finder.search(finder.plan(limit=300, sort=sort)).hits
    assert [h.profile for h in hits] == judge.browse([], sort)
    assert (hits[0].profile.values["budget_category"], hits[299].profile.values["budget_category"]) == (
        "Economy",
        "Premium",
    )


def test_facets_leave_their_own_filter_out(finder: Finder, judge: Judge) -> None:
    filters = {"gender": ["Female"], "tech_interest": [">=High"], "smartphone_uses": ["yes"]}
    plan = finder.plan(filters=filters)
    for facet in finder.facets(plan, filters):
        entry = finder.filters[facet.name]
        others = [c for c in plan.required if c.origin != facet.name]
        if facet.control == "range":
            key = entry.field if finder.schema.attribute(entry.field).numeric else f"{entry.field}_day"
            assert {"min": facet.low, "max": facet.high} == judge.facet(key)
        elif entry.field:
            counted = {v.value: v.count for v in facet.values if v.count}
            assert counted == judge.facet(entry.field, others), facet.name
        else:
            for option, value in zip(entry.load().options(), facet.values, strict=True):
                assert value.count == judge.count([*others, *option.clauses]), option.label


def test_facets_list_what_is_chosen_and_what_nobody_has(finder: Finder) -> None:
    filters = {"gender": ["Female"], "persona": ["Nobody at all"]}
    by_name = {f.name: f for f in finder.facets(finder.plan(filters=filters), filters)}
    assert {v.value for v in by_name["gender"].values} == {"Female", "Male", "Non-binary"}
    assert [v.value for v in by_name["gender"].values if v.selected] == ["Female"]
    chosen = next(v for v in by_name["persona"].values if v.selected)
    assert (chosen.value, chosen.count) == ("Nobody at all", 0)
    assert [v.value for v in by_name["tech_interest"].values] == ["Very Low", "Low", "Moderate", "High", "Very High"]


def test_only_the_facets_asked_for_are_counted(finder: Finder) -> None:
    plan = finder.plan()
    assert [f.name for f in finder.facets(plan, names={"gender", "age"})] == ["age", "gender"]
    assert finder.facets(plan, names=()) == ()


class _PublishesWhileCounted:
    """A filter whose options are asked for between the hits and the counts; then another generation goes live."""

    def __init__(self) -> None:
        self.finder: Finder | None = None

    def clauses(self, values: Sequence[str]) -> tuple[Condition, ...]:
        return ()

    def options(self) -> tuple[FilterOption, ...]:
        finder, self.finder = self.finder, None
        if finder is not None:
            homes.index(finder, "synthetic:n=40,seed=1")
        return (FilterOption("known", "Age known", (Condition(field="age", op="present"),)),)


def test_hits_and_facets_come_from_one_generation(tmp_path: Path) -> None:
    between = _PublishesWhileCounted()
    fakes = FakePlugin(
        encoders=[HashEncoder().entry()],
        filters=[FilterEntry("known", "Known", "Person", "choice", lambda: between)],
    )
    settings = load_settings(home=tmp_path, encoder="hash", nice=0)
    finder = Finder(settings, Plugins.load(settings, extra=[("fakes", fakes)]))
    homes.index(finder, "synthetic:n=20,seed=1")
    between.finder = finder
    answer = finder.answer(finder.plan(limit=1000))
    counts = {f.name: sum(v.count for v in f.values) for f in answer.facets}
    assert between.finder is None
    assert answer.result.generation.number == 2
    assert {answer.result.total, len(answer.result.hits), counts["known"], counts["gender"]} == {40}
    finder.close()


def test_gauges_and_facts_put_a_profile_in_words(finder: Finder) -> None:
    hit = finder.search(finder.plan(limit=1)).hits[0]
    gauges = {g.name: g for g in finder.gauges(hit)}
    assert next(iter(gauges)) == "match"
    assert {"tech_interest", "budget_category", "technical_proficiency"} <= set(gauges)
    assert all(0 <= g.value <= 1 for g in gauges.values())
    facts = {f.key: f.text for f in finder.facts(hit.profile)}
    assert facts["age"] == f"{hit.profile.values['age']} years"
    assert not {"age_bucket", "preferred_platforms_count", "location_state"} & set(facts)


def test_profiles_by_id(finder: Finder) -> None:
    found = finder.profile("TU0007")
    assert found is not None
    assert found.id == "TU0007"
    assert finder.profile("nobody") is None


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"text": "x" * 2001}, "at most 2000"),
        ({"filters": {"agee": ["3"]}}, "No filter is named 'agee'.*Did you mean 'age'"),
        ({"filters": {"state": ["CA"]}}, "Did you mean 'location_state'"),
        ({"filters": {"product_smartphones": ["iPhone"]}}, "Did you mean 'smartphone_product'"),
        ({"filters": {"Salary": ["1.."]}}, "Did you mean 'annual_income'"),
        ({"filters": {"__": ["1"]}}, "Known: 'adopter_category'"),
        ({"filters": {"age": ["old"]}}, "Age is one"),
        ({"filters": {"tech_interest": ["Enormous"]}}, "Enormous"),
        ({"limit": 0}, "limit must be"),
        ({"sort": [Sort(field="size")]}, "No field 'size'"),
    ],
)
def test_questions_that_cannot_be_read(finder: Finder, arguments: dict[str, object], message: str) -> None:
    with pytest.raises(QueryError, match=message):
        finder.plan(**arguments)  # type: ignore[arg-type]


def test_empty_inputs_ask_for_nothing(finder: Finder) -> None:
    assert finder.plan("  ", {"age": ["", " "]}).conditions == ()


def test_anybody_can_be_explained(finder: Finder, judge: Judge) -> None:
    plan = finder.plan("innovators, ideally over 40", {"gender": ["Female"]}, limit=300)
    found = {h.profile.id: h for h in finder.search(plan, wait_s=20).hits}
    for profile in judge.profiles[:60]:
        explained = finder.explain(plan, profile.id)
        hit = explained.hit
        kept = {c.words: holds for c, holds in zip(plan.conditions, explained.holds, strict=True)}
        assert kept["innovators"] is (profile.values.get("adopter_category") == "Innovator")
        assert kept["over 40"] is (profile.values.get("age", 0) > 40)
        assert (not hit.fails) is (profile.id in found)
        if profile.id in found:
            assert hit.shares == found[profile.id].shares or hit.score == pytest.approx(
                found[profile.id].score, abs=1e-5
            )
    with pytest.raises(ProfileNotFound):
        finder.explain(plan, "nobody")


def test_near_misses_name_what_they_fail(finder: Finder) -> None:
    plan = finder.plan("innovators in Boston over 90, not on TikTok", limit=5)
    result = finder.search(plan, wait_s=20, near=8)
    assert (result.total, len(result.near_misses)) == (0, 8)
    weights = [len(m.fails) for m in result.near_misses]
    assert weights == sorted(weights)
    for miss in result.near_misses:
        assert miss.fails
        assert "TikTok" not in miss.profile.values.get("preferred_platforms", ())
        assert "TikTok" not in miss.fails
    assert finder.search(plan, wait_s=20).near_misses == ()


@pytest.mark.parametrize(
    "text",
    [
        "innovators over 60 with expert skills",
        "low technical proficiency but very high tech interest",
        "over 75 with an iPhone",
    ],
)
def test_who_misses_by_little_comes_before_who_misses_by_much(finder: Finder, judge: Judge, text: str) -> None:
    plan = finder.plan(text, limit=5)
    near = [widened(c, finder.schema) for c in plan.required]
    held = [{p.id for p in judge.matches([c])} for c in plan.required]
    nearly = [set() if n is None else {p.id for p in judge.matches([n])} for n in near]

    def worth(profile_id: str) -> tuple[int, int]:
        return sum(profile_id in h for h in held), sum(profile_id in n - h for h, n in zip(held, nearly, strict=True))

    result = finder.search(plan, wait_s=20, near=60)
    found = [worth(h.profile.id) for h in result.near_misses]
    full = {h.profile.id for h in finder.search(finder.plan(text, limit=1000), wait_s=20).hits}
    best = sorted((worth(p.id) for p in judge.profiles if p.id not in full), reverse=True)
    assert found == best[: len(found)]
    assert len(found) == 60 - result.total
    assert any(n for _, n in found)


def test_too_many_wishes_are_refused(finder: Finder) -> None:
    plan = QueryPlan(conditions=(Condition(field="age", op="present", required=False),) * 9)
    with pytest.raises(QueryError, match="9 preferred conditions; at most 8"):
        finder.search(plan)


def test_before_anything_is_indexed(tmp_path: Path) -> None:
    empty = homes.open_home(tmp_path, HashEncoder().entry())
    with pytest.raises(CollectionNotFound):
        empty.search(empty.plan())
    homes.index(empty, "synthetic:n=5")
    assert empty.search(empty.plan()).total == 5
    empty.close()


def test_while_the_encoder_loads_hits_come_in_stored_order(tmp_path: Path) -> None:
    go = threading.Event()

    def load() -> Encoder:
        assert go.wait(20)
        return HashEncoder()

    slow = homes.open_home(tmp_path, EncoderEntry(HashEncoder().info, "", load))
    eager = homes.open_home(tmp_path, HashEncoder().entry())
    homes.index(eager, "synthetic:n=20")
    eager.close()
    plan = slow.plan("gaming")
    assert slow.encoder_state() == "cold"
    assert slow.search(plan).ranked_by == "warming"
    assert slow.encoder_state() == "loading"
    go.set()
    assert slow.search(plan, wait_s=20).ranked_by == "meaning"
    assert slow.encoder_state() == "ready"
    slow.close()


def test_only_half_of_the_threads_wait_for_the_encoder(tmp_path: Path) -> None:
    go = threading.Event()

    def load() -> Encoder:
        assert go.wait(20)
        return HashEncoder()

    finder = homes.open_home(tmp_path, EncoderEntry(HashEncoder().info, "", load), threads=2)
    eager = homes.open_home(tmp_path, HashEncoder().entry())
    homes.index(eager, "synthetic:n=5")
    eager.close()
    plan = finder.plan("gaming")
    with ThreadPoolExecutor(2) as pool:
        searches = [pool.submit(finder.search, plan, wait_s=20) for _ in range(2)]
        first, _ = wait(searches, return_when=FIRST_COMPLETED)
        assert [s.result().ranked_by for s in first] == ["warming"]
        assert finder.encoder_loading_s() > 0
        go.set()
        assert sorted(s.result().ranked_by for s in searches) == ["meaning", "warming"]
    assert finder.encoder_loading_s() == 0
    finder.close()


def test_a_failed_encoder_says_so_and_filters_go_on(tmp_path: Path) -> None:
    def load() -> Encoder:
        raise OSError("no weights")

    eager = homes.open_home(tmp_path, HashEncoder().entry())
    homes.index(eager, "synthetic:n=20")
    eager.close()
    broken = homes.open_home(tmp_path, EncoderEntry(HashEncoder().info, "", load))
    with pytest.raises(EncoderError, match="no weights"):
        broken.search(broken.plan("gaming"), wait_s=20)
    assert broken.encoder_state() == "failed"
    assert broken.search(broken.plan(filters={"age": ["0.."]})).total == 20
    broken.close()


def test_a_schema_edited_since_is_told_at_once(tmp_path: Path) -> None:
    first = homes.open_home(tmp_path, HashEncoder().entry())
    homes.index(first, "synthetic:n=20")
    first.close()
    schema = tmp_path / "edited.toml"
    shipped = Path(__file__).parents[2] / "data" / "schemas" / "tech-adoption.toml"
    schema.write_text(shipped.read_text() + '[[field]]\nname = "shoe_size"\nkind = "integer"\nlabel = "Shoe size"\n')
    edited = homes.open_home(tmp_path, HashEncoder().entry(), schema_file=schema)
    for ask in (lambda: edited.search(edited.plan()), lambda: edited.facets(edited.plan())):
        with pytest.raises(FingerprintMismatch, match="Index again with --rebuild"):
            ask()
    edited.close()


def test_another_encoder_is_never_mixed_in(tmp_path: Path) -> None:
    first = homes.open_home(tmp_path, HashEncoder().entry())
    homes.index(first, "synthetic:n=20")
    first.close()
    other = homes.open_home(tmp_path, HashEncoder(revision="other").entry())
    with pytest.raises(FingerprintMismatch, match="--rebuild"):
        other.search(other.plan("gaming"), wait_s=20)
    other.close()


class CountingEncoder(HashEncoder):
    """Counts the questions that it encodes."""

    def __init__(self) -> None:
        super().__init__()
        self.asked = 0

    def encode_query(self, text: str) -> NDArray[np.float32]:
        self.asked += 1
        return super().encode_query(text)


def test_the_same_again_is_answered_from_memory_until_the_people_change(tmp_path: Path) -> None:
    encoder = CountingEncoder()
    finder = homes.open_home(tmp_path, EncoderEntry(encoder.info, "", lambda: encoder))
    homes.index(finder, "synthetic:n=30,seed=5")
    finder.load_encoder()
    filters = {"gender": ["Female"]}
    plan = finder.plan("gaming", filters)
    first = finder.answer(plan, filters, names=["age"])
    before = encoder.asked
    again = finder.answer(plan, filters, names=["age"])
    assert encoder.asked == before
    assert (again.result.hits, again.facets) == (first.result.hits, first.facets)
    assert again.result.took_ms["encode"] == 0.0 < again.result.took_ms["total"]
    for other in (
        finder.answer(plan, filters, names=["gender"]),
        finder.answer(plan, filters, names=["age"], near=30),
        finder.answer(plan.model_copy(update={"limit": 3}), filters, names=["age"]),
    ):
        assert (other.result.hits, other.facets, other.result.near_misses) != (
            first.result.hits,
            first.facets,
            first.result.near_misses,
        )
    before = encoder.asked
    homes.index(finder, "synthetic:n=90,seed=5")
    changed = finder.answer(plan, filters, names=["age"])
    assert (encoder.asked, changed.result.generation.number) == (before + 1, 2)
    assert changed.result.total > first.result.total
    finder.close()


def test_answers_for_now_are_not_remembered(tmp_path: Path) -> None:
    go = threading.Event()

    def load() -> Encoder:
        assert go.wait(20)
        return HashEncoder()

    eager = homes.open_home(tmp_path, HashEncoder().entry())
    homes.index(eager, "synthetic:n=20")
    eager.close()
    slow = homes.open_home(tmp_path, EncoderEntry(HashEncoder().info, "", load))
    plan = slow.plan("gaming")
    assert slow.answer(plan).result.ranked_by == "warming"
    go.set()
    assert slow.answer(plan, wait_s=20).result.ranked_by == "meaning"
    slow.close()
