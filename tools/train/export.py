"""From a checkpoint to the file that is shipped: LiteRT, 16 bits, a graph for each size of input."""

from __future__ import annotations

import hashlib
from pathlib import Path

import torch

from tools.train.net import Net, Shape, Shipped
from tools.train.settings import SHIPPED


def load(checkpoint: Path) -> tuple[Net, int]:
    """Return the mean net of a checkpoint and its step."""
    state = torch.load(checkpoint, map_location="cpu", weights_only=True)
    shape = {
        name: tuple(value) if isinstance(value, list) else value for name, value in state["shape"].items()
    }
    net = Net(Shape(**shape))
    net.load_state_dict(state["mean"])
    return net.eval(), state["step"]


def export(net: Net, target: Path) -> str:
    """Write ``target`` (.tflite, fp16); return its SHA-256."""
    import litert_torch
    from ai_edge_quantizer import quantizer, recipe_manager  # noqa: F401 - registers the recipes
    from ai_edge_quantizer.qtyping import (
        ComputePrecision,
        OpQuantizationConfig,
        TensorDataType,
        TensorQuantizationConfig,
        TFLOperationName,
    )

    wide = target.with_suffix(".f32.tflite")
    converter = litert_torch
    for size in SHIPPED:
        example = (torch.zeros(1, size[1], size[0], 3),)
        converter = converter.signature(f"w{size[0]}h{size[1]}", Shipped(net, size).eval(), example)
    converter.convert().export(str(wide))
    halving = quantizer.Quantizer(str(wide))
    config = OpQuantizationConfig(
        weight_tensor_config=TensorQuantizationConfig(num_bits=16, dtype=TensorDataType.FLOAT),
        compute_precision=ComputePrecision.FLOAT,
        explicit_dequantize=True,
    )
    halving.update_quantization_recipe(".*", TFLOperationName.ALL_SUPPORTED, config, "float_casting")
    target.unlink(missing_ok=True)
    halving.quantize().export_model(str(target))
    return hashlib.sha256(target.read_bytes()).hexdigest()
