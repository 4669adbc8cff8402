"""How firmwares read a line off the serial port, as far as that can lose a print.

Told after what Marlin, Prusa's firmware and RepRapFirmware do; each returns the numbers
and commands of the lines that it takes, or None where it asks for a line again.
"""

from collections.abc import Callable
import re

type Taken = list[tuple[int, str]] | None

SIZE = 96


def sent(line: str, number: int) -> bytes:
    """Return the bytes that OctoPrint sends for a line in a print."""
    data = f"N{number} ".encode() + line.encode("ascii", errors="replace")
    checksum = 0
    for byte in data:
        checksum ^= byte
    return data + f"*{checksum}".encode() + b"\n"


def _checked(text: str, star: int, number: int) -> Taken:
    """Return the line where its number and checksum are right."""
    checksum = 0
    for each in text[: max(star, 0)]:
        checksum ^= ord(each)
    found = re.match(r"\*(\d+)", text[star:]) if star >= 0 else None
    counted = re.match(r"N(\d+) ?", text)
    if not found or not counted or int(found[1]) != checksum:
        return None
    if int(counted[1]) != number:
        return None
    return [(number, text[counted.end() : star])]


def _each(data: bytes, end: str, read: Callable[[str], Taken]) -> Taken:
    """Return what is taken of all lines that a firmware sees."""
    taken: list[tuple[int, str]] = []
    for text in re.split(end, data.decode("ascii")):
        if not text:
            continue
        if (found := read(text)) is None:
            return None
        taken += found
    return taken


def old(data: bytes, number: int) -> Taken:
    """Read as Marlin of before 2015: a colon ends a line, the first star counts."""

    def read(text: str) -> Taken:
        text = text.split(";", maxsplit=1)[0]
        if "M110" in text:
            return []
        return _checked(text[: SIZE - 1], text.find("*"), number)

    return _each(data, "[\r\n:]", read)


def prusa(data: bytes, number: int) -> Taken:
    """Read as Prusa's firmware: a long line ends, and PRUSA has no number."""

    def read(text: str) -> Taken:
        text = text.split(";", maxsplit=1)[0]
        if len(text) >= SIZE - 1 or "PRUSA" in text:
            return None
        return _checked(text, text.find("*"), number)

    return _each(data, "[\r\n]", read)


def marlin(data: bytes, number: int) -> Taken:
    """Read as Marlin 2 with all that can be configured: comments, strings, escapes."""

    def read(text: str) -> Taken:
        kept, state, escaped = "", "", False
        for each in text:
            if state == "end":
                break
            if state == "(":
                state = "" if each == ")" else state
                continue
            if escaped:
                escaped = False
            elif each == "\\":
                escaped = True
                if not state:
                    continue
            elif each == '"':
                state = "" if state else '"'
            elif each == ";" and not state:
                break
            elif each == "(" and not state:
                state = "("
                continue
            if each == "\b":
                kept = kept[:-1]
                continue
            kept += each
            state = "end" if len(kept) >= SIZE - 1 else state
        if "M110" in kept:
            return None
        return _checked(kept, kept.rfind("*"), number)

    return _each(data, "[\r\n]", read)


def reprap(data: bytes, number: int) -> Taken:
    """Read as RepRapFirmware: no checksum within braces and strings."""

    def read(text: str) -> Taken:
        braces, quoted = 0, False
        if "\x7f" in text or "\0" in text:
            return None
        for index, each in enumerate(text):
            if quoted:
                quoted = each != '"'
            elif each == '"':
                quoted = True
            elif each == "{":
                braces += 1
            elif each == "}":
                braces = max(0, braces - 1)
            elif each in ";(":
                return None
            elif each == "*" and not braces:
                return _checked(text, index, number)
        return None

    return _each(data, "[\r\n]", read)


def smoothie(data: bytes, number: int) -> Taken:
    """Read as a relative of Smoothieware: a question mark is a question of its own."""

    def read(text: str) -> Taken:
        text = text.replace("?", "")
        return _checked(text, text.find("*"), number)

    return _each(data, "[\r\n]", read)


FIRMWARES = (old, prusa, marlin, reprap, smoothie)
