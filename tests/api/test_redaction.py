"""Test redaction: no secret is left, and little else is lost."""

from typing import Any

import pytest

from custom_components.octoprint_plus.api.redaction import is_secret, without_secrets
from tests.recorded import recorded

SECRETS = [
    "key",
    "apiKey",
    "apikey",
    "api_key",
    "api-key",
    "APIKey",
    "user_key",
    "userKey",
    "enc_key",
    "PrivateKey",
    "keys",
    "password",
    "Password",
    "mqttpassword",
    "snapshotPassword",
    "wifi_passphrase",
    "passcode",
    "passwd",
    "pass",
    "userPass",
    "pwd",
    "wifiPSK",
    "secret",
    "clientSecret",
    "secretKey",
    "token",
    "snapshotBearerToken",
    "bottoken",
    "auth_token",
    "salt",
    "passwordSalt",
    "credentials",
    "Authorization",
    "headers",
    "cookie",
    "webhookUrl",
    "basicAuth",
]

HARMLESS = [
    "keyboardControl",
    "monkey",
    "hotkeyed",
    "bypass",
    "compass",
    "passive",
    "author",
    "authority",
    "name",
    "upnpUuid",
    "url",
    "streamUrl",
    "snapshotUsername",
    "basaltic",
    "header",
    "temperature",
    "",
]


@pytest.mark.parametrize("name", SECRETS)
def test_secret(name: str) -> None:
    assert is_secret(name)
    assert without_secrets({"plugins": {"x": [{name: "s3cr3t"}]}}) == {
        "plugins": {"x": [{}]}
    }
    # However much is in it.
    assert without_secrets({name: {"a": ["s3cr3t"]}, "b": 1}) == {"b": 1}


@pytest.mark.parametrize("name", HARMLESS)
def test_harmless(name: str) -> None:
    assert not is_secret(name)
    assert without_secrets({name: "x"}) == {name: "x"}


@pytest.mark.parametrize(
    ("text", "cleared"),
    [
        ("http://user:p4ss@cam.local/stream", "http://cam.local/stream"),
        ("rtsp://user@cam.local:554/1", "rtsp://cam.local:554/1"),
        ("http://u:p@ss@cam.local/", "http://cam.local/"),
        ("http://cam.local/a@b", "http://cam.local/a@b"),
        ("http://cam.local/?mail=a@b", "http://cam.local/?mail=a@b"),
        ("http://cam/?token=abc&x=1", "http://cam/?token=&x=1"),
        ("/webcam/?action=stream", "/webcam/?action=stream"),
        ("/cam?a=1&apikey=abc#x", "/cam?a=1&apikey=#x"),
        ("curl 'http://u:p@h/x' -s", "curl 'http://h/x' -s"),
        ('curl -H "X: Bearer abcdef123"', 'curl -H "X: Bearer"'),
        ("Authorization: Basic dXNlcjpwYXNz", "Authorization: Basic"),
        ('{"Authorization": "Digest abc"}', '{"Authorization": "Digest"}'),
        ("The basic settings", "The basic settings"),
        ("sudo shutdown -h now", "sudo shutdown -h now"),
        ("mail me: a@b.example", "mail me: a@b.example"),
        ("", ""),
    ],
)
def test_text(text: str, cleared: str) -> None:
    assert without_secrets({"x": [text]}) == {"x": [cleared]}


@pytest.mark.parametrize("value", [None, True, 0, 1.5, [], {}, [[None, {"a": 1}]]])
def test_the_rest_stays(value: Any) -> None:
    assert without_secrets(value) == value


def test_recorded_settings() -> None:
    """Test what is left out of real settings: these and nothing else."""

    def lost(before: Any, after: Any, path: str = "") -> list[str]:
        if isinstance(before, dict):
            return [
                found
                for key, value in before.items()
                for found in (
                    lost(value, after[key], f"{path}.{key}")
                    if key in after
                    else [f"{path}.{key}"]
                )
            ]
        return [] if before == after else [path]

    settings = recorded("general", "settings").json
    assert lost(settings, without_secrets(settings)) == [
        ".api.key",
        ".plugins.classicwebcam.snapshotAuth",
        ".plugins.classicwebcam.snapshotBearerToken",
        ".plugins.classicwebcam.snapshotPassword",
        ".plugins.virtual_printer.passcode",
    ]
