"""`manage.py worker`: do what waits behind the requests, and what comes round by the clock."""

from __future__ import annotations

import argparse
import os
from typing import Any

from django.utils.autoreload import DJANGO_AUTORELOAD_ENV
from django_tasks_db.management.commands import db_worker

from recognizer import clock
from recognizer.tasks import PERIODIC, PERIODIC_QUEUE


class Command(db_worker.Command):
    help = "Run a worker: the tasks behind requests, and the periodic ones, which it enqueues."

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        super().add_arguments(parser)
        parser.set_defaults(queue_name=f"default,{PERIODIC_QUEUE}")

    def handle(self, **options: Any) -> None:
        # With --reload the process of the code is a child, which comes by here as well.
        if not options["reload"] or os.environ.get(DJANGO_AUTORELOAD_ENV) == "true":
            clock.tick(PERIODIC)  # what is due by now is done in --batch mode too
            clock.Clock(PERIODIC).start()
        super().handle(**options)
