"""Folders and zips of images → submissions, each read as a visitor's drawing is.

Only what is exported here is the door: `collection` opens what was given and writes nothing,
`items` finds each image's label and writer, `storing` reads and stores them.
"""

from recognizer.importing.collection import Collection, UnusableCollection, opened
from recognizer.importing.items import Item, items_of
from recognizer.importing.storing import Outcome, Result, look, store

__all__ = [
    "Collection",
    "Item",
    "Outcome",
    "Result",
    "UnusableCollection",
    "items_of",
    "look",
    "opened",
    "store",
]
