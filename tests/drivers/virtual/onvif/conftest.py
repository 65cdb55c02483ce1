"""A virtual camera's services for each test."""

import pytest

from tests.drivers.virtual.onvif.rig import Rig


@pytest.fixture
def rig() -> Rig:
    return Rig()
