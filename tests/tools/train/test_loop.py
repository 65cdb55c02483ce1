"""A run that was cut goes on as if it had not been; what is left out is never learned from."""

from __future__ import annotations

from pathlib import Path

import pytest

torch = pytest.importorskip("torch", reason="the trainer's environment: make train-test")

from tools.train.batches import Batches  # noqa: E402
from tools.train.loop import Phase, Trainer, log  # noqa: E402
from tools.train.net import Net, Shape  # noqa: E402
from tools.train.pack import Pack  # noqa: E402
from tools.train.settings import Settings  # noqa: E402
from tools.train.teacher import Maps  # noqa: E402

SMALL = Shape(base=4, head=8, blocks=(1, 1, 1))
SETTINGS = Settings(batch=2, sizes=((64, 64),), warm=4, every=8, without=("far",))


def _trainer(run: Path, pictures: Pack) -> Trainer:
    torch.manual_seed(2)
    torch.set_num_threads(1)
    return Trainer(run, SETTINGS, Net(SMALL), pictures, "cpu")


def test_a_cut_run_ends_with_the_same_weights(tmp_path: Path, pictures: Pack) -> None:
    whole = _trainer(tmp_path / "whole", pictures)
    whole.go(Phase(tmp_path / "whole" / "run.pt", 12))
    _trainer(tmp_path / "cut", pictures).go(Phase(tmp_path / "cut" / "run.pt", 6))
    again = _trainer(tmp_path / "cut", pictures)
    again.load(tmp_path / "cut" / "run.pt")
    again.go(Phase(tmp_path / "cut" / "run.pt", 12))
    for name, value in whole.net.state_dict().items():
        assert torch.equal(value, again.net.state_dict()[name]), name


def test_a_source_that_is_left_out_is_watched_and_not_learned(tmp_path: Path, pictures: Pack) -> None:
    batches = Batches(pictures, Maps(pictures.folder, pictures), SETTINGS)
    learned = {pictures.entries[int(i)].source for i in batches._parts[0]}
    assert learned == {"near"}
    trainer = _trainer(tmp_path, pictures)
    trainer.go(Phase(tmp_path / "run.pt", 8))
    rows = [row["views"] for row in log(tmp_path) if "views" in row]
    assert set(rows[-1]) == {"stop", "photographs", "drawn", "far"}


def test_what_was_given_up_is_not_in_the_log(tmp_path: Path) -> None:
    told = [(2, "a"), (4, "b"), (4, "c"), (6, "d"), (3, "e"), (5, "f")]
    lines = (f'{{"samples": {samples}, "name": "{name}"}}' for samples, name in told)
    (tmp_path / "log.jsonl").write_text("\n".join(lines) + "\n")
    assert [row["name"] for row in log(tmp_path)] == ["a", "e", "f"]


def test_body_neck_and_heads_learn_at_their_own_rates(tmp_path: Path, pictures: Pack) -> None:
    trainer = _trainer(tmp_path, pictures)
    before = {name: value.clone() for name, value in trainer.net.named_parameters()}
    trainer.go(Phase(tmp_path / "run.pt", 2))
    rates = [group["lr"] for group in trainer.optimiser.param_groups]
    assert rates == [rates[2] * SETTINGS.body, rates[2] * SETTINGS.neck, rates[2]]
    learned = {
        name.split(".")[0]
        for name, value in trainer.net.named_parameters()
        if not torch.equal(value, before[name])
    }
    assert learned == {"neck", "heads"}  # the body stays
