"""Decisions made elsewhere, and ours made for others: docs/routing-allocator.md is the protocol.

`asking` sends a problem to an allocator of the tenant's choice and follows its plan only when it
comes in time and breaks no rule; otherwise our own engine decides and the outcome says why.
`answering` is the other way round: one problem in, one plan or problem document out.
"""
