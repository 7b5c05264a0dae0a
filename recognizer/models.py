"""The tables: model versions, activations, submissions, predictions. No files are opened here."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime
from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Cast, Coalesce
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

DIGITS = range(10)
DIGIT_LABELS = [str(digit) for digit in DIGITS]
NAME_LENGTH = 80  # of a version


def model_file_path(version: ModelVersion | None, filename: str) -> str:
    """Name a version's file by its content: one name is one file, and is never overwritten."""
    return f"models/{filename}"


def drawing_path(submission: Submission, filename: str) -> str:
    """Spread drawings over 256 folders by the submission's id."""
    return f"drawings/{submission.id.hex[:2]}/{submission.id}.png"


def _list_index(
    name: str, *lead: str, filters: dict[str, str], condition: Q | None = None
) -> models.Index:
    """Give an index that leads with columns, goes on by date, and holds what may be filtered by.

    The other filters then cost no look at the rows, wherever these lie.

    Args:
        name: Of the index.
        lead: Columns that are filtered or sorted by first.
        filters: What the list is filtered by: parts of names → fields.
        condition: Which rows it has; all where it is None.
    """
    rest = [field for field in filters.values() if field not in lead]
    return models.Index(fields=[*lead, *_BY_DATE, *rest], name=name, condition=condition)


_BY_DATE = ("-created_at", "-id")


def _list_indexes(table: str, filters: dict[str, str], **orders: str) -> list[models.Index]:
    """Give the indexes by which a list of a million rows finds any page in milliseconds.

    One has the dates alone, for pages as deep as there are rows. All others lead with one column,
    for the filter and the order by it.

    Args:
        table: Names the indexes.
        filters: What the list is filtered by: parts of names → fields.
        orders: By what else it is sorted.
    """
    return [
        models.Index(fields=_BY_DATE, name=f"{table}_by_date"),
        _list_index(f"{table}_newest", filters=filters),
        *(
            _list_index(f"{table}_by_{name}", field, filters=filters)
            for name, field in (filters | orders).items()
        ),
    ]


class ModelVersionQuerySet(models.QuerySet["ModelVersion"]):
    def active(self) -> ModelVersionQuerySet:
        return self.filter(is_active=True)

    def shadow(self) -> ModelVersionQuerySet:
        """The one that reads behind the active one; none or one."""
        return self.filter(shadow_since__isnull=False)

    def with_num_readings(self) -> ModelVersionQuerySet:
        """Annotate `num_readings`: how many each served while it was the active one.

        As its activations' counts have them, which a task keeps.
        """
        counted = Activation.objects.filter(version=models.OuterRef("pk")).order_by()
        total = models.Func(models.F("num_served"), function="SUM")
        return self.annotate(
            num_readings=Coalesce(
                models.Subquery(counted.annotate(total=total).values("total")),
                0,
                output_field=models.PositiveBigIntegerField(),
            )
        )

    def with_num_labelled(self) -> ModelVersionQuerySet:
        """Keep those that served digits labelled since, with `num_labelled` and `num_right`.

        As the days' counts have them; the newest first.
        """
        counted = self.annotate(
            num_labelled=models.Sum("counts__num_labelled"),
            num_right=models.Sum("counts__num_right"),
        )
        # Django leaves Meta.ordering out where it groups.
        return counted.filter(num_labelled__gt=0).order_by("-number")

    def next_number(self) -> int:
        return (self.aggregate(last=models.Max("number"))["last"] or 0) + 1


class ModelVersion(models.Model):
    """A registered Keras model file and all that is known of it."""

    class Status(models.TextChoices):
        VETTING = "vetting", _("being checked")
        READY = "ready", _("ready")
        REFUSED = "refused", _("refused")
        BROKEN = "broken", _("fails to load")
        RETIRED = "retired", _("retired")

    number = models.PositiveIntegerField(_("number"), unique=True, editable=False)
    name = models.CharField(_("name"), max_length=NAME_LENGTH)
    notes = models.TextField(_("notes"), blank=True)
    file = models.FileField(
        _("Keras file"),
        upload_to=model_file_path,
        help_text=_("A .keras or .h5 file, 50 MB at most."),
    )
    sha256 = models.CharField(_("SHA-256 of the Keras file"), max_length=64, unique=True)
    size_bytes = models.PositiveBigIntegerField(_("size in bytes"))
    compiled = models.FileField(
        _("compiled file"),
        upload_to=model_file_path,
        blank=True,
        help_text=_(
            "The LiteRT form that is served. Empty where the model could not be converted."
        ),
    )
    compiled_sha256 = models.CharField(_("SHA-256 of the compiled file"), max_length=64, blank=True)
    keras_file = models.FileField(
        _(".keras form"),
        upload_to=model_file_path,
        blank=True,
        help_text=_("What a .h5 file was saved as once more."),
    )
    input_shape = models.JSONField(_("input shape"), default=list)
    output_shape = models.JSONField(_("output shape"), default=list)
    num_parameters = models.PositiveBigIntegerField(_("parameters"), default=0)
    layers = models.JSONField(_("layers"), default=list)
    metrics = models.JSONField(_("figures"), default=dict, blank=True)
    passport = models.JSONField(_("passport"), default=dict, blank=True)
    status = models.CharField(_("status"), max_length=10, choices=Status, default=Status.VETTING)
    # One line a stage of its vetting, each with its time; the last one of a refused file says why.
    log = models.TextField(_("log of the check"), blank=True)
    logged_at = models.DateTimeField(_("last line of the log"), null=True, editable=False)
    warning = models.TextField(_("warning"), blank=True)
    is_active = models.BooleanField(_("active"), default=False, editable=False)
    # It reads behind the active one whatever has come since; no visitor sees what it reads.
    shadow_since = models.DateTimeField(_("shadow since"), null=True, editable=False)
    created_at = models.DateTimeField(_("registered"), default=timezone.now, editable=False)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("registered by"),
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        editable=False,
        related_name="+",
    )

    objects = ModelVersionQuerySet.as_manager()

    class Meta:
        verbose_name = _("model version")
        verbose_name_plural = _("model versions")
        ordering = ["-number"]
        permissions = [
            ("activate_modelversion", "Can activate a model version"),
            ("download_modelversion", "Can download a model version's file"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["is_active"], condition=Q(is_active=True), name="one_active_version"
            ),
            models.UniqueConstraint(
                models.Value(1),
                condition=Q(shadow_since__isnull=False),
                name="one_shadow_version",
            ),
            models.CheckConstraint(
                condition=Q(is_active=False) | Q(shadow_since__isnull=True),
                name="the_active_version_is_no_shadow",
            ),
        ]

    def __str__(self) -> str:
        return f"v{self.number} {self.name}"

    @property
    def test_accuracy(self) -> float | None:
        """The share of test digits read rightly, 0 to 1; None where it was not measured."""
        accuracy: float | None = self.metrics.get("test", {}).get("accuracy")
        return accuracy

    @property
    def is_shadow(self) -> bool:
        return self.shadow_since is not None

    @property
    def may_serve(self) -> bool:
        """Whether its file was checked and accepted. One that fails to load may be tried again."""
        return self.status in {self.Status.READY, self.Status.BROKEN}

    def is_in_use(self) -> bool:
        """Tell whether it serves, or has served: then it must stay. Queries: 0 to 3."""
        return (
            self.is_active
            or self.predictions.exists()
            or self.activations.exists()
            or self.replacements.exists()
        )


class ActivationQuerySet(models.QuerySet["Activation"]):
    def counted_anew(self) -> ActivationQuerySet:
        """Annotate what each served until the next one, counted: 0.3 s at a million readings.

        `served_now` readings; `labelled_now` of them that a reviewer has labelled with a digit;
        `right_now` of those.
        """
        later = Activation.objects.filter(activated_at__gt=models.OuterRef("activated_at"))
        until = later.order_by("activated_at").values("activated_at")[:1]
        version = models.OuterRef("version")
        served = Prediction.objects.served().filter(_IN_ITS_TIME, version=version)
        labelled = Submission.objects.reviewed().labelled_digits()
        labelled = labelled.filter(_IN_ITS_TIME, served_version=version)
        return self.annotate(
            until=Coalesce(
                models.Subquery(until),
                models.Value(END_OF_TIME),
                output_field=models.DateTimeField(),
            ),
            served_now=_num_of(served),
            labelled_now=_num_of(labelled),
            right_now=_num_of(labelled.filter(_IS_RIGHT)),
        )


# Later than any reading: until when the last activation's time goes.
END_OF_TIME = datetime(9999, 1, 1, tzinfo=UTC)
_IS_RIGHT = Q(label=Cast("served_digit", models.CharField()))


_IN_ITS_TIME = Q(
    created_at__gte=models.OuterRef("activated_at"), created_at__lt=models.OuterRef("until")
)


def _num_of(rows: models.QuerySet[Any]) -> models.Subquery:
    """Count rows of another table that name a row of the query; an index alone has them.

    Not by `Count`, which would group them first: half the time again.
    """
    num = models.Func(models.F("pk"), function="COUNT", output_field=models.IntegerField())
    return models.Subquery(rows.order_by().annotate(num=num).values("num"))


class Activation(models.Model):
    """The moment a version began to serve: who, when, why, and which one served before."""

    version = models.ForeignKey(
        ModelVersion,
        verbose_name=_("version"),
        on_delete=models.PROTECT,
        related_name="activations",
    )
    replaced = models.ForeignKey(
        ModelVersion,
        verbose_name=_("replaced version"),
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="replacements",
    )
    activated_at = models.DateTimeField(_("when"), default=timezone.now, db_index=True)
    activated_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("who"),
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
    )
    reason = models.TextField(_("why"), blank=True)
    # What it served until the next one, as `recognizer.aggregates` counted last; None: not yet.
    num_served = models.PositiveIntegerField(_("readings in its time"), null=True, editable=False)
    num_labelled = models.PositiveIntegerField(_("of those labelled"), null=True, editable=False)
    num_right = models.PositiveIntegerField(_("of those right"), null=True, editable=False)

    objects = ActivationQuerySet.as_manager()

    class Meta:
        verbose_name = _("activation")
        verbose_name_plural = _("activations")
        ordering = ["-activated_at", "-pk"]

    def __str__(self) -> str:
        return f"{self.version} at {self.activated_at:%Y-%m-%d %H:%M}"


class Label(models.TextChoices):
    """What a reviewer may decide about a submission."""

    ZERO = "0", "0"
    ONE = "1", "1"
    TWO = "2", "2"
    THREE = "3", "3"
    FOUR = "4", "4"
    FIVE = "5", "5"
    SIX = "6", "6"
    SEVEN = "7", "7"
    EIGHT = "8", "8"
    NINE = "9", "9"
    NOT_A_DIGIT = "not_a_digit", _("not a digit")
    SEVERAL = "several", _("several digits")
    BAD_IMAGE = "bad_image", _("bad image")


class Replay(models.Model):
    """Two versions over the same labelled digits: what the candidate mends, and what it breaks."""

    candidate = models.ForeignKey(
        ModelVersion,
        verbose_name=_("candidate"),
        on_delete=models.CASCADE,
        related_name="replays",
    )
    baseline = models.ForeignKey(
        ModelVersion,
        verbose_name=_("compared with"),
        on_delete=models.CASCADE,
        related_name="replays_against",
    )
    # Which labels there were: another review, and it has to be run again.
    labels = models.CharField(_("labels"), max_length=64)
    # What recognizer.replay.Outcome holds; None while it runs.
    outcome = models.JSONField(_("outcome"), null=True)
    error = models.TextField(_("error"), blank=True)
    started_at = models.DateTimeField(_("started"), default=timezone.now)
    finished_at = models.DateTimeField(_("finished"), null=True)

    class Meta:
        verbose_name = _("replay")
        verbose_name_plural = _("replays")
        constraints = [
            models.UniqueConstraint(
                fields=["candidate", "baseline", "labels"], name="one_replay_of_the_same_labels"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.candidate} / {self.baseline}"

    @property
    def is_finished(self) -> bool:
        return self.outcome is not None

    @property
    def breaks_more(self) -> bool:
        """Whether the candidate reads more digits wrongly that were read rightly, than mends."""
        return self._difference() < 0

    @property
    def mends_more(self) -> bool:
        return self._difference() > 0

    def _difference(self) -> int:
        outcome = self.outcome or {"num_fixed": 0, "num_broken": 0}
        return int(outcome["num_fixed"]) - int(outcome["num_broken"])


class SubmissionQuerySet(models.QuerySet["Submission"]):
    def of_visitor(self, key: str) -> SubmissionQuerySet:
        """The visitor's own; nobody's where the key is empty."""
        return self.filter(visitor_key=key) if key else self.none()

    def reviewed(self) -> SubmissionQuerySet:
        """All of them have a time of review, which the index of the few asks for."""
        state = Submission.ReviewState.REVIEWED
        return self.filter(review_state=state, reviewed_at__isnull=False)

    def unreviewed(self) -> SubmissionQuerySet:
        return self.exclude(review_state=Submission.ReviewState.REVIEWED)

    def labelled_digits(self) -> SubmissionQuerySet:
        """Those that a reviewer labelled with one of the ten digits."""
        return self.filter(label__in=DIGIT_LABELS)

    def with_served_prediction(self) -> SubmissionQuerySet:
        """Fetch each one's served prediction and its version along. Queries: 1 more."""
        served = Prediction.objects.served().with_version()
        return self.prefetch_related(
            models.Prefetch("predictions", queryset=served, to_attr="served_predictions")
        )


_SUBMISSION_FILTERS = {
    "review": "review_state",
    "label": "label",
    "source": "source",
    "verdict": "served_verdict",
    "digit": "served_digit",
    "confidence": "served_confidence",
    "version": "served_version",
}


class Submission(models.Model):
    """A stored drawing, with its digit, its source and its review."""

    class Source(models.TextChoices):
        DRAWN = "drawn", _("drawn")
        UPLOADED = "uploaded", _("uploaded")
        API = "api", _("API")

    class ReviewState(models.TextChoices):
        PENDING = "pending", _("not reviewed")
        REVIEWED = "reviewed", _("reviewed")
        SECOND_LOOK = "second_look", _("needs a second look")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    source = models.CharField(_("source"), max_length=10, choices=Source)
    image = models.ImageField(_("image"), upload_to=drawing_path)
    digit = models.BinaryField(_("digit"), max_length=784)  # uint8 (28, 28), row by row
    receipt = models.JSONField(_("receipt"), default=dict)
    strokes = models.JSONField(_("strokes"), null=True, blank=True)
    visitor_key = models.CharField(_("visitor"), max_length=32, blank=True)
    claim = models.PositiveSmallIntegerField(_("claim"), null=True, blank=True)
    label = models.CharField(_("label"), max_length=12, choices=Label, blank=True)
    review_state = models.CharField(
        _("review"), max_length=12, choices=ReviewState, default=ReviewState.PENDING
    )
    reviewed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("reviewed by"),
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
    )
    reviewed_at = models.DateTimeField(_("reviewed at"), null=True, blank=True)
    created_at = models.DateTimeField(_("date"), default=timezone.now, editable=False)
    # What `note_served` copied from the served prediction, None where there is none: only in one
    # table can an index hold both what a list filters by and what it is sorted by.
    served_version = models.ForeignKey(
        ModelVersion,
        verbose_name=_("version"),
        on_delete=models.PROTECT,
        null=True,
        editable=False,
        related_name="+",
        db_index=False,  # it leads two indexes below
    )
    served_verdict = models.CharField(  # noqa: DJ001  (as the others)
        _("verdict"), max_length=12, null=True, editable=False
    )
    served_digit = models.PositiveSmallIntegerField(_("digit read"), null=True, editable=False)
    served_confidence = models.FloatField(_("confidence"), null=True, editable=False)

    objects = SubmissionQuerySet.as_manager()

    class Meta:
        verbose_name = _("submission")
        verbose_name_plural = _("submissions")
        ordering = ["-created_at", "-pk"]
        indexes = [
            models.Index(fields=["visitor_key", "-created_at"], name="submission_of_visitor"),
            *_list_indexes("submission", _SUBMISSION_FILTERS),
            # The few that were decided on, which SQLite does not know to be few.
            _list_index(
                "submission_decided",
                "review_state",
                filters=_SUBMISSION_FILTERS,
                condition=~Q(review_state="pending"),
            ),
            # The few that were reviewed, for how often a version was right.
            models.Index(
                fields=["served_version", "created_at", "review_state", "label", "served_digit"],
                condition=Q(reviewed_at__isnull=False),
                name="submission_reviewed",
            ),
            models.Index(fields=["reviewed_at"], name="submission_by_reviewed_at"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(claim__isnull=True) | Q(claim__lte=9), name="claim_is_a_digit"
            ),
            models.CheckConstraint(
                condition=~Q(review_state="reviewed")
                | (~Q(label="") & Q(reviewed_at__isnull=False)),
                name="reviewed_submissions_have_a_label",
            ),
        ]

    def __str__(self) -> str:
        return str(self.id)

    def get_absolute_url(self) -> str:
        return reverse("reading", args=[self.id])

    @property
    def served(self) -> Prediction | None:
        """What the visitor was given. Queries: 0 after `with_served_prediction`, else 1."""
        if hasattr(self, "served_predictions"):
            return next(iter(self.served_predictions), None)
        return self.predictions.served().select_related("version").first()

    def note_served(self, prediction: Prediction) -> None:
        """Copy from what the visitor is given that which lists look for. Does not save."""
        self.served_version_id = prediction.version_id
        self.served_verdict = prediction.verdict
        self.served_digit = prediction.digit
        self.served_confidence = prediction.confidence

    def review(self, *, label: str, by: Any) -> None:
        """Set what a reviewer decided; an empty label takes the decision back. Does not save."""
        self.label = label
        self.review_state = self.ReviewState.REVIEWED if label else self.ReviewState.PENDING
        self.reviewed_by = by if label else None
        self.reviewed_at = timezone.now() if label else None

    def ask_second_look(self) -> None:
        """Put it back before the reviewers; what was decided stays until they do. Does not save."""
        self.review_state = self.ReviewState.SECOND_LOOK


class PredictionQuerySet(models.QuerySet["Prediction"]):
    def served(self) -> PredictionQuerySet:
        return self.filter(role=Prediction.Role.SERVED)

    def with_version(self) -> PredictionQuerySet:
        """Fetch each one's version along, but not all that is known of it: kilobytes a row."""
        known = ("layers", "metrics", "passport", "log", "notes")
        return self.select_related("version").defer(*(f"version__{name}" for name in known))

    def unsure(self) -> PredictionQuerySet:
        return self.filter(verdict=Prediction.Verdict.UNSURE)


class Prediction(models.Model):
    """A stored reading of one submission by one model version."""

    class Verdict(models.TextChoices):
        DIGIT = "digit", _("digit")
        UNSURE = "unsure", _("unsure")
        NOT_A_DIGIT = "not_a_digit", _("not a digit")
        BLANK = "blank", _("blank")
        SEVERAL = "several", _("several digits")

    class Role(models.TextChoices):
        SERVED = "served", _("served")
        SHADOW = "shadow", _("shadow")
        REPLAY = "replay", _("replay")

    submission = models.ForeignKey(
        Submission,
        verbose_name=_("submission"),
        on_delete=models.CASCADE,
        related_name="predictions",
    )
    version = models.ForeignKey(
        ModelVersion,
        verbose_name=_("version"),
        on_delete=models.PROTECT,
        related_name="predictions",
    )
    role = models.CharField(_("role"), max_length=8, choices=Role, default=Role.SERVED)
    verdict = models.CharField(_("verdict"), max_length=12, choices=Verdict)
    digit = models.PositiveSmallIntegerField(_("digit"), null=True)
    confidence = models.FloatField(_("confidence"))  # 0 to 1
    probabilities = models.JSONField(_("probabilities"))  # ten of 0 to 1, by digit
    # The digits from left to right: each {digit, confidence, verdict, box}; a box is [left, top,
    # right, bottom] in the stored picture's pixels.
    parts = models.JSONField(_("parts"), default=list)
    latency_ms = models.FloatField(_("latency in ms"))
    # Of a shadow's: whether it says the same as the served one of the same submission.
    agrees = models.BooleanField(_("agrees"), null=True)
    created_at = models.DateTimeField(_("date"), default=timezone.now, editable=False)

    objects = PredictionQuerySet.as_manager()

    class Meta:
        verbose_name = _("prediction")
        verbose_name_plural = _("predictions")
        ordering = ["-created_at", "-pk"]
        indexes = [
            *_list_indexes(
                "prediction",
                {
                    "role": "role",
                    "verdict": "verdict",
                    "digit": "digit",
                    "confidence": "confidence",
                    "list_version": "version",
                },
                latency="latency_ms",
            ),
            models.Index(fields=["version", "role", "created_at"], name="prediction_by_version"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["submission", "version", "role"], name="one_prediction_per_version_and_role"
            ),
            models.UniqueConstraint(
                fields=["submission"], condition=Q(role="served"), name="one_served_prediction"
            ),
            models.CheckConstraint(
                condition=Q(digit__isnull=True) | Q(digit__lte=9), name="prediction_is_a_digit"
            ),
            models.CheckConstraint(
                condition=Q(confidence__gte=0, confidence__lte=1),
                name="confidence_is_a_probability",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.digit if self.digit is not None else '–'} ({self.get_verdict_display()})"

    @property
    def digits(self) -> str:
        """What was read, as one writes it: "7", "407"; empty where it is blank."""
        if self.parts:  # rows of before there were parts have the likeliest digit alone
            return "".join(str(part["digit"]) for part in self.parts)
        return "" if self.digit is None else str(self.digit)

    def says_the_same_as(self, other: Prediction) -> bool:
        """Whether both read the same digits, surely or not, or both find none."""
        ours, theirs = (
            None if one.verdict in {self.Verdict.NOT_A_DIGIT, self.Verdict.BLANK} else one.digits
            for one in (self, other)
        )
        return ours == theirs

    @property
    def is_number(self) -> bool:
        """Whether several digits were read, surely or not."""
        return len(self.parts) > 1

    @property
    def agreed_label(self) -> str:
        """The label of a reviewer who agrees with it; empty where there is none."""
        if self.is_number:
            return str(self.Verdict.SEVERAL)
        if self.verdict in {self.Verdict.NOT_A_DIGIT, self.Verdict.SEVERAL}:
            return str(self.verdict)
        return "" if self.digit is None else str(self.digit)


class CountedDay(models.Model):
    """A day of the site's time zone whose served readings were counted, and when."""

    day = models.DateField(_("day"), primary_key=True)
    # When counting began: what came later is not in it.
    counted_at = models.DateTimeField(_("counted at"))

    class Meta:
        verbose_name = _("counted day")
        verbose_name_plural = _("counted days")
        ordering = ["-day"]

    def __str__(self) -> str:
        return self.day.isoformat()


class DayCount(models.Model):
    """What one version served on one day, counted; `recognizer.aggregates` keeps it."""

    day = models.ForeignKey(
        CountedDay, verbose_name=_("day"), on_delete=models.CASCADE, related_name="counts"
    )
    version = models.ForeignKey(
        ModelVersion, verbose_name=_("version"), on_delete=models.CASCADE, related_name="counts"
    )
    verdicts = models.JSONField(_("readings by verdict"))  # {"digit": 12, …}
    # By bin, as the functions of `recognizer.aggregates` number them: {"19": 12, …}
    confidences = models.JSONField(_("readings by confidence"))
    latencies = models.JSONField(_("readings by latency"))
    num_labelled = models.PositiveIntegerField(_("labelled with a digit"))
    num_right = models.PositiveIntegerField(_("of those read rightly"))
    # What it read as the shadow, and how often it said what the active version said.
    num_shadowed = models.PositiveIntegerField(_("read as the shadow"), default=0)
    num_agreed = models.PositiveIntegerField(_("of those in agreement"), default=0)

    class Meta:
        verbose_name = _("day's count")
        verbose_name_plural = _("days' counts")
        ordering = ["-day", "-version"]
        constraints = [
            models.UniqueConstraint(fields=["day", "version"], name="one_count_per_day_and_version")
        ]

    def __str__(self) -> str:
        return f"{self.version} on {self.day}"
