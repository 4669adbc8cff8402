"""Test the sessions that log a socket in, and what ends them."""

from typing import Any

import pytest

from custom_components.octoprint_plus.api import OctoPrintAuthError, OctoPrintClient
from custom_components.octoprint_plus.api.errors import ConnectionCause
from custom_components.octoprint_plus.api.socket.messages import (
    PrintEnding,
    ReauthRequired,
)
from custom_components.octoprint_plus.api.socket.push import (
    OctoPrintPush,
    PushLost,
    PushStarted,
)
from tests.fake_octoprint import FakeOctoPrint
from tests.recorded import Answer

from .listening import cause, heard, listening

PUSH = "custom_components.octoprint_plus.api.socket.push"


def sessions(fake: FakeOctoPrint) -> list[str]:
    """Return what sockets were logged in with."""
    return [
        each.message["auth"] for each in fake.push.received if "auth" in each.message
    ]


def logins(fake: FakeOctoPrint) -> int:
    """Return how often the key was exchanged for a session."""
    return sum(request.path == "/api/login" for request in fake.requests)


async def test_session_is_kept(
    push: OctoPrintPush, fake: FakeOctoPrint, no_pauses: None
) -> None:
    """Test that the key is sent once, however often the socket is lost."""
    async with listening(push) as listener:
        for count in range(1, 6):
            await listener.next(PushStarted, count)
            await fake.push.drop()
            lost = await listener.next(PushLost, count)
            assert lost.attempts == 0
            assert cause(lost) is ConnectionCause.BROKEN
        await listener.next(PushStarted, 6)
    assert logins(fake) == 1
    assert len(sessions(fake)) == 6
    assert len(set(sessions(fake))) == 1


async def test_stale_at_the_handshake(
    push: OctoPrintPush, fake: FakeOctoPrint, no_pauses: None
) -> None:
    """Test that a session that the server forgot is replaced on the same socket."""
    async with listening(push) as listener:
        await listener.next(PushStarted)
        fake.push.forget_sessions()
        await fake.push.drop()
        await listener.next(PushStarted, 2)
        assert fake.push.opened == 2
        assert len(listener.of(PushLost)) == 1
    first, again, second = sessions(fake)
    assert first == again
    assert second != first
    assert logins(fake) == 2


@pytest.mark.parametrize("reason", ["logout", "removed", "modified"])
async def test_login_is_asked_for(
    push: OctoPrintPush, fake: FakeOctoPrint, reason: str
) -> None:
    """Test that a new log-in is told, and that nothing is lost meanwhile."""
    async with listening(push) as listener:
        await listener.next(PushStarted)
        await fake.push.reauth(reason)
        # Told while nobody may be logged in.
        await fake.push.event("PrintDone", {"path": "a.gcode"})
        assert await listener.next(ReauthRequired) == ReauthRequired(reason=reason)
        await listener.next(PrintEnding)
        await heard(listener, fake)
        assert listener.of(PushLost) == []
    assert len(set(sessions(fake))) == 2
    assert logins(fake) == 2
    assert fake.push.opened == 1


async def test_stale_later(
    push: OctoPrintPush, fake: FakeOctoPrint, no_pauses: None
) -> None:
    """Test a session that goes stale under a socket, new or used again."""
    async with listening(push) as listener:
        await listener.next(PushStarted)
        await fake.push.drop()
        await listener.next(PushStarted, 2)
        await fake.push.reauth("stale")
        await listener.next(ReauthRequired)
        await heard(listener, fake)
        assert len(listener.of(PushLost)) == 1

        # A new session that is not accepted is begun anew, on a new socket.
        await fake.push.reauth("stale")
        await listener.next(PushStarted, 3)
        await heard(listener, fake)
    assert len(set(sessions(fake))) == 3


async def test_stale_twice(
    push: OctoPrintPush,
    fake: FakeOctoPrint,
    monkeypatch: pytest.MonkeyPatch,
    no_pauses: None,
) -> None:
    """Test that a server that never accepts its own sessions is not asked without end."""
    login = fake.push.login

    def forgetful(json: Any, *, active: bool = True) -> Answer:
        answer = login(json, active=active)
        fake.push.forget_sessions()
        return answer

    monkeypatch.setattr(fake.push, "login", forgetful)
    async with listening(push) as listener:
        lost = await listener.next(PushLost, 3)
        assert cause(lost) is ConnectionCause.NOT_OCTOPRINT
        assert lost.attempts == 3
        monkeypatch.undo()
        await listener.next(PushStarted)
    # No session was tried twice.
    assert len(set(sessions(fake))) == len(sessions(fake))


async def test_key_is_refused(
    push: OctoPrintPush, fake: FakeOctoPrint, no_pauses: None
) -> None:
    """Test a key that is not, or not any more, known when the socket logs in."""
    known, fake.key = fake.key, "ANOTHER_KEY"
    async with listening(push) as listener:
        lost = await listener.next(PushLost, 2)
        assert isinstance(lost.error, OctoPrintAuthError)
        assert lost.attempts == 2
        fake.key = known
        await listener.next(PushStarted)


async def test_key_is_revoked(
    push: OctoPrintPush, fake: FakeOctoPrint, no_pauses: None
) -> None:
    """Test that the log-in that is asked for, with a key that is gone, is told as that."""
    async with listening(push) as listener:
        await listener.next(PushStarted)
        fake.key = "ANOTHER_KEY"
        await fake.push.reauth("removed")
        assert isinstance((await listener.next(PushLost)).error, OctoPrintAuthError)


async def test_user_is_switched_off(
    push: OctoPrintPush, fake: FakeOctoPrint, no_pauses: None
) -> None:
    fake.user("inactive")
    async with listening(push) as listener:
        assert isinstance((await listener.next(PushLost)).error, OctoPrintAuthError)


async def test_user_may_not_see_the_state(
    push: OctoPrintPush, fake: FakeOctoPrint, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Test that a key that gets no history is told as silence, and the socket closed."""
    monkeypatch.setattr(f"{PUSH}.HANDSHAKE_TIMEOUT", 0.05)
    fake.user("none")
    async with listening(push) as listener:
        assert cause(await listener.next(PushLost)) is ConnectionCause.TIMEOUT
        await fake.push.wait_closed()


async def test_nothing_secret_is_printed(
    push: OctoPrintPush,
    client: OctoPrintClient,
    fake: FakeOctoPrint,
    no_pauses: None,
) -> None:
    """Test that neither key nor session stand in what is yielded or its texts."""
    async with listening(push) as listener:
        await listener.next(PushStarted)
        login = await client.access.login()
        known = {fake.key, login.session, *fake.push.sessions}
        assert len(known) == 3
        fake.push.forget_sessions()
        await fake.push.drop()
        await listener.next(PushStarted, 2)
        known.update(fake.push.sessions)
        assert len(known) == 4
        told = repr(listener.messages) + repr(login)
        assert not any(secret in told for secret in known)
