"""Static files in production: hashed and compressed, and so are the names that modules import."""

from whitenoise.storage import CompressedManifestStaticFilesStorage


class ModuleManifestStorage(CompressedManifestStaticFilesStorage):
    """Hashes the names in `import … from "./x.js"` too.

    Without it a new main.js would import the old modules for as long as a browser keeps them.
    """

    support_js_module_import_aggregation = True
