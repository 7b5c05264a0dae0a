"""What the pages ask for is found, hashed and ours: no address of anybody else's."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from django.conf import settings

ROOT = Path(settings.BASE_DIR)
IMPORT = re.compile(r'^(?:import|export)\b[^;]*?["\'](?P<url>\.[^"\']+)["\'];', re.MULTILINE)


@pytest.fixture(scope="module")
def collected(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The static files as a production host collects them."""
    folder = tmp_path_factory.mktemp("static")
    environment = os.environ | {
        "STATIC_ROOT": str(folder),
        "DJANGO_SETTINGS_MODULE": "digitsite.settings",
    }
    command = [sys.executable, "manage.py", "collectstatic", "--no-input", "--verbosity", "0"]
    subprocess.run(command, cwd=ROOT, env=environment, check=True)
    return folder


def hashed(folder: Path) -> dict[str, str]:
    paths: dict[str, str] = json.loads((folder / "staticfiles.json").read_text())["paths"]
    return paths


def test_modules_import_hashed_modules_that_exist(collected):
    ours = ("site/js/", "admin_site/js/")
    names = [name for plain, name in hashed(collected).items() if plain.startswith(ours)]
    assert names
    for name in names:
        module = collected / name
        for found in IMPORT.finditer(module.read_text()):
            imported = (module.parent / found["url"]).resolve()
            assert imported.is_file(), found["url"]
            assert re.search(r"\.[0-9a-f]{12}\.js$", imported.name), found["url"]


def test_of_a_library_only_what_pages_ask_for_is_collected(collected):
    vendored = {plain for plain in hashed(collected) if plain.startswith("vendor/")}
    assert {plain for plain in vendored if not plain.endswith(".map")} == {
        "vendor/bootstrap/css/bootstrap.min.css",
        "vendor/chart.js/chart.umd.min.js",
        "vendor/cropperjs/cropper.esm.min.js",
    }


def test_static_files_are_compressed(collected):
    name = hashed(collected)["site/css/site.css"]
    for suffix in (".gz", ".br"):
        assert (collected / f"{name}{suffix}").is_file()


def test_the_first_page_is_small(collected):
    """Compressed, with all that it loads: 150 kB at most."""
    paths = hashed(collected)
    loaded = [
        "vendor/bootstrap/css/bootstrap.min.css",
        "site/css/site.css",
        "site/css/studio.css",
        "site/favicon.svg",
        *(plain for plain in paths if plain.startswith(("site/js/", "site/examples/"))),
    ]
    files = [collected / paths[plain] for plain in loaded]
    brotli = [path.with_name(path.name + ".br") for path in files]
    sizes = [
        (br if br.exists() else path).stat().st_size for br, path in zip(brotli, files, strict=True)
    ]
    assert sum(sizes) < 150_000


def test_nothing_of_ours_names_another_origin():
    ours = [
        path
        for folder in ("templates", "static/site", "static/admin_site")
        for path in (ROOT / folder).rglob("*")
        if path.suffix in {".html", ".js", ".css"} and "admin" not in path.parts
    ]
    assert ours
    for path in ours:
        addresses = re.findall(r"https?://[^\s\"'`)]+", path.read_text())
        assert set(addresses) <= {"http://www.w3.org/2000/svg"}, path
