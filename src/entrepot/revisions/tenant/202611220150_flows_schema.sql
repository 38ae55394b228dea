-- The schema of hot paths: one function for each verb that is one statement, and no table.

create schema flows;
grant usage on schema flows to entrepot_app;
