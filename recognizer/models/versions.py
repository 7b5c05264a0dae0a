"""Model versions, and the moments at which each began to serve."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Coalesce
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

NAME_LENGTH = 80


def model_file_path(version: ModelVersion | None, filename: str) -> str:
    """Name a version's file by its content: one name is one file, and is never overwritten."""
    return f"models/{filename}"


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

    def with_num_audited(self) -> ModelVersionQuerySet:
        """Keep those that served digits audited since, with `num_audited` and `num_right`.

        As the days' counts have them; the newest first.
        """
        counted = self.annotate(
            num_audited=models.Sum("counts__num_audited"),
            num_right=models.Sum("counts__num_right"),
        )
        # Django leaves Meta.ordering out where it groups.
        return counted.filter(num_audited__gt=0).order_by("-number")

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
    num_audited = models.PositiveIntegerField(_("of those audited"), null=True, editable=False)
    num_right = models.PositiveIntegerField(_("of those right"), null=True, editable=False)

    class Meta:
        verbose_name = _("activation")
        verbose_name_plural = _("activations")
        ordering = ["-activated_at", "-pk"]

    def __str__(self) -> str:
        return f"{self.version} at {self.activated_at:%Y-%m-%d %H:%M}"
