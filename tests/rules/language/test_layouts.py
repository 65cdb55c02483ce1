"""Texts that reckon and lay out: numbers and times as their author wants them, and nothing else."""

from __future__ import annotations

from typing import Any

import pytest

from rules.document.errors import RuleError


def title(bench: Any, text: str, **given: Any) -> dict[str, str]:
    b = bench(f'rules: [{{name: r, title: "{text}", when: {{object: person}}}}]')
    (made,) = b.see(0.0, **given)
    return dict(made.title)


@pytest.mark.parametrize(
    ("text", "vi", "en"),
    [
        ("{score:.0%}", "83%", "83%"), ("{score:.2f} of 1", "0,83 of 1", "0.83 of 1"),
        ("{kmh * 0.5:.1f} mph", "21,5 mph", "21.5 mph"), ("{at:%H:%M:%S}", "22:00:00", "22:00:00"),
        ("{(kmh + 7) / 2}", "25", "25"), ("{-kmh:.0f}", "-43", "-43"), ("{kmh / 0}", "?", "?"),
        ("{speed * 3.6:.1f}", "?", "?"), ("{{{score:.1f}}}", "{0,8}", "{0.8}"), ("{zone}", "gate", "gate"),
        ("{since:%d.%m.%Y}", "01.01.2025", "01.01.2025"),
    ],
)  # fmt: skip
def test_numbers_and_times_as_they_are_laid_out(bench: Any, text: str, vi: str, en: str) -> None:
    assert title(bench, text, facts={"kmh": 43.0}) == {"vi": vi, "en": en}


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("{label:.1f}", "text_layout"), ("{zone * 2}", "text_layout"), ("{score:%H}", "text_layout"),
        ("{at:.1f}", "text_layout"), ("{score:999999f}", "text_layout"), ("{score:q}", "text_layout"),
        ("{scor * 2}", "unknown_text_name"), ("{score.real}", "unknown_text_name"), ("{score[0]}", "unknown_text_name"),
        ("{abs(score)}", "unknown_text_name"), ("{score ** 9}", "unknown_text_name"), ("{2}", "text_layout"),
        ("{score!r}", "text_braces"), ("{''.join(label)}", "unknown_text_name"), ("{lambda: 1}", "unknown_text_name"),
    ],
)  # fmt: skip
def test_what_is_no_layout_is_refused(compile_text: Any, text: str, code: str) -> None:
    with pytest.raises(RuleError) as error:
        compile_text(f'rules: [{{name: r, title: "{text}", when: {{object: person}}}}]')
    assert {each.code for each in error.value.problems} == {f"problem.{code}"}
