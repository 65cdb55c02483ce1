"""What lens, sensor and writing do to pixels."""

import numpy as np
import pytest
from numpy.typing import NDArray

from drivers.virtual.imaging import PLAIN_LOOK, Caption, Look
from drivers.virtual.street.drawing import Scene
from drivers.virtual.street.look import seen


@pytest.fixture(scope="module")
def picture() -> NDArray[np.uint8]:
    return Scene(3).render(2.0)


def sharpness(picture: NDArray[np.uint8]) -> float:
    """Return the variance of the Laplacian."""
    grey = picture.astype(float).mean(axis=2)
    edges = 4 * grey[1:-1, 1:-1] - grey[:-2, 1:-1] - grey[2:, 1:-1] - grey[1:-1, :-2] - grey[1:-1, 2:]
    return float(edges.var())


def test_as_drawn_it_is_the_very_picture(picture: NDArray[np.uint8]) -> None:
    assert seen(picture, PLAIN_LOOK) is picture


def test_the_worse_the_focus_the_less_sharp(picture: NDArray[np.uint8]) -> None:
    scores = [sharpness(seen(picture, Look(blur=radius))) for radius in (0.0, 0.5, 1.0, 2.0, 4.0)]
    assert scores == sorted(scores, reverse=True)
    assert scores[2] < 0.5 * scores[0]


def test_light_and_colour(picture: NDArray[np.uint8]) -> None:
    mean = picture.mean()
    assert seen(picture, Look(gain=0.25)).mean() == pytest.approx(mean / 4, abs=2)
    assert seen(picture, Look(gain=4.0)).mean() > 1.5 * mean
    assert seen(picture, Look(lift=40)).mean() > mean + 20
    assert seen(picture, Look(contrast=0.2)).std() < 0.5 * picture.std()
    assert np.ptp(seen(picture, Look(colour=0.0)), axis=2).max() == 0


@pytest.mark.parametrize(("x", "y"), [(-1, 1), (1, -1), (0, 0), (1, 1)])
@pytest.mark.parametrize("text", ["Cổng chính số 3", "x" * 64, " ", "\n"])
def test_a_text_is_written_where_it_should_be(
    picture: NDArray[np.uint8], text: str, x: float, y: float
) -> None:
    shown = seen(picture, Look(captions=(Caption(text, x, y),)))
    assert shown.shape == picture.shape
    rows, columns = np.nonzero((shown != picture).any(axis=2))
    if text.strip():
        assert abs(rows.mean() / 360 - (1 - y) / 2) < 0.1
        assert len(text) > 50 or abs(columns.mean() / 640 - (x + 1) / 2) < 0.25
        assert (shown[rows, columns] > 200).any()


def test_every_vietnamese_letter_has_a_shape_of_its_own() -> None:
    from drivers.virtual.street.look import _letters

    letters = "aáàảãạăắằẳẵặâấầẩẫậdđ"
    assert len({_letters(letter, 40).tobytes() for letter in letters}) == len(letters)
