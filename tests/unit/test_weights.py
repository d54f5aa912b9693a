"""The model gate that every encoder of ours passes: what a folder holds is known before anything reads it."""

from collections.abc import Callable
from pathlib import Path

import pytest

from techfinder import EncoderError, check_model_files, digest_of_files, encodable, hash_model_files

SAYS = {"owner": "Encoder 'mine'", "advice": "Take the right one."}


@pytest.fixture
def model(tmp_path: Path) -> Path:
    folder = tmp_path / "model"
    (folder / "1_Pooling").mkdir(parents=True)
    (folder / "model.safetensors").write_bytes(b"numbers")
    (folder / "config.json").write_text("{}")
    (folder / "1_Pooling" / "config.json").write_text("[]")
    (folder / ".hidden").write_text("a note of some program")
    return folder


RIGS: dict[str, tuple[Callable[[Path], object], str]] = {
    "code": (lambda f: (f / "evil.py").write_text("1"), "holds evil.py"),
    "pickle": (lambda f: (f / "pytorch_model.bin").write_bytes(b"1"), "holds pytorch_model.bin"),
    "pickle in a folder": (lambda f: (f / "1_Pooling" / "x.pkl").write_bytes(b"1"), "holds 1_Pooling/x.pkl"),
    "no ending": (lambda f: (f / "weights").write_bytes(b"1"), "holds weights"),
    "link": (lambda f: (f / "tokenizer.json").symlink_to("/etc/passwd"), r"holds links \(tokenizer.json\)"),
}


@pytest.mark.parametrize("rig", RIGS)
def test_what_is_no_data_is_neither_hashed_nor_accepted(model: Path, rig: str) -> None:
    known = hash_model_files(model, **SAYS)
    change, message = RIGS[rig]
    change(model)
    with pytest.raises(EncoderError, match=f"Encoder 'mine'.*{message}.*Take the right one"):
        hash_model_files(model, **SAYS)
    with pytest.raises(EncoderError, match=message):
        check_model_files(model, known, **SAYS)


def test_hashes_are_by_name_and_accept_the_folder(model: Path) -> None:
    known = hash_model_files(model, **SAYS)
    assert sorted(known) == ["1_Pooling/config.json", "config.json", "model.safetensors"]
    check_model_files(model, known, **SAYS)


def test_a_folder_without_weights_is_no_model(model: Path) -> None:
    (model / "model.safetensors").unlink()
    with pytest.raises(EncoderError, match="no weights in safetensors"):
        hash_model_files(model, **SAYS)


@pytest.mark.parametrize("name", ["model.safetensors", "1_Pooling/config.json"])
def test_one_altered_byte_is_found(model: Path, name: str) -> None:
    known = hash_model_files(model, **SAYS)
    (model / name).write_bytes(b"other")
    with pytest.raises(EncoderError, match=f"another {name}"):
        check_model_files(model, known, **SAYS)
    assert digest_of_files(hash_model_files(model, **SAYS)) != digest_of_files(known)


def test_a_missing_file_is_named(model: Path) -> None:
    known = hash_model_files(model, **SAYS)
    (model / "config.json").unlink()
    with pytest.raises(EncoderError, match=r"lacks config\.json"):
        check_model_files(model, known, **SAYS)


def test_others_may_lie_beside_what_is_read_if_the_plugin_opens_nothing_else(model: Path) -> None:
    known = {"model.safetensors": hash_model_files(model, **SAYS)["model.safetensors"]}
    (model / "evil.py").write_text("1")
    check_model_files(model, known, **SAYS, alone=False)
    (model / "model.safetensors").rename(model / "real")
    (model / "model.safetensors").symlink_to(model / "real")
    with pytest.raises(EncoderError, match="holds links"):
        check_model_files(model, known, **SAYS, alone=False)


def test_the_digest_does_not_depend_on_the_order() -> None:
    assert digest_of_files({"a": "1", "b": "2"}) == digest_of_files({"b": "2", "a": "1"})
    assert digest_of_files({"a": "1", "b": "2"}) != digest_of_files({"a": "2", "b": "1"})


def test_texts_are_made_encodable_or_refused() -> None:
    assert encodable(["a", "\ud800b", "x" * 30_000], "Encoder 'mine'") == ["a", "?b", "x" * 20_000]
    with pytest.raises(EncoderError, match=r"Encoder 'mine': text 1 is .*None"):
        encodable(["a", None], "Encoder 'mine'")  # type: ignore[list-item]
