"""The admin's lists and pages, asked for as a superuser does, in the process of one database.

`python -m benchmarks.lists NUM` fills an empty site of its environment, measures it, and prints
JSON: `benchmarks.admin` runs it once for each database.
"""

from __future__ import annotations

import itertools
import json
import re
import sys
import time
from collections.abc import Iterable
from typing import Any
from urllib.parse import urlencode

import django
import numpy as np
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

ROUNDS = 24  # requests a page at least; one with more addresses asks for each of them
REVIEWERS = ("anna", "ben", "chris")
INDEX = "/admin/"
SUBMISSIONS, PREDICTIONS, VERSIONS, ACTIVATIONS = (
    f"/admin/recognizer/{name}/"
    for name in ("submission", "prediction", "modelversion", "activation")
)
VERDICTS = ("digit", "unsure", "not_a_digit", "several")
CONFIDENCES = ("0-50", "50-80", "80-95", "95-99", "99-100")
STATES = ("pending", "reviewed", "second_look")
LANES = ("uncertain", "audit", "second_look", "suspect")
REVIEW = f"{SUBMISSIONS}review/"


def main() -> None:
    django.setup()
    num = int(sys.argv[1])
    seconds = fill(num)
    count_sums()
    client = Client()
    from django.contrib.auth import get_user_model

    client.force_login(get_user_model().objects.get(username=REVIEWERS[0]))
    figures = []
    for name, addresses in pages(client).items():
        figures.append(measure(client, name, addresses))
        print("{name}: {queries} queries, {high:.0f} ms".format(**figures[-1]), file=sys.stderr)
    print(json.dumps({"seconds": seconds, "bytes": size(), "pages": figures}))


def fill(num: int) -> float:
    """Build the rows, unless an earlier run has; give how many seconds it took, 0 where it did not.

    Raises:
        SystemExit: There is another number of rows.
    """
    from django.contrib.auth import get_user_model

    from benchmarks import rows
    from recognizer.models import Submission

    found = Submission.objects.count()
    if found == num:
        return 0.0
    if found:
        sys.exit(f"Expected no rows or {num:,}, found {found:,}. Name another folder, or empty it.")
    users = get_user_model().objects
    ids = [users.create_superuser(name, password=None).pk for name in REVIEWERS]
    started = time.perf_counter()
    rows.build(num, reviewers=ids)
    return time.perf_counter() - started


def count_sums() -> None:
    """Count what pages show in sum, days and activations, as the worker does."""
    from recognizer import aggregates, tenures
    from recognizer.models import CountedDay

    if not CountedDay.objects.exists():
        aggregates.refresh(budget_s=float("inf"))
    tenures.count()


def size() -> int:
    """Give what the database takes on disk, in bytes."""
    question = {
        "postgresql": "SELECT pg_database_size(current_database())",
        "sqlite": "SELECT page_count * page_size FROM pragma_page_count, pragma_page_size",
    }
    with connection.cursor() as cursor:
        cursor.execute(question[connection.vendor])
        return int(cursor.fetchone()[0])


def measure(client: Client, name: str, addresses: Iterable[str]) -> dict[str, Any]:
    """Ask for a page again and again, at its addresses by turns.

    Returns:
        Its name; the most queries that one address took; the median and the 95th percentile in ms;
        the slowest address.
    """
    asked = list(addresses)
    queries = 0
    for address in asked:  # warm, and not timed: the disk is not what is measured
        with CaptureQueriesContext(connection) as captured:
            get(client, address)
        queries = max(queries, len(captured))
    times = []
    for address in itertools.islice(itertools.cycle(asked), max(ROUNDS, len(asked))):
        started = time.perf_counter()
        get(client, address)
        times.append((time.perf_counter() - started) * 1000)
    median, high = np.percentile(times, [50, 95])
    slowest = asked[int(np.argmax(times)) % len(asked)]
    return {"name": name, "queries": queries, "median": median, "high": high, "slowest": slowest}


def get(client: Client, address: str) -> Any:
    response = client.get(address)
    if response.status_code != 200:
        raise RuntimeError(f"Expected {address} to answer 200, received {response.status_code}.")
    return response


def pages(client: Client) -> dict[str, list[str]]:
    """Name each page, with the addresses that it is asked for at."""
    from recognizer.models import ModelVersion, Submission

    versions = list(ModelVersion.objects.order_by("number").values_list("pk", flat=True))
    count = Submission.objects.count()
    newest = Submission.objects.values_list("pk", flat=True)
    places = np.linspace(0, count - 1, ROUNDS).astype(int).tolist()
    some = list(Submission.objects.filter(pk__in=[newest[place] for place in places]))
    return {
        "index": [INDEX],
        **_of_list("submissions", SUBMISSIONS, client, versions, orders=(2, 3, 4, 5, 6)),
        **_of_reviews(versions),
        **_searches(some),
        "review": [REVIEW, *_with(REVIEW, lane=LANES)],
        "review, progress": [f"{REVIEW}progress/", *_with(f"{REVIEW}progress/", version=versions)],
        "submission, page": [f"{SUBMISSIONS}{one.pk}/change/" for one in some],
        "submission, history": [f"{SUBMISSIONS}{one.pk}/history/" for one in some],
        **_of_list("predictions", PREDICTIONS, client, versions, orders=(1, 2, 3, 6, 7)),
        "predictions, role": _with(PREDICTIONS, role__exact=("served", "shadow", "replay")),
        "predictions, role × verdict × version": _with(
            PREDICTIONS, role__exact=("served", "shadow"), verdict=VERDICTS, version=versions
        ),
        "predictions, search by an id's beginning": [
            f"{PREDICTIONS}?q={str(one.pk)[:long]}" for one in some[:6] for long in (3, 4, 8, 36)
        ],
        "versions": [VERSIONS],
        "version, page": [f"{VERSIONS}{pk}/change/" for pk in versions],
        "activations": [ACTIVATIONS],
    }


def _with(address: str, **choices: Iterable[Any]) -> list[str]:
    """Combine each choice of each parameter with each of the others."""
    combined = itertools.product(*choices.values())
    return [f"{address}?{urlencode(dict(zip(choices, one, strict=True)))}" for one in combined]


def _of_list(
    name: str, address: str, client: Client, versions: list[int], *, orders: tuple[int, ...]
) -> dict[str, list[str]]:
    """Name what both long lists have in common."""
    from recognizer.admin import counts
    from recognizer.admin.lists import LongListAdmin

    [last] = map(int, re.findall(r'p=(\d+)" class="end"', get(client, address).content.decode()))
    deep = np.unique(np.linspace(1, last, ROUNDS).astype(int)).tolist()
    both_ways = [f"{way}{column}" for column in orders for way in ("", "-")]
    offered = [counts.COUNTED // LongListAdmin.list_per_page]
    parts = {
        "first page": [address],
        "page 2": _with(address, p=[2]),
        "last page": _with(address, p=[last]),
        "any page": _with(address, p=deep),
        "verdict": _with(address, verdict=VERDICTS),
        "verdict, page 2 to 200": _with(address, verdict=VERDICTS, p=(2, 20, 200)),
        "digit": _with(address, digit=range(10)),
        "confidence": _with(address, confidence=CONFIDENCES),
        "version": _with(address, version=versions),
        "confidence × digit": _with(address, confidence=CONFIDENCES, digit=range(10)),
        "verdict × confidence": _with(address, verdict=VERDICTS, confidence=CONFIDENCES),
        "verdict × version × digit": _with(
            address, verdict=VERDICTS, version=versions, digit=(0, 7)
        ),
        "order": _with(address, o=both_ways),
        "order, last page offered": _with(address, o=both_ways, p=offered),
        "order × verdict": _with(address, o=both_ways, verdict=VERDICTS),
        "order × version": _with(address, o=both_ways, version=versions),
        "year": _with(address, created_at__year=[2026]),
        "month": _with(address, created_at__year=[2026], created_at__month=(8, 9, 10, 11)),
        "day": _with(
            address, created_at__year=[2026], created_at__month=(9, 10), created_at__day=(1, 9, 30)
        ),
        "month × verdict": _with(
            address, created_at__year=[2026], created_at__month=(9, 10, 11), verdict=VERDICTS
        ),
    }
    return {f"{name}, {part}": addresses for part, addresses in parts.items()}


def _of_reviews(versions: list[int]) -> dict[str, list[str]]:
    """Name what only the list of submissions filters by."""
    from recognizer.models import Label

    labels, sources = [*Label.values, ""], ("drawn", "uploaded", "api")
    parts: dict[str, dict[str, Iterable[Any]]] = {
        "review": {"review_state__exact": STATES},
        "label": {"label__exact": labels},
        "source": {"source__exact": sources},
        "verdict × version × review": {
            "verdict": VERDICTS,
            "version": versions,
            "review_state__exact": STATES,
        },
        "verdict × review × source": {
            "verdict": VERDICTS,
            "review_state__exact": STATES,
            "source__exact": sources,
        },
        "lane": {"lane": (*LANES, "audited")},
        "lane × verdict × digit": {
            "lane": (*LANES, "audited"),
            "verdict": VERDICTS,
            "digit": (0, 7),
        },
        "claim": {"claim": ("other", "same")},
        "claim × version × verdict": {
            "claim": ("other", "same"),
            "version": versions,
            "verdict": VERDICTS,
        },
        # The cells of a confusion matrix.
        "label × digit × version": {
            "label__exact": (1, 7),
            "digit": range(10),
            "version": versions,
        },
    }
    return {f"submissions, {name}": _with(SUBMISSIONS, **some) for name, some in parts.items()}


def _searches(some: list[Any]) -> dict[str, list[str]]:
    def beginnings(words: Iterable[str], *longs: int) -> list[str]:
        return [f"{SUBMISSIONS}?q={word[:long]}" for word in words for long in longs]

    visitors = [one.visitor_key for one in some if one.visitor_key]
    return {
        "submissions, search by an id's beginning": beginnings(
            [str(one.pk) for one in some[:6]], 3, 4, 8, 36
        ),
        "submissions, search by a visitor's key": beginnings(visitors, 5, 32),
        "submissions, search by a version's name": beginnings(["shipped-2", "shipped"], 7, 9),
    }


if __name__ == "__main__":
    main()
