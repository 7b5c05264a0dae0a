"""Catalogues of messages: made, compiled and read by GNU gettext, for the tests of translations."""

import ast
import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from gettext import GNUTranslations
from pathlib import Path

from django.conf import settings

# Named placeholders: Python's two kinds. `%%` is a sign of percent.
PLACEHOLDER = re.compile(r"%\((?P<percent>\w+)\)[a-z]|\{(?P<brace>\w+)\}")
LINE = re.compile(r'(?:(?P<key>msg\w+(?:\[\d\])?) )?(?P<text>".*")')


@dataclass
class Message:
    """One message of a catalogue.

    Attributes:
        singular, plural: What the code says; no plural: an empty text.
        translations: One, or one for each plural form of the language.
        is_fuzzy: gettext guessed it from a similar one; nobody has looked at it.
        files: That say it.
    """

    singular: str = ""
    plural: str = ""
    translations: dict[str, str] = field(default_factory=dict)
    is_fuzzy: bool = False
    files: list[str] = field(default_factory=list)


def extract(locale: str, *, into: Path, known: Path | None = None) -> Path:
    """Make a catalogue of what the code says now, in a copy of it: files are written beside it.

    Args:
        locale: As "es".
        into: An empty folder for the copy.
        known: A catalogue to bring up to date.

    Returns:
        The catalogue in the copy.
    """
    made = into / "locale" / locale / "LC_MESSAGES" / "django.po"
    made.parent.mkdir(parents=True)
    if known:
        shutil.copy(known, made)
    shutil.copy(settings.BASE_DIR / "manage.py", into)
    for folder in ("digitsite", "recognizer", "templates", "training"):
        shutil.copytree(settings.BASE_DIR / folder, into / folder)
    command = [sys.executable, "manage.py", "makemessages", "-v", "0", "--locale", locale]
    environment = os.environ | {"DJANGO_SETTINGS_MODULE": "digitsite.settings"}
    subprocess.run(command, cwd=into, env=environment, check=True)
    return made


def read(path: Path) -> list[Message]:
    """Read a catalogue; obsolete messages and its head are left out."""
    command = ["msgattrib", "--no-obsolete", "--no-wrap", str(path)]
    found = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    messages = [_message(block) for block in found.split("\n\n")]
    return [message for message in messages if message.singular]


def _message(block: str) -> Message:
    message, key = Message(), ""
    texts: dict[str, str] = {}
    for line in block.splitlines():
        if line.startswith("#, "):
            message.is_fuzzy = "fuzzy" in line
        elif line.startswith("#: "):
            message.files += line.split()[1:]
        elif found := LINE.fullmatch(line):
            key = found["key"] or key
            texts[key] = texts.get(key, "") + ast.literal_eval(found["text"])
    message.singular, message.plural = texts.pop("msgid", ""), texts.pop("msgid_plural", "")
    texts.pop("msgctxt", "")
    message.translations = texts
    return message


def faults(message: Message) -> list[str]:
    """Say what is wrong with a translation: it lacks, is a guess, or has other placeholders."""
    wrong = ["is a guess (fuzzy)"] if message.is_fuzzy else []
    wanted = _placeholders(message.plural or message.singular)
    for translation in message.translations.values():
        if not translation:
            wrong.append("is not translated")
        elif _placeholders(translation) != wanted and not (
            # "One reading" may stand for "%(number)s reading" where there is a plural beside it.
            message.plural and _placeholders(translation) < wanted
        ):
            wrong.append(f"has other placeholders in {translation!r}")
    return [f"{message.singular!r} {what}" for what in wrong]


def _placeholders(text: str) -> set[str]:
    return {match.group() for match in PLACEHOLDER.finditer(text)}


def compiled(path: Path, *, into: Path) -> dict[object, str]:
    """Compile a catalogue, with gettext's own checks, and give what pages would read."""
    made = into / "compiled.mo"
    command = ["msgfmt", "--check", "--output-file", str(made), str(path)]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return contents(made)


def contents(path: Path) -> dict[object, str]:
    """Give what a compiled catalogue holds."""
    with path.open("rb") as file:
        held: dict[object, str] = vars(GNUTranslations(file))["_catalog"]
    return held
