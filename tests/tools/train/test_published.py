"""The lean net is the published one: the same weights say the same."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="the trainer's environment: make train-test")

from ai_edge_litert.interpreter import Interpreter  # noqa: E402

from engine.models import ModelFault, find  # noqa: E402
from tools.train.net import Net, Shape  # noqa: E402
from tools.train.published import NotOurs, load  # noqa: E402
from tools.train.settings import THEIRS  # noqa: E402

SHARED = Path(__file__).resolve().parents[4] / "shared/data/models/yolox_nano_float16_quantize.tflite"


def published() -> Path:
    if SHARED.exists():
        return SHARED
    try:
        found = find("yolox-nano")
    except ModelFault:
        found = None
    if found is None:
        pytest.skip("matthan models pull yolox-nano")
    return found.path


def _told(path: Path, picture: np.ndarray) -> np.ndarray:
    model = Interpreter(model_path=str(path), num_threads=1)
    model.allocate_tensors()
    pixels = np.ascontiguousarray(picture[..., ::-1].transpose(2, 0, 1)[None], np.float32)
    model.set_tensor(model.get_input_details()[0]["index"], pixels)
    model.invoke()
    return np.asarray(model.get_tensor(model.get_output_details()[0]["index"])[0])


@pytest.fixture(scope="module")
def picture() -> np.ndarray:
    coarse = np.random.default_rng(3).integers(0, 255, (13, 13, 3)).astype(np.uint8)
    return np.kron(coarse, np.ones((32, 32, 1), np.uint8))


def test_eighty_classes_say_what_the_published_file_says(picture: np.ndarray) -> None:
    net = load(Net(Shape(hard=()), classes=80), published()).eval()
    with torch.no_grad():
        kinds, there, reach = net.raw(torch.from_numpy(picture.transpose(2, 0, 1).copy())[None].float())
    told = _told(published(), picture)
    assert np.abs(torch.sigmoid(kinds)[0].numpy() - told[:, 5:]).max() < 3e-5
    assert np.abs(torch.sigmoid(there)[0, :, 0].numpy() - told[:, 4]).max() < 3e-5
    assert np.abs(reach[0].numpy() - told[:, :4]).max() < 3e-4  # in strides, up to 40 of them


def test_ours_are_the_likeliest_of_theirs(picture: np.ndarray) -> None:
    net = load(Net(Shape(hard=())), published()).eval()
    with torch.no_grad():
        logits, _ = net(torch.from_numpy(picture.transpose(2, 0, 1).copy())[None].float())
    told = _told(published(), picture)
    wanted = np.stack([told[:, [5 + k for k in group]].max(1) for group in THEIRS], 1) * told[:, 4:5]
    assert np.abs(torch.sigmoid(logits)[0].numpy() - wanted).max() < 3e-5


def test_another_net_is_refused_with_a_word(tmp_path: Path) -> None:
    other = Path(__file__).resolve().parents[4] / "shared/data/models/light_person_192.tflite"
    if not other.exists():
        pytest.skip("no other net is here")
    with pytest.raises(NotOurs, match="convolution"):
        load(Net(), other)


def test_the_net_in_the_box_is_read_back_with_what_its_scores_mean(picture: np.ndarray) -> None:
    """So that a site teaches on from it: ``--from matthan-nano``."""
    boxed = find("matthan-nano")
    assert boxed is not None
    net = load(Net(), boxed.path).eval()
    small = np.ascontiguousarray(picture[:256])
    with torch.no_grad():
        logits, _ = net(torch.from_numpy(small.transpose(2, 0, 1).copy())[None].float())
    model = Interpreter(model_path=str(boxed.path), num_threads=1)
    runner = model.get_signature_runner("w416h256")
    told = runner(args_0=small[None].astype(np.float32))
    scores = next(value for value in told.values() if value.shape[-1] == 5)[0]
    assert net.shift.abs().max() > 0.01
    assert np.abs(torch.sigmoid(logits)[0].numpy() - scores).max() < 2e-3
