from __future__ import annotations

import io
import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from PIL import Image

from engine.models import ModelFile
from engine.vision.analyzer import MOVING, Analyzer
from engine.vision.attention import DULL, Attention
from engine.vision.model import Disturbance, Sight
from engine.vision.pool import DetectorPool
from engine.vision.sampler import Pace

Load = Callable[[str], ModelFile]
NOWHERE = np.empty((0, 4), np.float32)


def watched(look: Analyzer, film: Any) -> list[Sight]:
    return [sight for packet in film.packets if (sight := look.feed(packet)) is not None]


def labels(sights: list[Sight]) -> Counter[str]:
    """Return how many confirmed tracks there were of each label, by the label they ended up with."""
    final = {track.id: track.label for sight in sights for track in (*sight.tracks, *sight.ended)}
    return Counter(final.values())


def test_without_a_model_what_moves_is_followed_as_moving(film: Any, scene: Any, walking: Any) -> None:
    made = film(walking(scene(80), begin=30))
    look = Analyzer(made.codec, fps=5, pool=None, score=0.45)
    sights = watched(look, made)
    assert len(sights) == 40  # 10 pictures per second, half of them analysed
    assert labels(sights) == {MOVING: 1}
    walk = [sight.tracks[0] for sight in sights if sight.tracks]
    assert walk[0].velocity[0] > 0.05
    assert walk[-1].box[0] > walk[0].box[0] + 0.3
    assert sights[0].width == 320
    assert look.counters["analysed"] == 40
    assert look.counters["looked"] == look.skipped == 0


def test_keyframes_of_an_encoder_that_codes_nothing_between_them_are_no_motion(
    film: Any, scene: Any, walking: Any
) -> None:
    made = film(walking(scene(300, noise=6.0), begin=250), crf=40, every=30)
    sights = watched(Analyzer(made.codec, fps=5, pool=None, score=0.45), made)
    moving = [number for number, sight in enumerate(sights) if len(sight.motion.boxes)]
    assert 125 <= moving[0] <= 127  # without asking for keyframes: at half of them


def test_a_still_is_the_last_analysed_picture_from_any_thread(film: Any, scene: Any) -> None:
    made = film(scene(12))
    look = Analyzer(made.codec, fps=5, pool=None, score=0.45)
    with pytest.raises(LookupError):
        look.still(320)
    watched(look, made)
    stills: list[bytes] = []
    threads = [threading.Thread(target=lambda: stills.append(look.still(160))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(stills)) == 1
    assert len(stills) == 4
    assert Image.open(io.BytesIO(stills[0])).size == (160, 96)
    look.close()
    look.close()
    with pytest.raises(LookupError):
        look.still(320)


def test_a_cut_is_told_and_ends_nothing(film: Any, scene: Any) -> None:
    dark = scene(30)
    bright = [np.clip(each.astype(np.int16) + 90, 0, 255).astype(np.uint8) for each in scene(20)]
    made = film(dark + bright)
    sights = watched(Analyzer(made.codec, fps=5, pool=None, score=0.45), made)
    assert [number for number, sight in enumerate(sights) if sight.cut] == [15]
    assert all(not sight.tracks for sight in sights)


def test_damage_and_a_new_size_do_not_stop_it(film: Any, scene: Any) -> None:
    small, large = film(scene(20)), film(scene(30, size=(640, 352)))
    look = Analyzer(small.codec, fps=5, pool=None, score=0.45)
    broken = [replace(packet, data=packet.data[: len(packet.data) // 3]) for packet in small.packets[5:9]]
    small.packets[5:9] = broken
    sizes = Counter(sight.width for sight in watched(look, small))
    later = [replace(packet, pts=packet.pts + 20, dts=packet.dts + 20) for packet in large.packets]
    sizes += Counter(sight.width for sight in watched(look, replace(large, packets=later)))
    assert sizes[320] >= 5
    assert sizes[640] >= 13
    assert look.counters["errors"] + look.counters["corrupt"] > 0


@pytest.mark.parametrize(
    ("name", "least"),
    [
        ("yolox_nano_float16_quantize.tflite", 2),
        ("coco_ssd_mobilenet_v1_1.0_quant_2018_06_29.tflite", 2),
        ("light_person_192.tflite", 2),
    ],
)
def test_people_are_seen(model: Load, clip: Any, name: str, least: int) -> None:
    made = clip("one-by-one-person-detection.mp4")
    made = replace(made, packets=made.packets[:470])  # 47 s: two people, one after the other
    look = Analyzer(made.codec, fps=2.5, pool=DetectorPool(model(name)), score=0.45, name="hall")
    sights = watched(look, made)
    assert set(labels(sights)) <= {"person", "animal"}
    assert labels(sights)["person"] >= least
    longest = max(track.age for sight in sights for track in sight.ended if track.label == "person")
    assert longest > 8
    looked = look.counters["looked"]
    assert 20 <= looked < look.counters["analysed"]  # not where nothing moves
    assert look.skipped == 0


def test_vehicles_are_seen(model: Load, clip: Any) -> None:
    made = clip("car-detection.mp4")
    pool = DetectorPool(model("yolox_nano_float16_quantize.tflite"))
    sights = watched(Analyzer(made.codec, fps=5, pool=pool, score=0.45), made)
    seen = labels(sights)
    assert seen["car"] + seen["heavy"] >= 1
    assert not {"cell phone", "toilet", "remote"} & set(seen)


def test_a_busy_pool_costs_pictures_not_tracks(model: Load, clip: Any) -> None:
    made = clip("one-by-one-person-detection.mp4")
    pool = DetectorPool(model("light_person_192.tflite"))
    look = Analyzer(made.codec, fps=2, pool=pool, score=0.45, name="hall")
    first, rest = made.packets[:120], made.packets[120:150]
    before = watched(look, replace(made, packets=first))[-1]
    assert [track.label for track in before.tracks] == ["person"]
    pool.close()
    after = watched(look, replace(made, packets=rest))[-1]
    kept = (*after.tracks, *after.unknown)  # not ended, for nobody looked, and not there for sure
    assert [track.id for track in kept] == [track.id for track in before.tracks]
    assert look.skipped > 0
    assert 0 < pool.given_up()["hall"] < look.skipped  # not asked at every picture


def test_pace_chooses_by_stream_time_and_forgives_jitter() -> None:
    pace = Pace(5)
    times = [n * 0.04 + (0.01 if n % 3 else 0.0) for n in range(250)]  # 25 per second, 10 s
    assert 49 <= sum(pace.take(each) for each in times) <= 51
    exact = Pace(5)
    assert sum(exact.take(n * 0.2 + (0.02 if n % 2 else -0.02)) for n in range(50)) == 50
    assert sum(Pace(30).take(n * 0.1) for n in range(50)) == 50  # a slow camera: every picture


def test_pace_survives_breaks_and_never_runs_back() -> None:
    pace, seen = Pace(5), [0.0]
    for start in (0.0, 5000.0, 3.0, -90.0):
        for n in range(20):
            pace.take(start + n * 0.2)
            seen.append(pace.time)
    assert seen == sorted(seen)
    assert 14 <= seen[-1] <= 17


def test_dull_places_are_looked_at_once_a_second_and_new_ones_at_once() -> None:
    attention = Attention()
    tree = np.array([[0.1, 0.1, 0.3, 0.4]], np.float32)
    looks = []
    for number in range(50):
        at = number / 5
        due = attention.due(at, tree)
        if len(due):
            looks.append(at)
            attention.learn(at, tree, np.array([[0, 0, 1, 1]], np.float32), NOWHERE)
    assert looks[:DULL] == [n / 5 for n in range(DULL)]
    assert np.diff(looks[DULL:]).min() > 0.99
    both = np.concatenate([tree, [[0.7, 0.5, 0.8, 0.9]]]).astype(np.float32)
    attention.due(10.0, NOWHERE)
    attention.learn(10.0, both, both, NOWHERE)
    assert len(attention.due(10.1, both)) >= 1


def test_while_the_head_moves_nothing_is_told_and_afterwards_who_walks_is(
    film: Any, scene: Any, walking: Any
) -> None:
    made = film(walking(scene(80), begin=30))
    turning = [True]
    look = Analyzer(made.codec, fps=5, pool=None, score=0.45, moving=lambda: turning[0])
    sights = []
    for number, packet in enumerate(made.packets):
        turning[0] = number < 44
        if (sight := look.feed(packet)) is not None:
            sights.append(sight)
    away = [sight for sight in sights if sight.motion.disturbance is Disturbance.VIEW]
    assert len(away) >= 20
    assert not any(len(sight.motion.boxes) or sight.tracks for sight in sights[: len(away)])
    assert sum(len(sight.tracks) for sight in sights[len(away) + 8 :]) > 0
