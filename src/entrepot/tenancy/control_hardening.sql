-- Closes the control database to everybody but its one login. Run once, by the superuser.

revoke all on schema public from public;
alter default privileges for role entrepot_owner revoke all on functions from public;
alter default privileges for role entrepot_owner grant select on tables to entrepot_control;
alter default privileges for role entrepot_owner grant execute on functions to entrepot_control;
alter default privileges for role entrepot_owner grant usage on schemas to entrepot_control;
