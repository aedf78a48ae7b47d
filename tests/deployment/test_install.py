from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from contactflow import machine


@pytest.fixture
def bare(tmp_path: Path) -> Path:
    (tmp_path / "contactflow").mkdir()
    shutil.copy(machine.BASE_DIR / "contactflow" / "install.sh", tmp_path / "contactflow")
    (tmp_path / "requirements.txt").write_text("# nothing\n")
    return tmp_path


def fake_python(folder: Path, version: str) -> Path:
    program = folder / "python3"
    program.write_text(f'#!/bin/sh\n[ "$1" = --version ] && echo "Python {version}" && exit 0\nexit 1\n')
    program.chmod(0o755)
    return program


def install(bare: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["sh", "contactflow/install.sh", "requirements.txt"],
        cwd=bare,
        env=os.environ | environment,
        text=True,
        capture_output=True,
    )


def test_old_python_ends_in_one_sentence(bare: Path) -> None:
    done = install(bare, PYTHON=str(fake_python(bare, "3.8.1")))

    assert done.returncode != 0
    assert done.stderr.endswith("is Python 3.8.1, but Contactflow needs Python 3.11 or newer.\n")


def test_python_without_venv_and_pip_ends_in_one_sentence(bare: Path) -> None:
    program = fake_python(bare, "3.12.1")
    program.write_text(program.read_text().replace("exit 1", '[ "$1" = -c ]'))

    done = install(bare, PYTHON=str(program))

    assert done.returncode != 0
    assert "install its venv module" in done.stderr


def test_second_install_does_nothing(bare: Path) -> None:
    (bare / ".venv/bin").mkdir(parents=True)
    fake_python(bare / ".venv/bin", "3.12.1").rename(bare / ".venv/bin/python")
    (bare / ".venv/bin/python").write_text("#!/bin/sh\nexit 0\n")
    lock = subprocess.check_output(["cksum", "requirements.txt"], cwd=bare, text=True)
    (bare / ".venv/requirements.txt.installed").write_text(lock)

    done = install(bare, PYTHON="/nowhere")

    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
