"""What native code says on standard error while it is listened to."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable

import pytest

from engine.models import ModelFile
from engine.vision.native_stderr import without_info

YOLOX = "yolox_nano_float16_quantize.tflite"


def test_only_info_is_kept_back(capfd: pytest.CaptureFixture[str]) -> None:
    with without_info():
        os.write(2, b"INFO: Created a delegate.\nERROR: no such operator\nWARNING: slow\n")
        assert capfd.readouterr().err == ""
    assert "".join(capfd.readouterr()) == "ERROR: no such operator\nWARNING: slow\n"


def test_an_exception_shows_what_was_said_before_it(capfd: pytest.CaptureFixture[str]) -> None:
    descriptors = len(os.listdir("/proc/self/fd"))

    def load() -> None:
        with without_info():
            os.write(2, b"ERROR: the file is damaged\n")
            raise ValueError("no model")

    with pytest.raises(ValueError, match="no model"):
        load()
    assert capfd.readouterr().err == "ERROR: the file is damaged\n"
    assert len(os.listdir("/proc/self/fd")) <= descriptors  # what an earlier test left may close meanwhile


def test_loading_a_model_says_nothing(model: Callable[[str], ModelFile]) -> None:
    path = model(YOLOX).path
    script = (
        "import sys; from pathlib import Path; from engine.models.library import describe; "
        "from engine.vision.objects import Detector; Detector(describe(Path(sys.argv[1])))"
    )
    done = subprocess.run([sys.executable, "-c", script, path], capture_output=True, text=True, check=True)
    assert (done.stdout, done.stderr) == ("", "")
