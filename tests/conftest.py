"""What every ring shares: one certificate authority per run."""

from __future__ import annotations

import pytest

from tests.standins.certificates import Certificates


@pytest.fixture(scope="session")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return Certificates(tmp_path_factory.mktemp("certificates"))
