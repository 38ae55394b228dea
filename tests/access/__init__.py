"""Access: signatures, keys, people, sessions, flows."""
