"""Figures as people read them."""

from collections.abc import Iterable, Sequence


def markdown(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table whose first column holds words, all others figures."""
    lines = [
        f"| {' | '.join(header)} |",
        f"|---|{'---:|' * (len(header) - 1)}",
        *(f"| {' | '.join(row)} |" for row in rows),
    ]
    return "\n".join(lines) + "\n"


def figure(value: float) -> str:
    """Return a figure to three digits that count, and not more than three decimals."""
    if value != value:  # noqa: PLR0124
        return "-"
    size = abs(value)
    if size >= 100:
        return f"{value:,.0f}"
    if size >= 10:
        return f"{value:.1f}"
    if size >= 1 or not round(value, 3):
        return f"{value:.2f}"
    return f"{value:.3f}"


def ratio(ours: float, theirs: float) -> str:
    """Return ours as a multiple of theirs, where that means something."""
    if theirs <= 0 or ours < 0:
        return "-"
    return f"{ours / theirs:.2g}"
