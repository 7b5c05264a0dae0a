"""How far the check of a version's file is: its log, and whether anybody still works on it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from django.utils import timezone

from recognizer.models import ModelVersion

# Longer than both looks at a file may take together: after it, whoever checked it is gone.
PATIENCE = timedelta(seconds=120)
# The worker looks for work each second.
SOON = timedelta(seconds=10)


class NothingToCheck(ValueError):
    """The version was accepted, or is being checked."""


@dataclass(frozen=True)
class Check:
    """What a version's page tells of its check.

    Attributes:
        lines: Of its log.
        is_waiting: No worker has begun; `is_forgotten` where that takes too long.
        is_running: A worker is at it.
        is_dead: It began and did not come to its end.
        is_refused: It came to its end, and refused the file.
        is_open: It has not come to its end: the page asks for news.
    """

    lines: list[str]
    is_waiting: bool = False
    is_forgotten: bool = False
    is_running: bool = False
    is_dead: bool = False
    is_refused: bool = False

    @property
    def refusal(self) -> str:
        """What the last line says, without its time."""
        return self.lines[-1].partition(" ")[2] if self.lines else ""

    @property
    def is_shown(self) -> bool:
        """Whether its log is what one wants to see first."""
        return self.is_open or self.is_dead or self.is_refused

    @property
    def is_open(self) -> bool:
        return self.is_waiting or self.is_running


def of(version: ModelVersion) -> Check:
    lines, now = version.log.splitlines(), timezone.now()
    if version.status == ModelVersion.Status.REFUSED:
        return Check(lines, is_refused=True)
    if version.status != ModelVersion.Status.VETTING:
        return Check(lines)
    if version.logged_at is None:
        is_forgotten = now - version.created_at > SOON
        return Check(lines, is_waiting=True, is_forgotten=is_forgotten)
    is_dead = now - version.logged_at > PATIENCE
    return Check(lines, is_running=not is_dead, is_dead=is_dead)


def may_start(version: ModelVersion) -> bool:
    """Tell whether a check may begin: none is under way, and the version does not have one."""
    check = of(version)
    return check.is_refused or check.is_dead or check.is_forgotten
