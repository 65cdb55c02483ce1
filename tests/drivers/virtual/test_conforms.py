"""The virtual driver through conformance: nothing about it is special."""

from pathlib import Path

import pytest

from drivers import virtual
from drivers.conformance import DriverConformance
from drivers.contract import Driver, Login, Target


class TestVirtualConforms(DriverConformance):
    @pytest.fixture
    def driver(self) -> Driver:
        return virtual.driver

    @pytest.fixture
    def target(self) -> Target:
        return Target("virtual://street?ptz=1")

    @pytest.fixture
    def wrong_login(self) -> Login:
        pytest.skip("it takes whatever login it is opened with as its account")

    @pytest.fixture
    def dead_target(self, tmp_path: Path) -> Target:
        return Target(f"virtual://{tmp_path}/no-such-clip.mp4")
