-- The table of fluxa_sdk::webhooks::inbox::PostgresStore, version 1.
--
-- `PostgresStore::migrate` runs this under an advisory lock. Run by hand, or by a tool of your own,
-- it may run again: what is there stays.

CREATE TABLE IF NOT EXISTS fluxa_inbox (
    -- Whose inbox it is: consumers of different namespaces know nothing of each other.
    namespace   text COLLATE "C" NOT NULL,
    -- Fluxa's id of the event, the same on every delivery.
    event_id    text COLLATE "C" NOT NULL,
    -- Grows by one with each claim. Who holds a lower one has lost the event.
    fence       bigint NOT NULL CHECK (fence > 0),
    -- Until when the newest claim holds, by this server's clock.
    lease_until timestamptz NOT NULL,
    -- When it was processed; NULL until then.
    done_at     timestamptz,
    PRIMARY KEY (namespace, event_id)
)
-- Room for the update that marks a row done on the page it is on, without touching an index.
WITH (fillfactor = 70);

-- For `PostgresStore::purge`. On lease_until, which marking done does not change, and not on done_at.
CREATE INDEX IF NOT EXISTS fluxa_inbox_lease_until ON fluxa_inbox (namespace, lease_until);
