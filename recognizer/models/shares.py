"""Links by which a visitor shows one reading to whoever has the link."""

from __future__ import annotations

import secrets

from django.db import models
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from recognizer.models.submissions import Submission

TOKEN_BYTES = 16  # 128 random bits: nobody finds a link by trying
TOKEN_LENGTH = 22  # of so many bytes in URL-safe base64


def new_token() -> str:
    return secrets.token_urlsafe(TOKEN_BYTES)


class Share(models.Model):
    """A link to one submission, until it is taken back or the submission goes."""

    submission = models.OneToOneField(
        Submission,
        verbose_name=_("submission"),
        on_delete=models.CASCADE,
        related_name="share",
    )
    # Of its own: the submission's id is in the visitor's addresses and in exports.
    token = models.CharField(
        _("token"), max_length=TOKEN_LENGTH, unique=True, default=new_token, editable=False
    )
    created_at = models.DateTimeField(_("date"), default=timezone.now, editable=False)

    class Meta:
        verbose_name = _("shared link")
        verbose_name_plural = _("shared links")

    def __str__(self) -> str:
        return f"link to {self.submission_id}"

    def get_absolute_url(self) -> str:
        return reverse("shared", args=[self.token])
