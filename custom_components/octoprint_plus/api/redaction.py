"""Redaction: settings without what must not be shown.

Plugins keep what they like under names of their own, so names are judged by the words
in them. To leave out something harmless does less damage than to show a key.
"""

import re
from typing import Any

# Wherever in a name.
SECRET_PARTS = re.compile(
    r"api_?key|bearer|credential|passw|passphrase|passcode|secret|token|webhook",
    re.IGNORECASE,
)

# Only as a whole word: a keyboard and a bypass are no secrets.
SECRET_WORDS = frozenset(
    {
        "auth",
        "authorization",
        "cookie",
        "cookies",
        "headers",
        "key",
        "keys",
        "pass",
        "psk",
        "pwd",
        "salt",
        "salts",
    }
)

# Where in a name a word begins: aWord, AWord, ABCWord, a_word, a-word, a.word.
WORDS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+")

# The user and password in an address: everything up to the last @ before the path.
USER_INFO = re.compile(r"(?<=://)[^/?#\s\"'<>]*@")

# The value of a parameter in an address.
PARAMETER = re.compile(r"([?&;])([^=&;#\s\"'<>?]+)=[^&;#\s\"'<>]*")

# What an HTTP header or an option for curl holds.
AUTHORIZATION = re.compile(
    r"(\bBearer|Authorization[\"']?\s*[:=]\s*[\"']?\w+)\s+[^\s\"']+", re.IGNORECASE
)


def is_secret(name: str) -> bool:
    """Return whether what has this name must not be shown."""
    if SECRET_PARTS.search(name):
        return True
    return any(word.lower() in SECRET_WORDS for word in WORDS.findall(name))


def without_secrets(value: Any) -> Any:
    """Return settings without what has a secret's name, and texts without secrets.

    Names of commands and addresses stay; passwords in the text of a shell command
    other than in addresses and headers are not recognised.
    """
    if isinstance(value, dict):
        return {
            key: without_secrets(each)
            for key, each in value.items()
            if not is_secret(str(key))
        }
    if isinstance(value, list):
        return [without_secrets(each) for each in value]
    return _cleared(value) if isinstance(value, str) else value


def _cleared(value: str) -> str:
    value = USER_INFO.sub("", value)
    value = PARAMETER.sub(
        lambda found: f"{found[1]}{found[2]}=" if is_secret(found[2]) else found[0],
        value,
    )
    return AUTHORIZATION.sub(r"\1", value)
