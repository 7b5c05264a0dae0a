"""Which version serves: activated, rolled back, set aside. Each is one atomic step."""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.utils import timezone

from recognizer.models import Activation, ModelVersion
from recognizer.registry.gate import ActivationRefused, load, refuse_what_breaks_more


class InUse(ValueError):
    """The version serves, or never was ready to: it cannot be retired."""


def activate(
    *, version: ModelVersion, user: Any = None, reason: str = "", force: bool = False
) -> Activation:
    """Let a version serve from the next request on, in every process.

    It is loaded and checked against its golden outputs first, so that what cannot serve never does;
    and it must not break more labelled digits than it mends.

    Args:
        version: The version to serve.
        user: Who activates it; None for a command.
        reason: Why.
        force: Whether it may serve although it breaks more than it mends.

    Raises:
        ActivationRefused: It was not accepted, is active already, or does not load.
        BreaksMore: It breaks more than it mends.

    Queries: 6; 4 more for the replay, which is run where there is none of the present labels.
    """
    _refuse_what_may_not_serve(version)
    load(version)
    compared = ModelVersion.objects.active().first()
    if compared and compared != version and not force:
        refuse_what_breaks_more(version, compared)
    with transaction.atomic():
        # All rows in one order: two activations at once wait for each other, and never deadlock.
        versions = list(ModelVersion.objects.select_for_update().order_by("pk"))
        active = next((other for other in versions if other.is_active), None)
        if active == version:
            raise ActivationRefused(f"{version} is active already.")
        if active != compared and not force:
            raise ActivationRefused(
                f"{active} was activated at this moment: expected {compared} to serve still. "
                "Look at both, and activate again."
            )
        _refuse_what_may_not_serve(next(other for other in versions if other == version))
        ModelVersion.objects.active().update(is_active=False)
        version.is_active, version.shadow_since = True, None
        version.status = ModelVersion.Status.READY  # it loaded just now
        version.save(update_fields=["is_active", "shadow_since", "status"])
        return Activation.objects.create(
            version=version, replaced=active, activated_by=user, reason=reason
        )


def _refuse_what_may_not_serve(version: ModelVersion) -> None:
    if not version.may_serve:
        raise ActivationRefused(f"{version} cannot serve: it is {version.get_status_display()}.")


def roll_back(*, user: Any = None, reason: str = "") -> Activation:
    """Let the version serve again that served before the active one.

    Raises:
        ActivationRefused: None served before, or it does not load any more.
    """
    last = Activation.objects.select_related("version", "replaced").first()
    if last is None or last.replaced is None:
        raise ActivationRefused("No version served before the active one: nothing to roll back to.")
    why = f"Rolled back from {last.version}" + (f": {reason}" if reason else ".")
    return activate(version=last.replaced, user=user, reason=why, force=True)


def retire(version: ModelVersion) -> None:
    """Set a version aside: it stays with all that it read, and cannot be activated.

    Raises:
        InUse: It is active or the shadow, or was never accepted.

    Queries: 1.
    """
    Status = ModelVersion.Status  # noqa: N806  (a class)
    aside = ModelVersion.objects.filter(pk=version.pk, is_active=False, shadow_since=None)
    if not aside.filter(status__in=[Status.READY, Status.BROKEN]).update(status=Status.RETIRED):
        raise InUse(f"{version} cannot be retired: it serves or shadows, or was not accepted.")
    version.status = Status.RETIRED


def bring_back(version: ModelVersion) -> None:
    """Let a retired version be activated again. Queries: 1."""
    Status = ModelVersion.Status  # noqa: N806  (a class)
    ModelVersion.objects.filter(pk=version.pk, status=Status.RETIRED).update(status=Status.READY)
    version.refresh_from_db(fields=["status"])


def shadow(version: ModelVersion) -> None:
    """Let a version read behind the active one whatever comes from now on, in place of another.

    Raises:
        ActivationRefused: It was not accepted, is active, or does not load.

    Queries: 4.
    """
    _refuse_what_may_not_serve(version)
    load(version)
    with transaction.atomic():
        others = ModelVersion.objects.select_for_update().order_by("pk")
        if any(other.is_active for other in others if other == version):
            raise ActivationRefused(f"{version} is active: it cannot be its own shadow.")
        ModelVersion.objects.shadow().update(shadow_since=None)
        version.shadow_since = timezone.now()
        version.save(update_fields=["shadow_since"])


def end_shadow(version: ModelVersion) -> None:
    """Let a version no longer read behind the active one; what it read stays. Queries: 1."""
    ModelVersion.objects.filter(pk=version.pk).update(shadow_since=None)
