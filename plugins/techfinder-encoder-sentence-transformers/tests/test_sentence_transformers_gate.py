"""The gate: whatever a folder holds, nothing of it runs, and only the pinned model is loaded."""

import json
import pickle
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from techfinder import EncoderError, SettingsError, digest_of_files, load_settings
from techfinder_encoder_sentence_transformers import register_encoders
from techfinder_encoder_sentence_transformers.__main__ import main
from techfinder_encoder_sentence_transformers.folders import check_folder, inspect_folder

ABOVE = {"folder": "/nowhere", "sha256": "0" * 64, "dim": 384}

LOOK = """
import json, sys
from techfinder import EncoderError, load_settings
from techfinder_encoder_sentence_transformers import register_encoders
models = json.loads(sys.argv[1])
[entry] = register_encoders(load_settings(plugins={"encoder_sentence_transformers": {"models": models}}))
print(entry.info.fingerprint)
try:
    entry.load()
except EncoderError as error:
    print(error)
print([n for n in ("torch", "transformers", "sentence_transformers", "huggingface_hub", "evil") if n in sys.modules])
"""


@pytest.fixture
def model(tmp_path: Path) -> Path:
    """A folder shaped like a model's; nothing loads it."""
    folder = tmp_path / "model"
    (folder / "1_Pooling").mkdir(parents=True)
    (folder / "model.safetensors").write_bytes(b"numbers")
    (folder / "config.json").write_text('{"model_type": "bert", "hidden_size": 384}')
    (folder / "1_Pooling" / "config.json").write_text("{}")
    write_modules(folder, "sentence_transformers.models.Transformer", "sentence_transformers.models.Pooling")
    return folder


def write_modules(folder: Path, *kinds: str, path: str = "") -> None:
    listed = [{"idx": i, "name": str(i), "path": path, "type": kind} for i, kind in enumerate(kinds)]
    (folder / "modules.json").write_text(json.dumps(listed))


def config(**values: Any) -> Callable[[Path], object]:
    return lambda folder: (folder / "config.json").write_text(json.dumps(values))


RIGGED: dict[str, tuple[Callable[[Path], object], str]] = {
    "pickle": (lambda f: (f / "pytorch_model.bin").write_bytes(pickle.dumps(1)), "holds pytorch_model.bin"),
    "gzipped pickle": (lambda f: (f / "model.bin.gz").write_bytes(b"1"), r"holds model\.bin\.gz"),
    "own module": (lambda f: (f / "evil.py").write_text("1"), r"holds evil\.py"),
    "module list names own code": (lambda f: write_modules(f, "evil.Module"), r"names 'evil\.Module'"),
    "module list names the system": (lambda f: write_modules(f, "os.system"), r"names 'os\.system'"),
    "module list names a class that runs what its configuration names": (
        lambda f: write_modules(f, "sentence_transformers.models.Dense"),
        "known are Normalize, Pooling, Transformer",
    ),
    "module list points outside": (
        lambda f: write_modules(f, "sentence_transformers.models.Pooling", path="../other"),
        "points outside",
    ),
    "module list is no list of modules": (lambda f: (f / "modules.json").write_text('["x"]'), "names ''"),
    "module list is no JSON": (lambda f: (f / "modules.json").write_text("{"), "cannot be read"),
    "config asks for code": (config(auto_map={"AutoModel": "evil.Model"}), "has auto_map"),
    "config asks for another loader": (config(quantization_config={"quant_method": "x"}), "has quantization_config"),
    "config asks for a remote kernel": (config(_attn_implementation="evil/kernel"), "asks for the kernel"),
    "link": (lambda f: (f / "tokenizer.json").symlink_to("/etc/passwd"), "holds links"),
    "no weights": (lambda f: (f / "model.safetensors").unlink(), "no weights in safetensors"),
    "no folder": (lambda f: f.rename(f.parent / "gone"), "does not exist"),
}


@pytest.mark.parametrize("rig", RIGGED)
def test_a_rigged_folder_is_refused_even_when_it_is_pinned(model: Path, rig: str) -> None:
    change, message = RIGGED[rig]
    change(model)
    with pytest.raises(EncoderError, match=message):
        inspect_folder(model, "mine")
    with pytest.raises(EncoderError, match="techfinder-encoder-sentence-transformers"):
        check_folder(model, "mine", "0" * 64)


def test_the_gate_stands_before_the_libraries(model: Path, techfinder_home: Path) -> None:
    (model / "evil.py").write_text("raise SystemExit('ran')")
    models = {"mine": {**ABOVE, "folder": str(model)}}
    done = subprocess.run([sys.executable, "-c", LOOK, json.dumps(models)], capture_output=True, text=True, check=True)
    fingerprint, refusal, loaded = done.stdout.splitlines()
    assert fingerprint.startswith("mine@1.")
    assert fingerprint.endswith("+000000000000/384")
    assert "holds evil.py" in refusal
    assert loaded == "[]"


def test_altered_weights_are_not_the_pinned_ones(model: Path) -> None:
    sha256 = digest_of_files(inspect_folder(model, "mine"))
    check_folder(model, "mine", sha256)
    (model / "model.safetensors").write_bytes(b"numbert")
    with pytest.raises(EncoderError, match=r"holds another model than the pinned one.*pin them anew"):
        check_folder(model, "mine", sha256)


def test_the_pin_command_prints_settings_that_are_accepted(
    model: Path, techfinder_home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([str(model), "--name", "e5"]) == 0
    techfinder_home.mkdir()
    (techfinder_home / "techfinder.toml").write_text(capsys.readouterr().out)
    [entry] = register_encoders(load_settings())
    assert (entry.info.name, entry.info.dim) == ("e5", 384)
    assert entry.info.revision == digest_of_files(inspect_folder(model, "e5"))[:12]


def test_the_pin_command_refuses_what_the_encoder_refuses(model: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_modules(model, "os.system")
    assert main([str(model)]) == 1
    assert "os.system" in capsys.readouterr().err


@pytest.mark.parametrize(
    "change", [{"query_prompt": "query: "}, {"document_prompt": "x"}, {"dim": 64}, {"precision": "bfloat16"}]
)
def test_whatever_changes_vectors_changes_the_fingerprint(techfinder_home: Path, change: dict[str, Any]) -> None:
    models = {"one": ABOVE, "two": {**ABOVE, **change}}
    settings = load_settings(plugins={"encoder_sentence_transformers": {"models": models}})
    one, two = (entry.info for entry in register_encoders(settings))
    assert one.fingerprint.removeprefix("one") != two.fingerprint.removeprefix("two")


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"hub": "a/b"}, "one of the two"),
        ({"folder": None}, "one of the two"),
        ({"folder": None, "hub": "a/b"}, "needs its revision"),
        ({"sha256": "abc"}, "sha256"),
        ({"promt": "x"}, "promt"),
    ],
)
def test_a_wrong_setting_is_refused_at_start(techfinder_home: Path, wrong: dict[str, Any], message: str) -> None:
    models = {"mine": {**ABOVE, **wrong}}
    with pytest.raises(SettingsError, match=message):
        register_encoders(load_settings(plugins={"encoder_sentence_transformers": {"models": models}}))


def test_without_settings_there_is_no_encoder(techfinder_home: Path) -> None:
    assert register_encoders(load_settings()) == []


def test_a_model_of_the_hub_is_not_fetched_unasked(techfinder_home: Path) -> None:
    hub = {"hub": "intfloat/e5-small-v2", "revision": "a" * 40, "sha256": "0" * 64, "dim": 384}
    [entry] = register_encoders(load_settings(plugins={"encoder_sentence_transformers": {"models": {"e5": hub}}}))
    with pytest.raises(EncoderError, match=r"intfloat/e5-small-v2 is not in .*models.*download = true"):
        entry.load()
