-- A role that may read the views and nothing else; run as the owner of the tables, as often as you like:
-- GRAFANA_PASSWORD_FILE=… psql -v ON_ERROR_STOP=1 -f role.sql DATABASE
\set password `cat "$GRAFANA_PASSWORD_FILE"`
SELECT 'CREATE ROLE grafana' WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'grafana') \gexec
ALTER ROLE grafana LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE PASSWORD :'password';
GRANT USAGE ON SCHEMA public TO grafana;
GRANT SELECT ON view_results, view_latest, view_runs, view_paths_hour, view_paths_day TO grafana;
ALTER ROLE grafana SET timezone = 'UTC';
ALTER ROLE grafana SET default_transaction_read_only = on;
ALTER ROLE grafana SET statement_timeout = '60s';
