"""The model version that a command is to work on."""

from __future__ import annotations

from django.core.management.base import CommandError

from recognizer.models import ModelVersion


def chosen_version(number: int | None) -> ModelVersion:
    """Find the version with this number; the active one where there is none.

    Raises:
        CommandError: There is no such version.
    """
    which = {"number": number} if number is not None else {"is_active": True}
    version = ModelVersion.objects.filter(**which).first()
    if version is None:
        known = ", ".join(map(str, ModelVersion.objects.values_list("number", flat=True)))
        raise CommandError(
            f"Expected {'an active version' if number is None else f'version {number}'}, "
            f"found none. Registered: {known or 'none'}. "
            "`manage.py register_model --shipped --activate` registers the one that is shipped."
        )
    return version
