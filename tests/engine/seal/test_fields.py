"""A field is exactly of its kind: nothing is made fit."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from engine.seal import fields

HEX = "0f" * 32


@pytest.mark.parametrize(
    ("read", "good", "bad"),
    [
        (fields.text, "", [None, 1, [], b"x"]),
        (fields.whole, 0, [True, -1, 1.0, "1", None]),
        (fields.items, [], [{}, "", None]),
        (fields.digest, HEX, [HEX.upper(), HEX[1:], HEX + "0", HEX[:-1] + "\n", "٠" * 64, None, 5]),
        (lambda value: fields.body(value, "a"), {"a": 1}, [{}, {"a": 1, "b": 2}, {"b": 1}, [], None, "a"]),
        (
            fields.signature,
            {"key": HEX, "value": "QQ=="},
            [
                {"key": HEX},
                {"key": HEX, "value": "QR=="},
                {"key": "x", "value": "QQ=="},
                {"key": HEX, "value": 1},
            ],
        ),
    ],
)
def test_a_field_is_of_its_kind_or_refused(read: Callable[[Any], object], good: Any, bad: list[Any]) -> None:
    read(good)
    for each in bad:
        with pytest.raises(ValueError):  # noqa: PT011 - the words are for whoever looks into a file
            read(each)
