"""Static files of the libraries, as far as the site uses them."""

from django.contrib.staticfiles.apps import StaticFilesConfig


class UsedStaticFilesConfig(StaticFilesConfig):
    """Leaves out a library's builds that no page asks for.

    Hashing and compressing all of it would take a minute; this takes a few seconds.
    """

    ignore_patterns = [
        *StaticFilesConfig.ignore_patterns,
        *("chart.js*", "chart.cjs*", "chart.umd.js*", "helpers.*"),  # chart.umd.min.js is ours
        *("chunks", "controllers", "core", "elements", "helpers", "platform", "plugins", "scales"),
        # cropper.esm.min.js is ours: the ES module, whole in one file
        *("cropper.js", "cropper.min.js", "cropper.raw.js", "cropper.esm.js", "cropper.esm.raw.js"),
        "*.scss",
        "*.d.ts",
        "types",
        "bootstrap-*.css*",
        "bootstrap.css*",
        "*.rtl.*",
        "import_export",  # its pages are ours, without its scripts
    ]
