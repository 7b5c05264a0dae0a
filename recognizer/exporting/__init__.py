"""Labelled submissions → a data set: PNG, IDX, .npz, JSON lines. It changes no row.

Only what is exported here is the door: `selection` says which submissions, `formats` writes them,
`writers` numbers who drew them, `output` puts it in its place whole.
"""

from recognizer.exporting.formats import FORMATS
from recognizer.exporting.making import NothingToExport, TooLarge, export
from recognizer.exporting.output import MANIFEST, OutputExists
from recognizer.exporting.selection import Selection

__all__ = [
    "FORMATS",
    "MANIFEST",
    "NothingToExport",
    "OutputExists",
    "Selection",
    "TooLarge",
    "export",
]
