"""The translations are whole: nothing lacks, nothing is a guess, and pages read what is written."""

from pathlib import Path

import pytest
from django.conf import settings
from django.utils import translation

from recognizer.management.commands.makemessages import translated
from tests import catalogues
from tests.catalogues import Message

LOCALES = translated()


def catalogue_of(locale: str) -> Path:
    return Path(settings.LOCALE_PATHS[0], locale, "LC_MESSAGES", "django.po")


@pytest.fixture(scope="module")
def fresh(tmp_path_factory: pytest.TempPathFactory) -> list[Message]:
    """What a language that nobody has begun with would have to say."""
    return catalogues.read(catalogues.extract("es", into=tmp_path_factory.mktemp("fresh")))


# --- Of each language -----------------------------------------------------------------------------


@pytest.mark.parametrize("locale", LOCALES)
def test_each_message_is_translated_with_its_placeholders(locale):
    found = [catalogues.faults(message) for message in catalogues.read(catalogue_of(locale))]
    assert not [fault for faults in found for fault in faults]


@pytest.mark.parametrize("locale", LOCALES)
def test_what_the_code_says_now_is_in_the_catalogue(locale, tmp_path):
    """`make messages` would bring nothing new."""
    known = catalogues.read(catalogue_of(locale))
    now = catalogues.read(
        catalogues.extract(locale, into=tmp_path / "now", known=catalogue_of(locale))
    )
    assert {one.singular for one in now} == {one.singular for one in known}


@pytest.mark.parametrize("locale", LOCALES)
def test_pages_read_what_the_catalogue_says(locale, tmp_path):
    """`make translations` would change nothing."""
    written = catalogues.compiled(catalogue_of(locale), into=tmp_path)
    assert catalogues.contents(catalogue_of(locale).with_suffix(".mo")) == written


@pytest.mark.parametrize(
    ("context", "message", "words"),
    [
        ("a button", "Share", "Compartir"),
        ("do not delete", "Keep", "Conservar"),
        ("of a filter", "All", "Cualquiera"),
        ("a column", "Right", "Aciertos"),
    ],
)
def test_one_english_word_is_several_spanish_ones(context, message, words):
    with translation.override("es"):
        assert translation.pgettext(context, message) == words != translation.gettext(message)


def test_only_languages_of_the_site_have_a_catalogue():
    found = {path.parts[-3] for path in Path(settings.LOCALE_PATHS[0]).glob("*/LC_MESSAGES/*.po")}
    assert found == set(LOCALES)


# --- Of making and checking them ------------------------------------------------------------------


def test_messages_come_from_pages_forms_and_the_admin(fresh):
    files = {file for message in fresh for file in message.files}
    for room in ("recognizer/admin/", "recognizer/words.py", "training/", "templates/recognizer/"):
        assert any(file.startswith(room) for file in files), room
    assert not {file.split("/")[0] for file in files} - {"recognizer", "training", "templates"}


def test_a_message_is_on_a_line_of_its_own_without_line_numbers(tmp_path):
    text = catalogues.extract("es", into=tmp_path).read_text()
    places = [line for line in text.splitlines() if line.startswith("#: ")]
    assert places
    assert not [line for line in places if any(part.isdecimal() for part in line.split(":"))]
    assert 'msgid "Draw one digit."\n' in text


@pytest.mark.parametrize(
    ("written", "fault"),
    [
        ('msgid "{num} days"\nmsgstr ""', "is not translated"),
        ('#, fuzzy\nmsgid "{num} days"\nmsgstr "{num} días"', "is a guess"),
        ('msgid "{num} days"\nmsgstr "{número} días"', "has other placeholders"),
        ('msgid "%(num)s days"\nmsgstr "días"', "has other placeholders"),
        (
            'msgid "day"\nmsgid_plural "%(num)s days"\nmsgstr[0] "día"\nmsgstr[1] "%(n)s días"',
            "has other placeholders",
        ),
    ],
)
def test_what_is_wrong_with_a_translation_is_said(tmp_path, written, fault):
    (message,) = messages_of(tmp_path, written)
    (found,) = catalogues.faults(message)
    assert fault in found


@pytest.mark.parametrize(
    "written",
    [
        'msgid "{num} days"\nmsgstr "{num} días"',
        'msgid "day"\nmsgid_plural "%(num)s days"\nmsgstr[0] "día"\nmsgstr[1] "%(num)s días"',
    ],
)
def test_a_good_translation_has_no_fault(tmp_path, written):
    (message,) = messages_of(tmp_path, written)
    assert not catalogues.faults(message)


def messages_of(folder: Path, written: str) -> list[Message]:
    path = folder / "django.po"
    head = 'msgid ""\nmsgstr "Content-Type: text/plain; charset=UTF-8\\n"'
    path.write_text(f"{head}\n\n{written}\n")
    return catalogues.read(path)
