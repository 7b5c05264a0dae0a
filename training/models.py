"""Training runs that the admin asks for: what is wanted, how far it is, and what came of it."""

from __future__ import annotations

from datetime import timedelta

from django.conf import settings
from django.db import models
from django.db.models import Q, Value
from django.db.models.functions import Least
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from recognizer.models import NAME_LENGTH, ModelVersion

# A run tells each second that it lives. One that was silent for so long does not: a busy disk holds
# a write up by 20 s at most (the database's timeout).
SILENT_AFTER = timedelta(seconds=30)

# Of notes, which go to the process as an argument: the system takes 128 KiB at most.
NOTES_LENGTH = 5_000


class Unfitting(ValueError):
    """What was asked for does not go with the state that the run is in; the message says why."""


class State(models.TextChoices):
    QUEUED = "queued", _("waiting")
    RUNNING = "running", _("running")
    STOPPING = "stopping", _("being stopped")
    REGISTERING = "registering", _("being registered")
    FINISHED = "finished", _("finished")
    STOPPED = "stopped", _("stopped")
    FAILED = "failed", _("failed")
    DEAD = "dead", _("dead")


# A process works on it, or is said to.
UNDER_WAY = (State.RUNNING, State.STOPPING, State.REGISTERING)
# It came to no end of its own, and goes on from its last checkpoint where somebody says so.
BROKEN_OFF = (State.STOPPED, State.FAILED, State.DEAD)


class Preset(models.TextChoices):  # a test holds them to those of training.recipe
    SMOKE = "smoke", _("smoke")
    STEP = "step", _("step")
    QUICK = "quick", _("quick")
    BEST = "best", _("best")


class TrainingRunQuerySet(models.QuerySet["TrainingRun"]):
    def under_way(self) -> TrainingRunQuerySet:
        """Those that a process works on, or is said to."""
        return self.filter(state__in=UNDER_WAY)

    def silent(self) -> TrainingRunQuerySet:
        """Those under way that have not been heard of for too long: their process is gone.

        Also those that were heard of in times to come, by a clock that was set right since: they
        would live on until then.
        """
        now = timezone.now()
        is_long_ago = Q(heartbeat_at__lt=now - SILENT_AFTER)
        return self.under_way().filter(is_long_ago | Q(heartbeat_at__gt=now + SILENT_AFTER))

    def mark_dead(self) -> int:
        """Mark the silent ones as dead, and free their places. Gives how many. Queries: 1 or 2."""
        if not self.silent().exists():  # a page that looks each other second writes nothing
            return 0
        last_heard = Least("heartbeat_at", Value(timezone.now()))
        return self.silent().update(
            state=State.DEAD, place=None, seconds_left=None, finished_at=last_heard
        )


class TrainingRun(models.Model):
    """One run of `manage.py train` that the admin asks for, from its wish to its version."""

    preset = models.CharField(_("preset"), max_length=10, choices=Preset, default=Preset.QUICK)
    # `mnist`, `sample`, or `data/` and a name in media/data; empty: as the preset has it.
    data = models.CharField(_("data"), max_length=255, blank=True)
    with_reviewed = models.BooleanField(_("also the reviewed submissions"), default=False)
    from_active = models.BooleanField(_("go on from the active version"), default=False)
    name = models.CharField(_("name"), max_length=NAME_LENGTH, blank=True)
    notes = models.TextField(_("notes"), max_length=NOTES_LENGTH, blank=True)

    state = models.CharField(
        _("state"), max_length=12, choices=State, default=State.QUEUED, db_index=True
    )
    # How often it was begun.
    attempt = models.PositiveIntegerField(_("tries"), default=0)
    # Of the runs that may be under way at once, which one it is: no two have the same.
    place = models.PositiveSmallIntegerField(_("place"), null=True, editable=False)
    folder = models.CharField(_("run folder"), max_length=255, blank=True)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("asked for by"),
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        editable=False,
        related_name="+",
    )
    created_at = models.DateTimeField(_("asked for"), default=timezone.now, editable=False)
    # When it came into the queue: as it was asked for, or was resumed.
    queued_at = models.DateTimeField(_("queued"), default=timezone.now, editable=False)
    started_at = models.DateTimeField(_("begun"), null=True, editable=False)
    finished_at = models.DateTimeField(_("ended"), null=True, editable=False)
    heartbeat_at = models.DateTimeField(_("heard of"), null=True, editable=False)

    # Epochs and steps count from 1; None before the first one.
    epoch = models.PositiveIntegerField(_("epoch"), null=True)
    num_epochs = models.PositiveIntegerField(_("epochs"), null=True)
    step = models.PositiveIntegerField(_("step"), null=True)
    num_steps = models.PositiveIntegerField(_("steps an epoch"), null=True)
    loss = models.FloatField(_("loss"), null=True)
    # Shares, 0 to 1; on validation that of the last whole epoch.
    accuracy = models.FloatField(_("accuracy"), null=True)
    validation_accuracy = models.FloatField(_("accuracy on validation"), null=True)
    seconds_left = models.PositiveIntegerField(_("seconds left"), null=True)
    # A row an epoch, as history.csv of the run folder has it.
    history = models.JSONField(_("epochs so far"), default=list)
    log = models.TextField(_("log"), blank=True)
    error = models.TextField(_("error"), blank=True)
    version = models.ForeignKey(
        ModelVersion,
        verbose_name=_("version"),
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
    )

    objects = TrainingRunQuerySet.as_manager()

    class Meta:
        verbose_name = _("training run")
        verbose_name_plural = _("training runs")
        ordering = ["-pk"]
        constraints = [
            models.UniqueConstraint(fields=["place"], name="one_run_at_each_place"),
            models.CheckConstraint(
                condition=Q(place__isnull=False, state__in=UNDER_WAY)
                | Q(Q(place__isnull=True), ~Q(state__in=UNDER_WAY)),
                name="a_run_under_way_has_a_place",
            ),
            models.CheckConstraint(
                condition=Q(version__isnull=True) | Q(state=State.FINISHED),
                name="only_a_finished_run_has_a_version",
            ),
        ]

    def __str__(self) -> str:
        words = gettext("run %(number)s (%(name)s)")
        return words % {"number": self.pk, "name": self.name or self.preset}

    @property
    def is_under_way(self) -> bool:
        return self.state in UNDER_WAY

    @property
    def is_open(self) -> bool:
        """Whether it waits or is under way."""
        return self.is_under_way or self.state == State.QUEUED

    @property
    def is_broken_off(self) -> bool:
        return self.state in BROKEN_OFF

    @property
    def share_done(self) -> float:
        """How much of its steps it has made, 0 to 1."""
        if self.state == State.FINISHED:
            return 1.0
        if not (self.epoch and self.num_epochs and self.num_steps):
            return 0.0
        return (self.epoch - 1 + (self.step or 0) / self.num_steps) / self.num_epochs

    def stop(self) -> None:
        """Ask it to stop at its next step; one that waits does not begin.

        Raises:
            Unfitting: It has ended, or is being registered.

        Queries: 1 to 3.
        """
        found = TrainingRun.objects.filter(pk=self.pk)
        now = timezone.now()
        if found.filter(state=State.QUEUED).update(state=State.STOPPED, finished_at=now):
            return
        if found.filter(state=State.RUNNING).update(state=State.STOPPING, seconds_left=None):
            return
        self.refresh_from_db()
        words = gettext("Nothing to stop: %(run)s is %(state)s.")
        raise Unfitting(words % {"run": self, "state": self.get_state_display()})

    def resume(self) -> None:
        """Let one that was broken off wait for its turn again. It goes on from its checkpoint.

        Raises:
            Unfitting: It waits, is under way, or has finished.

        Queries: 1 or 2.
        """
        broken_off = TrainingRun.objects.filter(pk=self.pk, state__in=BROKEN_OFF)
        now = timezone.now()
        if broken_off.update(
            state=State.QUEUED, error="", queued_at=now, finished_at=None, seconds_left=None
        ):
            return
        self.refresh_from_db()
        words = gettext("Nothing to resume: %(run)s is %(state)s.")
        raise Unfitting(words % {"run": self, "state": self.get_state_display()})
