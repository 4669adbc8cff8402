"""Tests that no text changes how a firmware reads a line."""

from contextlib import suppress

from hypothesis import example, given, strategies as st
import pytest

from custom_components.octoprint_plus.api.gcode import (
    MAX_GCODE_LINE,
    MAX_TEXT,
    PlaceholderError,
    UnsafeLineError,
    display_command,
    gcode_lines,
    is_safe_name,
    plain_text,
    plain_values,
)

from .firmwares import FIRMWARES, old, prusa, sent

# What means something to OctoPrint or a firmware, beside any text.
SIGNS = st.sampled_from(
    [
        *"*;:()[]{}\"'\\/?!@%$#^~=+-<>|\r\n\t\v\f\b\x00\x1b\x7f\x18\x85äßé",
        *"\uff0a\uff1b\uff1a\uff08\u201c\u2014\u2028\u2029\u200b\ud800",
        *("M110 N5", "N5 ", "M112", "G28", "PRUSA", "*55"),
        *("%(t)s", "%%", "%s", "//action:"),
    ]
)
TEXTS = st.lists(SIGNS | st.text(max_size=20), max_size=30).map("".join)

LAST = 19


def check_framed(line: str) -> None:
    """Check that every firmware takes a line of a print as the one command it is."""
    for firmware in FIRMWARES:
        # A firmware of before 2015 has no command with a colon.
        if firmware is not old or ":" not in line:
            taken = firmware(sent(line, LAST), LAST)
            assert taken == [(LAST, line)], (firmware.__name__, line)


@given(TEXTS)
@example("*** Ring ***")
@example("Ready at 14:30")
@example('PRUSA MK3: see M110 N5 (now) {x "y\\')
@example("x" * 200)
def test_display(text: str) -> None:
    """Any text on the display is one line of plain ASCII."""
    line = display_command(text)
    assert line.isascii()
    assert line.isprintable()
    assert len(line) <= len("M117 ") + MAX_TEXT
    check_framed(line)


@given(
    TEXTS, st.sampled_from(["M117 %(t)s", "M118 %(t)s", "m117 a %(t)s b", "M23 %(t)s"])
)
def test_parameters(text: str, command: str) -> None:
    """Any text for a placeholder is one line, or refused for its length alone."""
    if (
        len(command) + len(plain_text(text)) < MAX_GCODE_LINE
        or "M117" in command.upper()
    ):
        [line] = gcode_lines([command], {"t": text})
        check_framed(line)
    else:
        with suppress(UnsafeLineError):
            [line] = gcode_lines([command], {"t": text})
            check_framed(line)


@given(TEXTS, st.sampled_from(["M117", "M118", "G1 X", "M23 ", "T0 "]))
@example("*** Ring ***", "M118 ")
def test_commands(text: str, command: str) -> None:
    """What is given as G-code is sent as lines that stay what they are, or refused."""
    try:
        lines = gcode_lines([f"{command} {text}"])
    except UnsafeLineError:
        return
    for line in lines:
        # These are the giver's own, and harm only firmwares with rare options.
        if not set('("{?:') & set(line) and line[:1] in "GMT" and "PRUSA" not in line:
            check_framed(line)


def test_models() -> None:
    """The models of firmwares lose what real ones lose."""
    for line in ("M117 *** Ring ***", "M117 PRUSA", f"M117 {'x' * 90}"):
        assert prusa(sent(line, LAST), LAST) != [(LAST, line)]
    line = "M117 Ready at 14:30"
    assert prusa(sent(line, LAST), LAST) == [(LAST, line)]
    assert old(sent(line, LAST), LAST) is None
    for firmware in FIRMWARES:
        assert firmware(sent("M117 Ready", LAST), LAST) == [(LAST, "M117 Ready")]


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("Hello", "Hello"),
        ("*** Ring ***", "### Ring ###"),
        ("Ready at 14:30", "Ready at 14.30"),
        ('a;b \\; c (d) {e} "f"', "a,b /, c [d] [e] 'f'"),
        ("Größe Übergröße ÄÖ ẞ", "Groesse Uebergroesse AeOe SS"),
        ("a\u0308", "ae"),
        ("café à la crème, señor Łódź", "cafe a la creme, senor Lodz"),
        ("„a“ ‚b‘ «c» d—e–f…", "'a' 'b' 'c' d-e-f..."),  # noqa: RUF001
        ("60 °C, 21 ℃, ½", "60 C, 21 C, 1/2"),
        ("＊；：（", "#,.["),  # noqa: RUF001
        ("打印 done 👍", "__ done"),
        ("x\u200by\xa0z", "xy z"),
        ("  a \t  b\r\nc\x0bd\x85e\u2028f\x00g  ", "a b c d e f g"),
        ("Why?", "Why."),
        ("M110 PRUSA", "m110 Prusa"),
        ("", ""),
    ],
)
def test_plain_text(text: str, plain: str) -> None:
    """People can read what is written in plain ASCII."""
    assert plain_text(text) == plain


def test_display_has_no_commands() -> None:
    """Firmwares that look for a command anywhere in a line find none."""
    assert display_command("Hi\nG28, M 112") == "M117 Hi g28, m 112"
    assert display_command(" \n") == "M117"


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("M118 *** Ring ***", "sign"),
        ("SET_DISPLAY_TEXT MSG=*", "sign"),
        (r"M118 a\;b", "sign"),
        ("M118 a\x0bM112", "control"),
        ("M118 a\u2028M112", "control"),
        ("M118 a\x85M112", "control"),
        ("N5 G28", "number"),
        ("n5 G28*12", "number"),
        ("M 110 N5", "number"),
        ("M0110 N5", "number"),
        ("m110 N5", "number"),
        ("M118 M110", "number"),
        (f"M118 {'x' * MAX_GCODE_LINE}", "length"),
    ],
)
def test_refused(line: str, reason: str) -> None:
    """G-code of which a firmware would make something else is refused, not changed."""
    with pytest.raises(UnsafeLineError) as err:
        gcode_lines(["G28", line])
    assert err.value.reason == reason
    assert err.value.line == line


@pytest.mark.parametrize(
    "line",
    [
        "M110 N0",
        "@pause * now",
        "M118 //action:pause",
        "M92 E420:420",
        "!!DEBUG:dont_answer",
        f"SET_GCODE_VARIABLE MACRO=X VALUE={'1' * MAX_GCODE_LINE}",
        "M118 50% of %(nothing)s",
    ],
)
def test_unchanged(line: str) -> None:
    """What is well framed is sent as it was given."""
    assert gcode_lines([line]) == [line]


@pytest.mark.parametrize(
    ("value", "filled"),
    [
        ("a:b", "M92 Ea.b"),
        ("420:420.5", "M92 E420:420.5"),
        (1.5, "M92 E1.5"),
        (7, "M92 E7"),
        (0.0001, "M92 E0.0001"),
    ],
)
def test_values(value: object, filled: str) -> None:
    """Lists of numbers stay lists, and numbers numbers."""
    assert gcode_lines(["M92 E%(e)s"], {"e": value}) == [filled]


@pytest.mark.parametrize("command", ["G1 X%(x)s", "G1 X%(x)g", "G1 X%(x)e"])
def test_exponent(command: str) -> None:
    """A number that a firmware would read as another one is refused."""
    with pytest.raises(PlaceholderError):
        gcode_lines([command], {"x": 0.00001})


@pytest.mark.parametrize(
    ("path", "safe"),
    [
        ("/CUBE~1.GCO", True),
        ("a cube (1).gcode", True),
        ("größe.gco", True),
        ("x" * 200, True),
        ("a;b.gco", False),
        ("a*.gco", False),
        ("a\nM112.gco", False),
        ("a\u2028b.gco", False),
    ],
)
def test_names(path: str, safe: bool) -> None:
    """A file of the printer's is named as it is, or not at all."""
    assert is_safe_name(path) is safe


def test_script_values() -> None:
    """What a script gets is plain, too; numbers stay what they are."""
    assert plain_values({"a": "*\n;", "b": 1.5, "c": "x" * 99}) == {
        "a": "# ,",
        "b": 1.5,
        "c": "x" * MAX_TEXT,
    }
