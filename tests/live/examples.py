"""The examples of the documentation, and how what they return is compared with it."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
import re
from typing import Any

import yaml

from scripts.lab.server import ROOT

PAGES = (ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")))

PART = re.compile(
    r"^#+ (?P<heading>[^\n]+)$|^```yaml\n(?P<block>.*?)^```$", re.MULTILINE | re.DOTALL
)

ANY_BLOCK = re.compile(r"^\s*```ya?ml", re.MULTILINE | re.IGNORECASE)

# What people paste begins with one of these; a response has none of them.
STARTS = {"action", "logger", "sequence", "triggers"}


@dataclass
class Example:
    """Something to paste into Home Assistant."""

    heading: str
    content: dict[str, Any]
    response: Any = None
    """What it returns, where the documentation shows that."""


def read_examples(replaced: Mapping[str, str]) -> list[Example]:
    """Return all examples, with other texts for what differs in each home.

    Raises an AssertionError for a block that is neither an example nor a response.
    """
    examples = []
    for path in PAGES:
        page = path.read_text(encoding="utf-8")
        heading, blocks = "", 0
        example: Example | None = None
        for part in PART.finditer(page):
            if (block := part["block"]) is None:
                heading, example = part["heading"], None
                continue
            blocks += 1
            for old, new in replaced.items():
                block = block.replace(old, new)
            content = yaml.safe_load(block)
            if STARTS & content.keys():
                example = Example(heading, content)
                examples.append(example)
                continue
            assert example, f"{path.name}: no example before a block of “{heading}”"
            assert "response_variable" in example.content, (
                f"“{heading}” has no response"
            )
            assert example.response is None, f"“{heading}” has two responses"
            example.response = content
        assert blocks == len(ANY_BLOCK.findall(page)), (
            f"{path.name}: a block is not read"
        )
    return examples


def differences(
    found: Any, documented: Any, unknown: Collection[str] = (), path: str = ""
) -> Iterator[str]:
    """Yield where a response is not made as documented: other keys, or another type.

    A null in the documentation stands for anything. What is `unknown` may be null or
    empty although the documentation shows a value. Each part of a list has to be made as
    one of those in the documentation.
    """
    is_unknown = path.rpartition(".")[2] in unknown
    if documented is None or (is_unknown and found in (None, [])):
        return
    if _kind(found) != _kind(documented):
        yield f"{path}: {found!r} and not a {_kind(documented)}"
    elif isinstance(documented, dict):
        for key in sorted(found.keys() ^ documented.keys()):
            yield f"{path}.{key}: only {'returned' if key in found else 'documented'}"
        for key in found.keys() & documented.keys():
            yield from differences(
                found[key], documented[key], unknown, f"{path}.{key}"
            )
    elif isinstance(documented, list):
        if not found:
            yield f"{path}: nothing to compare"
        for each in found:
            # Of several, the one that it is most like.
            yield from min(
                (list(differences(each, like, unknown, path)) for like in documented),
                key=len,
            )


def _kind(value: Any) -> str:
    """Return what a value is in JSON."""
    match value:
        case bool():
            return "boolean"
        case int() | float():
            return "number"
        case str():
            return "text"
        case list():
            return "list"
        case dict():
            return "object"
    return "null"
