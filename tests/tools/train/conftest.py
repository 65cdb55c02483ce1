"""A pack of drawn streets, small enough to learn from in a test."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

if TYPE_CHECKING:
    from tools.train.pack import Pack, Source


def _pictures(part: str, first: int, source: str) -> list[Source]:
    from tools.train import drawn

    told = drawn.scenes(2, first, part, shots=3)
    return [(f"{part}-{name}", source, clip, part, pixels, boxes) for name, _, clip, _, pixels, boxes in told]


@pytest.fixture(scope="session")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Pack:
    """Twelve pictures of two sources, six of the `stop` half, six foreign; a teacher that sees nothing."""
    from tools.train import pack, teacher
    from tools.train.settings import CLASSES

    folder: Path = tmp_path_factory.mktemp("pack")
    parts = (("train", "near"), ("train", "far"), ("stop", "near"), ("foreign", "photo"))
    sources = [
        each for i, (part, source) in enumerate(parts) for each in _pictures(part, 400_000 + 10 * i, source)
    ]
    pack.write(folder, iter(sources))
    shape = (len(sources), teacher.POINTS, len(CLASSES))
    np.memmap(folder / "teacher.f16", np.float16, "w+", shape=shape).flush()
    return pack.Pack(folder)
