-- A row for each transaction that must not be doubled, so that one whose commit
-- got no answer can be looked for. (pg_xact_status cannot tell after a crash: the
-- server gives the ids of lost transactions to others.) Tokens grow with time.
CREATE TABLE commits (token uuid PRIMARY KEY);
