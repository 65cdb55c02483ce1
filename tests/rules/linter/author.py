"""Rules of the whole grammar, made at random: what `tests.rules.linter.worlds` finds worlds for."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random
from typing import Any

CAMERAS, ZONES, LABELS = ("c1", "c2"), ("a", "b"), ("person", "car", "bag")
STATES = (
    "online", "lost", "refused", "failed", "discovered", "deaf", "blind", "impaired", "clock", "noisy", "behind",
)  # fmt: skip


class Author:
    """Writes rules at random."""

    def __init__(self, random: Random) -> None:
        self.random = random

    def rule(self) -> dict[str, Any]:
        rule: dict[str, Any] = {"name": "r", "when": self.when()}
        for key, values in {
            "for": ["2s", "1m"], "between": ["22:00-05:00", "07:00-09:00"],
            "not_between": ["06:00-21:00"], "during": ["night"], "not_during": ["night", "noon"], "limit": [1, 2],
            "cooldown": ["1m", {"time": "2m", "per": "rule"}],
            "keep_firing_for": ["10s"], "auto_clear": ["1m"], "suspend_while_ptz_moves": [True],
        }.items():  # fmt: skip
            if self.maybe(0.1):
                rule[key] = self.one(values)
        if self.maybe(0.2):
            rule["if"] = self.expression()
        if self.maybe(0.1):
            rule["unless"] = self.veto()
        if self.maybe(0.05):
            rule["until"] = self.expression()
        return rule

    def veto(self) -> dict[str, Any]:
        veto: dict[str, Any] = {"happened": self.pattern()}
        if self.maybe(0.7):
            veto["within"] = self.one(["20s", "1h"])
        if self.maybe(0.3):
            veto["by"] = self.one(["site", "camera", "plate", "label", "zone"])
        return veto

    def maybe(self, chance: float) -> bool:
        return self.random.random() < chance

    def one(self, values: Any) -> Any:
        return self.random.choice(values)

    def some(self, values: Sequence[str]) -> Any:
        return self.one(values) if self.maybe(0.7) else self.random.sample(list(values), 2)

    def when(self) -> dict[str, Any]:
        match self.random.randrange(10):
            case 0:
                return self.sequence()
            case 1:
                return self.more({"all": [self.pattern(), self.step()]}, within=0.6)
            case 2:
                return {"any": [self.pattern(), self.pattern()]}
            case 3:
                return self.count()
            case 4:
                absent: dict[str, Any] = {"absent": self.pattern(), "for": self.one(["20s", "10m"])}
                return self.more(absent | ({"after": self.pattern()} if self.maybe(0.5) else {}))
            case 5:
                days = {"days": self.one(["mon", ["sat", "sun"]])} if self.maybe(0.4) else {}
                return {"at": self.one(["07:30", ["22:30", "03:00"]]), **days} if self.maybe(0.5) else {
                    "every": self.one(["30m", "6h"]), **days
                }  # fmt: skip
        return self.pattern()

    def step(self) -> dict[str, Any]:
        match self.random.randrange(4):
            case 0:
                return {"not": self.pattern()}
            case 1:
                return {"any": [self.pattern(), self.pattern()]}
        return self.pattern()

    def more(self, when: dict[str, Any], within: float = 0.0) -> dict[str, Any]:
        if self.maybe(within):
            when["within"] = self.one(["10s", "2m"])
        if self.maybe(0.5):
            when["by"] = self.some(["track", "plate", "camera", "zone", "label", "site"])
        return when

    def sequence(self) -> dict[str, Any]:
        steps: list[Any] = [self.pattern()]
        if self.maybe(0.4):
            steps.append({"not": self.pattern()})
        if self.maybe(0.15):
            steps.append(self.pattern())
        if self.maybe(0.8) or len(steps) == 1:
            last = self.pattern()
            if self.maybe(0.4):
                last["if"] = self.one(
                    ["since(1) > 3", "earlier(1, 'label') == label", "subject != earlier(1, 'subject')",
                     "earlier(1, 'score') > 0.5", "number('n') > earlier(1, 'n')"]
                )  # fmt: skip
            steps.append(last)
        return self.more({"sequence": steps}, within=1.0)

    def count(self) -> dict[str, Any]:
        bound = {self.one(["above", "above", "below"]): self.one([2, 3, 5])}
        when: dict[str, Any] = {"count": self.pattern(), **bound, "within": self.one(["1m", "10m"])}
        if self.maybe(0.3):
            when["distinct"] = self.one(["track", "plate", "label", "camera", "zone", "none"])
        if self.maybe(0.2):
            when["window"] = "tumbling"
        return self.more(when)

    def pattern(self) -> dict[str, Any]:
        kind = self.one(("object",) * 6 + ("crowd", "motion", "plate", "signal", "camera", "mqtt", "engine",
                                           "operator", "decision"))  # fmt: skip
        made: dict[str, Any] = getattr(self, f"_{kind}")()
        if self.maybe(0.2) and kind not in ("mqtt", "engine"):
            made |= self.one([{"cameras": self.some(CAMERAS)}, {"groups": self.one(["all", "one"])}])
        if self.maybe(0.25):
            made["if"] = self.expression()
        return made

    def _bounds(self, low: float, high: float) -> Any:
        one, two = sorted(round(self.random.uniform(low, high), 2) for _ in range(2))
        return self.one([{"above": one}, {"below": two}, {"above": one, "below": two}, {"below": low}])

    def _object(self) -> dict[str, Any]:
        made: dict[str, Any] = {"object": self.some([*LABELS, "any"])}
        whole: list[tuple[str, Any]] = [
            ("zone", self.some(ZONES)), ("score", self._bounds(0, 1)), ("speed", self._bounds(0, 0.5)),
            ("kmh", self._bounds(0, 60)),
            ("dwell", "10s"), ("stops", "20s"), ("left", "20s"), ("heading", {"from": 10, "to": self.one([60, 350])}),
            ("wrong_way", {"way": self.one([0, 90, 200])}), ("preset", "p1"), ("inside", "b"),
        ]  # fmt: skip
        moments: list[tuple[str, Any]] = [
            ("change", "began"), ("change", "ended"), ("change", "unknown"), ("enters", self.some(ZONES)),
            ("leaves", self.some(ZONES)),
            ("crosses", "l1"), ("starts", self.one([True, True, False])), ("removed", "20s"), ("wrong_way", "l1"),
        ]  # fmt: skip
        made |= dict(self.random.sample(whole, self.one([0, 0, 1, 1, 2, 3])))
        if self.maybe(0.4):
            key, value = self.one(moments)
            made[key] = value
            if key == "crosses" and self.maybe(0.5):
                made["direction"] = self.one(["in", "out", "left", "right"])
        return made

    def _crowd(self) -> dict[str, Any]:
        return {
            "crowd": self.some([*LABELS, "any"]),
            "zone": self.some(ZONES),
            self.one(["above", "below"]): 3,
        }

    def _motion(self) -> dict[str, Any]:
        made: dict[str, Any] = {"motion": self.one(["started", "stopped"])}
        if self.maybe(0.4):
            made[self.one(["zone", "share"])] = None
        made = {key: value for key, value in made.items() if value is not None}
        return made | (
            {"zone": "a"} if self.maybe(0.3) else {"share": self._bounds(0, 1)} if self.maybe(0.3) else {}
        )

    def _plate(self) -> dict[str, Any]:
        score = {"score": self._bounds(0, 1)} if self.maybe(0.3) else {}
        return {"plate": self.some(["any", "29E1", "99A9"]), **score}

    def _signal(self) -> dict[str, Any]:
        return {"signal": self.some(["Gate", "Tamper"]), **({"state": False} if self.maybe(0.3) else {})}

    def _camera(self) -> dict[str, Any]:
        return {"camera": self.some(STATES)}

    def _mqtt(self) -> dict[str, Any]:
        payload = {"payload": self.some(["open", "shut"])} if self.maybe(0.3) else {}
        return {"mqtt": self.some(["t/1", "t/+", "u/#"]), **payload}

    def _engine(self) -> dict[str, Any]:
        return {"engine": self.one(["engine.gap", "engine.rules", "engine.gab"])}

    def _operator(self) -> dict[str, Any]:
        return {"operator": self.some(["knock", "round"])}

    def _decision(self) -> dict[str, Any]:
        phase = {"phase": "resolved"} if self.maybe(0.3) else {}
        return {"decision": self.one(["base", "knock"]), **phase}

    def expression(self) -> str:
        words = [self._term() for _ in range(self.one([1, 1, 2]))]
        told = f" {self.one(['and', 'or'])} ".join(words)
        return f"not ({told})" if self.maybe(0.1) else told

    def _term(self) -> str:
        number = self.one(["score", "speed", "age", "dwell", "still", "count", "share", "heading", "y", "number('n')",
                           "dwell_in('a')"])  # fmt: skip
        text = self.one(
            ["label", "camera", "plate", "line", "direction", "payload", "rule", "severity", "text('w')"]
        )
        word = self.one(["person", "car", "c1", "29E1", "l1", "in", "open", "base", "info"])
        return str(
            self.one(
                [
                    f"{number} {self.one(['<', '>', '<=', '>='])} {self.one([0, 0.4, 3, 30])}",
                    f"{number} >= 0.2", f"{text} == '{word}'", f"{text} in ['{word}', 'x']", f"{text} != '{word}'",
                    "in_zone('a')", "entered('b')", "left('a')",
                    "state", "initial", "clock_suspect", "holiday", f"0.2 < {number} <= 3", f"{text} == $word",
                    f"{text} in list('words')", f"{number} > $bound", "minute >= 30", "weekday in ['sat', 'sun']",
                    f"min({number}, 3) > 1", f"{number} * 2 > 1", f"known({self.one(['plate', 'score'])})",
                    f"avg({number}, '1m') > 0.2", f"high({number}, '2m') >= 0.4", "counted('passes') < 5",
                    f"like({text}, '*{word[-1]}*')", "hour < 6", "weekday == 'mon'", "abs(speed) < 1",
                ]
            )
        )  # fmt: skip
