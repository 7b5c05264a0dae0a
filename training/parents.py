"""From a version to the recipe of its next step, and the file whose weights that starts from."""

from __future__ import annotations

from recognizer.models import ModelVersion
from training.recipe import Impossible, Recipe


class NoParent(ValueError):
    """There is no version whose weights a run can start from; the message says why."""


def next_step(recipe: Recipe, version: ModelVersion | None) -> tuple[Recipe, bytes]:
    """Let a recipe start from a version's weights.

    Args:
        recipe: Of the run; its widths become the version's.
        version: What `manage.py train` made, now or before; None where none is active.

    Returns:
        The recipe, and the version's Keras file.

    Raises:
        NoParent: There is no version, it was made elsewhere, or its file is gone.
    """
    if version is None:
        raise NoParent(
            "Expected an active version to start from, found none. Activate one, or leave out "
            "--from-active."
        )
    widths = version.passport.get("recipe", {}).get("widths")
    name = str(version.file)
    if not isinstance(widths, list) or not name.endswith(".keras"):
        raise NoParent(
            f"Expected an active version that `manage.py train` made, as .keras file, to start "
            f"from; {version} has no widths in its passport's recipe, or is another file. Activate "
            "one that was trained here, or leave out --from-active."
        )
    try:
        with version.file.storage.open(name, "rb") as file:
            content: bytes = file.read()
        return recipe.going_on_from(version.sha256, widths), content
    except (OSError, Impossible) as error:
        raise NoParent(f"{version} cannot be started from: {error}") from error
