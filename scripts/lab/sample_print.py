"""Sample prints for the virtual printer, as long as one likes."""

SAMPLE_NAME = "Flower pot.gcode"

NOZZLE = 45
BED = 40

_LINE = 40.0
_LINES_IN_LAYER = 20
_LAYER_HEIGHT = 0.2


def sample_print(seconds: float, *, nozzle: int = NOZZLE, bed: int = BED) -> str:
    """Return G-code that the virtual printer needs about so many seconds for, a few more for heating first."""
    # The virtual printer takes time for moves in the positive direction only and keeps a few of them in its buffer:
    # so half a second each, for a pause to come soon, and quick ways back, for OctoPrint's estimate to be right.
    # It also moves ten times as fast as it is told to, which the feed rate makes up for.
    lines = max(1, round(seconds * 2))
    speed = round(_LINE / (seconds / lines) * 60)
    gcode = [
        ";FLAVOR:Marlin",
        ";Generated for the virtual printer",
        f"M140 S{bed}",
        f"M104 S{nozzle}",
        "G21",
        "G90",
        "M83",
        "M220 S10",
        "G28",
        f"M190 S{bed}",
        f"M109 S{nozzle}",
        "G92 E0",
    ]
    for line in range(lines):
        layer, row = divmod(line, _LINES_IN_LAYER)
        if row == 0:
            height = (layer + 1) * _LAYER_HEIGHT
            gcode += [f";LAYER:{layer}", f";Z:{height:.2f}", f"G0 Z{height:.2f} F12000"]
        gcode += [
            f"G0 X60.00 Y{60 + row * 2:.2f} F60000",
            f"G1 X{60 + _LINE:.2f} E1.30000 F{speed}",
        ]
    gcode += ["M104 S0", "M140 S0", "M107", "M220 S100", "M84"]
    return "\n".join(gcode) + "\n"
