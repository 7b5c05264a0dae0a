"""Which room may import which: the table of docs/architecture.md, held."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent

# A room (a module, or a package as one) → the rooms of ours that it may import.
FACES = {"recognizer.recognition", "recognizer.models", "recognizer.imaging"}
MAY_IMPORT = {
    "digitsite.apps": set(),
    "digitsite.built": set(),
    "digitsite.compression": set(),
    "digitsite.counters": set(),
    "digitsite.settings": {"digitsite.built"},
    "digitsite.storage": set(),
    "digitsite.urls": {"recognizer.urls"},
    "digitsite.wsgi": set(),
    "recognizer": set(),
    "recognizer.apps": set(),
    "recognizer.batches": set(),
    "recognizer.imaging": set(),
    "recognizer.engine": set(),
    "recognizer.vetting": {"recognizer.engine"},
    "recognizer.models": set(),
    "recognizer.migrations": {"recognizer.models"},
    "recognizer.pen": {"recognizer.imaging"},
    "recognizer.recognition": {
        *(f"recognizer.{part}" for part in ("imaging", "engine", "models", "pen")),
    },
    "recognizer.registry": {
        *(f"recognizer.{part}" for part in ("vetting", "engine", "people", "replay", "models")),
    },
    "recognizer.people": {"recognizer.models"},
    "recognizer.replay": {"recognizer.engine", "recognizer.models", "recognizer.people"},
    "recognizer.review": {"recognizer.batches", "recognizer.models"},
    "recognizer.clock": set(),
    "recognizer.aggregates": {"recognizer.models"},
    "recognizer.tenures": {"recognizer.aggregates", "recognizer.models"},
    "recognizer.deletion": {"recognizer.models"},
    "recognizer.exporting": {"recognizer.imaging", "recognizer.models", "recognizer.people"},
    "recognizer.importing": {
        *(f"recognizer.{part}" for part in ("imaging", "models", "recognition", "review")),
        "recognizer.batches",
    },
    "recognizer.retention": {
        *(f"recognizer.{part}" for part in ("aggregates", "deletion", "tenures", "models")),
    },
    "recognizer.rereading": {
        *(f"recognizer.{part}" for part in ("imaging", "engine", "models", "recognition")),
    },
    "recognizer.shadow": {
        *(f"recognizer.{part}" for part in ("engine", "models", "rereading")),
    },
    "recognizer.suspects": {
        *(f"recognizer.{part}" for part in ("batches", "engine", "models", "rereading")),
    },
    "recognizer.tasks": {
        *(
            f"recognizer.{part}"
            for part in (
                *("aggregates", "clock", "registry", "retention", "shadow", "suspects"),
                *("tenures", "models"),
            )
        ),
    },
    # The faces, from the inside out.
    "recognizer.visitors": FACES,
    "recognizer.limits": {"recognizer.visitors"},
    "recognizer.why": FACES | {"recognizer.pen"},
    "recognizer.problems": FACES | {"recognizer.limits", "recognizer.why"},
    "recognizer.doors": {"recognizer.problems", "recognizer.visitors"},
    "recognizer.advice": {"recognizer.models"},
    "recognizer.words": {"recognizer.advice", "recognizer.models"},
    "recognizer.answers": FACES | {"recognizer.advice", "recognizer.words"},
    "recognizer.built": set(),
    "recognizer.scripts": {"recognizer.built"},
    "recognizer.styles": {"recognizer.built"},
    "recognizer.marks": {"recognizer.why"},
    "recognizer.reasons": FACES
    | {f"recognizer.{part}" for part in ("answers", "marks", "why", "words")},
    "recognizer.steps": {"recognizer.imaging", "recognizer.models"},
    "recognizer.forms": FACES | {"recognizer.pen"},
    "recognizer.live": {"recognizer.deletion", "recognizer.models"},
    "recognizer.api": FACES | {"recognizer.advice", "recognizer.forms", "recognizer.problems"},
    "recognizer.sharing": {"recognizer.api", "recognizer.models"},
    "recognizer.history": {"recognizer.models", "recognizer.words"},
    "recognizer.takeout": {"recognizer.models"},
    "recognizer.about": {"recognizer.models"},
    "recognizer.offline": {"recognizer.styles"},
    "recognizer.views": FACES
    | {"recognizer.deletion", "recognizer.live"}
    | {
        f"recognizer.{face}"
        for face in (
            *("visitors", "limits", "problems", "doors", "words", "answers", "forms", "api"),
            *("sharing", "history", "takeout", "about", "offline", "scripts"),
            *("why", "reasons", "steps"),
        )
    },
    "recognizer.urls": {"recognizer.views"},
    "recognizer.admin": {
        *(
            f"recognizer.{part}"
            for part in (
                *("aggregates", "deletion", "exporting", "registry", "replay", "review", "tasks"),
                *("models", "imaging", "batches"),
            )
        ),
    },
    "recognizer.templatetags": {  # the admin's panel; which Bootstrap
        *(f"recognizer.{part}" for part in ("admin", "models", "styles")),
    },
    "recognizer.management": {
        "recognizer.aggregates",
        "recognizer.batches",
        "recognizer.clock",
        "recognizer.deletion",
        "recognizer.exporting",
        "recognizer.importing",
        "recognizer.retention",
        "recognizer.tasks",
        "recognizer.imaging",
        "recognizer.registry",
        "recognizer.recognition",
        "recognizer.models",
    },
    "training": set(),
    "training.apps": set(),
    "training.datasets": {"recognizer.imaging"},
    "training.strokes": set(),
    "training.shapes": {"training.strokes"},
    "training.typefaces": {"training.strokes"},
    "training.photos": {"training.strokes"},
    "training.nothing": {"training.strokes"},
    "training.disturbances": set(),
    "training.alphabet": {"training.strokes", "training.shapes"},
    "training.inks": {
        *(
            f"training.{part}"
            for part in (
                *("datasets", "strokes", "shapes", "alphabet", "typefaces", "nothing"),
                "disturbances",
            )
        ),
    },
    "training.pictures": {
        "recognizer.imaging",
        *(f"training.{part}" for part in ("datasets", "inks", "photos")),
    },
    "training.copies": {"training.datasets", "training.typefaces"},
    "training.sources": {
        *(f"training.{part}" for part in ("datasets", "copies", "inks", "pictures", "typefaces")),
    },
    "training.augmentation": {"recognizer.imaging"},
    "training.network": {"recognizer.imaging"},
    "training.evaluation": {"recognizer.imaging"},
    "training.checkpoints": set(),
    "training.corruptions": set(),
    "training.suite": {"training.corruptions", "training.datasets"},
    "training.measurement": {
        "recognizer.imaging",
        *(f"training.{part}" for part in ("corruptions", "datasets", "evaluation", "suite")),
    },
    "training.wording": set(),
    "training.report": {
        "recognizer.imaging",
        *(f"training.{part}" for part in ("evaluation", "measurement", "wording")),
    },
    "training.model_card": {"training.wording"},
    "training.sample": {"training.datasets"},
    "training.recipe": {"training.augmentation"},
    # Reviewed submissions, from rows to what a run learns and is measured by.
    "training.twins": {"training.datasets"},
    "training.pens": {
        *("recognizer.imaging", "recognizer.pen"),
        *(f"training.{part}" for part in ("pictures", "twins")),
    },
    "training.reviewed": {"training.datasets", "training.twins"},
    "training.splitting": {
        "recognizer.people",
        *(f"training.{part}" for part in ("datasets", "pens", "reviewed", "twins")),
    },
    "training.labelled": {
        *(f"recognizer.{part}" for part in ("imaging", "models", "people")),
        *("training.datasets", "training.splitting"),
    },
    "training.parents": {"recognizer.models", "training.recipe"},
    "training.lessons": {
        *(f"training.{part}" for part in ("checkpoints", "datasets", "recipe", "reviewed")),
        "training.sources",
    },
    "training.metrics": {
        *(f"training.{part}" for part in ("datasets", "evaluation", "lessons", "recipe")),
        "training.reviewed",
    },
    "training.field_test": {
        *(f"recognizer.{part}" for part in ("engine", "models", "replay")),
        *(f"training.{part}" for part in ("lessons", "reviewed")),
    },
    "training.learning": {
        *(
            f"training.{part}"
            for part in ("datasets", "augmentation", "network", "checkpoints", "recipe")
        ),
    },
    "training.run": {
        "recognizer.imaging",
        *(
            f"training.{part}"
            for part in (
                *("datasets", "sources", "evaluation", "checkpoints", "recipe", "learning"),
                *("lessons", "metrics", "reviewed"),
            )
        ),
    },
    # Runs that the admin asks for.
    "training.models": {"recognizer.models"},
    "training.migrations": {"training.models"},
    "training.attempts": {"training.models"},
    "training.processes": {"training.attempts", "training.models"},
    "training.reporting": {
        "recognizer.models",
        *(f"training.{part}" for part in ("attempts", "learning", "models", "processes")),
    },
    "training.tasks": {
        *(f"recognizer.{part}" for part in ("tasks", "models")),
        *(f"training.{part}" for part in ("attempts", "processes", "models")),
    },
    "training.forms": {"training.processes", "training.models"},
    "training.standing": {"recognizer.admin", "training.models", "training.tasks"},
    "training.admin": {
        "recognizer.admin",
        *(f"training.{part}" for part in ("forms", "standing", "tasks", "models")),
    },
    "training.management": {
        "recognizer.registry",
        "recognizer.recognition",
        "recognizer.engine",
        "recognizer.models",
        "training.attempts",
        "training.checkpoints",
        "training.datasets",
        "training.evaluation",
        "training.field_test",
        "training.labelled",
        "training.lessons",
        "training.measurement",
        "training.model_card",
        "training.models",
        "training.learning",
        "training.parents",
        "training.processes",
        "training.recipe",
        "training.report",
        "training.reporting",
        "training.run",
        "training.sources",
        "training.splitting",
        "training.suite",
        "training.wording",
    },
}
# Never imported at module level in a web process.
HEAVY = {"tensorflow", "keras", "h5py", "matplotlib"}
# Modules of processes of their own, which import what they like: only such a one imports another.
OWN_PROCESSES = {f"recognizer.vetting.{part}" for part in ("contents", "hdf5", "loading")}
# Of training, what web processes import: the admin asks for runs, and shows them.
ASKING = {
    f"training.{part}"
    for part in ("models", "attempts", "processes", "tasks", "forms", "standing", "admin")
}
WEB = {room for room in MAY_IMPORT if room.split(".")[0] != "training"} | ASKING


def modules() -> list[str]:
    files = [
        path
        for top in ("digitsite", "recognizer", "training")
        for path in (ROOT / top).rglob("*.py")
    ]
    names = [".".join(path.relative_to(ROOT).with_suffix("").parts) for path in files]
    return sorted(name.removesuffix(".__init__") for name in names)


def path_of(module: str) -> Path:
    path = ROOT.joinpath(*module.split("."))
    return path / "__init__.py" if path.is_dir() else path.with_suffix(".py")


def room_of(module: str) -> str:
    return ".".join(module.split(".")[:2])


def is_module(name: str) -> bool:
    path = ROOT.joinpath(*name.split("."))
    return path.is_dir() or path.with_suffix(".py").exists()


def names_in(node: ast.AST) -> list[str]:
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    if isinstance(node, ast.ImportFrom) and node.module:
        assert node.level == 0, "relative imports hide where a name comes from"
        full = [f"{node.module}.{alias.name}" for alias in node.names]
        return [name if is_module(name) else node.module for name in full]
    return []


def imports(module: str) -> set[str]:
    tree = ast.parse(path_of(module).read_text())
    return {name for node in ast.walk(tree) for name in names_in(node)}


@pytest.mark.parametrize("module", modules())
def test_a_module_imports_only_the_rooms_it_may(module):
    room = room_of(module)
    assert room in MAY_IMPORT or module == "digitsite", f"{room} has no place in the table"
    ours = {
        room_of(name)
        for name in imports(module)
        if name.split(".")[0] in {"digitsite", "recognizer", "training"}
    }
    assert ours - {room} <= MAY_IMPORT.get(room, set())


WEB_MODULES = [m for m in modules() if room_of(m) in WEB and m not in OWN_PROCESSES]


@pytest.mark.parametrize("module", WEB_MODULES)
def test_no_module_of_the_web_imports_what_runs_as_a_process_of_its_own(module):
    assert not imports(module) & OWN_PROCESSES


@pytest.mark.parametrize("module", WEB_MODULES)
def test_no_module_of_the_web_imports_tensorflow_at_its_top(module):
    tree = ast.parse(path_of(module).read_text())
    at_top = {name.split(".")[0] for node in tree.body for name in names_in(node)}
    assert not at_top & HEAVY


def test_every_room_of_the_table_stands():
    standing = {room_of(module) for module in modules()}
    assert set(MAY_IMPORT) <= standing
