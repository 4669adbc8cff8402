"""G-code: lines that a firmware takes as they are meant, whatever text is in them.

In a print OctoPrint sends `N<number> <line>*<checksum>`. A firmware that sees the end of
such a line elsewhere asks for it again for ever, and OctoPrint gives up the print.
"""

from collections.abc import Iterable, Mapping, Sequence
import re
import unicodedata

from .errors import OctoPrintRequestError
from .parsing import dumped

# What Marlin keeps of a message; a display shows less and scrolls.
MAX_TEXT = 64

# Marlin and Prusa's firmware keep 94 characters of a line, and the rest, with the
# checksum, is cut off or even taken for the next line. OctoPrint adds up to 14.
MAX_GCODE_LINE = 80

# OctoPrint cuts the connection where a request is larger than 100 KiB.
MAX_REQUEST = 100_000

# Everything before the first semicolon that no backslash protects, as OctoPrint reads it.
CODE = re.compile(r"(?:[^;\\]|\\.?)*", re.DOTALL)

# A placeholder as OctoPrint fills it, an escaped percent sign, or a plain one.
PERCENT = re.compile(
    r"%(?:%|\((?P<name>[^()]+)\)(?P<kind>[#0+-]*\d{0,2}(?:\.\d{1,2})?[diouxXeEfFgGs])?)?"
)

LINE_END = re.compile(r"[\r\n]+")
DISPLAY = re.compile(r"\s*M117(?![0-9.])(.*)", re.IGNORECASE | re.DOTALL)
# A line's own number, and M110 as firmwares read it but OctoPrint does not, which would
# then go on to count by itself.
NUMBERED = re.compile(
    r"\s*(?:N\s*[0-9]|(?!(?-i:M110))M\s*0*110(?![0-9]))", re.IGNORECASE
)

# Commands that every firmware knows; only these get a checksum by default.
CLASSIC = re.compile(r"\s*[GMT][0-9]", re.IGNORECASE)

# A list of numbers, as RepRapFirmware takes it: only there a colon has a meaning.
NUMBERS = re.compile(r"[-+.0-9]+(?::[-+.0-9]+)+")
EXPONENT = re.compile(r"[0-9.]e[-+]?[0-9]", re.IGNORECASE)

# How letters are written that are more than a letter with an accent.
LETTERS = str.maketrans(
    dict(
        zip(
            "äöüÄÖÜßẞæÆœŒøØłŁđĐðÐþÞħĦ\N{LATIN SMALL LETTER DOTLESS I}",
            [
                "ae",
                "oe",
                "ue",
                "Ae",
                "Oe",
                "Ue",
                "ss",
                "SS",
                "ae",
                "AE",
                "oe",
                "OE",
                "oe",
                "Oe",
                "l",
                "L",
                "d",
                "D",
                "d",
                "D",
                "th",
                "Th",
                "h",
                "H",
                "i",
            ],
            strict=True,
        )
    )
)

# How signs are written that a firmware could take for its own, and some others.
SIGNS = str.maketrans(
    {
        # The checksum.
        "*": "#",
        # Comments.
        ";": ",",
        "(": "[",
        ")": "]",
        # The end of a line for firmwares of before 2015.
        ":": ".",
        # Expressions, strings, and what protects the next character.
        "{": "[",
        "}": "]",
        '"': "'",
        "\\": "/",
        # Firmwares that stem from Smoothieware answer it anywhere, and drop it.
        "?": ".",
        "\N{SINGLE LOW-9 QUOTATION MARK}": "'",
        "„": "'",
        "\N{PRIME}": "'",
        "″": "'",
        "\N{MINUS SIGN}": "-",
        "\N{FRACTION SLASH}": "/",
        "•": "-",
        "×": "x",
        "÷": "/",
        "→": "->",
        "←": "<-",
        "€": "EUR",
        "μ": "u",
    }
)

# Control characters, and those that separate lines or stand for nothing.
UNWRITABLE = ("Cc", "Cn", "Co", "Cs", "Zl", "Zp")

# Marlin looks for M110 in the whole line and then counts anew, Prusa's firmware for
# PRUSA and then does not count at all; others look for what is urgent everywhere.
COUNTING = re.compile(r"M(?=108|11[02]|410|29)|(?<=P)RUSA")

# Some firmwares look for a command anywhere in a line, too.
COMMAND = re.compile(r"[GMNT](?=\s*[-+.]?[0-9])")


class PlaceholderError(OctoPrintRequestError):
    """A placeholder has no value, or one that does not fit."""

    def __init__(self, name: str, placeholder: str, value: str | None = None) -> None:
        """Take the parameter's name, the placeholder, and the value if there is one."""
        super().__init__(f"{placeholder} cannot be filled with {value}")
        self.name = name
        self.placeholder = placeholder
        self.value = value


class UnsafeLineError(OctoPrintRequestError):
    """A line would be taken for something else by the printer, so it is not sent."""

    def __init__(self, line: str, reason: str) -> None:
        """Take the line, and what is wrong: control, sign, number or length."""
        super().__init__(f"{line!r} is not sent ({reason})")
        self.line = line
        self.reason = reason


def plain_text(text: str) -> str:
    """Return a text as one line of ASCII in which nothing is a sign of G-code's own."""
    composed = unicodedata.normalize("NFC", text).translate(LETTERS)
    decomposed = unicodedata.normalize("NFKD", composed).translate(SIGNS)
    words = "".join(map(_plain, decomposed)).split()
    return COUNTING.sub(_lower, " ".join(words))


def display_command(text: str) -> str:
    """Return the command that shows a text on the printer's display, or clears it."""
    shown = COMMAND.sub(_lower, plain_text(text)[:MAX_TEXT].rstrip())
    return f"M117 {shown}".rstrip()


def plain_values(values: Mapping[str, object]) -> dict[str, object]:
    """Return values for a G-code script, in which each text is plain and not longer."""
    return {
        name: plain_text(value)[:MAX_TEXT] if isinstance(value, str) else value
        for name, value in values.items()
    }


def is_safe_name(path: str) -> bool:
    """Return whether a file on the printer's storage can be named in G-code (M23, M30).

    Of `a;b.gco` OctoPrint would make `a`, which may be another file.
    """
    try:
        _safe(f"M23 {path}")
    except UnsafeLineError as err:
        # Only in a print a long line does harm, and then nothing is selected.
        return err.reason == "length"
    return True


def gcode_lines(
    commands: Iterable[str], parameters: Mapping[str, object] | None = None
) -> list[str]:
    """Return commands as lines that are safe to send, without comments, and filled.

    Texts in `parameters` and on the display are written in plain ASCII. Everything
    else is as it was given, or raises UnsafeLineError or PlaceholderError. Without
    `parameters`, which may be empty, nothing is a placeholder.
    """
    return [
        _safe(code if parameters is None else _filled(code, parameters))
        for command in commands
        for line in LINE_END.split(command)
        if (code := _code(line))
    ]


def is_sendable(lines: Sequence[str]) -> bool:
    """Return whether so many lines fit into one request (POST /api/printer/command)."""
    return len(dumped(lines)) <= MAX_REQUEST


def _plain(character: str) -> str:
    """Return a character that is left as ASCII, a space, a placeholder, or nothing."""
    if " " <= character <= "~":
        return character
    category = unicodedata.category(character)
    match category:
        case "Pd":
            return "-"
        case "Pi" | "Pf":
            return "'"
        case "Cf":
            # Invisible, it joins or directs others.
            return ""
    match category[0]:
        case "Z" | "C":
            return " "
        case "L" | "N":
            # Nothing at all would hide that there was something.
            return "_"
    return ""


def _ascii(line: str) -> str:
    """Return a line without letters for which OctoPrint would write a question mark."""
    written = []
    for each in unicodedata.normalize("NFC", line).replace("\t", " "):
        category = unicodedata.category(each)
        if category in UNWRITABLE:
            raise UnsafeLineError(line, "control")
        plain = plain_text(each) if each > "~" else each
        written.append(" " if category == "Zs" else plain)
    return "".join(written).strip()


def _lower(match: re.Match[str]) -> str:
    return match[0].lower()


def _code(line: str) -> str:
    """Return a line without its comment."""
    match = CODE.match(line)
    return match[0].strip() if match else ""


def _filled(line: str, parameters: Mapping[str, object]) -> str:
    """Return a line with its placeholders filled as OctoPrint would fill them."""
    is_display = DISPLAY.match(line) is not None

    def fill(match: re.Match[str]) -> str:
        name, placeholder = match["name"], match[0]
        if name is None:
            # With parameters OctoPrint takes every percent sign for a placeholder.
            return "%" if parameters else placeholder
        if match["kind"] is None and name not in parameters:
            return placeholder
        if name not in parameters:
            raise PlaceholderError(name, placeholder)
        value = parameters[name]
        if isinstance(value, str) and (is_display or not NUMBERS.fullmatch(value)):
            value = plain_text(value)
        try:
            filled = placeholder % {name: value}
        except (OverflowError, TypeError, ValueError) as err:
            raise PlaceholderError(name, placeholder, str(value)) from err
        if isinstance(value, float) and EXPONENT.search(filled):
            # A firmware would read X1e-05 as X1.
            raise PlaceholderError(name, placeholder, str(value))
        return filled

    return PERCENT.sub(fill, line).strip()


def _safe(line: str) -> str:
    """Return a line that no firmware can take for anything else."""
    if display := DISPLAY.match(line):
        return display_command(display[1])
    if not line.isascii() or not line.isprintable():
        line = _ascii(line)
    if line.startswith("@"):
        # It is for OctoPrint and goes no further.
        return line
    if NUMBERED.match(line) or "M110" in line.lstrip()[1:]:
        raise UnsafeLineError(line, "number")
    is_classic = CLASSIC.match(line) is not None
    if "*" in line or (is_classic and ("\\" in line or ";" in line)):
        raise UnsafeLineError(line, "sign")
    if is_classic and len(line) > MAX_GCODE_LINE:
        raise UnsafeLineError(line, "length")
    return line
