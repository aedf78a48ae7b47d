from __future__ import annotations

import threading
import time

import pytest
from django.db import connection

from engagement import alerts, deliveries
from tests.factories import NOW, TargetFactory


@pytest.mark.django_db(transaction=True)
def test_two_workers_deliver_every_alert_once(sink):
    addresses = [f"colleague{number}@staff.example" for number in range(12)]
    alerts.raise_alert(
        action_id=None, title="New artist", target=TargetFactory(extra_emails=addresses), contact=None, now=NOW
    )

    def work():
        deliveries.run_pump_step(time.monotonic() + 20)
        connection.close()

    workers = [threading.Thread(target=work) for _ in range(2)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()

    assert sorted(one.recipients[0] for one in sink.received) == sorted(addresses)
