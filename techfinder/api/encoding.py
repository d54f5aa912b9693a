"""A sentence as the vector that it is searched with."""

from __future__ import annotations

from flask import Response

from techfinder.api.describe import answer_with, post
from techfinder.api.failures import problem
from techfinder.api.serving import finder_of, loading
from techfinder.wire.answers import EncodeAnswer
from techfinder.wire.questions import EncodeQuestion

__all__: list[str] = []

_STORE = ("nothing-indexed", "other-build", "store-unavailable", "store-damaged", "failed")


@post("/v1/encode", EncodeAnswer, "bad-plan", *_STORE, "encoder-loading", "encoder-failed", tag="search")
def encode(body: EncodeQuestion) -> Response:
    """Encode a sentence with the encoder of what is live.

    The vector is what `/qdrant/collections/NAME/points/query` takes. It fits to the generation that is named beside it,
    and to all others of the same encoder.
    """
    finder = finder_of()
    found = finder.encode(body.text, wait_s=finder.settings.encoder_wait_s)
    if found is None:
        return problem("encoder-loading", loading(finder))
    return answer_with(
        EncodeAnswer(
            vector=tuple(float(str(part)) for part in found.vector),
            encoder=found.encoder,
            collection=found.generation.collection,
            generation=found.generation.number,
        )
    )
