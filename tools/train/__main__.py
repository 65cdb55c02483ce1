"""``python -m tools.train``: prepare, train, polish, export, curve - or all of it; then ship."""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

from tools.train.settings import Settings

if TYPE_CHECKING:
    from tools.train.loop import Trainer

_TEACHER = Path("../shared/data/models/yolox_nano_float16_quantize.tflite")
_CLIPS = Path("../shared/data/video")
_DATA = [Path("../shared/train"), Path("../shared/train2")]


def _prepare(chosen: argparse.Namespace) -> None:
    from tools.train import drawn, pack, teacher
    from tools.train.base import located

    folder = chosen.pack
    if not (folder / "index.json").exists():
        sources: Iterator[pack.Source] = chain(
            *map(pack.labelled, chosen.data),
            pack.unlabelled(chosen.free),
            drawn.scenes(chosen.streets, drawn.TRAIN, "drawn"),
            drawn.scenes(12, drawn.REPORT, "drawn-report"),
        )
        pack.write(folder, sources)
    teacher.write(folder, pack.Pack(folder), located("yolox-nano", chosen.teacher))


def _trainer(chosen: argparse.Namespace, *, fresh: bool) -> Trainer:
    """Return a trainer whose net is as the base is; where it goes on anyway the base is not asked for."""
    from tools.train.base import begin, located
    from tools.train.loop import Trainer
    from tools.train.net import Net, Shape
    from tools.train.pack import Pack

    net, pack = Net(Shape() if chosen.hard is None else Shape(hard=tuple(chosen.hard))), Pack(chosen.pack)
    if fresh:
        begin(net, located(chosen.base, chosen.teacher), pack)
    settings = Settings(seed=chosen.seed, without=tuple(chosen.without))
    return Trainer(chosen.run, settings, net, pack, chosen.device)


def _train(chosen: argparse.Namespace) -> None:
    from tools.train.loop import Phase

    path = chosen.run / "run.pt"
    trainer = _trainer(chosen, fresh=not path.exists())
    if path.exists():
        trainer.load(path)
    trainer.go(Phase(path, chosen.samples))


def _polish(chosen: argparse.Namespace) -> None:
    from tools.train.loop import Phase

    trainer = _trainer(chosen, fresh=False)
    phase = Phase.of_polish(chosen.run, chosen.polish, trainer.settings.batch)
    trainer.load(phase.checkpoint if phase.begun() else chosen.run / "run.pt")
    trainer.go(phase)


def _export(chosen: argparse.Namespace) -> None:
    from tools.train.calibrate import calibrate
    from tools.train.export import export, load
    from tools.train.pack import Pack

    net, step = load(chosen.run / chosen.checkpoint)
    told = calibrate(net, Pack(chosen.run / "pack"))
    print("best thresholds, now 0.45:", ", ".join(f"{name} {score:.2f}" for name, score in told.items()))
    print(f"step {step}, {sum(value.numel() for value in net.parameters())} parameters")
    target = chosen.run / "matthan-nano.tflite"
    print(f"{export(net, target)}  {target} ({target.stat().st_size} bytes)")


def _curve(chosen: argparse.Namespace) -> None:
    from tools.train.curve import draw

    draw(chosen.run, chosen.run / "curve.svg")


def _ship(chosen: argparse.Namespace) -> None:
    from tools.train.ship import ship

    ship(
        chosen.run,
        chosen.data,
        chosen.run / "matthan-nano.tflite",
        chosen.run / chosen.checkpoint,
        chosen.figures,
    )


def _left_out(chosen: argparse.Namespace) -> None:
    from tools.train.leftout import left_out
    from tools.train.pack import Pack

    told = left_out(Pack(chosen.pack), chosen.folds, chosen.teacher)
    (chosen.run / "left-out.json").write_text(json.dumps(told, indent=1), "utf-8")


def _clips(folder: Path) -> list[Path]:
    """Return the clips to look at without labels; one is kept for judging."""
    return sorted(path for path in folder.glob("*.[gm][ip][f4]") if path.stem != "car-detection")


_STEPS = {"prepare": _prepare, "train": _train, "polish": _polish, "export": _export, "curve": _curve}
#: What is asked for by name alone.
_AFTER = {"ship": _ship, "left-out": _left_out}


def main() -> None:
    """Run one step or, as ``all``, every one of them."""
    parser = argparse.ArgumentParser(prog="python -m tools.train", description=__doc__)
    parser.add_argument("step", choices=[*_STEPS, *_AFTER, "all"])
    parser.add_argument("--run", type=Path, default=Path("build/train"), help="folder of the run")
    parser.add_argument(
        "--pack", type=Path, help="folder of the prepared pictures; default: pack in that of the run"
    )
    parser.add_argument(
        "--from",
        dest="base",
        default="yolox-nano",
        help="weights to begin from: a model's name or a .tflite file",
    )
    parser.add_argument("--hard", nargs="*", help="parts with hard-swish: stem, dark2..5, neck, heads")
    parser.add_argument("--without", nargs="*", default=[], help="sources to leave out, and to watch")
    parser.add_argument(
        "--threads",
        type=int,
        help="of the sums; one each for two runs at once is the most that two cores give",
    )
    parser.add_argument(
        "--folds", type=Path, nargs="*", default=[], help="for left-out: polished.pt of runs with --without"
    )
    parser.add_argument("--data", type=Path, nargs="+", default=_DATA, help="folders of labelled pictures")
    parser.add_argument("--teacher", type=Path, default=_TEACHER, help="YOLOX-nano, TFLite")
    parser.add_argument(
        "--free", type=Path, nargs="*", default=_clips(_CLIPS), help="pictures, clips without labels"
    )
    parser.add_argument("--samples", type=int, default=40_000, help="end of the constant phase")
    parser.add_argument("--polish", type=int, default=24_000, help="samples of the decay")
    parser.add_argument("--streets", type=int, default=90, help="drawn streets to learn from")
    parser.add_argument("--seed", type=int, default=4)
    parser.add_argument("--device", default="cpu", help="cpu or cuda")
    parser.add_argument("--checkpoint", default="polished.pt", help="what to export")
    parser.add_argument("--figures", type=Path, help="what bench_detector.py --json printed; for ship")
    chosen = parser.parse_args()
    chosen.pack = chosen.pack or chosen.run / "pack"
    if chosen.threads:
        import torch

        torch.set_num_threads(chosen.threads)
    for step in _STEPS if chosen.step == "all" else (chosen.step,):
        {**_STEPS, **_AFTER}[step](chosen)


if __name__ == "__main__":
    main()
