"""`manage.py train --preset quick`: make the next model version; options → recipe → registry."""

from __future__ import annotations

import argparse
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import close_old_connections, connection
from rich.console import Console
from rich.progress import BarColumn, SpinnerColumn, Task, TextColumn, TimeRemainingColumn
from rich.progress import Progress as Bar
from rich.table import Table
from rich.text import Text

from recognizer import registry
from recognizer.engine import LoadFailed
from recognizer.models import NAME_LENGTH, ModelVersion
from training.attempts import Attempt
from training.models import Preset
from training.processes import STOPPED_STATUS, runs_folder
from training.reporting import Reporter

if TYPE_CHECKING:
    from training import learning, run
    from training import lessons as lessons_of_runs
    from training import recipe as recipes

# Nothing of TensorFlow's C++ log: without a GPU even its errors are mere notes, and what stops a
# run is raised. Set before TensorFlow is imported, here and in the process that vets the model.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

# What a preset's recipe may be changed by, by the option's name.
KNOBS = ("epochs", "batch_size", "seed", "data", "sources_folder", "with_reviewed")


class Command(BaseCommand):
    help = "Train a model version, register it, and activate it when asked."

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument("--preset", choices=Preset.values, help="how long (default: quick)")
        parser.add_argument("--epochs", type=int)
        parser.add_argument("--batch-size", type=int)
        parser.add_argument("--seed", type=int)
        parser.add_argument(
            "--data",
            metavar="mnist|sample|DIR|FILE.npz",
            help="MNIST as Keras fetches it, the sample, or where MNIST's files lie",
        )
        parser.add_argument(
            "--sources",
            metavar="DIR",
            dest="sources_folder",
            help="where local copies of the further sources lie, each in a folder of its name "
            "(default: media/sources); one that is absent is left out, and said so",
        )
        parser.add_argument(
            "--with-reviewed",
            action="store_const",
            const=True,
            help="learn from reviewed submissions too; a quarter of the visitors only measure",
        )
        parser.add_argument(
            "--from-active",
            action="store_const",
            const=True,
            help="go on from the active version's weights, slowly: a small next step",
        )
        parser.add_argument("--name", default="", help="what to call the version")
        parser.add_argument("--notes", default="", help="what is worth knowing of it")
        parser.add_argument("--h5", action="store_true", help="keep the model as HDF5 too")
        parser.add_argument(
            "--resume", metavar="RUN", help="go on with a run: its folder, or its name in runs/"
        )
        which = parser.add_mutually_exclusive_group()
        which.add_argument("--activate", action="store_true", help="let it serve at once")
        which.add_argument(
            "--activate-if-better",
            action="store_true",
            help="let it serve where it reads more of the same validation digits rightly",
        )
        parser.add_argument("--reason", default="", help="why it is activated")
        parser.add_argument(
            "--run",
            metavar="ID.TRY",
            type=Attempt.read,
            help="report to this run of the admin's, as the worker asks for it",
        )

    def handle(self, **options: Any) -> None:
        reporter = Reporter(options["run"])
        _import_tensorflow_quietly()
        from training import run

        recipe, run_folder = _plan(options)
        recipe, given = _given(recipe, options)
        name = _name(options, run_folder)
        self.stdout.write(f"Run folder: {run_folder}")
        reporter.begin_in(run_folder)
        trained = _train(
            recipe, run_folder, given, resume=bool(options["resume"]), reporter=reporter
        )
        if not connection.in_atomic_block:  # who calls it in a transaction keeps the connection
            close_old_connections()  # idle for hours, it may be gone
        with _last_use_of_people(trained):
            if options["h5"]:
                self.stdout.write(f"HDF5: {run.write_h5(trained)}")
            active = ModelVersion.objects.active().first()
            reporter.begin_registering()
            version = self._register(trained, name, options["notes"], reporter.asked_for_by())
            _compare(version, active)
            _compare_on_field_test(version, active, trained)
        reporter.finish(version)
        self._activate(version, active, options)

    def _register(self, trained: run.Trained, name: str, notes: str, user: Any) -> ModelVersion:
        try:
            version = self._registered(trained, name=name, notes=notes, user=user)
        except registry.RefusedModel as refusal:
            raise CommandError(f"Trained, but refused: {refusal}") from refusal
        self.stdout.write(f"Registered: {version}")
        return version

    def _registered(self, trained: run.Trained, **named: Any) -> ModelVersion:
        """Register what was trained; where a run was killed in the middle of that, end it."""
        try:
            return registry.register(path=trained.model_path, passport=trained.passport, **named)
        except registry.AlreadyRegistered as known:
            return registry.vet(known.version)

    def _activate(
        self, version: ModelVersion, active: ModelVersion | None, options: dict[str, Any]
    ) -> None:
        if options["activate_if_better"] and not self._is_better(version, active):
            return
        if not (options["activate"] or options["activate_if_better"]):
            return
        if version.is_active:
            self.stdout.write(f"Active already: {version}")
            return
        try:
            registry.activate(version=version, reason=options["reason"] or "trained just now")
        except registry.BreaksMore as refusal:
            force = f"manage.py activate_model {version.number} --force --reason …"
            raise CommandError(f"{refusal} Look at both in the admin, or: {force}") from refusal
        except registry.ActivationRefused as refusal:
            raise CommandError(str(refusal)) from refusal
        self.stdout.write(self.style.SUCCESS(f"Active: {version}"))

    def _is_better(self, version: ModelVersion, active: ModelVersion | None) -> bool:
        try:
            is_better = registry.is_better(version, active)
        except registry.ActivationRefused as refusal:
            raise CommandError(str(refusal)) from refusal
        if not is_better:
            self.stdout.write(f"Not activated: not better than {active} on the same digits.")
        return is_better


def _import_tensorflow_quietly() -> None:
    """Import TensorFlow without its notes on CPU and GPU, which come before any log level holds.

    Raises:
        CommandError: It is not installed, as on a host that only serves.
    """
    kept = os.dup(2)
    try:
        with Path(os.devnull).open("w") as nowhere:
            os.dup2(nowhere.fileno(), 2)
            import tensorflow  # noqa: F401
    except ModuleNotFoundError as error:
        raise CommandError(
            f"Training needs TensorFlow, which is not installed here: {error}. "
            "Expected what requirements.txt lists: `pip install -r requirements.txt`."
        ) from error
    finally:
        os.dup2(kept, 2)
        os.close(kept)


# --- Options → recipe ---------------------------------------------------------------------------


def _plan(options: dict[str, Any]) -> tuple[recipes.Recipe, Path]:
    """Give the recipe that the options ask for, and the run's folder.

    Raises:
        CommandError: They do not go together, or name what is not there.
    """
    if options["resume"]:
        return _resumed(options)
    from training import recipe as recipes

    preset = options["preset"] or "quick"
    changes: dict[str, Any] = {"sources_folder": str(Path(settings.MEDIA_ROOT) / "sources")}
    if options["data"] == "sample":
        changes["num_validation"] = recipes.SAMPLE_VALIDATION
    changes |= {name: options[name] for name in KNOBS if options[name] is not None}
    try:
        recipe = replace(recipes.PRESETS[preset], **changes)
    except recipes.Impossible as error:
        raise CommandError(str(error)) from error
    now = datetime.now(UTC).strftime("%Y%m%dT%H%M%S%fZ")
    return recipe, runs_folder() / f"{now}-{preset}"


def _resumed(options: dict[str, Any]) -> tuple[recipes.Recipe, Path]:
    from training import recipe as recipes

    given = [
        f"--{name.removesuffix('_folder').replace('_', '-')}"
        for name in ("preset", *KNOBS, "from_active")
        if options[name] is not None
    ]
    if given:
        raise CommandError(f"--resume takes the run's own recipe. Leave out {', '.join(given)}.")
    named = Path(options["resume"])
    folder = named if (named / "recipe.json").is_file() else runs_folder() / named
    try:
        return recipes.Recipe.read(folder / "recipe.json"), folder
    except FileNotFoundError as error:
        have = ", ".join(sorted(one.name for one in runs_folder().glob("*/"))[-5:]) or "none"
        raise CommandError(
            f"Expected a run, found none at {folder}. Newest runs: {have}."
        ) from error
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise CommandError(f"{folder / 'recipe.json'} is no recipe: {error}") from error


def _given(recipe: recipes.Recipe, options: dict[str, Any]) -> tuple[recipes.Recipe, run.Given]:
    """Give what the run is given beside its recipe, and the recipe as that changes it.

    Raises:
        CommandError: It is not there.
    """
    from training import labelled, parents, run, splitting

    if options["resume"]:  # the run folder has it
        return recipe, run.Given()
    try:
        parent = b""
        if options["from_active"]:
            active = ModelVersion.objects.active().first()
            recipe, parent = parents.next_step(recipe, active)
        reviewed = splitting.gather(labelled.labelled()) if recipe.with_reviewed else None
    except (parents.NoParent, splitting.NothingReviewed) as error:
        raise CommandError(str(error)) from error
    return recipe, run.Given(reviewed, parent)


def _name(options: dict[str, Any], run_folder: Path) -> str:
    """Give what the version is to be called: as asked, or as the run's folder.

    Raises:
        CommandError: It is longer than the table holds; said before anything is trained.
    """
    name: str = options["name"] or run_folder.name
    if len(name) > NAME_LENGTH:
        raise CommandError(
            f"Expected a name of at most {NAME_LENGTH} characters, got {len(name)}: {name}. "
            "Give a shorter one as --name."
        )
    return name


def _train(
    recipe: recipes.Recipe,
    run_folder: Path,
    given: run.Given,
    *,
    resume: bool,
    reporter: Reporter,
) -> run.Trained:
    """Train, showing the progress.

    Raises:
        CommandError: It cannot begin, or was stopped.
    """
    from training import checkpoints, datasets, run
    from training import recipe as recipes

    try:
        with _reporter(Console()) as report:
            return run.train(
                recipe,
                run_folder=run_folder,
                resume=resume,
                given=given,
                announce=_print_data,
                report=reporter.beside(report),
            )
    except KeyboardInterrupt as interrupt:
        raise CommandError(
            f"Stopped. Go on with: manage.py train --resume {run_folder.name}",
            returncode=STOPPED_STATUS,
        ) from interrupt
    except (datasets.DataUnavailable, checkpoints.CannotResume, recipes.Impossible) as error:
        raise CommandError(str(error)) from error


# --- Progress -----------------------------------------------------------------------------------


@contextmanager
def _reporter(console: Console) -> Iterator[learning.Report]:
    """Give what shows a run's progress: a live bar, or a line an epoch where it is no terminal."""
    if not console.is_terminal:
        yield _print_epoch
        return
    with _bar(console) as bar:
        task = bar.add_task("", total=None, figures="reading the data")
        is_begun = False

        def report(progress: learning.Progress) -> None:
            nonlocal is_begun
            if not is_begun:  # what a resumed run did before does not count as speed
                bar.reset(task, total=progress.num_in_all, completed=progress.num_done)
                is_begun = True
            bar.update(
                task,
                completed=progress.num_done,
                description=f"epoch {progress.epoch}/{progress.num_epochs}",
                figures=_figures(progress),
            )

        yield report


def _bar(console: Console) -> Bar:
    return Bar(
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(bar_width=24),
        TextColumn("{task.fields[figures]}"),
        _StepsColumn(),
        TimeRemainingColumn(compact=True),
        console=console,
        refresh_per_second=4,
        speed_estimate_period=120,
    )


class _StepsColumn(TextColumn):
    """How many steps a second are made."""

    def __init__(self) -> None:
        super().__init__("")

    def render(self, task: Task) -> Text:
        return Text(f"{task.speed:.0f} steps/s" if task.speed else "")


def _print_data(lessons: lessons_of_runs.Lessons) -> None:
    data = lessons.data
    print(
        f"Data: {data.name}: {len(data.train):,} digits to learn from, "
        f"{len(data.validation):,} to choose by, {len(data.test):,} to measure by",
        flush=True,
    )
    for pool in lessons.pools:
        what = "digits" if pool.is_digits else "of no digit"
        note = "" if pool.is_as_published else " (not the files that the shipped model learnt from)"
        print(f"Source {pool.name}: {len(pool.train):,} {what} to learn from{note}", flush=True)
    if reviewed := lessons.reviewed:
        print(
            f"Reviewed: {len(reviewed.train):,} pictures of {reviewed.train.num_people:,} people "
            f"to learn from, {lessons.repeats} times an epoch; {len(reviewed.validation):,} of "
            f"{reviewed.validation.num_people:,} to choose by, {len(reviewed.field_test):,} of "
            f"{reviewed.field_test.num_people:,} to measure by",
            flush=True,
        )
    for name, reason in lessons.absent.items():
        from training.sources import SOURCES

        source = SOURCES[name]
        print(
            f"Source {name} is left out: {reason}. Where anybody gets it: {source.address} "
            f"({source.licence})",
            flush=True,
        )


def _print_epoch(progress: learning.Progress) -> None:
    if progress.is_epoch_end:
        epoch = f"epoch {progress.epoch}/{progress.num_epochs}"
        print(f"{epoch}: {_figures(progress)}", flush=True)


def _figures(progress: learning.Progress) -> str:
    text = f"loss {progress.loss:.4f}, accuracy {progress.accuracy:.2%}"
    if progress.validation_accuracy is None:
        return text
    return f"{text}, validation {progress.validation_accuracy:.2%}"


# --- Figures ------------------------------------------------------------------------------------

ROWS = (
    ("validation accuracy", "validation", "accuracy", "{:.2%}"),
    ("test accuracy", "test", "accuracy", "{:.2%}"),
    ("test calibration error", "test", "ece", "{:.2%}"),
    ("test negative log-likelihood", "test", "nll", "{:.4f}"),
)


def _compare(version: ModelVersion, active: ModelVersion | None) -> None:
    """Print a version's figures beside the active one's."""
    versions = [version] if active in (None, version) else [version, active]
    table = Table("", title="Figures")
    for one in versions:
        table.add_column(f"{one}{' (active)' if one == active else ''}", justify="right")
    for title, part, key, form in ROWS:
        table.add_row(title, *(_figure(one, part, key, form) for one in versions))
    table.add_row("parameters", *(f"{one.num_parameters:,}" for one in versions))
    Console().print(table)


def _compare_on_field_test(
    version: ModelVersion, active: ModelVersion | None, trained: run.Trained
) -> None:
    """Print how a version and the one before it read the people whom the run only measured by."""
    from training import field_test
    from training.lessons import REVIEWED_NAME

    figures = version.metrics.get("field_test")
    if figures is None:
        return
    text = f"Field test: {figures['accuracy']:.2%} of {figures['num']:,} digits right"
    kept = trained.run_folder / REVIEWED_NAME
    if active is not None and active != version and kept.is_file():
        try:
            before = field_test.compare(version, active, trained.run_folder)
            text += (
                f", {before['accuracy']:.2%} by {active}: {before['num_fixed']} mended, "
                f"{before['num_broken']} broken (p = {before['p_value']:.2g})"
            )
        except LoadFailed as error:
            text += f"; {active} does not load: {error}"
    print(text, flush=True)


@contextmanager
def _last_use_of_people(trained: run.Trained) -> Iterator[None]:
    """Delete what reviewers labelled from the run folder after it, come what may.

    Visitors' digits are where visitors can delete them, and nowhere else. A run whose passport is
    written needs them no more, to be registered neither.
    """
    from training.lessons import REVIEWED_NAME

    try:
        yield
    finally:
        (trained.run_folder / REVIEWED_NAME).unlink(missing_ok=True)


def _figure(version: ModelVersion | None, part: str, key: str, form: str) -> str:
    value = version.metrics.get(part, {}).get(key) if version else None
    return "–" if value is None else form.format(value)
