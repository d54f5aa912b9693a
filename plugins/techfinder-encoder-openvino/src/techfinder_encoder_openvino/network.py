"""The network of MiniLM, drawn up operation by operation from the weights: no torch, no converter, no other file.

OpenVINO compiles it for the processor at hand: it joins what it can, and lays the weights out anew.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import openvino as ov
from numpy.typing import NDArray
from openvino import opset13 as op

__all__ = ["draw_up"]

HEADS, LAYERS, DIM = 12, 6, 384
EPSILON = 1e-12
MASKED = 1e4  # far above any score, and finite in every format

_Node = Any
_Weights = Mapping[str, NDArray[np.float32]]


def draw_up(weights: _Weights) -> ov.Model:
    """The model from token ids to the mean over tokens.

    Takes ``ids``, int64 of shape (texts, width), and ``mask``, float32 of the same shape, 1 for tokens that
    count; answers float32 of shape (texts, 384), not yet of length 1.
    """
    ids = op.parameter([-1, -1], np.int64, name="ids")
    mask = op.parameter([-1, -1], np.float32, name="mask")
    masked = op.multiply(op.subtract(mask, _constant(1.0)), _constant(MASKED))
    bias = op.unsqueeze(masked, _numbers([1, 2]))
    state = _embed(weights, ids)
    for layer in range(LAYERS):
        state = _pass(weights, f"encoder.layer.{layer}.", state, bias)
    return ov.Model([op.result(_pool(state, mask))], [ids, mask], "minilm")


def _embed(weights: _Weights, ids: _Node) -> _Node:
    words = op.gather(_constant(weights["embeddings.word_embeddings.weight"]), ids, _number(0))
    types = weights["embeddings.token_type_embeddings.weight"][0]
    places = _constant(weights["embeddings.position_embeddings.weight"] + types)
    width = op.gather(op.shape_of(ids), _numbers([1]), _number(0))
    state = op.add(words, op.slice(places, _numbers([0]), width, _numbers([1]), _numbers([0])))
    return _normed(weights, "embeddings.LayerNorm", state)


def _pass(weights: _Weights, prefix: str, state: _Node, bias: _Node) -> _Node:
    apart, swapped = _numbers([0, 0, HEADS, DIM // HEADS]), _numbers([0, 2, 1, 3])
    query, key, value = (
        op.transpose(op.reshape(_linear(weights, f"{prefix}attention.self.{part}", state), apart, True), swapped)
        for part in ("query", "key", "value")
    )
    attended = op.transpose(op.scaled_dot_product_attention(query, key, value, bias), swapped)
    attended = op.reshape(attended, _numbers([0, 0, DIM]), True)
    attended = _linear(weights, f"{prefix}attention.output.dense", attended)
    state = _normed(weights, f"{prefix}attention.output.LayerNorm", op.add(state, attended))
    wide = op.gelu(_linear(weights, f"{prefix}intermediate.dense", state), "erf")
    narrow = _linear(weights, f"{prefix}output.dense", wide)
    return _normed(weights, f"{prefix}output.LayerNorm", op.add(state, narrow))


def _pool(state: _Node, mask: _Node) -> _Node:
    total = op.reduce_sum(op.multiply(state, op.unsqueeze(mask, _number(2))), _number(1), False)
    return op.divide(total, op.reduce_sum(mask, _number(1), True))


def _linear(weights: _Weights, name: str, state: _Node) -> _Node:
    product = op.matmul(state, _constant(weights[f"{name}.weight"]), False, True)
    return op.add(product, _constant(weights[f"{name}.bias"]))


def _normed(weights: _Weights, name: str, state: _Node) -> _Node:
    centred = op.mvn(state, _numbers([-1]), True, EPSILON, "inside_sqrt")
    return op.add(op.multiply(centred, _constant(weights[f"{name}.weight"])), _constant(weights[f"{name}.bias"]))


def _constant(value: float | NDArray[np.float32]) -> _Node:
    return op.constant(np.ascontiguousarray(value, np.float32))


def _number(value: int) -> _Node:
    return op.constant(np.int64(value))


def _numbers(values: list[int]) -> _Node:
    return op.constant(np.array(values, np.int64))
