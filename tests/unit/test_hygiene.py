"""The check after each test finds what a test leaves behind."""

import sys
from pathlib import Path

import pytest

pytest_plugins = ["pytester"]

TESTS = Path(__file__).resolve().parents[1]

LEAKS = """
import logging, os, subprocess, threading
from techfinder.store.edge.channel import StoreProcess

kept = []

def test_environment():
    os.environ["LEAKED"] = "1"

def test_logging():
    logging.getLogger().addHandler(logging.NullHandler())

def test_thread():
    threading.Thread(target=threading.Event().wait, daemon=True, name="leaked").start()

def test_child():
    subprocess.Popen(["sleep", "5"])

def test_store_process(tmp_path):
    kept.append(StoreProcess("build", folder=tmp_path, base=None, dim=8, attributes={}, int8=False, nice=0))

def test_clean(monkeypatch):
    monkeypatch.setenv("LEAKED", "2")
    assert "TECHFINDER_PORT" not in os.environ
    assert os.environ["HF_HUB_OFFLINE"] == "1"
"""


@pytest.mark.slow
def test_each_leak_is_named(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TECHFINDER_PORT", "1")
    pytester.makeini(f"[pytest]\npythonpath = {TESTS / 'tools'}")
    text = (TESTS / "conftest.py").read_text().replace("GRACE_S = 2.0", "GRACE_S = 0.1")
    pytester.makepyfile(conftest=text, test_leaks=LEAKS)

    result = pytester.runpytest_subprocess("-p", "no:randomly", "-p", "no:cacheprovider")

    result.assert_outcomes(passed=6, errors=5)
    children = ["child process sleep 5"] + (["child process of a store"] if sys.platform == "linux" else [])
    for said in ("environment variable LEAKED", "logging (level", "running thread leaked", *children):
        result.stdout.fnmatch_lines(f"*test_leaks.py::test_*left traces*{said}*")
