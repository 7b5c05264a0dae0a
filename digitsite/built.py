"""The first page's script as one file, where `npm run build` has made it."""

from pathlib import Path

# Where the build writes, and what it makes one file of; package.json has the command.
FOLDER, SCRIPT, MODULES = "built", "site/built/main.js", "static/site/js"


def folders(project: Path) -> list[Path]:
    """Give the folder to collect it from; none where it was not built, or modules changed since.

    Args:
        project: The project's own folder.
    """
    script = project / FOLDER / SCRIPT
    if not script.is_file():
        return []
    newest = max(path.stat().st_mtime for path in (project / MODULES).glob("*.js"))
    return [project / FOLDER] if script.stat().st_mtime >= newest else []
