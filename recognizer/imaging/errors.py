"""What can be wrong with a drawing, with a code and an HTTP status each. No Django here."""

from collections.abc import Callable


def gettext_noop(sentence: str) -> str:
    """Mark a sentence to be translated by who shows it: gettext finds it by this name."""
    return sentence


class UnreadableImage(Exception):
    """The bytes are no image that can be read. The message is meant for the visitor.

    Args:
        sentence: The message, with a name in braces for each value.
        values: What stands in their places.
    """

    code = "unreadable_image"
    status = 422

    def __init__(self, sentence: str, **values: object) -> None:
        super().__init__(sentence.format(**values) if values else sentence)
        self.sentence = sentence
        self.values = values

    def in_words(self, translate: Callable[[str], str]) -> str:
        """Say it in another language."""
        words = translate(self.sentence)
        return words.format(**self.values) if self.values else words


class UnsupportedFormat(UnreadableImage):
    """The bytes are a file of a format that is not read here."""

    code = "unsupported_format"
    status = 415


class ImageTooLarge(UnreadableImage):
    """Too many bytes or pixels; found out before any pixel is decoded."""

    code = "image_too_large"
    status = 413


class BlankImage(Exception):
    """There is no ink on the picture."""

    code = "blank"
    status = 422


# What they say, in whole sentences, so that each can be said in another language.
BROKEN = gettext_noop(
    "Expected a whole {format} image; this one is broken or cut short. Save or send it again."
)
NO_DATA_URL = gettext_noop(
    "Expected a data URL that begins with data:image/png;base64, but received text that begins "
    "with {begins}. Send the canvas as toDataURL() gives it."
)
NO_BASE64 = gettext_noop(
    "Expected base64 after {head}; what came is not base64 ({error}). Send the data URL whole."
)
NOTHING = gettext_noop("Expected an image file ({read}), but received nothing.")
NO_PIXELS = gettext_noop("Expected a picture with pixels, but received an empty one.")
TOO_MANY_BYTES = gettext_noop(
    "Expected at most {most} MiB, but received {received} MiB. Send a smaller picture."
)
TOO_MANY_PIXELS = gettext_noop(
    "Expected at most {megapixels} megapixels and {side} pixels a side, but received {received}. "
    "Send a smaller picture."
)
FAR_TOO_MANY_PIXELS = gettext_noop(
    "Expected at most {megapixels} megapixels and {side} pixels a side, but received far more. "
    "Send a smaller picture."
)
NAMED_FORMAT = gettext_noop(
    "Expected a picture as {read}, but received a file of the format {named}. "
    "Save it as PNG or JPEG, or take a screenshot of it."
)
UNKNOWN_FORMAT = gettext_noop(
    "Expected a picture as {read}, but received a file that is none of these. "
    "Save it as PNG or JPEG, or take a screenshot of it."
)
