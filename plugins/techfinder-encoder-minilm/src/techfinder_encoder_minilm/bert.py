"""The forward pass of MiniLM, laid out for speed; the library's own is the measure of its correctness.

What it does otherwise, each measured on bfloat16 batches of profile texts (two AVX512-bf16 cores):

- Query, key and value come from one matrix product, with the scale of attention already in the weights.
- Attention runs as two matrix products around a softmax over a width that is a multiple of 16: the
  fused kernel is a third slower there, and softmax over other widths takes twice as long.
- gelu and the residual sums are done by oneDNN while it writes the product before them: a twentieth
  less time in all. torch keeps these operators for its compiler, so they are tried before they are used.
- Positions and token types are one table, added in float32.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

__all__ = ["Bert", "onednn_works"]

HEADS = 12
LAYERS = 6
EPSILON = 1e-12
STEP = 16
MASKED = -1e4  # far below any score, and finite in every format

_Affine = tuple[Tensor, Tensor]
_Attention = Callable[[Tensor, Tensor], Tensor]
_Widen = Callable[[Tensor, _Affine], Tensor]
_Add = Callable[[Tensor, Tensor, _Affine], Tensor]


@dataclass(frozen=True, slots=True)
class _Layer:
    mix: _Affine  # query, key and value in one
    attended: _Affine
    attended_norm: _Affine
    widen: _Affine
    narrow: _Affine
    norm: _Affine


class Bert:
    """Token ids to sentence vectors. Holds its own copy of the weights; safe to call from many threads."""

    def __init__(self, weights: Mapping[str, Tensor], device: torch.device, dtype: torch.dtype) -> None:
        """Take the weights of a BertModel by their checkpoint names; they are not changed."""
        self.device, self.dtype = device, dtype
        self._weights = {name: tensor.detach().float() for name, tensor in weights.items()}
        self._words = self._moved("embeddings.word_embeddings.weight")
        types = self._moved("embeddings.token_type_embeddings.weight")
        self._positions = self._moved("embeddings.position_embeddings.weight") + types[0]
        self._norm = (self._moved("embeddings.LayerNorm.weight"), self._moved("embeddings.LayerNorm.bias"))
        self._layers = [self._layer(f"encoder.layer.{number}.") for number in range(LAYERS)]
        small = (device.type, dtype) == ("cpu", torch.bfloat16)
        self._attend: _Attention = _plain if small else _fused
        self._widen, self._add = (_onednn_widen, _onednn_add) if small and onednn_works() else (_widen, _add)
        del self._weights

    def __call__(self, ids: Tensor, lengths: Tensor) -> Tensor:
        """Vectors of shape (texts, dim), float32, L2 norm 1.

        Args:
            ids: Shape (texts, width), int64, on the CPU; each row padded to the longest with any id.
            lengths: Shape (texts,), how many ids of each row count; on the CPU.
        """
        with torch.inference_mode():
            real = torch.arange(ids.shape[1]) < lengths[:, None]
            bias = self._bias(real)
            state = self._embed(ids.to(self.device, non_blocking=True))
            for layer in self._layers:
                state = self._pass(layer, state, bias)
            return self._pool(state.float(), real.to(self.device))

    def _embed(self, ids: Tensor) -> Tensor:
        state = F.embedding(ids, self._words) + self._positions[: ids.shape[1]]
        return _normed(state, self._norm).to(self.dtype)

    def _pass(self, layer: _Layer, state: Tensor, bias: Tensor) -> Tensor:
        texts, width, dim = state.shape
        mixed = F.linear(state, *layer.mix).view(texts, width, 3, HEADS, dim // HEADS).permute(2, 0, 3, 1, 4)
        attended = self._attend(mixed, bias).transpose(1, 2).reshape(texts, width, dim)
        state = _normed(self._add(state, attended, layer.attended), layer.attended_norm)
        wide = self._widen(state, layer.widen)
        return _normed(self._add(state, wide, layer.narrow), layer.norm)

    def _pool(self, state: Tensor, real: Tensor) -> Tensor:
        """The mean over real tokens, brought to length 1 in float32: bfloat16 would be off by a percent."""
        return F.normalize((state * real[:, :, None]).sum(1) / real.sum(1, keepdim=True), dim=1)

    def _bias(self, real: Tensor) -> Tensor:
        """What to add to scores, shape (texts, 1, 1, columns), columns being a multiple of STEP."""
        width = real.shape[1]
        columns = F.pad(real, (0, -width % STEP), value=False)
        return torch.where(columns, 0.0, MASKED)[:, None, None, :].to(self.device, self.dtype)

    def _layer(self, prefix: str) -> _Layer:
        weight, bias = (
            [self._weights[f"{prefix}attention.self.{part}.{kind}"] for part in ("query", "key", "value")]
            for kind in ("weight", "bias")
        )
        scale = 1 / math.sqrt(weight[0].shape[0] / HEADS)
        mix = (
            torch.cat([weight[0] * scale, *weight[1:]]).to(self.device, self.dtype),
            torch.cat([bias[0] * scale, *bias[1:]]).to(self.device, self.dtype),
        )
        return _Layer(
            mix=mix,
            attended=self._affine(f"{prefix}attention.output.dense"),
            attended_norm=self._affine(f"{prefix}attention.output.LayerNorm"),
            widen=self._affine(f"{prefix}intermediate.dense"),
            narrow=self._affine(f"{prefix}output.dense"),
            norm=self._affine(f"{prefix}output.LayerNorm"),
        )

    def _affine(self, name: str) -> _Affine:
        return (self._moved(f"{name}.weight", self.dtype), self._moved(f"{name}.bias", self.dtype))

    def _moved(self, name: str, dtype: torch.dtype = torch.float32) -> Tensor:
        return self._weights[name].to(self.device, dtype, copy=True)  # they may be a mapped file


def _normed(state: Tensor, affine: _Affine) -> Tensor:
    return F.layer_norm(state, state.shape[-1:], *affine, EPSILON)


def _widen(state: Tensor, affine: _Affine) -> Tensor:
    return F.gelu(F.linear(state, *affine))


def _add(state: Tensor, change: Tensor, affine: _Affine) -> Tensor:
    return state + F.linear(change, *affine)


def _onednn_widen(state: Tensor, affine: _Affine) -> Tensor:
    wide: Tensor = torch.ops.mkldnn._linear_pointwise(state, *affine, "gelu", [], "none")  # "none": exact gelu
    return wide


def _onednn_add(state: Tensor, change: Tensor, affine: _Affine) -> Tensor:
    total: Tensor = torch.ops.mkldnn._linear_pointwise.binary(change, state, *affine, "add")
    return total


def onednn_works() -> bool:
    """Whether this torch has the two operators and they compute in bfloat16 what the plain ones do."""
    numbers = torch.linspace(-2, 2, 2 * 3 * 32 + 32 * 32 + 32).to(torch.bfloat16)
    state, weight, bias = numbers[:192].view(2, 3, 32), numbers[192:-32].view(32, 32), numbers[-32:]
    affine = (weight, bias)
    try:
        with torch.inference_mode():
            wide, total = _onednn_widen(state, affine), _onednn_add(state, state, affine)
    except (AttributeError, RuntimeError):
        return False
    wanted = _widen(state, affine), _add(state, state, affine)
    return all(torch.allclose(a, b, rtol=0.02, atol=0.02) for a, b in zip((wide, total), wanted, strict=True))


def _fused(mixed: Tensor, bias: Tensor) -> Tensor:
    width = mixed.shape[3]
    mask = bias[..., :width].expand(-1, -1, width, -1)
    return F.scaled_dot_product_attention(mixed[0], mixed[1], mixed[2], attn_mask=mask, scale=1.0)


def _plain(mixed: Tensor, bias: Tensor) -> Tensor:
    queries = mixed[0].contiguous()
    keys, values = F.pad(mixed[1:], (0, 0, 0, bias.shape[3] - mixed.shape[3]))
    scores = torch.matmul(queries, keys.transpose(2, 3))
    scores += bias
    torch.softmax(scores, -1, out=scores)
    return torch.matmul(scores, values)
