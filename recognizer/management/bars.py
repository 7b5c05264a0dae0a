"""How far a command is, on stderr: gone at its end, and nothing where there is no terminal."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeVar

from rich.console import Console
from rich.progress import Progress, track

Value = TypeVar("Value")


def follow(values: Iterable[Value], description: str, *, total: int) -> Iterable[Value]:
    """Give values as they come, and show how many have come."""
    console = Console(stderr=True)
    return track(
        values,
        description,
        total=total,
        console=console,
        transient=True,
        disable=not console.is_terminal,
    )


def bar() -> Progress:
    """Give a bar to be advanced where something else goes over the values."""
    console = Console(stderr=True)
    return Progress(console=console, transient=True, disable=not console.is_terminal)
