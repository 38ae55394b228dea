"""Access: who is asking, how they prove it, and what they may do.

Owns people and their memberships, keys of programs, sessions and one-time links (operators' in
the control database), the list of permissions, request signatures, and the doors (`flow`,
`query`) through which every entrance goes. Principals are built here, after proof.

- A signature is parsed, then proven by a live key; the nonce is burnt only where work is tried.
- Nobody hands on more than they hold: keys, roles and links alike.
- Secrets lie sealed, tokens and passwords only as hashes; each is shown once.
- A dead key's statement is refused by the database itself, whatever a process remembers.
"""
