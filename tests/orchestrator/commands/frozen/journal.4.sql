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
INSERT INTO "fleet" VALUES('fd537fac-d619-491c-9680-ce0a01a85f67','mill','2026-11-26T14:54:22.373088Z','{"version": 1, "name": "mill", "run": {"repeat": 2, "every": "0.5s", "jitter": "0s"}, "delivery": "auto", "limits": {"concurrency": 10, "deadline": "90m", "ttl": "2h"}, "testers": [{"name": "a", "driver": "local", "location": {"region": "north"}, "probe": {"type": "icmp", "count": 2, "interval": "0.01s", "timeout": "0.3s", "size": 56, "ip": "4", "dscp": 0}}, {"name": "b", "driver": "local", "probe": {"type": "icmp", "count": 2, "interval": "0.01s", "timeout": "0.3s", "size": 56, "ip": "4", "dscp": 0}}], "servers": [{"name": "loop", "host": "127.0.0.1"}], "collector": {"port": 19493}}','fleet.yaml','.',NULL,0);
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
INSERT INTO "hosts" VALUES('mill-a-fd537fac-8a36','a','ac27efc5-66b2-512a-aafc-693061bd4ac4','local','north','finished','2026-11-26T14:54:29.966792Z','d45a741a0bc9c6ea-6ca4fd6fd744f69a','85f04a9e-9134-4d72-a6d1-fdb77cd2ba87',1,0);
INSERT INTO "hosts" VALUES('mill-b-fd537fac-5894','b','e9642ee7-cd05-54f9-89c3-dbcd9b60202f','local','b','finished','2026-11-26T14:54:30.043433Z','d45a741a0bc9c6ea-6ca4fd6fd744f69a','85f04a9e-9134-4d72-a6d1-fdb77cd2ba87',1,0);
CREATE TABLE log (
        id INTEGER PRIMARY KEY,
        at TEXT NOT NULL,
        host TEXT NOT NULL,
        event TEXT NOT NULL,
        state TEXT NOT NULL,
        detail TEXT NOT NULL
    ) STRICT
    ;
INSERT INTO "log" VALUES(1,'2026-11-26T14:54:27.205821Z','mill-a-fd537fac-8a36','planned','planned','has no host');
INSERT INTO "log" VALUES(2,'2026-11-26T14:54:27.209248Z','mill-b-fd537fac-5894','planned','planned','has no host');
INSERT INTO "log" VALUES(3,'2026-11-26T14:54:27.209733Z','mill-a-fd537fac-8a36','create_started','creating','has no host');
INSERT INTO "log" VALUES(4,'2026-11-26T14:54:27.212292Z','mill-b-fd537fac-5894','create_started','creating','has no host');
INSERT INTO "log" VALUES(5,'2026-11-26T14:54:27.213346Z','mill-a-fd537fac-8a36','created','ready','');
INSERT INTO "log" VALUES(6,'2026-11-26T14:54:27.216509Z','mill-b-fd537fac-5894','created','ready','');
INSERT INTO "log" VALUES(7,'2026-11-26T14:54:27.218146Z','mill-a-fd537fac-8a36','start_started','starting','');
INSERT INTO "log" VALUES(8,'2026-11-26T14:54:27.218494Z','mill-b-fd537fac-5894','start_started','starting','');
INSERT INTO "log" VALUES(9,'2026-11-26T14:54:27.280143Z','mill-b-fd537fac-5894','tester_started','running','');
INSERT INTO "log" VALUES(10,'2026-11-26T14:54:27.301312Z','mill-a-fd537fac-8a36','tester_started','running','');
INSERT INTO "log" VALUES(11,'2026-11-26T14:54:29.966848Z','mill-a-fd537fac-8a36','runs_complete','finished','');
INSERT INTO "log" VALUES(12,'2026-11-26T14:54:30.043491Z','mill-b-fd537fac-5894','runs_complete','finished','');
CREATE TABLE regions (
        driver TEXT NOT NULL,
        region TEXT NOT NULL,
        PRIMARY KEY (driver, region)
    ) STRICT
    ;
CREATE TABLE schedules (
        schedule_id TEXT PRIMARY KEY,
        upto TEXT NOT NULL
    ) STRICT
    ;
CREATE TABLE sweeps (
        sweep_id TEXT PRIMARY KEY,
        started_at TEXT NOT NULL,
        finished_at TEXT,
        outcome TEXT
    , is_job INTEGER NOT NULL DEFAULT 0, ended_at TEXT, testers TEXT, schedule_id TEXT, due_at TEXT) STRICT
    ;
INSERT INTO "sweeps" VALUES('85f04a9e-9134-4d72-a6d1-fdb77cd2ba87','2026-11-26T14:54:27.095332Z','2026-11-26T14:54:30.610346Z','complete',0,NULL,NULL,NULL,NULL);
COMMIT;
PRAGMA user_version = 4;
