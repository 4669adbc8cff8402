"""Answering one request as it was recorded, whatever the rest of the server does."""

from tests.fake_octoprint import FakeOctoPrint
from tests.recorded import folder_index, recorded


def replay(fake: FakeOctoPrint, folder: str, *names: str) -> None:
    """Answer as recorded under these names, each to the request that it was recorded for."""
    for name in names:
        method, _, path = folder_index(folder)[name]["request"].partition(" ")
        answer = recorded(folder, name)
        fake.answer(
            method, path, status=answer.status, body=answer.body, headers=answer.headers
        )
