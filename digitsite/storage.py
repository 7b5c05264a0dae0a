"""How static files are kept in production: hashed, compressed, and the modules' imports with them."""

from whitenoise.storage import CompressedManifestStaticFilesStorage


class ModuleManifestStorage(CompressedManifestStaticFilesStorage):
    """Hashes the names in `import … from "./x.js"` too.

    Without it a new main.js would import the old modules for as long as a browser keeps them.
    """

    support_js_module_import_aggregation = True
