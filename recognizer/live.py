"""Drawings that go on after they were kept: the new reading takes the old one's place."""

from __future__ import annotations

import uuid
from datetime import timedelta

from django.db.models import Exists, OuterRef
from django.utils import timezone

from recognizer import deletion
from recognizer.models import Share, Submission

# Nobody draws for so long on one paper; what is older was left, and is a drawing of its own.
REPLACEABLE_FOR = timedelta(hours=1)


def drop_earlier(submission_id: uuid.UUID, *, visitor_key: str) -> bool:
    """Delete what was kept of a drawing before it went on, row and file, where nobody misses it.

    It stays where it is somebody else's, was not drawn here, is shown to others by a link, or
    somebody has said what it is.

    Args:
        submission_id: What the visitor says the new reading replaces.
        visitor_key: Whose new reading it is.

    Returns:
        Whether it was deleted.

    Queries: 8, or 1 where it stays.
    """
    # No join: PostgreSQL locks no rows that an outer one gave.
    shares = Share.objects.filter(submission=OuterRef("pk"))
    earlier = Submission.objects.of_visitor(visitor_key).filter(
        ~Exists(shares),
        pk=submission_id,
        source=Submission.Source.DRAWN,
        created_at__gt=timezone.now() - REPLACEABLE_FOR,
        claim__isnull=True,
        label="",
        review_state=Submission.ReviewState.PENDING,
    )
    return deletion.delete_batch(earlier) > 0
