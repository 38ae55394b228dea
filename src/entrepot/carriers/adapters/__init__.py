"""Live carriers: what an adapter is, those that come along, and the kit to build another.

`protocol` is what an adapter promises, `registry` finds adapters by name, `plain_json` speaks the
emulator's small protocol, `karrio_threads` any carrier of karrio, `emulator` is a fake carrier on
loopback with scripted faults, `contract` the promises that every adapter is held to.
"""
