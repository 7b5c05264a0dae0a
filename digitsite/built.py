"""The first page's script as one file, and the parts of Bootstrap in use, where they were built."""

from pathlib import Path

# Where builds write, and what each is built of; package.json has the commands.
FOLDER = "built"
SOURCES = {
    "site/built/main.js": ("static/site/js/*.js", "package.json"),
    "site/built/parts_of_bootstrap.css": ("static/site/css/*.scss", "package.json"),
}


def folders(project: Path) -> list[Path]:
    """Give the folder to collect them from; none where one is missing or older than its sources.

    Args:
        project: The project's own folder.
    """
    folder = project / FOLDER
    is_new = all(
        _changed(folder, name) >= max(_changed(project, pattern) for pattern in patterns)
        for name, patterns in SOURCES.items()
    )
    return [folder] if is_new and folder.is_dir() else []


def _changed(folder: Path, pattern: str) -> float:
    """When the newest of some files was last changed, in s; 0 where there is none."""
    return max((path.stat().st_mtime for path in folder.glob(pattern)), default=0)
