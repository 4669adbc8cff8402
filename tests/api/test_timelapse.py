"""Test timelapse: what is recorded, how, and the films that come of it."""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from custom_components.octoprint_plus.api import (
    OctoPrintClient,
    OctoPrintConflictError,
    OctoPrintConnectionError,
    OctoPrintNotFoundError,
    OctoPrintPermissionError,
    OctoPrintRequestError,
)
from custom_components.octoprint_plus.api.timelapse import (
    TIMELAPSE_OFF,
    TIMELAPSE_TIMED,
    TIMELAPSE_ZCHANGE,
    Timelapse,
    TimelapseApi,
    TimelapseConfig,
    Timelapses,
    Unrendered,
    parse_config,
    parse_timelapses,
)
from tests.fake_octoprint import FakeOctoPrint

from .answering import replay

PATH = "/api/timelapse"
FILM = "tl_20261121024859.mp4"
IMAGES = "tl_20261121024859"

type Call = Callable[[TimelapseApi], Awaitable[Any]]


async def test_off(client: OctoPrintClient, fake: FakeOctoPrint) -> None:
    assert await client.timelapse.list() == Timelapses(
        config=TimelapseConfig(type=TIMELAPSE_OFF),
        is_enabled=True,
        films=(),
        unrendered=(),
    )
    assert fake.requests[0].query == {"unrendered": "true"}


async def test_recording(client: OctoPrintClient, fake: FakeOctoPrint) -> None:
    replay(fake, "timelapse", "while_printing")
    assert await client.timelapse.list() == Timelapses(
        config=TimelapseConfig(
            type=TIMELAPSE_TIMED,
            post_roll=0,
            fps=25,
            interval=2,
            render_after_print="always",
        ),
        is_enabled=True,
        films=(),
        unrendered=(
            Unrendered(
                name=IMAGES, count=2, size=268, is_recording=True, is_rendering=False
            ),
        ),
    )


async def test_rendering(client: OctoPrintClient, fake: FakeOctoPrint) -> None:
    replay(fake, "timelapse", "while_rendering")
    (images,) = (await client.timelapse.list()).unrendered
    assert (images.is_recording, images.is_rendering) == (False, True)


async def test_films(client: OctoPrintClient, fake: FakeOctoPrint) -> None:
    replay(fake, "timelapse", "after_rendering")
    (film,) = (await client.timelapse.list()).films
    assert film == Timelapse(
        name=FILM,
        size=20000,
        date=film.date,
        path=f"downloads/timelapse/{FILM}",
        thumbnail=f"downloads/timelapse/{FILM}.thumb.jpg",
    )


def test_odd_names() -> None:
    films = parse_timelapses(
        {"files": [{"name": "a b#ü%.mp4"}, {"name": "../x.mp4"}, {"name": ".."}, {}]}
    ).films
    assert [film.name for film in films] == ["a b#ü%.mp4"]
    assert films[0].path == "downloads/timelapse/a%20b%23%C3%BC%25.mp4"
    assert films[0].thumbnail is None


@pytest.mark.parametrize(
    "answer",
    [
        {},
        {"config": None, "files": {}, "unrendered": "x", "enabled": None},
        {"config": {"type": 1}, "files": [None], "unrendered": [{"count": 1}]},
    ],
)
def test_junk(answer: dict[str, Any]) -> None:
    assert parse_timelapses(answer) == Timelapses(
        config=TimelapseConfig(type=TIMELAPSE_OFF),
        is_enabled=True,
        films=(),
        unrendered=(),
    )


def test_junk_within() -> None:
    assert parse_timelapses({"enabled": False}).is_enabled is False
    assert parse_config(
        {"type": "zchange", "fps": "25", "minDelay": float("nan"), "postRoll": 1.5}
    ) == TimelapseConfig(type=TIMELAPSE_ZCHANGE, post_roll=1)


@pytest.mark.parametrize(
    ("config", "save", "sent", "answer", "expected"),
    [
        (
            TimelapseConfig(type=TIMELAPSE_OFF),
            False,
            {"type": "off"},
            ("general", "timelapse_off"),
            TimelapseConfig(type=TIMELAPSE_OFF),
        ),
        (
            TimelapseConfig(
                type=TIMELAPSE_ZCHANGE,
                fps=10,
                post_roll=1,
                min_delay=5,
                retraction_z_hop=0.5,
            ),
            True,
            {
                "type": "zchange",
                "fps": 10,
                "postRoll": 1,
                "minDelay": 5,
                "retractionZHop": 0.5,
                "save": True,
            },
            ("timelapse", "post_zchange"),
            TimelapseConfig(
                type=TIMELAPSE_ZCHANGE,
                fps=10,
                post_roll=1,
                min_delay=5,
                retraction_z_hop=0.5,
                render_after_print="always",
            ),
        ),
    ],
)
async def test_configure(
    client: OctoPrintClient,
    fake: FakeOctoPrint,
    config: TimelapseConfig,
    save: bool,
    sent: dict[str, Any],
    answer: tuple[str, str],
    expected: TimelapseConfig,
) -> None:
    replay(fake, *answer)
    assert await client.timelapse.configure(config, save=save) == expected
    assert fake.commands() == [(PATH, sent)]


async def test_configure_timed(client: OctoPrintClient, fake: FakeOctoPrint) -> None:
    answer = {"config": {"type": "timed", "interval": 3}}
    fake.answer("POST", PATH, json=answer)
    config = TimelapseConfig(
        type=TIMELAPSE_TIMED, interval=3, render_after_print="never"
    )
    assert (await client.timelapse.configure(config)).interval == 3
    assert fake.commands() == [
        (PATH, {"type": "timed", "interval": 3, "renderAfterPrint": "never"})
    ]


async def test_without_ffmpeg(client: OctoPrintClient, fake: FakeOctoPrint) -> None:
    """Test that it is told: OctoPrint answers as if all were well."""
    replay(fake, "general", "timelapse_config_post")
    assert fake.json("POST", PATH)["config"] == {"type": "off"}
    with pytest.raises(OctoPrintConflictError, match="does not record timed: ffmpeg"):
        await client.timelapse.configure(TimelapseConfig(type=TIMELAPSE_TIMED))


async def test_number_out_of_range(
    client: OctoPrintClient, fake: FakeOctoPrint
) -> None:
    fake.answer("POST", PATH, status=400, json={"error": "fps is invalid"})
    with pytest.raises(OctoPrintRequestError, match="fps is invalid"):
        await client.timelapse.configure(TimelapseConfig(type=TIMELAPSE_TIMED, fps=0))


async def test_configure_answers_junk(
    client: OctoPrintClient, fake: FakeOctoPrint
) -> None:
    fake.answer("POST", PATH, json="junk")
    with pytest.raises(OctoPrintConnectionError):
        await client.timelapse.configure(TimelapseConfig(type=TIMELAPSE_OFF))


async def test_delete(client: OctoPrintClient, fake: FakeOctoPrint) -> None:
    replay(fake, "timelapse", "after_rendering", "delete")
    await client.timelapse.delete(FILM)
    assert [(each.method, each.path) for each in fake.requests] == [
        ("GET", PATH),
        ("DELETE", f"{PATH}/{FILM}"),
    ]


async def test_render_and_delete_images(
    client: OctoPrintClient, fake: FakeOctoPrint
) -> None:
    path = f"{PATH}/unrendered/a%20b%23"
    fake.answer("GET", PATH, json={"unrendered": [{"name": "a b#"}]})
    fake.answer("POST", path, status=204)
    fake.answer("DELETE", path, status=204)
    await client.timelapse.render("a b#")
    await client.timelapse.delete_unrendered("a b#")
    assert [
        (each.method, each.path, each.json)
        for each in fake.requests
        if each.method != "GET"
    ] == [("POST", path, {"command": "render"}), ("DELETE", path, None)]


async def test_render_during_a_print(
    client: OctoPrintClient, fake: FakeOctoPrint
) -> None:
    replay(fake, "timelapse", "while_printing")
    text = "Printer is currently printing, cannot render timelapse"
    path = f"{PATH}/unrendered/{IMAGES}"
    fake.answer("POST", path, status=409, json={"error": text})
    with pytest.raises(OctoPrintConflictError, match=text):
        await client.timelapse.render(IMAGES)


@pytest.mark.parametrize("name", ["gone", "tl", "tl_*", FILM + ".thumb.jpg"])
@pytest.mark.parametrize(
    "call",
    [
        lambda name: lambda api: api.delete(name),
        lambda name: lambda api: api.render(name),
        lambda name: lambda api: api.delete_unrendered(name),
    ],
)
async def test_unknown_name(
    client: OctoPrintClient,
    fake: FakeOctoPrint,
    call: Callable[[str], Call],
    name: str,
) -> None:
    """Test that it is told: OctoPrint answers as if something had been done."""
    replay(fake, "timelapse", "after_rendering")
    with pytest.raises(OctoPrintNotFoundError, match=r"There (is|are) no"):
        await call(name)(client.timelapse)
    assert {each.method for each in fake.requests} == {"GET"}


@pytest.mark.parametrize("name", ["", "..", "../x", "a/../b"])
async def test_astray(client: OctoPrintClient, fake: FakeOctoPrint, name: str) -> None:
    timelapse = client.timelapse
    for call in (
        timelapse.delete(name),
        timelapse.render(name),
        timelapse.delete_unrendered(name),
    ):
        with pytest.raises(OctoPrintNotFoundError, match="There is nothing at"):
            await call
    assert fake.requests == []


@pytest.mark.parametrize(
    ("call", "permission"),
    [
        (lambda api: api.list(), "TIMELAPSE_LIST"),
        (
            lambda api: api.configure(TimelapseConfig(type=TIMELAPSE_OFF)),
            "TIMELAPSE_ADMIN",
        ),
        (lambda api: api.delete(FILM), "TIMELAPSE_LIST"),
    ],
)
async def test_not_permitted(
    client: OctoPrintClient, fake: FakeOctoPrint, call: Call, permission: str
) -> None:
    fake.user("limited")
    with pytest.raises(OctoPrintPermissionError) as caught:
        await call(client.timelapse)
    assert caught.value.permission == permission


@pytest.mark.parametrize(
    ("method", "path", "call", "permission"),
    [
        ("DELETE", f"{PATH}/{FILM}", lambda api: api.delete(FILM), "TIMELAPSE_DELETE"),
        (
            "POST",
            f"{PATH}/unrendered/x",
            lambda api: api.render("x"),
            "TIMELAPSE_MANAGE_UNRENDERED",
        ),
        (
            "DELETE",
            f"{PATH}/unrendered/x",
            lambda api: api.delete_unrendered("x"),
            "TIMELAPSE_MANAGE_UNRENDERED",
        ),
    ],
)
async def test_only_reading_permitted(
    client: OctoPrintClient,
    fake: FakeOctoPrint,
    method: str,
    path: str,
    call: Call,
    permission: str,
) -> None:
    fake.user("readonly")
    listing = {"files": [{"name": FILM}], "unrendered": [{"name": "x"}]}
    fake.answer("GET", PATH, json=listing)
    fake.answer(method, path, status=403, json={"error": "no"})
    with pytest.raises(OctoPrintPermissionError) as caught:
        await call(client.timelapse)
    assert caught.value.permission == permission
