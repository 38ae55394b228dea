"""The control plane: tenants, hosts, servers, placements, credentials, fleet migration.

Owns the schema `tenancy` of the control database. Words: a tenant is placed on a server, in a
database of its own with a random name; two logins enter it, one for the app and one for
shoppers under row-level security; a gate role without privileges bears the database's name,
and being its member is what the server's entrance asks for.

Invariants: nobody but a tenant's own two logins and the migrator can connect to its database;
a tenant is `provisioning` until its isolation has been verified; a public id or slug is never
given twice. The wall between tenants is CONNECT, entrance rule and password: all tables belong
to one owner role, which no tenant's login is a member of.
"""
