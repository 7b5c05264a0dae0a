"""What a reviewer may decide about a submission."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

DIGITS = range(10)
DIGIT_LABELS = [str(digit) for digit in DIGITS]


class Label(models.TextChoices):
    """What a reviewer may decide about a submission."""

    ZERO = "0", "0"
    ONE = "1", "1"
    TWO = "2", "2"
    THREE = "3", "3"
    FOUR = "4", "4"
    FIVE = "5", "5"
    SIX = "6", "6"
    SEVEN = "7", "7"
    EIGHT = "8", "8"
    NINE = "9", "9"
    NOT_A_DIGIT = "not_a_digit", _("not a digit")
    SEVERAL = "several", _("several digits")
    BAD_IMAGE = "bad_image", _("bad image")
