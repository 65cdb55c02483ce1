"""A box that is crossed or not."""

from __future__ import annotations

from textual.app import App, ComposeResult

from tui.widgets.tick import Tick


class Host(App[None]):
    CSS = "Tick { height: 1; width: 100%; }"

    def compose(self) -> ComposeResult:
        yield Tick("time", value=True, id="first")
        yield Tick("names", id="second")


async def test_space_and_the_mouse_cross_and_clear_it() -> None:
    async with Host().run_test() as pilot:
        first, second = pilot.app.query_one("#first", Tick), pilot.app.query_one("#second", Tick)
        first.focus()
        await pilot.pause()
        assert str(first.render()) == "▌[x] time"
        await pilot.press("space")
        await pilot.click("#second")
        assert (first.value, second.value) == (False, True)
        assert str(second.render()).endswith("[x] names")
