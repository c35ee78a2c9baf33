BEGIN TRANSACTION;
CREATE TABLE fleet (
        fleet_id TEXT PRIMARY KEY,
        name TEXT NOT NULL,
        created_at TEXT NOT NULL,
        spec TEXT NOT NULL,
        source TEXT NOT NULL,
        directory TEXT NOT NULL,
        collector_url TEXT,
        joined INTEGER NOT NULL
    ) STRICT
    ;
INSERT INTO "fleet" VALUES('dcfb1683-b263-4d78-8286-489341f29332','mill','2026-11-26T14:54:10.486439Z','{"version": 1, "name": "mill", "run": {"repeat": 2, "every": "0.5s", "jitter": "0s"}, "delivery": "auto", "limits": {"concurrency": 10, "deadline": "90m", "ttl": "2h"}, "testers": [{"name": "a", "driver": "local", "location": {"region": "north"}, "probe": {"type": "icmp", "count": 2, "interval": "0.01s", "timeout": "0.3s", "size": 56, "ip": "4", "dscp": 0}}, {"name": "b", "driver": "local", "probe": {"type": "icmp", "count": 2, "interval": "0.01s", "timeout": "0.3s", "size": 56, "ip": "4", "dscp": 0}}], "servers": [{"name": "loop", "host": "127.0.0.1"}], "collector": {"port": 19493}}','fleet.yaml','.',NULL,0);
CREATE TABLE hosts (
        name TEXT PRIMARY KEY,
        tester TEXT NOT NULL,
        tester_id TEXT NOT NULL,
        driver TEXT NOT NULL,
        region TEXT NOT NULL,
        state TEXT NOT NULL,
        since TEXT NOT NULL,
        job_digest TEXT,
        sweep_id TEXT,
        attempts INTEGER NOT NULL
    , failed INTEGER NOT NULL DEFAULT 0) STRICT
    ;
INSERT INTO "hosts" VALUES('mill-a-dcfb1683-41ed','a','cf220d73-1b12-5f80-b722-e38c912faae4','local','north','finished','2026-11-26T14:54:17.812423Z','d45a741a0bc9c6ea-6ca4fd6fd744f69a','c46122a5-9689-4229-a5b6-8eac169e32eb',1,0);
INSERT INTO "hosts" VALUES('mill-b-dcfb1683-b9d2','b','46b50820-4bf1-5e28-a600-6be5d3a6fde4','local','b','finished','2026-11-26T14:54:17.815873Z','d45a741a0bc9c6ea-6ca4fd6fd744f69a','c46122a5-9689-4229-a5b6-8eac169e32eb',1,0);
CREATE TABLE log (
        id INTEGER PRIMARY KEY,
        at TEXT NOT NULL,
        host TEXT NOT NULL,
        event TEXT NOT NULL,
        state TEXT NOT NULL,
        detail TEXT NOT NULL
    ) STRICT
    ;
INSERT INTO "log" VALUES(1,'2026-11-26T14:54:15.222362Z','mill-a-dcfb1683-41ed','planned','planned','has no host');
INSERT INTO "log" VALUES(2,'2026-11-26T14:54:15.224482Z','mill-a-dcfb1683-41ed','create_started','creating','has no host');
INSERT INTO "log" VALUES(3,'2026-11-26T14:54:15.227504Z','mill-b-dcfb1683-b9d2','planned','planned','has no host');
INSERT INTO "log" VALUES(4,'2026-11-26T14:54:15.235139Z','mill-a-dcfb1683-41ed','created','ready','');
INSERT INTO "log" VALUES(5,'2026-11-26T14:54:15.237038Z','mill-b-dcfb1683-b9d2','create_started','creating','has no host');
INSERT INTO "log" VALUES(6,'2026-11-26T14:54:15.245166Z','mill-a-dcfb1683-41ed','start_started','starting','');
INSERT INTO "log" VALUES(7,'2026-11-26T14:54:15.251712Z','mill-b-dcfb1683-b9d2','created','ready','');
INSERT INTO "log" VALUES(8,'2026-11-26T14:54:15.261703Z','mill-b-dcfb1683-b9d2','start_started','starting','');
INSERT INTO "log" VALUES(9,'2026-11-26T14:54:15.326739Z','mill-b-dcfb1683-b9d2','tester_started','running','');
INSERT INTO "log" VALUES(10,'2026-11-26T14:54:15.340199Z','mill-a-dcfb1683-41ed','tester_started','running','');
INSERT INTO "log" VALUES(11,'2026-11-26T14:54:17.812482Z','mill-a-dcfb1683-41ed','runs_complete','finished','');
INSERT INTO "log" VALUES(12,'2026-11-26T14:54:17.815910Z','mill-b-dcfb1683-b9d2','runs_complete','finished','');
CREATE TABLE regions (
        driver TEXT NOT NULL,
        region TEXT NOT NULL,
        PRIMARY KEY (driver, region)
    ) STRICT
    ;
CREATE TABLE sweeps (
        sweep_id TEXT PRIMARY KEY,
        started_at TEXT NOT NULL,
        finished_at TEXT,
        outcome TEXT
    ) STRICT
    ;
INSERT INTO "sweeps" VALUES('c46122a5-9689-4229-a5b6-8eac169e32eb','2026-11-26T14:54:15.153269Z','2026-11-26T14:54:18.242546Z','complete');
COMMIT;
PRAGMA user_version = 3;
