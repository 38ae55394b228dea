"""What every room stands on: database, transactions, outbox, queue, audit, settings, clock.

Knows nothing of tenants' trade: which database a tenant's login opens is told by `tenancy`
through the `Directory` protocol of `platform.database`.
"""
