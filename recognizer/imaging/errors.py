"""What can be wrong with a drawing, with a code and an HTTP status each. No Django here."""


class UnreadableImage(Exception):
    """The bytes are no image that can be read. The message is meant for the visitor."""

    code = "unreadable_image"
    status = 422


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
