-- Run once, when the database is made: two databases, and two roles that see nothing of each other.
\set techfinder `cat /run/secrets/postgres/techfinder_password`
\set mlflow `cat /run/secrets/postgres/mlflow_password`
CREATE ROLE techfinder LOGIN PASSWORD :'techfinder';
CREATE ROLE mlflow LOGIN PASSWORD :'mlflow';
CREATE DATABASE techfinder OWNER techfinder;
CREATE DATABASE mlflow OWNER mlflow;
REVOKE CONNECT, TEMPORARY ON DATABASE techfinder, mlflow, postgres FROM PUBLIC;
