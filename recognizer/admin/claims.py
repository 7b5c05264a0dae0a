"""What became of visitors' claims that were to be accepted, in words."""

from __future__ import annotations

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from recognizer import review


def words(found: review.Accepted) -> str:
    """Say how many claims became labels, and why the others did not."""
    said = [
        ngettext("%(num)d claim accepted.", "%(num)d claims accepted.", found.num)
        % {"num": found.num}
    ]
    if found.num_unsupported:
        said.append(
            ngettext(
                "%(num)d is read so by no other version: a reviewer must look at it.",
                "%(num)d are read so by no other version: a reviewer must look at them.",
                found.num_unsupported,
            )
            % {"num": found.num_unsupported}
        )
    if found.num_over:
        said.append(
            ngettext(
                "%(num)d is of a visitor of whom %(most)d are accepted already.",
                "%(num)d are of visitors of whom %(most)d each are accepted already.",
                found.num_over,
            )
            % {"num": found.num_over, "most": review.CLAIMS_PER_VISITOR}
        )
    if found == review.Accepted():
        said.append(_("None of those chosen is waiting for a label and has a claim."))
    return " ".join(said)
