"""Texts of others that are shown among our own, where Markdown would take them for more."""

import re

# What is more than text in Markdown, and HTML, which it passes on.
MARKDOWN = re.compile(r"([\\`*_{}\[\]()<>#!|~&])")

# An address becomes a link wherever it stands, and so does one that only looks so.
LINK = re.compile(r"://|\bwww\.", re.IGNORECASE)


# Characters of a name that fit into a sentence.
MAX_NAME = 100


def one_line(text: str, length: int) -> str:
    """Return a text in one line without control characters, cut to a length."""
    # Only so much is looked at of what may be very long.
    printable = (each if each.isprintable() else " " for each in text[: 4 * length])
    line = " ".join("".join(printable).split())
    return line if len(line) <= length else line[: length - 1].rstrip() + "…"


def quoted(text: str, length: int) -> str:
    """Return a text of somebody else as it is put into a text of ours that is Markdown."""
    return escaped(one_line(text, length))


def printer_name(title: str) -> dict[str, str]:
    """Return a printer's name as `name` for titles, and as `printer` for texts in Markdown."""
    return {"name": one_line(title, MAX_NAME), "printer": quoted(title, MAX_NAME)}


def escaped(text: str) -> str:
    """Return a text as Markdown shows it and nothing else."""
    return LINK.sub(_unlinked, MARKDOWN.sub(r"\\\1", text))


def _unlinked(match: re.Match[str]) -> str:
    """Return the same characters in a way in which nothing takes them for a link."""
    return match[0].replace(":", "&#58;").replace(".", "&#46;")
