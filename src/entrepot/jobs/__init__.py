"""The worker: leases tokens from the queue, drains outboxes, seals audit rows, tidies up."""
