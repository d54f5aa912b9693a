"""What every source, encoder and filter must do, as tests to subclass.

A plugin's test file derives a class and gives the one fixture that the contract asks for::

    class TestParrotSource(SourceContract):
        @pytest.fixture
        def source_case(self) -> SourceCase:
            return SourceCase(entry, good="parrots.csv", bad="no such file.csv")

The store's contract stands in :mod:`techfinder.testing.store_contract`.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import pytest

from techfinder.errors import EncoderError, QueryError, SourceError
from techfinder.interfaces import (
    Encoder,
    EncoderEntry,
    EncoderInfo,
    Filter,
    FilterEntry,
    FilterOption,
    Generator,
    SourceEntry,
)
from techfinder.models import Row, RowProblem
from techfinder.plan import QueryPlan

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from techfinder.schema import Schema

__all__ = ["EncoderContract", "FilterCase", "FilterContract", "SourceCase", "SourceContract"]

_NAME = re.compile(r"[a-z][a-z0-9_-]{0,62}")
_FILTER_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,127}")
_RESERVED = frozenset({"q", "limit", "offset", "sort", "facets"})
_CALLERS = 8
_LEAST_COSINE = 0.999


@dataclass(frozen=True, slots=True)
class SourceCase:
    """A source to test: arguments that open it, and one that cannot be opened.

    Attributes:
        entry: As the hook returns it.
        good: Opens an input of at least two rows.
        bad: Names nothing that exists, or is not understood.
    """

    entry: SourceEntry
    good: str
    bad: str


class SourceContract:
    """Derive, and give the fixture ``source_case``."""

    @pytest.fixture
    def source_case(self) -> SourceCase:
        """To be given by the subclass."""
        raise NotImplementedError("give a fixture source_case that answers a SourceCase")

    def test_entry_says_what_it_is(self, source_case: SourceCase) -> None:
        """A name for the command line, one line of help, endings with a dot."""
        entry = source_case.entry
        assert _NAME.fullmatch(entry.name)
        assert_one_line(entry.summary)
        assert all(suffix.startswith(".") and suffix == suffix.lower() for suffix in entry.suffixes)

    def test_columns_have_names_of_their_own(self, source_case: SourceCase) -> None:
        """Asked before the rows and again after them, the answer is the same."""
        source = source_case.entry.load(source_case.good)
        columns = source.columns()
        assert columns
        assert all(isinstance(name, str) for name in columns)
        assert len(set(columns)) == len(columns)
        list(source.rows())
        assert source.columns() == columns

    def test_count_is_unknown_or_right(self, source_case: SourceCase) -> None:
        """``count()`` counts the rows that can be read."""
        counted = source_case.entry.load(source_case.good).count()
        assert counted is None or counted == len(self._rows(source_case))

    def test_rows_are_numbered_upwards_and_keep_to_the_columns(self, source_case: SourceCase) -> None:
        """Numbers point into the input, cells belong to known columns."""
        source = source_case.entry.load(source_case.good)
        columns, answers = set(source.columns()), list(source.rows())
        rows = [answer for answer in answers if isinstance(answer, Row)]
        assert len(rows) >= 2, "the contract needs an input of at least two rows"
        numbers = [answer.number for answer in answers]
        assert numbers == sorted(numbers)
        assert len({row.number for row in rows}) == len(rows)
        assert numbers[0] >= 1
        assert all(columns >= row.values.keys() for row in rows)

    def test_nothing_follows_a_fatal_problem(self, source_case: SourceCase) -> None:
        """Only rows and problems come out; a fatal problem is the last of them."""
        answers = list(source_case.entry.load(source_case.good).rows())
        assert all(isinstance(answer, Row | RowProblem) for answer in answers)
        assert not any(isinstance(answer, RowProblem) and answer.fatal for answer in answers[:-1])

    def test_opening_again_gives_the_same_rows(self, source_case: SourceCase) -> None:
        """A run that is started again must find what the first one found."""
        assert self._rows(source_case) == self._rows(source_case)

    def test_reading_may_stop_early(self, source_case: SourceCase) -> None:
        """A reader that has seen enough closes the rows without an error."""
        rows = source_case.entry.load(source_case.good).rows()
        first = next(rows)
        getattr(rows, "close", lambda: None)()
        assert first in list(source_case.entry.load(source_case.good).rows())

    def test_what_cannot_be_opened_is_a_source_error(self, source_case: SourceCase) -> None:
        """Whether at loading, at the columns or at the first row: SourceError, with a message."""
        with pytest.raises(SourceError) as caught:
            next(_opened(source_case.entry, source_case.bad))
        assert_one_line(str(caught.value).splitlines()[0])

    def test_a_generator_gives_the_same_as_tables(self, source_case: SourceCase) -> None:
        """Frames of any size hold the rows' cells in the rows' order."""
        if not source_case.entry.generates:
            return
        source = source_case.entry.load(source_case.good)
        assert isinstance(source, Generator)
        frames = list(source.frames(2))
        assert all(len(frame) <= 2 and tuple(frame.columns) == source.columns() for frame in frames)
        assert sum(map(len, frames)) == len(self._rows(source_case))

    def _rows(self, case: SourceCase) -> list[Row]:
        return [row for row in case.entry.load(case.good).rows() if isinstance(row, Row)]


def _opened(entry: SourceEntry, argument: str) -> Any:
    source = entry.load(argument)
    source.columns()
    return source.rows()


class EncoderContract:
    """Derive, and give the fixture ``encoder_entry``. Its encoder is loaded once for all tests of the class."""

    _loaded: ClassVar[dict[str, Encoder]] = {}
    TEXTS = tuple(f"{'very ' * (n % 13)}late adopter number {n} likes wearables" for n in range(64))
    ODD_TEXTS = ("", " \n\t", "\x00", "\ud800 half a character", "日本語のテキスト", "🦜" * 50, "word " * 20_000)

    def __init_subclass__(cls) -> None:
        """Each contract test class loads for itself."""
        cls._loaded = {}

    @pytest.fixture
    def encoder_entry(self) -> EncoderEntry:
        """To be given by the subclass."""
        raise NotImplementedError("give a fixture encoder_entry that answers an EncoderEntry")

    @pytest.fixture
    def encoder(self, encoder_entry: EncoderEntry) -> Encoder:
        """The loaded encoder."""
        key = encoder_entry.info.fingerprint
        if key not in self._loaded:
            self._loaded[key] = encoder_entry.load()
        return self._loaded[key]

    def test_entry_says_what_it_is(self, encoder_entry: EncoderEntry) -> None:
        """Facts are complete without loading anything."""
        info = encoder_entry.info
        assert isinstance(info, EncoderInfo)
        assert _NAME.fullmatch(info.name)
        assert info.version
        assert info.revision
        assert info.licence
        assert info.dim >= 1
        assert info.max_tokens >= 1
        assert info.similarity in ("cosine", "dot")
        assert all(re.fullmatch(r"[a-z]{2,3}", language) for language in info.languages)
        assert_one_line(encoder_entry.summary)

    def test_what_is_loaded_is_what_was_offered(self, encoder: Encoder, encoder_entry: EncoderEntry) -> None:
        """The same facts, so the same fingerprint."""
        assert encoder.info == encoder_entry.info

    def test_documents_have_the_declared_shape(self, encoder: Encoder) -> None:
        """float32, finite, one row per text; of length 1 when declared."""
        assert_vectors(encoder.encode_documents(self.TEXTS), (len(self.TEXTS), encoder.info.dim), encoder.info)

    def test_a_query_has_the_declared_shape(self, encoder: Encoder) -> None:
        """One vector, without a dimension for the batch."""
        assert_vectors(encoder.encode_query("early adopters in Texas"), (encoder.info.dim,), encoder.info)

    def test_no_texts_give_no_rows(self, encoder: Encoder) -> None:
        """Shape (0, dim), not an error."""
        assert_vectors(encoder.encode_documents([]), (0, encoder.info.dim), encoder.info)

    def test_rows_keep_the_order_of_texts(self, encoder: Encoder) -> None:
        """Whatever the encoder does to batches, row i belongs to text i."""
        forward = encoder.encode_documents(self.TEXTS)
        backward = encoder.encode_documents(self.TEXTS[::-1])
        assert cosines(forward, backward[::-1]).min() >= _LEAST_COSINE

    def test_a_batch_of_one_equals_a_batch_of_all(self, encoder: Encoder) -> None:
        """Padding and neighbours must not change a vector."""
        together = encoder.encode_documents(self.TEXTS)
        alone = np.concatenate([encoder.encode_documents([text]) for text in self.TEXTS])
        assert cosines(together, alone).min() >= _LEAST_COSINE

    def test_identical_texts_have_identical_vectors(self, encoder: Encoder) -> None:
        """However many stand between them."""
        vectors = encoder.encode_documents([self.TEXTS[1], *self.TEXTS[2:40], self.TEXTS[1]])
        assert cosines(vectors[:1], vectors[-1:]).min() >= 1 - 1e-6

    def test_different_texts_have_different_vectors(self, encoder: Encoder) -> None:
        """An encoder that answers a constant is broken."""
        vectors = encoder.encode_documents(["a parrot on a ship", "quarterly tax report"])
        assert cosines(vectors[:1], vectors[1:]).max() < _LEAST_COSINE

    def test_a_query_finds_its_own_words(self, encoder: Encoder) -> None:
        """Queries and documents live in one space."""
        texts = ["a parrot on a ship", "quarterly tax report", "running shoes for winter"]
        scores = encoder.encode_documents(texts) @ np.stack([encoder.encode_query(text) for text in texts]).T
        assert scores.argmax(axis=0).tolist() == [0, 1, 2]

    def test_questions_together_are_as_each_alone(self, encoder: Encoder) -> None:
        """Where an encoder takes many questions at once, none of them changes another."""
        together = getattr(encoder, "encode_queries", None)
        if together is None:
            pytest.skip("it takes questions one by one")
        texts = self.TEXTS[:16]
        vectors = together(texts)
        assert_vectors(vectors, (len(texts), encoder.info.dim), encoder.info)
        assert cosines(vectors, np.stack([encoder.encode_query(text) for text in texts])).min() >= _LEAST_COSINE

    def test_odd_texts_have_vectors_too(self, encoder: Encoder) -> None:
        """Empty, blank, NUL, half a character, other scripts, far too long: never an error, never NaN."""
        shape = (len(self.ODD_TEXTS), encoder.info.dim)
        assert_vectors(encoder.encode_documents(self.ODD_TEXTS), shape, encoder.info)
        for text in self.ODD_TEXTS:
            assert_vectors(encoder.encode_query(text), shape[1:], encoder.info)

    def test_what_is_no_text_is_an_encoder_error(self, encoder: Encoder) -> None:
        """Not a failure from the depths of a library."""
        wrong: Any = ["fine", None]
        with pytest.raises(EncoderError):
            encoder.encode_documents(wrong)

    def test_many_threads_get_the_same_vectors(self, encoder: Encoder) -> None:
        """Documents and queries at the same time, from eight threads."""
        texts = self.TEXTS[:16]
        expected = encoder.encode_documents(texts)

        def both(number: int) -> NDArray[np.float32]:
            query = encoder.encode_query(texts[number])[None]
            return query if number % 2 else encoder.encode_documents(texts[number : number + 1])

        with ThreadPoolExecutor(_CALLERS) as pool:
            found = np.concatenate(list(pool.map(both, range(len(texts)))))
        documents = slice(0, None, 2)
        assert cosines(found[documents], expected[documents]).min() >= _LEAST_COSINE
        queries = np.stack([encoder.encode_query(text) for text in texts])
        assert cosines(found[1::2], queries[1::2]).min() >= _LEAST_COSINE


@dataclass(frozen=True, slots=True)
class FilterCase:
    """A filter to test, with the schema it was offered for."""

    entry: FilterEntry
    schema: Schema


class FilterContract:
    """Derive, and give the fixture ``filter_case``."""

    ODD_VALUES = (
        "",
        " ",
        "..",
        ">=",
        "!",
        "!!x",
        ">=..3",
        "\x00",
        "\ud800",
        "no-such-value-anywhere",
        "9" * 400,
        "x" * 9999,
    )

    @pytest.fixture
    def filter_case(self) -> FilterCase:
        """To be given by the subclass."""
        raise NotImplementedError("give a fixture filter_case that answers a FilterCase")

    def test_entry_says_what_it_is(self, filter_case: FilterCase) -> None:
        """A name that can stand in a URL and is not taken by the page itself."""
        entry = filter_case.entry
        assert _FILTER_NAME.fullmatch(entry.name)
        assert entry.name not in _RESERVED
        assert entry.control in ("choice", "range")
        assert_one_line(entry.label)
        assert_one_line(entry.group)
        assert_one_line(entry.summary)

    def test_values_come_from_options_or_a_field(self, filter_case: FilterCase) -> None:
        """The panel needs one of the two, and exactly one."""
        entry, options = filter_case.entry, filter_case.entry.load().options()
        assert bool(options) != bool(entry.field)
        assert not entry.field or entry.field in filter_case.schema.attributes
        assert len({option.value for option in options}) == len(options)
        assert all(isinstance(option, FilterOption) and option.label for option in options)

    def test_every_choice_can_be_asked_for(self, filter_case: FilterCase) -> None:
        """Each value gives clauses that the schema accepts and that survive the way through JSON."""
        made = filter_case.entry.load()
        for value in self._choices(filter_case):
            self._assert_usable(filter_case, made, [value])

    def test_several_choices_are_one_question(self, filter_case: FilterCase) -> None:
        """Any of them: the clauses are joined by "and", so alternatives stand within one clause."""
        values = self._choices(filter_case)[:3]
        if len(values) > 1:
            self._assert_usable(filter_case, filter_case.entry.load(), values)

    def test_nonsense_is_a_query_error_or_understood(self, filter_case: FilterCase) -> None:
        """Whatever a URL may bring: clauses that the schema accepts, or QueryError."""
        made = filter_case.entry.load()
        for value in self.ODD_VALUES:
            with contextlib.suppress(QueryError):
                filter_case.schema.resolve(made.clauses([value]))

    def test_an_unknown_option_is_refused(self, filter_case: FilterCase) -> None:
        """The message names what is known."""
        made = filter_case.entry.load()
        if options := made.options():
            with pytest.raises(QueryError) as caught:
                made.clauses([f"{options[0].value}zz"])
            assert options[0].value in str(caught.value)

    def test_loading_twice_gives_the_same_filter(self, filter_case: FilterCase) -> None:
        """Filters keep no state."""
        first, second = filter_case.entry.load(), filter_case.entry.load()
        assert first.options() == second.options()
        values = self._choices(filter_case)[:2]
        assert not values or first.clauses(values) == second.clauses(values)

    def _choices(self, case: FilterCase) -> list[str]:
        if options := case.entry.load().options():
            return [option.value for option in options]
        if case.entry.control == "range":
            return ["1990..2030"]  # years, and numbers too
        return list(case.schema.attribute(case.entry.field).known_values)

    def _assert_usable(self, case: FilterCase, made: Filter, values: Sequence[str]) -> None:
        clauses = made.clauses(values)
        assert clauses, f"{case.entry.name}={values} asks for nothing"
        case.schema.resolve(clauses)
        plan = QueryPlan(conditions=clauses)
        assert QueryPlan.model_validate_json(plan.model_dump_json()) == plan


def assert_one_line(text: str) -> None:
    """Fail unless `text` is one line that says something."""
    assert text.strip()
    assert len(text.splitlines()) == 1


def assert_vectors(vectors: NDArray[np.float32], shape: tuple[int, ...], info: EncoderInfo) -> None:
    """Fail unless `vectors` are what `info` declares: shape, type, finite, and length 1 where declared."""
    assert isinstance(vectors, np.ndarray)
    assert vectors.shape == shape
    assert vectors.dtype == np.float32
    assert np.isfinite(vectors).all()
    if info.normalized and vectors.size:
        np.testing.assert_allclose(np.linalg.norm(vectors, axis=-1), 1.0, atol=1e-3)


def cosines(left: NDArray[np.float32], right: NDArray[np.float32]) -> NDArray[np.float32]:
    """The cosine of each row of `left` to the same row of `right`."""
    lengths = np.linalg.norm(left, axis=1) * np.linalg.norm(right, axis=1)
    similar: NDArray[np.float32] = (left * right).sum(axis=1) / lengths
    return similar
