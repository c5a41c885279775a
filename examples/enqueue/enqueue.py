"""Enqueues loan promises in a program's own transaction, with psycopg 3.

    pip install 'psycopg[binary]'
    DATABASE_URL=postgresql://... python examples/enqueue/enqueue.py

It asserts what it shows, on an outbox whose rows may stay: nothing is sent before a delivery runs.
"""

import os
import uuid

import psycopg
from psycopg.types.json import Jsonb

ENQUEUE = "SELECT vitec_connect_enqueue_loan_promise(%s, %s, %s, %s)"
STATE = "SELECT state FROM vitec_connect_promises WHERE row = %s"


def enqueue(connection, customer_id, contact_id, loan_promise, reference):
    """In the transaction that the connection is in."""
    values = (customer_id, contact_id, Jsonb(loan_promise), reference)
    return connection.execute(ENQUEUE, values).fetchone()[0]


def main():
    decision = f"decision {uuid.uuid4()}"
    promise = {"bank": "SBAB", "validUntil": "2099-01-31", "estateType": "Apartment"}
    with psycopg.connect(os.environ["DATABASE_URL"], autocommit=True) as connection:
        connection.execute("CREATE TEMP TABLE decisions (name text PRIMARY KEY)")

        # What is rolled back is never sent.
        with connection.transaction(force_rollback=True):
            connection.execute("INSERT INTO decisions VALUES (%s)", (decision,))
            row = enqueue(connection, "M30011", "4711", promise, decision)
        assert connection.execute(STATE, (row,)).fetchone() is None

        # What is committed is sent by the next delivery.
        with connection.transaction():
            connection.execute("INSERT INTO decisions VALUES (%s)", (decision,))
            row = enqueue(connection, "M30011", "4711", promise, decision)
        assert connection.execute(STATE, (row,)).fetchone() == ("pending",)

        # Again after a lost connection: the same row.
        assert enqueue(connection, "M30011", "4711", promise, decision) == row

        try:
            enqueue(connection, "M30011", "4711", promise | {"bank": "Other"}, decision)
            raise AssertionError("other content was taken")
        except psycopg.errors.UniqueViolation as error:
            print(error.diag.message_primary)
        try:
            enqueue(connection, "M30011/..", "4711", promise, decision)
            raise AssertionError("another customer's path was taken")
        except psycopg.errors.InvalidParameterValue as error:
            print(error.diag.message_primary)
        print(f"row {row} is to be sent")


if __name__ == "__main__":
    main()
