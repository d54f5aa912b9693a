"""How much of a processor's arithmetic encoding uses: ours against the loop one would write first.

Ours: ``techfinder-encoder-minilm`` in bfloat16, in batches of texts of equal length. The loop: sentence-transformers
in float32, 32 texts at a time in file order. Both get the same texts of made people. The limit is what the processor
reaches in one large matrix product in bfloat16, measured here; the share is the arithmetic of the model for the texts'
own tokens (padding is no use, so it does not count), by that limit.

On a machine with CUDA: python tests/benchmarks/gpu.py --n 100000 --device cuda
Without arguments it takes a few texts on whatever processor there is.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import torch
from encode import plain_library, plain_loop, profile_texts

from techfinder.plugins import Plugins
from techfinder.settings import load_settings

LAYERS, WIDTH = 6, 384
SHORT = 64
ROUNDS = 3
SIZES = {"cuda": 8192, "mps": 4096, "cpu": 1024}


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--n", type=int, default=SHORT, help="texts")
    parser.add_argument("--device", default="auto", choices=["auto", "cpu", "cuda", "mps"])
    parser.add_argument("--precision", default="bfloat16", choices=["bfloat16", "float32"])
    parser.add_argument("--batch", type=int, default=32, help="texts at once; on CUDA the encoder takes more by itself")
    parser.add_argument("--loop-n", type=int, default=0, help="texts for the loop; 0 takes all")
    options = parser.parse_args()
    ours, texts = loaded(options)
    library = plain_library()
    lengths = [min(len(ids), 256) for ids in library.tokenizer(texts)["input_ids"]]
    print(f"{len(texts):,} texts of {statistics.mean(lengths):.0f} tokens on average; {name_of(ours.device)}")
    limit = reached(ours.device)
    print(f"one matrix product in bfloat16: {limit / 1e12:.2f} TFLOP/s\n")
    some = len(texts) if not options.loop_n else min(options.loop_n, len(texts))
    library.to(ours.device)
    ways: Sequence[tuple[str, Callable[[list[str]], Any], int]] = (
        (f"techfinder-encoder-minilm, {ours.precision}", ours.encode_documents, len(texts)),
        ("loop, batches of 32 in file order, float32", lambda part: plain_loop(library, part), some),
    )
    print(f"{'':<46}{'texts/s':>10}{'TFLOP/s':>10}{'of limit':>10}")
    for name, encode, count in ways:
        encode(texts[:SHORT])
        started = time.perf_counter()
        encode(texts[:count])
        took = time.perf_counter() - started
        done = sum(map(arithmetic, lengths[:count])) / took
        print(f"{name:<46}{count / took:>10.1f}{done / 1e12:>10.3f}{done / limit:>10.1%}")


def loaded(options: argparse.Namespace) -> tuple[Any, list[str]]:
    """Our encoder on the device, and the texts."""
    with tempfile.TemporaryDirectory() as home:
        own = {"device": options.device, "precision": options.precision}
        settings = load_settings(home=Path(home), batch_size=options.batch, plugins={"encoder_minilm": own})
        plugins = Plugins.load(settings)
        return plugins.encoders()["minilm"].load(), profile_texts(plugins, options.n)


def arithmetic(tokens: int) -> float:
    """Floating-point operations of the model for one text: projections, feed-forward, and attention."""
    return LAYERS * (24.0 * tokens * WIDTH**2 + 4.0 * tokens**2 * WIDTH)


def reached(device: str) -> float:
    """Operations a second in one large matrix product in bfloat16, the best of some."""
    size = SIZES[device]
    left = torch.randn(size, size, device=device, dtype=torch.bfloat16)
    times = []
    for _ in range(ROUNDS + 2):
        wait(device)
        started = time.perf_counter()
        torch.matmul(left, left)
        wait(device)
        times.append(time.perf_counter() - started)
    return 2.0 * size**3 / min(times)


def wait(device: str) -> None:
    """Until the device has done what it was given."""
    if device != "cpu":
        getattr(torch, device).synchronize()


def name_of(device: str) -> str:
    """The device for people."""
    return torch.cuda.get_device_name() if device == "cuda" else device


if __name__ == "__main__":
    main()
