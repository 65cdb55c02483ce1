"""A filter that hides itself."""

from __future__ import annotations

from tests.tui.widgets.host import Host
from tui.widgets.filter import Filter


async def test_it_is_hidden_until_it_is_asked_for_and_empty_once_it_is_dropped() -> None:
    line = Filter()
    host = Host(line)
    async with host.run_test(size=(20, 2)) as pilot:
        assert not line.display
        assert not line.drop()
        host.screen.set_focus(None)
        line.ask()
        await pilot.press(*"gate")
        await pilot.pause()
        assert (line.display, line.value, host.focused) == (True, "gate", line)
        assert line.drop()
        assert (line.display, line.value) == (False, "")
