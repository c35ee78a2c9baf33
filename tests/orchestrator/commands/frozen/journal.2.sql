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
INSERT INTO "fleet" VALUES('0f67c170-e123-473a-9b92-6c520b5ae59c','mill','2026-11-26T14:53:56.853662Z','{"version": 1, "name": "mill", "run": {"repeat": 2, "every": "0.5s", "jitter": "0s"}, "delivery": "auto", "limits": {"concurrency": 10, "deadline": "90m", "ttl": "2h"}, "testers": [{"name": "a", "driver": "local", "location": {"region": "north"}, "probe": {"type": "icmp", "count": 2, "interval": "0.01s", "timeout": "0.3s", "size": 56, "ip": "4", "dscp": 0}}, {"name": "b", "driver": "local", "probe": {"type": "icmp", "count": 2, "interval": "0.01s", "timeout": "0.3s", "size": 56, "ip": "4", "dscp": 0}}], "servers": [{"name": "loop", "host": "127.0.0.1"}], "collector": {"port": 19493}}','fleet.yaml','.',NULL,0);
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
INSERT INTO "hosts" VALUES('mill-a-0f67c170-36cc','a','0460da07-9085-5ede-bcac-ec3e91d3b3a6','local','north','finished','2026-11-26T14:54:05.891639Z','d45a741a0bc9c6ea-6ca4fd6fd744f69a','cd6cbb1a-12d4-4c19-81e1-748dcfded67d',1,0);
INSERT INTO "hosts" VALUES('mill-b-0f67c170-02f4','b','13f98910-01c7-54c9-8add-2ab5d859e1ac','local','b','finished','2026-11-26T14:54:05.901580Z','d45a741a0bc9c6ea-6ca4fd6fd744f69a','cd6cbb1a-12d4-4c19-81e1-748dcfded67d',1,0);
CREATE TABLE log (
        id INTEGER PRIMARY KEY,
        at TEXT NOT NULL,
        host TEXT NOT NULL,
        event TEXT NOT NULL,
        state TEXT NOT NULL,
        detail TEXT NOT NULL
    ) STRICT
    ;
INSERT INTO "log" VALUES(1,'2026-11-26T14:54:04.217372Z','mill-a-0f67c170-36cc','planned','planned','has no host');
INSERT INTO "log" VALUES(2,'2026-11-26T14:54:04.221038Z','mill-a-0f67c170-36cc','create_started','creating','has no host');
INSERT INTO "log" VALUES(3,'2026-11-26T14:54:04.227692Z','mill-b-0f67c170-02f4','planned','planned','has no host');
INSERT INTO "log" VALUES(4,'2026-11-26T14:54:04.234116Z','mill-a-0f67c170-36cc','created','ready','');
INSERT INTO "log" VALUES(5,'2026-11-26T14:54:04.241630Z','mill-a-0f67c170-36cc','start_started','starting','');
INSERT INTO "log" VALUES(6,'2026-11-26T14:54:04.244985Z','mill-b-0f67c170-02f4','create_started','creating','has no host');
INSERT INTO "log" VALUES(7,'2026-11-26T14:54:04.254317Z','mill-b-0f67c170-02f4','created','ready','');
INSERT INTO "log" VALUES(8,'2026-11-26T14:54:04.260491Z','mill-b-0f67c170-02f4','start_started','starting','');
INSERT INTO "log" VALUES(9,'2026-11-26T14:54:04.310432Z','mill-b-0f67c170-02f4','tester_started','running','');
INSERT INTO "log" VALUES(10,'2026-11-26T14:54:04.320702Z','mill-a-0f67c170-36cc','tester_started','running','');
INSERT INTO "log" VALUES(11,'2026-11-26T14:54:05.891709Z','mill-a-0f67c170-36cc','runs_complete','finished','');
INSERT INTO "log" VALUES(12,'2026-11-26T14:54:05.901633Z','mill-b-0f67c170-02f4','runs_complete','finished','');
CREATE TABLE sweeps (
        sweep_id TEXT PRIMARY KEY,
        started_at TEXT NOT NULL,
        finished_at TEXT,
        outcome TEXT
    ) STRICT
    ;
INSERT INTO "sweeps" VALUES('cd6cbb1a-12d4-4c19-81e1-748dcfded67d','2026-11-26T14:54:04.150958Z','2026-11-26T14:54:05.948641Z','complete');
COMMIT;
PRAGMA user_version = 2;
