"""What answers at the address, without Ray's processes: replicas are a fake that is slow to be found."""

from __future__ import annotations

import asyncio

import pytest
from fastapi.testclient import TestClient

from demo.errors import RemoteError
from demo.rankers.cross_encoder.elsewhere.wire import MODELS_PATH, Answer, Work
from demo.settings import Settings

pytest.importorskip("ray", reason="Ray is not installed: pip install -r requirements-ray.txt")


class Found:
    """Replicas that say where weights are, or do not."""

    def __init__(self, places: dict[str, str] | None) -> None:
        self.asked, self._places = 0, places

    async def places(self) -> dict[str, str]:
        await asyncio.sleep(0.01)
        self.asked += 1
        if self._places is None:
            raise RemoteError("The servers that score failed.")
        return self._places

    async def send(self, work: Work) -> Answer:
        raise NotImplementedError


@pytest.mark.parametrize(("places", "status"), [({"m": "cached"}, 200), (None, 503)])
def test_replicas_are_found_before_the_first_request(places: dict[str, str] | None, status: int) -> None:
    from demo.serving.ingress import application

    found = Found(places)
    with TestClient(application(Settings(), found), base_url="http://127.0.0.1") as front:
        assert found.asked == 1
        answer = front.get(MODELS_PATH)
        assert answer.status_code == status
        if places:
            assert answer.json() == places
