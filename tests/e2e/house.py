"""An environment of its own with our wheel in it, away from the checkout.

It borrows every foreign package from the one that runs the tests, by a path: what is editable there is not found that
way, so that our own packages can come from the wheel alone.
"""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
from pathlib import Path

PATIENCE = 120


class House:
    """An environment with the wheel in it, and a folder away from the checkout to run it in."""

    def __init__(self, place: Path, wheel: Path) -> None:
        self.prefix, self.away = place / "house", place / "away"
        self.away.mkdir()
        subprocess.run([sys.executable, "-m", "venv", "--without-pip", self.prefix], check=True)
        self.install("--no-index", wheel)
        (self.site / "borrowed.pth").write_text(f"{sysconfig.get_path('purelib')}\n")

    def install(self, *words: str | Path) -> None:
        """Let pip install something, and nothing that it needs."""
        pip = [sys.executable, "-m", "pip", "--disable-pip-version-check"]
        pip += ["--python", str(self.prefix / "bin" / "python")]
        subprocess.run([*pip, "install", "--quiet", "--no-deps", *map(str, words)], check=True)

    @property
    def site(self) -> Path:
        """Where its packages lie."""
        return next(self.prefix.glob("lib/python*/site-packages"))

    @property
    def configs(self) -> Path:
        return self.prefix / "share" / "matthan" / "configs"

    def run(self, program: str, *words: str | Path) -> subprocess.CompletedProcess[str]:
        """Run one of its programs; nothing of this process's environment leads back to the checkout."""
        env = {"PATH": os.environ["PATH"], "HOME": str(self.away), "LANG": "C.UTF-8", "MATTHAN_LANG": "en"}
        return subprocess.run(
            [self.prefix / "bin" / program, *words], cwd=self.away, env=env, capture_output=True, text=True,
            timeout=PATIENCE, check=False,
        )  # fmt: skip

    def matthan(self, *words: str | Path) -> str:
        """Run a command that ends well; return what it printed."""
        done = self.run("matthan", *words)
        assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
        assert "Traceback" not in done.stderr
        return done.stdout
