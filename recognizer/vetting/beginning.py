"""What a file's name, size and first bytes tell: enough to turn away what is no model at all."""

from __future__ import annotations

from pathlib import Path

from recognizer.vetting.refusal import RefusedModel

MAX_FILE_BYTES = 50 * 2**20
SIGNATURES = {".keras": b"PK\x03\x04", ".h5": b"\x89HDF\r\n\x1a\n"}
BEGINNING_BYTES = 8


def check_format(path: Path) -> None:
    """Check a file's name, size and first bytes, as `check_beginning` does."""
    with path.open("rb") as file:
        check_beginning(path.name, path.stat().st_size, file.read(BEGINNING_BYTES))


def check_beginning(filename: str, size: int, beginning: bytes) -> None:
    """Check a file's name, size and first bytes.

    Args:
        filename: Its name.
        size: In bytes.
        beginning: Its first `BEGINNING_BYTES`, or all that there are.

    Raises:
        RefusedModel: It is no .keras or .h5 file, or too large.
    """
    suffix = Path(filename).suffix.lower()
    if suffix not in SIGNATURES:
        found = repr(suffix) if suffix else "no suffix"
        raise RefusedModel("Format", "a .keras or .h5 file", found)
    if size > MAX_FILE_BYTES:
        found = f"{size / 2**20:.0f} MB"
        raise RefusedModel("Size", f"at most {MAX_FILE_BYTES // 2**20} MB", found)
    if not beginning.startswith(SIGNATURES[suffix]):
        raise RefusedModel(
            "Format",
            f"a file that begins as {suffix} files do",
            repr(beginning)[1:] if beginning else "an empty one",
            "Save the model again with model.save('model.keras').",
        )
