"""Looks at a model's folder and prints the settings that pin it; nothing in the folder is run."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from techfinder import EncoderError, digest_of_files
from techfinder_encoder_sentence_transformers.folders import TABLE, inspect_folder


def main(arguments: list[str] | None = None) -> int:
    """Print the settings; 1 when the folder is refused."""
    parser = argparse.ArgumentParser(prog="python -m techfinder_encoder_sentence_transformers", description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--name", default="mine", help="what the encoder is to be called (default: mine)")
    options = parser.parse_args(arguments)
    folder = options.folder.absolute()
    try:
        files = inspect_folder(folder, options.name)
    except EncoderError as error:
        print(error, file=sys.stderr)
        return 1
    print(f"[{TABLE}.{options.name}]")
    print(f"folder = {json.dumps(str(folder))}")
    print(f'sha256 = "{digest_of_files(files)}"')
    config = json.loads((folder / "config.json").read_text()) if "config.json" in files else {}
    print(f"dim = {config.get('hidden_size', '???')}  # or less, for a model that was trained to be cut (Matryoshka)")
    print('query_prompt = ""     # what the model wants before a question, as "query: "')
    print('document_prompt = ""  # and before a profile\'s text, as "passage: "')
    print('licence = "unknown"   # SPDX name')
    return 0


if __name__ == "__main__":
    sys.exit(main())
