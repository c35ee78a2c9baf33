BEGIN TRANSACTION;
CREATE TABLE alembic_version (
	version_num VARCHAR(32) NOT NULL, 
	CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)
);
INSERT INTO "alembic_version" VALUES('0008');
CREATE TABLE alert_deliveries (
	id INTEGER NOT NULL, 
	idempotency_key CHAR(32) NOT NULL, 
	fleet_id INTEGER NOT NULL, 
	rule TEXT NOT NULL, 
	receiver TEXT NOT NULL, 
	message JSON NOT NULL, 
	created_at BIGINT NOT NULL, 
	state TEXT NOT NULL, 
	attempts INTEGER NOT NULL, 
	next_at BIGINT NOT NULL, 
	ended_at BIGINT, 
	note TEXT, 
	CONSTRAINT pk_alert_deliveries PRIMARY KEY (id), 
	CONSTRAINT uq_alert_deliveries_idempotency_key UNIQUE (idempotency_key)
);
INSERT INTO "alert_deliveries" VALUES(1,'9a504395c16e57a9afee1fee83cd1402',2,'regions','ops','{"version": 1, "id": "9a504395-c16e-57a9-afee-1fee83cd1402", "rule": "regions", "fleet": "watched", "sweep_id": "35211c18-f95d-4c21-a255-ea04ba4b1328", "round": 0, "at": "2026-03-01T12:01:00.000000Z", "status": "bad", "alerts": [{"status": "bad", "findings": ["lossy"], "scope": "region", "key": "north", "label": "north", "since": "2026-03-01T12:01:00.000000Z", "sentence": "north LOSSY"}], "text": "watched: 1 bad (rule regions)\n\u2022 north LOSSY"}',1772366580000000,'delivered',1,1772366585000000,1772366580000000,'exit code 0');
CREATE TABLE alert_occasions (
	id CHAR(32) NOT NULL, 
	kind TEXT NOT NULL, 
	fleet_id INTEGER NOT NULL, 
	sweep_id CHAR(32) NOT NULL, 
	round INTEGER, 
	at BIGINT NOT NULL, 
	noted_at BIGINT NOT NULL, 
	evaluated_at BIGINT, 
	CONSTRAINT pk_alert_occasions PRIMARY KEY (id)
);
INSERT INTO "alert_occasions" VALUES('10397b42b8ba57bda5c950c71a6c3c3d','round',2,'35211c18f95d4c21a255ea04ba4b1328',0,1772366460000000,1772366460000000,1772366580000000);
INSERT INTO "alert_occasions" VALUES('2a0b92d694be57bd87d08f826bba0846','round',2,'793d12847d784ee989d2d1d5581b7292',0,1772366520000000,1772366520000000,1772366580000000);
INSERT INTO "alert_occasions" VALUES('239d6d86e6f45bea9106f4af5ade2247','round',2,'2c2391f6319a42aeb4e868bcafe774fe',0,1772366580000000,1772366580000000,1772366580000000);
INSERT INTO "alert_occasions" VALUES('343f0d86a2525b7b9de18723853364d0','round',1,'829b6a7695464e6ea1bf8382f74b8065',0,1772377066010007,1795718532302428,NULL);
CREATE TABLE alert_states (
	fleet_id INTEGER NOT NULL, 
	rule TEXT NOT NULL, 
	finding TEXT NOT NULL, 
	scope TEXT NOT NULL, 
	"key" TEXT NOT NULL, 
	at BIGINT NOT NULL, 
	history TEXT NOT NULL, 
	open BOOLEAN NOT NULL, 
	since BIGINT, 
	sentence TEXT NOT NULL, 
	CONSTRAINT pk_alert_states PRIMARY KEY (fleet_id, rule, finding, scope, "key")
);
INSERT INTO "alert_states" VALUES(2,'regions','slow','fleet','',1772366580000000,'G',0,NULL,' OK');
INSERT INTO "alert_states" VALUES(2,'regions','lossy','fleet','',1772366580000000,'G',0,NULL,' OK');
INSERT INTO "alert_states" VALUES(2,'regions','slow','region','north',1772366580000000,'U',0,NULL,'north LOSSY');
INSERT INTO "alert_states" VALUES(2,'regions','lossy','region','north',1772366580000000,'B',1,1772366460000000,'north LOSSY');
INSERT INTO "alert_states" VALUES(2,'regions','slow','region','south',1772366580000000,'G',0,NULL,'south OK');
INSERT INTO "alert_states" VALUES(2,'regions','lossy','region','south',1772366580000000,'G',0,NULL,'south OK');
CREATE TABLE dirty_days (
	tester_id INTEGER NOT NULL, 
	day BIGINT NOT NULL, 
	CONSTRAINT pk_dirty_days PRIMARY KEY (tester_id, day)
);
CREATE TABLE events (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	kind TEXT NOT NULL, 
	at BIGINT NOT NULL, 
	data JSON NOT NULL
);
INSERT INTO "events" VALUES(1,'sweep.started',1795690220045261,'{"sweep_id": "55b85bfb-c015-5d1f-a276-957cc6efc09d", "fleet_id": "655ddcad-b830-5bbd-a997-7c513669e442", "fleet": "edge", "outcome": null}');
INSERT INTO "events" VALUES(2,'tester.registered',1795690220050729,'{"tester_id": "41566f22-5216-5ce2-bd64-f5e34550433d", "tester": "oslo", "fleet_id": "655ddcad-b830-5bbd-a997-7c513669e442", "fleet": "edge"}');
INSERT INTO "events" VALUES(3,'run.reported',1795690220073507,'{"run_id": "7dd56c0e-75be-5a9e-9329-2da35f2668d5", "sweep_id": "55b85bfb-c015-5d1f-a276-957cc6efc09d", "fleet_id": "655ddcad-b830-5bbd-a997-7c513669e442", "fleet": "edge", "tester_id": "41566f22-5216-5ce2-bd64-f5e34550433d", "tester": "oslo", "index": 0, "of": 6, "planned": 3, "stored": 3, "state": "complete", "trusted": true, "reason": null}');
INSERT INTO "events" VALUES(4,'run.reported',1795690220084244,'{"run_id": "c17fa9fd-a37f-5172-a31a-f1923be01966", "sweep_id": "55b85bfb-c015-5d1f-a276-957cc6efc09d", "fleet_id": "655ddcad-b830-5bbd-a997-7c513669e442", "fleet": "edge", "tester_id": "41566f22-5216-5ce2-bd64-f5e34550433d", "tester": "oslo", "index": 1, "of": 6, "planned": 3, "stored": 3, "state": "complete", "trusted": true, "reason": null}');
INSERT INTO "events" VALUES(5,'run.reported',1795690220089956,'{"run_id": "7e9c89d6-1437-55d0-82e3-86fc87dede65", "sweep_id": "55b85bfb-c015-5d1f-a276-957cc6efc09d", "fleet_id": "655ddcad-b830-5bbd-a997-7c513669e442", "fleet": "edge", "tester_id": "41566f22-5216-5ce2-bd64-f5e34550433d", "tester": "oslo", "index": 2, "of": 6, "planned": 3, "stored": 3, "state": "complete", "trusted": false, "reason": "cpu"}');
INSERT INTO "events" VALUES(6,'run.reported',1795690220094869,'{"run_id": "95371684-2d05-5f74-a770-16281c14daa4", "sweep_id": "55b85bfb-c015-5d1f-a276-957cc6efc09d", "fleet_id": "655ddcad-b830-5bbd-a997-7c513669e442", "fleet": "edge", "tester_id": "41566f22-5216-5ce2-bd64-f5e34550433d", "tester": "oslo", "index": 3, "of": 6, "planned": 3, "stored": 3, "state": "complete", "trusted": true, "reason": null}');
INSERT INTO "events" VALUES(7,'run.reported',1795690220099875,'{"run_id": "9983a4b9-7031-5487-8cce-03e80b8cfd86", "sweep_id": "55b85bfb-c015-5d1f-a276-957cc6efc09d", "fleet_id": "655ddcad-b830-5bbd-a997-7c513669e442", "fleet": "edge", "tester_id": "41566f22-5216-5ce2-bd64-f5e34550433d", "tester": "oslo", "index": 4, "of": 6, "planned": 3, "stored": 3, "state": "complete", "trusted": true, "reason": null}');
INSERT INTO "events" VALUES(8,'run.reported',1795690220106197,'{"run_id": "abbdab8a-2325-51b5-94c4-bf1332d051ba", "sweep_id": "55b85bfb-c015-5d1f-a276-957cc6efc09d", "fleet_id": "655ddcad-b830-5bbd-a997-7c513669e442", "fleet": "edge", "tester_id": "41566f22-5216-5ce2-bd64-f5e34550433d", "tester": "oslo", "index": 5, "of": 6, "planned": 3, "stored": 3, "state": "complete", "trusted": true, "reason": null}');
INSERT INTO "events" VALUES(9,'tester.registered',1795690220110898,'{"tester_id": "90e343c8-7f57-599c-af85-9842c13793a3", "tester": "rome", "fleet_id": "655ddcad-b830-5bbd-a997-7c513669e442", "fleet": "edge"}');
INSERT INTO "events" VALUES(10,'run.reported',1795690220119655,'{"run_id": "c9f8fb5e-3be8-54bd-ace2-db7afb688ffe", "sweep_id": "55b85bfb-c015-5d1f-a276-957cc6efc09d", "fleet_id": "655ddcad-b830-5bbd-a997-7c513669e442", "fleet": "edge", "tester_id": "90e343c8-7f57-599c-af85-9842c13793a3", "tester": "rome", "index": 0, "of": 6, "planned": 3, "stored": 3, "state": "complete", "trusted": true, "reason": null}');
INSERT INTO "events" VALUES(11,'run.reported',1795690220127774,'{"run_id": "c283b9d0-835c-505a-bc58-25f43aaaddbe", "sweep_id": "55b85bfb-c015-5d1f-a276-957cc6efc09d", "fleet_id": "655ddcad-b830-5bbd-a997-7c513669e442", "fleet": "edge", "tester_id": "90e343c8-7f57-599c-af85-9842c13793a3", "tester": "rome", "index": 1, "of": 6, "planned": 3, "stored": 3, "state": "complete", "trusted": true, "reason": null}');
INSERT INTO "events" VALUES(12,'run.reported',1795690220135976,'{"run_id": "fbd6d695-dfec-5fe7-8515-2a2a63df973a", "sweep_id": "55b85bfb-c015-5d1f-a276-957cc6efc09d", "fleet_id": "655ddcad-b830-5bbd-a997-7c513669e442", "fleet": "edge", "tester_id": "90e343c8-7f57-599c-af85-9842c13793a3", "tester": "rome", "index": 2, "of": 6, "planned": 3, "stored": 3, "state": "complete", "trusted": false, "reason": "cpu"}');
INSERT INTO "events" VALUES(13,'run.reported',1795690220148478,'{"run_id": "0876b6e9-98be-59bd-bc46-172863ef5419", "sweep_id": "55b85bfb-c015-5d1f-a276-957cc6efc09d", "fleet_id": "655ddcad-b830-5bbd-a997-7c513669e442", "fleet": "edge", "tester_id": "90e343c8-7f57-599c-af85-9842c13793a3", "tester": "rome", "index": 3, "of": 6, "planned": 3, "stored": 3, "state": "complete", "trusted": true, "reason": null}');
INSERT INTO "events" VALUES(14,'run.reported',1795690220155823,'{"run_id": "bff01f88-4b52-5941-808c-8585ad297753", "sweep_id": "55b85bfb-c015-5d1f-a276-957cc6efc09d", "fleet_id": "655ddcad-b830-5bbd-a997-7c513669e442", "fleet": "edge", "tester_id": "90e343c8-7f57-599c-af85-9842c13793a3", "tester": "rome", "index": 4, "of": 6, "planned": 3, "stored": 3, "state": "complete", "trusted": true, "reason": null}');
INSERT INTO "events" VALUES(15,'run.reported',1795690220163857,'{"run_id": "81313b90-e730-5275-b484-4b1a03b34331", "sweep_id": "55b85bfb-c015-5d1f-a276-957cc6efc09d", "fleet_id": "655ddcad-b830-5bbd-a997-7c513669e442", "fleet": "edge", "tester_id": "90e343c8-7f57-599c-af85-9842c13793a3", "tester": "rome", "index": 5, "of": 6, "planned": 3, "stored": 3, "state": "complete", "trusted": true, "reason": null}');
INSERT INTO "events" VALUES(16,'tester.registered',1795706360057014,'{"tester_id": "0e4d7a52-93b7-4f2e-8f3b-64c1b5d2a002", "tester": "frozen", "fleet_id": "655ddcad-b830-5bbd-a997-7c513669e442", "fleet": "edge"}');
INSERT INTO "events" VALUES(17,'sweep.started',1795706360101259,'{"sweep_id": "829b6a76-9546-4e6e-a1bf-8382f74b8065", "fleet_id": "655ddcad-b830-5bbd-a997-7c513669e442", "fleet": "edge", "outcome": null}');
INSERT INTO "events" VALUES(18,'run.reported',1795706360132591,'{"run_id": "9c8f4dca-a348-5ee1-9db4-f21526035023", "sweep_id": "829b6a76-9546-4e6e-a1bf-8382f74b8065", "fleet_id": "655ddcad-b830-5bbd-a997-7c513669e442", "fleet": "edge", "tester_id": "0e4d7a52-93b7-4f2e-8f3b-64c1b5d2a002", "tester": "frozen", "index": 0, "of": 1, "planned": 3, "stored": 3, "state": "complete", "trusted": true, "reason": null}');
CREATE TABLE fleets (
	id INTEGER NOT NULL, 
	uuid CHAR(32) NOT NULL, 
	name TEXT NOT NULL, 
	spec JSON NOT NULL, 
	registered_at BIGINT NOT NULL, 
	registered_by TEXT NOT NULL, 
	CONSTRAINT pk_fleets PRIMARY KEY (id), 
	CONSTRAINT uq_fleets_uuid UNIQUE (uuid), 
	CONSTRAINT uq_fleets_name UNIQUE (name)
);
INSERT INTO "fleets" VALUES(1,'655ddcadb8305bbda9977c513669e442','edge','{"version": 1, "servers": []}',1795690220010735,'me@here');
INSERT INTO "fleets" VALUES(2,'37eb9bd638e54c649b021aaa5070af70','watched','{}',1772366400000000,'me');
CREATE TABLE heartbeats (
	tester_id INTEGER NOT NULL, 
	at BIGINT NOT NULL, 
	body JSON NOT NULL, 
	clock_offset_us BIGINT, 
	CONSTRAINT pk_heartbeats PRIMARY KEY (tester_id)
);
CREATE TABLE latest (
	tester_id INTEGER NOT NULL, 
	run_id CHAR(32) NOT NULL, 
	ts BIGINT NOT NULL, 
	trusted BOOLEAN NOT NULL, 
	figures BLOB NOT NULL, 
	CONSTRAINT pk_latest PRIMARY KEY (tester_id)
);
INSERT INTO "latest" VALUES(1,'abbdab8a232551b594c4bf1332d051ba',1772492580000000,1,X'030000000100000002000000000000000100000005000000080000000700000000000000080000000400000000000000145000002D010000FFFFFFFF2950000031010000FFFFFFFF4550000031010000FFFFFFFF2C5000002F010000FFFFFFFF1000000002000000FFFFFFFF');
INSERT INTO "latest" VALUES(2,'81313b90e7305275b4844b1a03b34331',1772492580000000,1,X'030000000100000002000000000000000100000005000000080000000700000000000000080000000400000000000000846101002D010000FFFFFFFF9961010031010000FFFFFFFFB561010031010000FFFFFFFF9C6101002F010000FFFFFFFF1000000002000000FFFFFFFF');
INSERT INTO "latest" VALUES(3,'9c8f4dcaa3485ee19db4f21526035023',1772377066010007,1,X'040000000500000006000000000000000000000005000000030000000300000000000000030000000300000000000000070000000D000000FFFFFFFF0E0000000E000000FFFFFFFF1000000010000000FFFFFFFF0C0000000E000000FFFFFFFF0400000001000000FFFFFFFF');
CREATE TABLE legacy_results (
	tester_id INTEGER NOT NULL, 
	id CHAR(32) NOT NULL, 
	received_at BIGINT NOT NULL, 
	tester_given TEXT, 
	server_requested TEXT, 
	server_contacted TEXT, 
	ping_timestamp TEXT, 
	ping_count TEXT, 
	ping_nack TEXT, 
	ping_time TEXT, 
	raw TEXT, 
	CONSTRAINT pk_legacy_results PRIMARY KEY (tester_id, id)
);
INSERT INTO "legacy_results" VALUES(1,'cd321bdc082f4f1e99887263495b7637',1795690220177955,NULL,'192.0.2.9',NULL,NULL,'3','0','12.5','[]');
CREATE TABLE ping_results (
	tester_id INTEGER NOT NULL, 
	server_id INTEGER NOT NULL, 
	ts BIGINT NOT NULL, 
	run_id CHAR(32) NOT NULL, 
	state SMALLINT NOT NULL, 
	planned INTEGER NOT NULL, 
	sent INTEGER NOT NULL, 
	answered INTEGER NOT NULL, 
	late INTEGER, 
	duplicate INTEGER, 
	reordered INTEGER, 
	min_us INTEGER, 
	p50_us INTEGER, 
	max_us INTEGER, 
	mean_us INTEGER, 
	dev_us INTEGER, 
	warmup BOOLEAN NOT NULL, 
	probes BLOB NOT NULL, 
	details JSON, 
	CONSTRAINT pk_ping_results PRIMARY KEY (tester_id, server_id, ts, run_id)
);
INSERT INTO "ping_results" VALUES(1,3,1772366580000000,'7dd56c0e75be5a9e93292da35f2668d5',0,8,8,8,0,0,NULL,20000,20021,20049,20024,16,1,X'204E0000274E00002E4E0000354E00003C4E0000434E00004A4E0000514E0000',NULL);
INSERT INTO "ping_results" VALUES(1,1,1772366580000000,'7dd56c0e75be5a9e93292da35f2668d5',1,8,7,4,1,NULL,NULL,301,305,305,303,2,1,X'FFFFFFFF2D0100002E010000FFFFFFFF3001000031010000FEFFFFFFFDFFFFFF','{"ttl":[55,54]}');
INSERT INTO "ping_results" VALUES(1,2,1772366580000000,'7dd56c0e75be5a9e93292da35f2668d5',5,0,0,0,0,NULL,NULL,NULL,NULL,NULL,NULL,NULL,1,X'',NULL);
INSERT INTO "ping_results" VALUES(1,3,1772391780000000,'c17fa9fda37f5172a31af1923be01966',0,8,8,8,0,0,NULL,20100,20121,20149,20124,16,1,X'844E00008B4E0000924E0000994E0000A04E0000A74E0000AE4E0000B54E0000',NULL);
INSERT INTO "ping_results" VALUES(1,1,1772391780000000,'c17fa9fda37f5172a31af1923be01966',1,8,7,4,1,NULL,NULL,301,305,305,303,2,1,X'FFFFFFFF2D0100002E010000FFFFFFFF3001000031010000FEFFFFFFFDFFFFFF','{"ttl":[55,54]}');
INSERT INTO "ping_results" VALUES(1,2,1772391780000000,'c17fa9fda37f5172a31af1923be01966',5,0,0,0,0,NULL,NULL,NULL,NULL,NULL,NULL,NULL,1,X'',NULL);
INSERT INTO "ping_results" VALUES(1,3,1772416980000000,'7e9c89d6143755d082e386fc87dede65',0,8,8,8,0,0,NULL,20200,20221,20249,20224,16,1,X'E84E0000EF4E0000F64E0000FD4E0000044F00000B4F0000124F0000194F0000',NULL);
INSERT INTO "ping_results" VALUES(1,1,1772416980000000,'7e9c89d6143755d082e386fc87dede65',1,8,7,4,1,NULL,NULL,301,305,305,303,2,1,X'FFFFFFFF2D0100002E010000FFFFFFFF3001000031010000FEFFFFFFFDFFFFFF','{"ttl":[55,54]}');
INSERT INTO "ping_results" VALUES(1,2,1772416980000000,'7e9c89d6143755d082e386fc87dede65',5,0,0,0,0,NULL,NULL,NULL,NULL,NULL,NULL,NULL,1,X'',NULL);
INSERT INTO "ping_results" VALUES(1,3,1772442180000000,'953716842d055f74a77016281c14daa4',0,8,8,8,0,0,NULL,20300,20321,20349,20324,16,1,X'4C4F0000534F00005A4F0000614F0000684F00006F4F0000764F00007D4F0000',NULL);
INSERT INTO "ping_results" VALUES(1,1,1772442180000000,'953716842d055f74a77016281c14daa4',1,8,7,4,1,NULL,NULL,301,305,305,303,2,1,X'FFFFFFFF2D0100002E010000FFFFFFFF3001000031010000FEFFFFFFFDFFFFFF','{"ttl":[55,54]}');
INSERT INTO "ping_results" VALUES(1,2,1772442180000000,'953716842d055f74a77016281c14daa4',5,0,0,0,0,NULL,NULL,NULL,NULL,NULL,NULL,NULL,1,X'',NULL);
INSERT INTO "ping_results" VALUES(1,3,1772467380000000,'9983a4b9703154878cce03e80b8cfd86',0,8,8,8,0,0,NULL,20400,20421,20449,20424,16,1,X'B04F0000B74F0000BE4F0000C54F0000CC4F0000D34F0000DA4F0000E14F0000',NULL);
INSERT INTO "ping_results" VALUES(1,1,1772467380000000,'9983a4b9703154878cce03e80b8cfd86',1,8,7,4,1,NULL,NULL,301,305,305,303,2,1,X'FFFFFFFF2D0100002E010000FFFFFFFF3001000031010000FEFFFFFFFDFFFFFF','{"ttl":[55,54]}');
INSERT INTO "ping_results" VALUES(1,2,1772467380000000,'9983a4b9703154878cce03e80b8cfd86',5,0,0,0,0,NULL,NULL,NULL,NULL,NULL,NULL,NULL,1,X'',NULL);
INSERT INTO "ping_results" VALUES(1,3,1772492580000000,'abbdab8a232551b594c4bf1332d051ba',0,8,8,8,0,0,NULL,20500,20521,20549,20524,16,1,X'145000001B500000225000002950000030500000375000003E50000045500000',NULL);
INSERT INTO "ping_results" VALUES(1,1,1772492580000000,'abbdab8a232551b594c4bf1332d051ba',1,8,7,4,1,NULL,NULL,301,305,305,303,2,1,X'FFFFFFFF2D0100002E010000FFFFFFFF3001000031010000FEFFFFFFFDFFFFFF','{"ttl":[55,54]}');
INSERT INTO "ping_results" VALUES(1,2,1772492580000000,'abbdab8a232551b594c4bf1332d051ba',5,0,0,0,0,NULL,NULL,NULL,NULL,NULL,NULL,NULL,1,X'',NULL);
INSERT INTO "ping_results" VALUES(2,3,1772366580000000,'c9f8fb5e3be854bdace2db7afb688ffe',0,8,8,8,0,0,NULL,90000,90021,90049,90024,16,1,X'905F0100975F01009E5F0100A55F0100AC5F0100B35F0100BA5F0100C15F0100',NULL);
INSERT INTO "ping_results" VALUES(2,1,1772366580000000,'c9f8fb5e3be854bdace2db7afb688ffe',1,8,7,4,1,NULL,NULL,301,305,305,303,2,1,X'FFFFFFFF2D0100002E010000FFFFFFFF3001000031010000FEFFFFFFFDFFFFFF','{"ttl":[55,54]}');
INSERT INTO "ping_results" VALUES(2,2,1772366580000000,'c9f8fb5e3be854bdace2db7afb688ffe',5,0,0,0,0,NULL,NULL,NULL,NULL,NULL,NULL,NULL,1,X'',NULL);
INSERT INTO "ping_results" VALUES(2,3,1772391780000000,'c283b9d0835c505abc5825f43aaaddbe',0,8,8,8,0,0,NULL,90100,90121,90149,90124,16,1,X'F45F0100FB5F0100026001000960010010600100176001001E60010025600100',NULL);
INSERT INTO "ping_results" VALUES(2,1,1772391780000000,'c283b9d0835c505abc5825f43aaaddbe',1,8,7,4,1,NULL,NULL,301,305,305,303,2,1,X'FFFFFFFF2D0100002E010000FFFFFFFF3001000031010000FEFFFFFFFDFFFFFF','{"ttl":[55,54]}');
INSERT INTO "ping_results" VALUES(2,2,1772391780000000,'c283b9d0835c505abc5825f43aaaddbe',5,0,0,0,0,NULL,NULL,NULL,NULL,NULL,NULL,NULL,1,X'',NULL);
INSERT INTO "ping_results" VALUES(2,3,1772416980000000,'fbd6d695dfec5fe785152a2a63df973a',0,8,8,8,0,0,NULL,90200,90221,90249,90224,16,1,X'586001005F600100666001006D600100746001007B6001008260010089600100',NULL);
INSERT INTO "ping_results" VALUES(2,1,1772416980000000,'fbd6d695dfec5fe785152a2a63df973a',1,8,7,4,1,NULL,NULL,301,305,305,303,2,1,X'FFFFFFFF2D0100002E010000FFFFFFFF3001000031010000FEFFFFFFFDFFFFFF','{"ttl":[55,54]}');
INSERT INTO "ping_results" VALUES(2,2,1772416980000000,'fbd6d695dfec5fe785152a2a63df973a',5,0,0,0,0,NULL,NULL,NULL,NULL,NULL,NULL,NULL,1,X'',NULL);
INSERT INTO "ping_results" VALUES(2,3,1772442180000000,'0876b6e998be59bdbc46172863ef5419',0,8,8,8,0,0,NULL,90300,90321,90349,90324,16,1,X'BC600100C3600100CA600100D1600100D8600100DF600100E6600100ED600100',NULL);
INSERT INTO "ping_results" VALUES(2,1,1772442180000000,'0876b6e998be59bdbc46172863ef5419',1,8,7,4,1,NULL,NULL,301,305,305,303,2,1,X'FFFFFFFF2D0100002E010000FFFFFFFF3001000031010000FEFFFFFFFDFFFFFF','{"ttl":[55,54]}');
INSERT INTO "ping_results" VALUES(2,2,1772442180000000,'0876b6e998be59bdbc46172863ef5419',5,0,0,0,0,NULL,NULL,NULL,NULL,NULL,NULL,NULL,1,X'',NULL);
INSERT INTO "ping_results" VALUES(2,3,1772467380000000,'bff01f884b525941808c8585ad297753',0,8,8,8,0,0,NULL,90400,90421,90449,90424,16,1,X'20610100276101002E610100356101003C610100436101004A61010051610100',NULL);
INSERT INTO "ping_results" VALUES(2,1,1772467380000000,'bff01f884b525941808c8585ad297753',1,8,7,4,1,NULL,NULL,301,305,305,303,2,1,X'FFFFFFFF2D0100002E010000FFFFFFFF3001000031010000FEFFFFFFFDFFFFFF','{"ttl":[55,54]}');
INSERT INTO "ping_results" VALUES(2,2,1772467380000000,'bff01f884b525941808c8585ad297753',5,0,0,0,0,NULL,NULL,NULL,NULL,NULL,NULL,NULL,1,X'',NULL);
INSERT INTO "ping_results" VALUES(2,3,1772492580000000,'81313b90e7305275b4844b1a03b34331',0,8,8,8,0,0,NULL,90500,90521,90549,90524,16,1,X'846101008B6101009261010099610100A0610100A7610100AE610100B5610100',NULL);
INSERT INTO "ping_results" VALUES(2,1,1772492580000000,'81313b90e7305275b4844b1a03b34331',1,8,7,4,1,NULL,NULL,301,305,305,303,2,1,X'FFFFFFFF2D0100002E010000FFFFFFFF3001000031010000FEFFFFFFFDFFFFFF','{"ttl":[55,54]}');
INSERT INTO "ping_results" VALUES(2,2,1772492580000000,'81313b90e7305275b4844b1a03b34331',5,0,0,0,0,NULL,NULL,NULL,NULL,NULL,NULL,NULL,1,X'',NULL);
INSERT INTO "ping_results" VALUES(3,4,1772377066010007,'9c8f4dcaa3485ee19db4f21526035023',0,3,3,3,0,0,0,7,14,16,12,4,1,X'070000000E00000010000000','{"trace":{"reached":true,"hops":[{"ttl":1,"addresses":["127.0.0.1"],"kinds":["reply"],"rtt_us":[55,53,27]}]}}');
INSERT INTO "ping_results" VALUES(3,5,1772377066010007,'9c8f4dcaa3485ee19db4f21526035023',0,3,3,3,0,0,0,13,14,16,14,1,1,X'0E000000100000000D000000','{"trace":{"reached":true,"hops":[{"ttl":1,"addresses":["127.0.0.9"],"kinds":["reply"],"rtt_us":[20,13,16]}]}}');
INSERT INTO "ping_results" VALUES(3,6,1772377066010007,'9c8f4dcaa3485ee19db4f21526035023',5,0,0,0,0,0,0,NULL,NULL,NULL,NULL,NULL,0,X'','{"error":"no.such.name.invalid does not resolve: Name or service not known"}');
CREATE TABLE ping_rollups_day (
	tester_id INTEGER NOT NULL, 
	server_id INTEGER NOT NULL, 
	day BIGINT NOT NULL, 
	runs INTEGER NOT NULL, 
	left_out INTEGER NOT NULL, 
	planned BIGINT NOT NULL, 
	sent BIGINT NOT NULL, 
	answered BIGINT NOT NULL, 
	late BIGINT NOT NULL, 
	late_unknown INTEGER NOT NULL, 
	min_us INTEGER, 
	max_us INTEGER, 
	sum_us BIGINT NOT NULL, 
	sumsq_us2 DOUBLE NOT NULL, 
	jitter_sum_us BIGINT NOT NULL, 
	jitter_n BIGINT NOT NULL, 
	hist BLOB NOT NULL, 
	CONSTRAINT pk_ping_rollups_day PRIMARY KEY (tester_id, server_id, day)
);
INSERT INTO "ping_rollups_day" VALUES(1,1,1772323200000000,2,0,16,14,8,2,0,301,305,2424,734492.0,4,4,X'9800020099000600');
INSERT INTO "ping_rollups_day" VALUES(1,2,1772323200000000,2,0,0,0,0,0,0,NULL,NULL,0,0.0,0,0,X'');
INSERT INTO "ping_rollups_day" VALUES(1,3,1772323200000000,2,0,16,16,16,0,0,20000,20149,321192,6447812920.0,98,14,X'6A011000');
INSERT INTO "ping_rollups_day" VALUES(2,1,1772323200000000,2,0,16,14,8,2,0,301,305,2424,734492.0,4,4,X'9800020099000600');
INSERT INTO "ping_rollups_day" VALUES(2,2,1772323200000000,2,0,0,0,0,0,0,NULL,NULL,0,0.0,0,0,X'');
INSERT INTO "ping_rollups_day" VALUES(2,3,1772323200000000,2,0,16,16,16,0,0,90000,90149,1441192,129814692920.0,98,14,X'B5011000');
INSERT INTO "ping_rollups_day" VALUES(1,1,1772409600000000,3,1,24,21,12,3,0,301,305,3636,1101738.0,6,6,X'9800030099000900');
INSERT INTO "ping_rollups_day" VALUES(1,2,1772409600000000,3,1,0,0,0,0,0,NULL,NULL,0,0.0,0,0,X'');
INSERT INTO "ping_rollups_day" VALUES(1,3,1772409600000000,3,1,24,24,24,0,0,20300,20549,490188,10012010980.0,147,21,X'6A0102006B011600');
INSERT INTO "ping_rollups_day" VALUES(2,1,1772409600000000,3,1,24,21,12,3,0,301,305,3636,1101738.0,6,6,X'9800030099000900');
INSERT INTO "ping_rollups_day" VALUES(2,2,1772409600000000,3,1,0,0,0,0,0,NULL,NULL,0,0.0,0,0,X'');
INSERT INTO "ping_rollups_day" VALUES(2,3,1772409600000000,3,1,24,24,24,0,0,90300,90549,2170188,196238330980.0,147,21,X'B5011800');
INSERT INTO "ping_rollups_day" VALUES(3,4,1772323200000000,1,0,3,3,3,0,0,7,16,37,501.0,9,2,X'070001000E00010010000100');
INSERT INTO "ping_rollups_day" VALUES(3,5,1772323200000000,1,0,3,3,3,0,0,13,16,43,621.0,5,2,X'0D0001000E00010010000100');
INSERT INTO "ping_rollups_day" VALUES(3,6,1772323200000000,1,0,0,0,0,0,0,NULL,NULL,0,0.0,0,0,X'');
CREATE TABLE ping_rollups_hour (
	tester_id INTEGER NOT NULL, 
	server_id INTEGER NOT NULL, 
	hour BIGINT NOT NULL, 
	runs INTEGER NOT NULL, 
	left_out INTEGER NOT NULL, 
	planned BIGINT NOT NULL, 
	sent BIGINT NOT NULL, 
	answered BIGINT NOT NULL, 
	late BIGINT NOT NULL, 
	late_unknown INTEGER NOT NULL, 
	min_us INTEGER, 
	max_us INTEGER, 
	sum_us BIGINT NOT NULL, 
	sumsq_us2 DOUBLE NOT NULL, 
	jitter_sum_us BIGINT NOT NULL, 
	jitter_n BIGINT NOT NULL, 
	hist BLOB NOT NULL, 
	CONSTRAINT pk_ping_rollups_hour PRIMARY KEY (tester_id, server_id, hour)
);
INSERT INTO "ping_rollups_hour" VALUES(1,1,1772366400000000,1,0,8,7,4,1,0,301,305,1212,367246.0,2,2,X'9800010099000300');
INSERT INTO "ping_rollups_hour" VALUES(1,2,1772366400000000,1,0,0,0,0,0,0,NULL,NULL,0,0.0,0,0,X'');
INSERT INTO "ping_rollups_hour" VALUES(1,3,1772366400000000,1,0,8,8,8,0,0,20000,20049,160196,3207846860.0,49,7,X'6A010800');
INSERT INTO "ping_rollups_hour" VALUES(2,1,1772366400000000,1,0,8,7,4,1,0,301,305,1212,367246.0,2,2,X'9800010099000300');
INSERT INTO "ping_rollups_hour" VALUES(2,2,1772366400000000,1,0,0,0,0,0,0,NULL,NULL,0,0.0,0,0,X'');
INSERT INTO "ping_rollups_hour" VALUES(2,3,1772366400000000,1,0,8,8,8,0,0,90000,90049,720196,64835286860.0,49,7,X'B5010800');
INSERT INTO "ping_rollups_hour" VALUES(1,1,1772391600000000,1,0,8,7,4,1,0,301,305,1212,367246.0,2,2,X'9800010099000300');
INSERT INTO "ping_rollups_hour" VALUES(1,2,1772391600000000,1,0,0,0,0,0,0,NULL,NULL,0,0.0,0,0,X'');
INSERT INTO "ping_rollups_hour" VALUES(1,3,1772391600000000,1,0,8,8,8,0,0,20100,20149,160996,3239966060.0,49,7,X'6A010800');
INSERT INTO "ping_rollups_hour" VALUES(2,1,1772391600000000,1,0,8,7,4,1,0,301,305,1212,367246.0,2,2,X'9800010099000300');
INSERT INTO "ping_rollups_hour" VALUES(2,2,1772391600000000,1,0,0,0,0,0,0,NULL,NULL,0,0.0,0,0,X'');
INSERT INTO "ping_rollups_hour" VALUES(2,3,1772391600000000,1,0,8,8,8,0,0,90100,90149,720996,64979406060.0,49,7,X'B5010800');
INSERT INTO "ping_rollups_hour" VALUES(1,1,1772416800000000,0,1,0,0,0,0,0,NULL,NULL,0,0.0,0,0,X'');
INSERT INTO "ping_rollups_hour" VALUES(1,2,1772416800000000,0,1,0,0,0,0,0,NULL,NULL,0,0.0,0,0,X'');
INSERT INTO "ping_rollups_hour" VALUES(1,3,1772416800000000,0,1,0,0,0,0,0,NULL,NULL,0,0.0,0,0,X'');
INSERT INTO "ping_rollups_hour" VALUES(2,1,1772416800000000,0,1,0,0,0,0,0,NULL,NULL,0,0.0,0,0,X'');
INSERT INTO "ping_rollups_hour" VALUES(2,2,1772416800000000,0,1,0,0,0,0,0,NULL,NULL,0,0.0,0,0,X'');
INSERT INTO "ping_rollups_hour" VALUES(2,3,1772416800000000,0,1,0,0,0,0,0,NULL,NULL,0,0.0,0,0,X'');
INSERT INTO "ping_rollups_hour" VALUES(1,1,1772442000000000,1,0,8,7,4,1,0,301,305,1212,367246.0,2,2,X'9800010099000300');
INSERT INTO "ping_rollups_hour" VALUES(1,2,1772442000000000,1,0,0,0,0,0,0,NULL,NULL,0,0.0,0,0,X'');
INSERT INTO "ping_rollups_hour" VALUES(1,3,1772442000000000,1,0,8,8,8,0,0,20300,20349,162596,3304684460.0,49,7,X'6A0102006B010600');
INSERT INTO "ping_rollups_hour" VALUES(2,1,1772442000000000,1,0,8,7,4,1,0,301,305,1212,367246.0,2,2,X'9800010099000300');
INSERT INTO "ping_rollups_hour" VALUES(2,2,1772442000000000,1,0,0,0,0,0,0,NULL,NULL,0,0.0,0,0,X'');
INSERT INTO "ping_rollups_hour" VALUES(2,3,1772442000000000,1,0,8,8,8,0,0,90300,90349,722596,65268124460.0,49,7,X'B5010800');
INSERT INTO "ping_rollups_hour" VALUES(1,1,1772467200000000,1,0,8,7,4,1,0,301,305,1212,367246.0,2,2,X'9800010099000300');
INSERT INTO "ping_rollups_hour" VALUES(1,2,1772467200000000,1,0,0,0,0,0,0,NULL,NULL,0,0.0,0,0,X'');
INSERT INTO "ping_rollups_hour" VALUES(1,3,1772467200000000,1,0,8,8,8,0,0,20400,20449,163396,3337283660.0,49,7,X'6B010800');
INSERT INTO "ping_rollups_hour" VALUES(2,1,1772467200000000,1,0,8,7,4,1,0,301,305,1212,367246.0,2,2,X'9800010099000300');
INSERT INTO "ping_rollups_hour" VALUES(2,2,1772467200000000,1,0,0,0,0,0,0,NULL,NULL,0,0.0,0,0,X'');
INSERT INTO "ping_rollups_hour" VALUES(2,3,1772467200000000,1,0,8,8,8,0,0,90400,90449,723396,65412723660.0,49,7,X'B5010800');
INSERT INTO "ping_rollups_hour" VALUES(1,1,1772492400000000,1,0,8,7,4,1,0,301,305,1212,367246.0,2,2,X'9800010099000300');
INSERT INTO "ping_rollups_hour" VALUES(1,2,1772492400000000,1,0,0,0,0,0,0,NULL,NULL,0,0.0,0,0,X'');
INSERT INTO "ping_rollups_hour" VALUES(1,3,1772492400000000,1,0,8,8,8,0,0,20500,20549,164196,3370042860.0,49,7,X'6B010800');
INSERT INTO "ping_rollups_hour" VALUES(2,1,1772492400000000,1,0,8,7,4,1,0,301,305,1212,367246.0,2,2,X'9800010099000300');
INSERT INTO "ping_rollups_hour" VALUES(2,2,1772492400000000,1,0,0,0,0,0,0,NULL,NULL,0,0.0,0,0,X'');
INSERT INTO "ping_rollups_hour" VALUES(2,3,1772492400000000,1,0,8,8,8,0,0,90500,90549,724196,65557482860.0,49,7,X'B5010800');
INSERT INTO "ping_rollups_hour" VALUES(3,4,1772373600000000,1,0,3,3,3,0,0,7,16,37,501.0,9,2,X'070001000E00010010000100');
INSERT INTO "ping_rollups_hour" VALUES(3,5,1772373600000000,1,0,3,3,3,0,0,13,16,43,621.0,5,2,X'0D0001000E00010010000100');
INSERT INTO "ping_rollups_hour" VALUES(3,6,1772373600000000,1,0,0,0,0,0,0,NULL,NULL,0,0.0,0,0,X'');
CREATE TABLE pruned (
	name TEXT NOT NULL, 
	"before" BIGINT NOT NULL, 
	CONSTRAINT pk_pruned PRIMARY KEY (name)
);
CREATE TABLE runs (
	tester_id INTEGER NOT NULL, 
	run_id CHAR(32) NOT NULL, 
	sweep_id CHAR(32) NOT NULL, 
	"index" INTEGER NOT NULL, 
	"of" INTEGER, 
	planned INTEGER, 
	stored INTEGER NOT NULL, 
	announced_at BIGINT NOT NULL, 
	expected_s DOUBLE, 
	reported_at BIGINT, 
	started_at BIGINT, 
	finished_at BIGINT, 
	clock_offset_us BIGINT, 
	clock_corrected BOOLEAN NOT NULL, 
	body_sha256 TEXT, 
	probe JSON, 
	engine JSON, 
	health JSON, 
	trusted BOOLEAN, 
	reason TEXT, 
	state TEXT NOT NULL, dirty BOOLEAN DEFAULT 0 NOT NULL, 
	CONSTRAINT pk_runs PRIMARY KEY (tester_id, run_id)
);
INSERT INTO "runs" VALUES(1,'7dd56c0e75be5a9e93292da35f2668d5','55b85bfbc0155d1fa276957cc6efc09d',0,6,3,3,1795690220073507,NULL,1795690220073507,1772366580000000,1772366585000000,NULL,0,'37ea5114537546672f1628c9145e8c0bf34d7dca38093862c6fc7c5edf0578f3','{"type": "icmp", "count": 8, "interval_s": 0.2, "timeout_s": 2.0, "size_bytes": 56, "ip": "both", "dscp": 0}','{"name": "icmplib"}','{"trusted": true, "reason": null}',1,NULL,'complete',0);
INSERT INTO "runs" VALUES(1,'c17fa9fda37f5172a31af1923be01966','55b85bfbc0155d1fa276957cc6efc09d',1,6,3,3,1795690220084244,NULL,1795690220084244,1772391780000000,1772391785000000,NULL,0,'277d74e3ef6ac8e79f5e958612d4d3677e864935569f1130e5d4262e1c4c3bba','{"type": "icmp", "count": 8, "interval_s": 0.2, "timeout_s": 2.0, "size_bytes": 56, "ip": "both", "dscp": 0}','{"name": "icmplib"}','{"trusted": true, "reason": null}',1,NULL,'complete',0);
INSERT INTO "runs" VALUES(1,'7e9c89d6143755d082e386fc87dede65','55b85bfbc0155d1fa276957cc6efc09d',2,6,3,3,1795690220089956,NULL,1795690220089956,1772416980000000,1772416985000000,NULL,0,'e2f80e10f1ad2a2b701d14253174839329c10ccb2e758d96a55f9b8f23a4c025','{"type": "icmp", "count": 8, "interval_s": 0.2, "timeout_s": 2.0, "size_bytes": 56, "ip": "both", "dscp": 0}','{"name": "icmplib"}','{"trusted": false, "reason": "cpu"}',0,'cpu','complete',0);
INSERT INTO "runs" VALUES(1,'953716842d055f74a77016281c14daa4','55b85bfbc0155d1fa276957cc6efc09d',3,6,3,3,1795690220094869,NULL,1795690220094869,1772442180000000,1772442185000000,NULL,0,'e88d40c8402c3595d9bc56a021956f52a9ef1dd5311959cba71986dd099e2eaa','{"type": "icmp", "count": 8, "interval_s": 0.2, "timeout_s": 2.0, "size_bytes": 56, "ip": "both", "dscp": 0}','{"name": "icmplib"}','{"trusted": true, "reason": null}',1,NULL,'complete',0);
INSERT INTO "runs" VALUES(1,'9983a4b9703154878cce03e80b8cfd86','55b85bfbc0155d1fa276957cc6efc09d',4,6,3,3,1795690220099875,NULL,1795690220099875,1772467380000000,1772467385000000,NULL,0,'714d689dbf081ad50d44e85b698d61c730deba932c692a1f2ce89ff5754df728','{"type": "icmp", "count": 8, "interval_s": 0.2, "timeout_s": 2.0, "size_bytes": 56, "ip": "both", "dscp": 0}','{"name": "icmplib"}','{"trusted": true, "reason": null}',1,NULL,'complete',0);
INSERT INTO "runs" VALUES(1,'abbdab8a232551b594c4bf1332d051ba','55b85bfbc0155d1fa276957cc6efc09d',5,6,3,3,1795690220106197,NULL,1795690220106197,1772492580000000,1772492585000000,NULL,0,'baf12da624d9075362943b45edc3f6bf8e32c585803b94b6eda5de763e6819c4','{"type": "icmp", "count": 8, "interval_s": 0.2, "timeout_s": 2.0, "size_bytes": 56, "ip": "both", "dscp": 0}','{"name": "icmplib"}','{"trusted": true, "reason": null}',1,NULL,'complete',0);
INSERT INTO "runs" VALUES(2,'c9f8fb5e3be854bdace2db7afb688ffe','55b85bfbc0155d1fa276957cc6efc09d',0,6,3,3,1795690220119655,NULL,1795690220119655,1772366580000000,1772366585000000,NULL,0,'23188fd127fa8c64c9f59ee2a6ba797c135f5f61f8f2d7471aeeb6bd2b33ab31','{"type": "icmp", "count": 8, "interval_s": 0.2, "timeout_s": 2.0, "size_bytes": 56, "ip": "both", "dscp": 0}','{"name": "icmplib"}','{"trusted": true, "reason": null}',1,NULL,'complete',0);
INSERT INTO "runs" VALUES(2,'c283b9d0835c505abc5825f43aaaddbe','55b85bfbc0155d1fa276957cc6efc09d',1,6,3,3,1795690220127774,NULL,1795690220127774,1772391780000000,1772391785000000,NULL,0,'0c79b358cd465088fbed8926cee02354edb77ddc9a6902b334dceb64005b52dd','{"type": "icmp", "count": 8, "interval_s": 0.2, "timeout_s": 2.0, "size_bytes": 56, "ip": "both", "dscp": 0}','{"name": "icmplib"}','{"trusted": true, "reason": null}',1,NULL,'complete',0);
INSERT INTO "runs" VALUES(2,'fbd6d695dfec5fe785152a2a63df973a','55b85bfbc0155d1fa276957cc6efc09d',2,6,3,3,1795690220135976,NULL,1795690220135976,1772416980000000,1772416985000000,NULL,0,'d1dbe2d31032899e7045a9061e3432a30c6f9541ee116361cf99fd1518f81435','{"type": "icmp", "count": 8, "interval_s": 0.2, "timeout_s": 2.0, "size_bytes": 56, "ip": "both", "dscp": 0}','{"name": "icmplib"}','{"trusted": false, "reason": "cpu"}',0,'cpu','complete',0);
INSERT INTO "runs" VALUES(2,'0876b6e998be59bdbc46172863ef5419','55b85bfbc0155d1fa276957cc6efc09d',3,6,3,3,1795690220148478,NULL,1795690220148478,1772442180000000,1772442185000000,NULL,0,'955ef202747a83b52e8078d38c28215863d15f8497dc011a8561961bdb24efd5','{"type": "icmp", "count": 8, "interval_s": 0.2, "timeout_s": 2.0, "size_bytes": 56, "ip": "both", "dscp": 0}','{"name": "icmplib"}','{"trusted": true, "reason": null}',1,NULL,'complete',0);
INSERT INTO "runs" VALUES(2,'bff01f884b525941808c8585ad297753','55b85bfbc0155d1fa276957cc6efc09d',4,6,3,3,1795690220155823,NULL,1795690220155823,1772467380000000,1772467385000000,NULL,0,'c1d156fa1946e9a8a506d6553ab832c61756a832b5c1d926f176f7c17286287e','{"type": "icmp", "count": 8, "interval_s": 0.2, "timeout_s": 2.0, "size_bytes": 56, "ip": "both", "dscp": 0}','{"name": "icmplib"}','{"trusted": true, "reason": null}',1,NULL,'complete',0);
INSERT INTO "runs" VALUES(2,'81313b90e7305275b4844b1a03b34331','55b85bfbc0155d1fa276957cc6efc09d',5,6,3,3,1795690220163857,NULL,1795690220163857,1772492580000000,1772492585000000,NULL,0,'e2d9580a20f9386b5a71dd3f53935970cc45936cccaa41e9b6d75b7c996be03f','{"type": "icmp", "count": 8, "interval_s": 0.2, "timeout_s": 2.0, "size_bytes": 56, "ip": "both", "dscp": 0}','{"name": "icmplib"}','{"trusted": true, "reason": null}',1,NULL,'complete',0);
INSERT INTO "runs" VALUES(3,'9c8f4dcaa3485ee19db4f21526035023','829b6a7695464e6ea1bf8382f74b8065',0,1,3,3,1795706360132591,NULL,1795706360132591,1772377066010007,1772377066631306,NULL,0,'7b1cdb4bb9fba193ffa77433b0b4e58473e703c3b4a9bfc9159d3668d7494361','{"type": "icmp", "trace": "worst", "count": 3, "interval_s": 0.02, "timeout_s": 0.3, "size_bytes": 56, "ip": "both", "dscp": 0}','{"receive_buffer_bytes": 16777216, "name": "linux", "version": "0.1.0", "socket": "raw"}','{"tester_version": "0.1.0", "python": "3.11.7", "kernel": "6.18.0", "engine": "linux", "engine_version": "0.1.0", "socket": "raw", "receive_buffer_bytes": 16777216, "loopback_us": {"min": 7, "p50": 11, "answered": 20}, "timer_error_us": {"p50": 77, "max": 1638}, "stamp_delay_us": {"p50": 1, "p99": 5}, "clock_offset_us": null, "clock_offset_error_us": null, "trusted": true, "reason": null, "behind_us": 3610, "dropped": 0, "unstamped": 0, "cpu_steal_ratio": 0.0065, "end": {"loopback_us": {"min": 3, "p50": 8, "answered": 20}, "timer_error_us": {"p50": 76, "max": 1433}, "stamp_delay_us": {"p50": 1, "p99": 3}}, "clock_jump_us": 11}',1,NULL,'complete',0);
CREATE TABLE servers (
	id INTEGER NOT NULL, 
	uuid CHAR(32) NOT NULL, 
	fleet_id INTEGER NOT NULL, 
	name TEXT NOT NULL, 
	ip_addr TEXT, 
	family SMALLINT, 
	port INTEGER, 
	probe_type TEXT NOT NULL, 
	host TEXT NOT NULL, 
	location TEXT, 
	"group" TEXT NOT NULL, 
	config JSON, 
	CONSTRAINT pk_servers PRIMARY KEY (id), 
	CONSTRAINT uq_servers_uuid UNIQUE (uuid), 
	CONSTRAINT uq_servers_fleet_id_name_ip_addr_port_probe_type UNIQUE (fleet_id, name, ip_addr, port, probe_type), 
	CONSTRAINT fk_servers_fleet_id_fleets FOREIGN KEY(fleet_id) REFERENCES fleets (id)
);
INSERT INTO "servers" VALUES(1,'1f72571998db5e30955357f19bb8a9b4',1,'fra','2001:db8::2',6,NULL,'icmp','fra.example',NULL,'edge',NULL);
INSERT INTO "servers" VALUES(2,'73482f0fb77f5dbc9022988e5fe6db48',1,'gone',NULL,NULL,NULL,'icmp','gone.example',NULL,'edge',NULL);
INSERT INTO "servers" VALUES(3,'b7f4e18193e95937b6d0a914210a5631',1,'ams','192.0.2.1',4,NULL,'icmp','ams.example',NULL,'edge',NULL);
INSERT INTO "servers" VALUES(4,'1728a7ec3b3b5e5cbe0f56284a2863ce',1,'127.0.0.1','127.0.0.1',4,NULL,'icmp','127.0.0.1',NULL,'',NULL);
INSERT INTO "servers" VALUES(5,'e4313c87589c552cb6e2fd3af45492da',1,'nine','127.0.0.9',4,NULL,'icmp','127.0.0.9',NULL,'',NULL);
INSERT INTO "servers" VALUES(6,'f61ca543aa3754d5a1f9ab56ee2255f7',1,'none',NULL,NULL,NULL,'icmp','no.such.name.invalid',NULL,'',NULL);
CREATE TABLE sweeps (
	id CHAR(32) NOT NULL, 
	fleet_id INTEGER NOT NULL, 
	schedule_id CHAR(32), 
	due_at BIGINT, 
	started_at BIGINT NOT NULL, 
	finished_at BIGINT, 
	spec JSON NOT NULL, 
	outcome TEXT, note TEXT, cost_usd DOUBLE, 
	CONSTRAINT pk_sweeps PRIMARY KEY (id), 
	CONSTRAINT uq_sweeps_schedule_id_due_at UNIQUE (schedule_id, due_at), 
	CONSTRAINT fk_sweeps_fleet_id_fleets FOREIGN KEY(fleet_id) REFERENCES fleets (id)
);
INSERT INTO "sweeps" VALUES('55b85bfbc0155d1fa276957cc6efc09d',1,NULL,NULL,1772366400000000,NULL,'{}',NULL,NULL,NULL);
INSERT INTO "sweeps" VALUES('829b6a7695464e6ea1bf8382f74b8065',1,'11111111111151118111111111111111',1772377020000000,1772377060000000,NULL,'{}',NULL,NULL,NULL);
CREATE TABLE testers (
	id INTEGER NOT NULL, 
	uuid CHAR(32) NOT NULL, 
	fleet_id INTEGER NOT NULL, 
	name TEXT NOT NULL, 
	location TEXT, 
	vps_provider TEXT, 
	config JSON NOT NULL, 
	token_sha256 TEXT, 
	created_at BIGINT NOT NULL, 
	retired_at BIGINT, 
	CONSTRAINT pk_testers PRIMARY KEY (id), 
	CONSTRAINT uq_testers_uuid UNIQUE (uuid), 
	CONSTRAINT uq_testers_fleet_id_name UNIQUE (fleet_id, name), 
	CONSTRAINT fk_testers_fleet_id_fleets FOREIGN KEY(fleet_id) REFERENCES fleets (id)
);
INSERT INTO "testers" VALUES(1,'41566f2252165ce2bd64f5e34550433d',1,'oslo','north',NULL,'{"location": {"region": "north"}}','b0437f04cce3e1cd66c28f121a7d327fedd9530086511b5e2b61bb05d7cea42f',1795690220050729,NULL);
INSERT INTO "testers" VALUES(2,'90e343c87f57599caf859842c13793a3',1,'rome','south',NULL,'{"location": {"region": "south"}}','13330c967fd61906532780c60b4dc3865a2c6177888de355471f65605ef73208',1795690220110898,NULL);
INSERT INTO "testers" VALUES(3,'0e4d7a5293b74f2e8f3b64c1b5d2a002',1,'frozen','nord',NULL,'{"driver": "local"}','2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881',1795706360057014,NULL);
CREATE TABLE tokens (
	id INTEGER NOT NULL, 
	role TEXT NOT NULL, 
	tester_id INTEGER, 
	sha256 TEXT NOT NULL, 
	created_at BIGINT NOT NULL, 
	revoked_at BIGINT, 
	CONSTRAINT pk_tokens PRIMARY KEY (id), 
	CONSTRAINT uq_tokens_sha256 UNIQUE (sha256), 
	CONSTRAINT fk_tokens_tester_id_testers FOREIGN KEY(tester_id) REFERENCES testers (id)
);
CREATE TABLE verdict_states (
	fleet_id INTEGER NOT NULL, 
	scope TEXT NOT NULL, 
	"key" TEXT NOT NULL, 
	at BIGINT NOT NULL, 
	since BIGINT NOT NULL, 
	verdict TEXT NOT NULL, 
	decided TEXT, 
	CONSTRAINT pk_verdict_states PRIMARY KEY (fleet_id, scope, "key")
);
INSERT INTO "verdict_states" VALUES(1,'fleet','',1772492580000000,1772366580000000,'insufficient',NULL);
INSERT INTO "verdict_states" VALUES(1,'region','north',1772492580000000,1772442180000000,'no_baseline',NULL);
INSERT INTO "verdict_states" VALUES(1,'region','south',1772492580000000,1772442180000000,'no_baseline',NULL);
INSERT INTO "verdict_states" VALUES(1,'path','41566f22-5216-5ce2-bd64-f5e34550433d 1f725719-98db-5e30-9553-57f19bb8a9b4',1772492580000000,1772391780000000,'lossy','lossy');
INSERT INTO "verdict_states" VALUES(1,'path','41566f22-5216-5ce2-bd64-f5e34550433d 73482f0f-b77f-5dbc-9022-988e5fe6db48',1772492580000000,1772366580000000,'no_baseline',NULL);
INSERT INTO "verdict_states" VALUES(1,'path','41566f22-5216-5ce2-bd64-f5e34550433d b7f4e181-93e9-5937-b6d0-a914210a5631',1772492580000000,1772366580000000,'no_baseline',NULL);
INSERT INTO "verdict_states" VALUES(1,'path','90e343c8-7f57-599c-af85-9842c13793a3 1f725719-98db-5e30-9553-57f19bb8a9b4',1772492580000000,1772391780000000,'lossy','lossy');
INSERT INTO "verdict_states" VALUES(1,'path','90e343c8-7f57-599c-af85-9842c13793a3 73482f0f-b77f-5dbc-9022-988e5fe6db48',1772492580000000,1772366580000000,'no_baseline',NULL);
INSERT INTO "verdict_states" VALUES(1,'path','90e343c8-7f57-599c-af85-9842c13793a3 b7f4e181-93e9-5937-b6d0-a914210a5631',1772492580000000,1772366580000000,'no_baseline',NULL);
INSERT INTO "verdict_states" VALUES(1,'region','nord',1772377066010007,1772377066010007,'no_baseline',NULL);
INSERT INTO "verdict_states" VALUES(1,'path','0e4d7a52-93b7-4f2e-8f3b-64c1b5d2a002 1728a7ec-3b3b-5e5c-be0f-56284a2863ce',1772377066010007,1772377066010007,'no_baseline',NULL);
INSERT INTO "verdict_states" VALUES(1,'path','0e4d7a52-93b7-4f2e-8f3b-64c1b5d2a002 e4313c87-589c-552c-b6e2-fd3af45492da',1772377066010007,1772377066010007,'no_baseline',NULL);
INSERT INTO "verdict_states" VALUES(1,'path','0e4d7a52-93b7-4f2e-8f3b-64c1b5d2a002 f61ca543-aa37-54d5-a1f9-ab56ee2255f7',1772377066010007,1772377066010007,'no_baseline',NULL);
CREATE TABLE verdicts (
	sweep_id CHAR(32) NOT NULL, 
	round INTEGER NOT NULL, 
	scope TEXT NOT NULL, 
	"key" TEXT NOT NULL, 
	id CHAR(32) NOT NULL, 
	fleet_id INTEGER NOT NULL, 
	at BIGINT NOT NULL, 
	since BIGINT NOT NULL, 
	label TEXT NOT NULL, 
	verdict TEXT NOT NULL, 
	slow BOOLEAN NOT NULL, 
	lossy BOOLEAN NOT NULL, 
	structural BOOLEAN, 
	sentence TEXT NOT NULL, 
	figures JSON NOT NULL, 
	settings_version TEXT NOT NULL, 
	CONSTRAINT pk_verdicts PRIMARY KEY (sweep_id, round, scope, "key")
);
INSERT INTO "verdicts" VALUES('55b85bfbc0155d1fa276957cc6efc09d',0,'fleet','','e4d9920ce7565ca5a14c3a4008eb16f1',1,1772366580000000,1772366580000000,'all paths','insufficient',0,0,NULL,'all paths INSUFFICIENT (0 of 5 regions with servers in common)','{"change_ratio": null, "change_low": null, "change_high": null, "change_us": null, "p": null, "items": 0, "agreeing": 0, "round_count": 3, "judged_rounds": 0, "slow_rounds": 0, "watch_rounds": 0, "lossy_rounds": 0, "sent": 0, "answered": 0, "loss_low": null, "loss_high": null, "lossy_items": 0, "floor_ratio": null, "tester": null, "region": null, "server": null, "address": null, "missing": ["0 of 5 regions with servers in common"]}','1-03ecaff2348a');
INSERT INTO "verdicts" VALUES('55b85bfbc0155d1fa276957cc6efc09d',0,'region','north','39c866759c0d586e835969fa1181f8c7',1,1772366580000000,1772366580000000,'north','no_baseline',0,0,NULL,'north NO BASELINE, 3/15 lost (7–45 %)','{"change_ratio": null, "change_low": null, "change_high": null, "change_us": null, "p": null, "items": 0, "agreeing": 0, "round_count": 1, "judged_rounds": 0, "slow_rounds": 0, "watch_rounds": 0, "lossy_rounds": 0, "sent": 15, "answered": 12, "loss_low": 0.07047549346981562, "loss_high": 0.45185448715169363, "lossy_items": 1, "floor_ratio": null, "tester": null, "region": "north", "server": null, "address": null, "missing": []}','1-03ecaff2348a');
INSERT INTO "verdicts" VALUES('55b85bfbc0155d1fa276957cc6efc09d',0,'region','south','5e364a23eab35d0fb0a044043eb330c1',1,1772366580000000,1772366580000000,'south','no_baseline',0,0,NULL,'south NO BASELINE, 3/15 lost (7–45 %)','{"change_ratio": null, "change_low": null, "change_high": null, "change_us": null, "p": null, "items": 0, "agreeing": 0, "round_count": 1, "judged_rounds": 0, "slow_rounds": 0, "watch_rounds": 0, "lossy_rounds": 0, "sent": 15, "answered": 12, "loss_low": 0.07047549346981562, "loss_high": 0.45185448715169363, "lossy_items": 1, "floor_ratio": null, "tester": null, "region": "south", "server": null, "address": null, "missing": []}','1-03ecaff2348a');
INSERT INTO "verdicts" VALUES('55b85bfbc0155d1fa276957cc6efc09d',0,'path','41566f22-5216-5ce2-bd64-f5e34550433d 1f725719-98db-5e30-9553-57f19bb8a9b4','659b499216aa5b6ea0bc4e3a797594a7',1,1772366580000000,1772366580000000,'oslo → fra (2001:db8::2)','no_baseline',0,0,NULL,'oslo → fra (2001:db8::2) NO BASELINE, 3/7 lost (16–75 %)','{"change_ratio": null, "change_low": null, "change_high": null, "change_us": null, "p": null, "items": 1, "agreeing": 0, "round_count": 1, "judged_rounds": 0, "slow_rounds": 0, "watch_rounds": 0, "lossy_rounds": 1, "sent": 7, "answered": 4, "loss_low": 0.15821985525146973, "loss_high": 0.7495416354723429, "lossy_items": 1, "floor_ratio": null, "tester": "oslo", "region": "north", "server": "fra", "address": "2001:db8::2", "missing": []}','1-03ecaff2348a');
INSERT INTO "verdicts" VALUES('55b85bfbc0155d1fa276957cc6efc09d',0,'path','41566f22-5216-5ce2-bd64-f5e34550433d 73482f0f-b77f-5dbc-9022-988e5fe6db48','c64f961afc075a579d97e2e417defc05',1,1772366580000000,1772366580000000,'oslo → gone','no_baseline',0,0,NULL,'oslo → gone NO BASELINE','{"change_ratio": null, "change_low": null, "change_high": null, "change_us": null, "p": null, "items": 1, "agreeing": 0, "round_count": 1, "judged_rounds": 0, "slow_rounds": 0, "watch_rounds": 0, "lossy_rounds": 0, "sent": 0, "answered": 0, "loss_low": null, "loss_high": null, "lossy_items": 0, "floor_ratio": null, "tester": "oslo", "region": "north", "server": "gone", "address": null, "missing": []}','1-03ecaff2348a');
INSERT INTO "verdicts" VALUES('55b85bfbc0155d1fa276957cc6efc09d',0,'path','41566f22-5216-5ce2-bd64-f5e34550433d b7f4e181-93e9-5937-b6d0-a914210a5631','b7a826cae0e35f169f7dd27036a16aeb',1,1772366580000000,1772366580000000,'oslo → ams (192.0.2.1)','no_baseline',0,0,NULL,'oslo → ams (192.0.2.1) NO BASELINE, 0/8 lost (≤ 32 %)','{"change_ratio": null, "change_low": null, "change_high": null, "change_us": null, "p": null, "items": 1, "agreeing": 0, "round_count": 1, "judged_rounds": 0, "slow_rounds": 0, "watch_rounds": 0, "lossy_rounds": 0, "sent": 8, "answered": 8, "loss_low": 0.0, "loss_high": 0.32440756488388023, "lossy_items": 0, "floor_ratio": null, "tester": "oslo", "region": "north", "server": "ams", "address": "192.0.2.1", "missing": []}','1-03ecaff2348a');
INSERT INTO "verdicts" VALUES('55b85bfbc0155d1fa276957cc6efc09d',0,'path','90e343c8-7f57-599c-af85-9842c13793a3 1f725719-98db-5e30-9553-57f19bb8a9b4','5f6800f3c4d95e2ba96198e3af885804',1,1772366580000000,1772366580000000,'rome → fra (2001:db8::2)','no_baseline',0,0,NULL,'rome → fra (2001:db8::2) NO BASELINE, 3/7 lost (16–75 %)','{"change_ratio": null, "change_low": null, "change_high": null, "change_us": null, "p": null, "items": 1, "agreeing": 0, "round_count": 1, "judged_rounds": 0, "slow_rounds": 0, "watch_rounds": 0, "lossy_rounds": 1, "sent": 7, "answered": 4, "loss_low": 0.15821985525146973, "loss_high": 0.7495416354723429, "lossy_items": 1, "floor_ratio": null, "tester": "rome", "region": "south", "server": "fra", "address": "2001:db8::2", "missing": []}','1-03ecaff2348a');
INSERT INTO "verdicts" VALUES('55b85bfbc0155d1fa276957cc6efc09d',0,'path','90e343c8-7f57-599c-af85-9842c13793a3 73482f0f-b77f-5dbc-9022-988e5fe6db48','65b37c875576552483f7f5da5c1a1997',1,1772366580000000,1772366580000000,'rome → gone','no_baseline',0,0,NULL,'rome → gone NO BASELINE','{"change_ratio": null, "change_low": null, "change_high": null, "change_us": null, "p": null, "items": 1, "agreeing": 0, "round_count": 1, "judged_rounds": 0, "slow_rounds": 0, "watch_rounds": 0, "lossy_rounds": 0, "sent": 0, "answered": 0, "loss_low": null, "loss_high": null, "lossy_items": 0, "floor_ratio": null, "tester": "rome", "region": "south", "server": "gone", "address": null, "missing": []}','1-03ecaff2348a');
INSERT INTO "verdicts" VALUES('55b85bfbc0155d1fa276957cc6efc09d',0,'path','90e343c8-7f57-599c-af85-9842c13793a3 b7f4e181-93e9-5937-b6d0-a914210a5631','22d79261f48b56a4ae92dee28403cfeb',1,1772366580000000,1772366580000000,'rome → ams (192.0.2.1)','no_baseline',0,0,NULL,'rome → ams (192.0.2.1) NO BASELINE, 0/8 lost (≤ 32 %)','{"change_ratio": null, "change_low": null, "change_high": null, "change_us": null, "p": null, "items": 1, "agreeing": 0, "round_count": 1, "judged_rounds": 0, "slow_rounds": 0, "watch_rounds": 0, "lossy_rounds": 0, "sent": 8, "answered": 8, "loss_low": 0.0, "loss_high": 0.32440756488388023, "lossy_items": 0, "floor_ratio": null, "tester": "rome", "region": "south", "server": "ams", "address": "192.0.2.1", "missing": []}','1-03ecaff2348a');
INSERT INTO "verdicts" VALUES('55b85bfbc0155d1fa276957cc6efc09d',1,'fleet','','c32f606d2d205a24a9fca509d0d4aca2',1,1772391780000000,1772366580000000,'all paths','insufficient',0,0,NULL,'all paths INSUFFICIENT (0 of 5 regions with servers in common)','{"change_ratio": null, "change_low": null, "change_high": null, "change_us": null, "p": null, "items": 0, "agreeing": 0, "round_count": 3, "judged_rounds": 0, "slow_rounds": 0, "watch_rounds": 0, "lossy_rounds": 0, "sent": 0, "answered": 0, "loss_low": null, "loss_high": null, "lossy_items": 0, "floor_ratio": null, "tester": null, "region": null, "server": null, "address": null, "missing": ["0 of 5 regions with servers in common"]}','1-03ecaff2348a');
INSERT INTO "verdicts" VALUES('55b85bfbc0155d1fa276957cc6efc09d',1,'region','north','82e6f96df27c5255baf614507473ad3f',1,1772391780000000,1772366580000000,'north','no_baseline',0,0,NULL,'north NO BASELINE, 3/15 lost (7–45 %)','{"change_ratio": null, "change_low": null, "change_high": null, "change_us": null, "p": null, "items": 0, "agreeing": 0, "round_count": 2, "judged_rounds": 0, "slow_rounds": 0, "watch_rounds": 0, "lossy_rounds": 0, "sent": 15, "answered": 12, "loss_low": 0.07047549346981562, "loss_high": 0.45185448715169363, "lossy_items": 1, "floor_ratio": null, "tester": null, "region": "north", "server": null, "address": null, "missing": []}','1-03ecaff2348a');
INSERT INTO "verdicts" VALUES('55b85bfbc0155d1fa276957cc6efc09d',1,'region','south','8f267a67ab345b428883e6c8735ee681',1,1772391780000000,1772366580000000,'south','no_baseline',0,0,NULL,'south NO BASELINE, 3/15 lost (7–45 %)','{"change_ratio": null, "change_low": null, "change_high": null, "change_us": null, "p": null, "items": 0, "agreeing": 0, "round_count": 2, "judged_rounds": 0, "slow_rounds": 0, "watch_rounds": 0, "lossy_rounds": 0, "sent": 15, "answered": 12, "loss_low": 0.07047549346981562, "loss_high": 0.45185448715169363, "lossy_items": 1, "floor_ratio": null, "tester": null, "region": "south", "server": null, "address": null, "missing": []}','1-03ecaff2348a');
INSERT INTO "verdicts" VALUES('55b85bfbc0155d1fa276957cc6efc09d',1,'path','41566f22-5216-5ce2-bd64-f5e34550433d 1f725719-98db-5e30-9553-57f19bb8a9b4','aabb17bcbb0459b6afa73ee8edb7d587',1,1772391780000000,1772391780000000,'oslo → fra (2001:db8::2)','lossy',0,1,NULL,'oslo → fra (2001:db8::2) LOSSY, 3/7 lost (16–75 %)','{"change_ratio": null, "change_low": null, "change_high": null, "change_us": null, "p": null, "items": 1, "agreeing": 0, "round_count": 2, "judged_rounds": 0, "slow_rounds": 0, "watch_rounds": 0, "lossy_rounds": 2, "sent": 7, "answered": 4, "loss_low": 0.15821985525146973, "loss_high": 0.7495416354723429, "lossy_items": 1, "floor_ratio": null, "tester": "oslo", "region": "north", "server": "fra", "address": "2001:db8::2", "missing": []}','1-03ecaff2348a');
INSERT INTO "verdicts" VALUES('55b85bfbc0155d1fa276957cc6efc09d',1,'path','41566f22-5216-5ce2-bd64-f5e34550433d 73482f0f-b77f-5dbc-9022-988e5fe6db48','230786391b9a55f6a72bb054a5345cdb',1,1772391780000000,1772366580000000,'oslo → gone','no_baseline',0,0,NULL,'oslo → gone NO BASELINE','{"change_ratio": null, "change_low": null, "change_high": null, "change_us": null, "p": null, "items": 1, "agreeing": 0, "round_count": 2, "judged_rounds": 0, "slow_rounds": 0, "watch_rounds": 0, "lossy_rounds": 0, "sent": 0, "answered": 0, "loss_low": null, "loss_high": null, "lossy_items": 0, "floor_ratio": null, "tester": "oslo", "region": "north", "server": "gone", "address": null, "missing": []}','1-03ecaff2348a');
INSERT INTO "verdicts" VALUES('55b85bfbc0155d1fa276957cc6efc09d',1,'path','41566f22-5216-5ce2-bd64-f5e34550433d b7f4e181-93e9-5937-b6d0-a914210a5631','d8e0776bb07f5194a1568f6a2c36bfc6',1,1772391780000000,1772366580000000,'oslo → ams (192.0.2.1)','no_baseline',0,0,NULL,'oslo → ams (192.0.2.1) NO BASELINE, 0/8 lost (≤ 32 %)','{"change_ratio": null, "change_low": null, "change_high": null, "change_us": null, "p": null, "items": 1, "agreeing": 0, "round_count": 2, "judged_rounds": 0, "slow_rounds": 0, "watch_rounds": 0, "lossy_rounds": 0, "sent": 8, "answered": 8, "loss_low": 0.0, "loss_high": 0.32440756488388023, "lossy_items": 0, "floor_ratio": null, "tester": "oslo", "region": "north", "server": "ams", "address": "192.0.2.1", "missing": []}','1-03ecaff2348a');
INSERT INTO "verdicts" VALUES('55b85bfbc0155d1fa276957cc6efc09d',1,'path','90e343c8-7f57-599c-af85-9842c13793a3 1f725719-98db-5e30-9553-57f19bb8a9b4','262a8987474357a1a05b2630affe788e',1,1772391780000000,1772391780000000,'rome → fra (2001:db8::2)','lossy',0,1,NULL,'rome → fra (2001:db8::2) LOSSY, 3/7 lost (16–75 %)','{"change_ratio": null, "change_low": null, "change_high": null, "change_us": null, "p": null, "items": 1, "agreeing": 0, "round_count": 2, "judged_rounds": 0, "slow_rounds": 0, "watch_rounds": 0, "lossy_rounds": 2, "sent": 7, "answered": 4, "loss_low": 0.15821985525146973, "loss_high": 0.7495416354723429, "lossy_items": 1, "floor_ratio": null, "tester": "rome", "region": "south", "server": "fra", "address": "2001:db8::2", "missing": []}','1-03ecaff2348a');
INSERT INTO "verdicts" VALUES('55b85bfbc0155d1fa276957cc6efc09d',1,'path','90e343c8-7f57-599c-af85-9842c13793a3 73482f0f-b77f-5dbc-9022-988e5fe6db48','40203196c30e54c8beeaeedce9b63187',1,1772391780000000,1772366580000000,'rome → gone','no_baseline',0,0,NULL,'rome → gone NO BASELINE','{"change_ratio": null, "change_low": null, "change_high": null, "change_us": null, "p": null, "items": 1, "agreeing": 0, "round_count": 2, "judged_rounds": 0, "slow_rounds": 0, "watch_rounds": 0, "lossy_rounds": 0, "sent": 0, "answered": 0, "loss_low": null, "loss_high": null, "lossy_items": 0, "floor_ratio": null, "tester": "rome", "region": "south", "server": "gone", "address": null, "missing": []}','1-03ecaff2348a');
INSERT INTO "verdicts" VALUES('55b85bfbc0155d1fa276957cc6efc09d',1,'path','90e343c8-7f57-599c-af85-9842c13793a3 b7f4e181-93e9-5937-b6d0-a914210a5631','4382853a276e5276b18e46f5f31af749',1,1772391780000000,1772366580000000,'rome → ams (192.0.2.1)','no_baseline',0,0,NULL,'rome → ams (192.0.2.1) NO BASELINE, 0/8 lost (≤ 32 %)','{"change_ratio": null, "change_low": null, "change_high": null, "change_us": null, "p": null, "items": 1, "agreeing": 0, "round_count": 2, "judged_rounds": 0, "slow_rounds": 0, "watch_rounds": 0, "lossy_rounds": 0, "sent": 8, "answered": 8, "loss_low": 0.0, "loss_high": 0.32440756488388023, "lossy_items": 0, "floor_ratio": null, "tester": "rome", "region": "south", "server": "ams", "address": "192.0.2.1", "missing": []}','1-03ecaff2348a');
INSERT INTO "verdicts" VALUES('55b85bfbc0155d1fa276957cc6efc09d',2,'fleet','','bc14665ecdcb53819fbc29b42c737343',1,1772416980000000,1772366580000000,'all paths','insufficient',0,0,NULL,'all paths INSUFFICIENT (0 of 5 regions with servers in common)','{"change_ratio": null, "change_low": null, "change_high": null, "change_us": null, "p": null, "items": 0, "agreeing": 0, "round_count": 3, "judged_rounds": 0, "slow_rounds": 0, "watch_rounds": 0, "lossy_rounds": 0, "sent": 0, "answered": 0, "loss_low": null, "loss_high": null, "lossy_items": 0, "floor_ratio": null, "tester": null, "region": null, "server": null, "address": null, "missing": ["0 of 5 regions with servers in common"]}','1-03ecaff2348a');
INSERT INTO "verdicts" VALUES('55b85bfbc0155d1fa276957cc6efc09d',2,'region','north','b03c83b1af4958a7a6073e2071410f54',1,1772416980000000,1772416980000000,'north','untrusted',0,0,NULL,'north UNTRUSTED','{"change_ratio": null, "change_low": null, "change_high": null, "change_us": null, "p": null, "items": 0, "agreeing": 0, "round_count": 2, "judged_rounds": 0, "slow_rounds": 0, "watch_rounds": 0, "lossy_rounds": 0, "sent": 0, "answered": 0, "loss_low": null, "loss_high": null, "lossy_items": 0, "floor_ratio": null, "tester": null, "region": "north", "server": null, "address": null, "missing": []}','1-03ecaff2348a');
INSERT INTO "verdicts" VALUES('55b85bfbc0155d1fa276957cc6efc09d',2,'region','south','40340434f3985b5db452e9ac49f035fd',1,1772416980000000,1772416980000000,'south','untrusted',0,0,NULL,'south UNTRUSTED','{"change_ratio": null, "change_low": null, "change_high": null, "change_us": null, "p": null, "items": 0, "agreeing": 0, "round_count": 2, "judged_rounds": 0, "slow_rounds": 0, "watch_rounds": 0, "lossy_rounds": 0, "sent": 0, "answered": 0, "loss_low": null, "loss_high": null, "lossy_items": 0, "floor_ratio": null, "tester": null, "region": "south", "server": null, "address": null, "missing": []}','1-03ecaff2348a');
INSERT INTO "verdicts" VALUES('55b85bfbc0155d1fa276957cc6efc09d',3,'fleet','','d5f106ecee835c068778c255aa676e7c',1,1772442180000000,1772366580000000,'all paths','insufficient',0,0,NULL,'all paths INSUFFICIENT (0 of 5 regions with servers in common)','{"change_ratio": null, "change_low": null, "change_high": null, "change_us": null, "p": null, "items": 0, "agreeing": 0, "round_count": 3, "judged_rounds": 0, "slow_rounds": 0, "watch_rounds": 0, "lossy_rounds": 0, "sent": 0, "answered": 0, "loss_low": null, "loss_high": null, "lossy_items": 0, "floor_ratio": null, "tester": null, "region": null, "server": null, "address": null, "missing": ["0 of 5 regions with servers in common"]}','1-03ecaff2348a');
INSERT INTO "verdicts" VALUES('55b85bfbc0155d1fa276957cc6efc09d',3,'region','north','8aa8755a7d705b34bcf93653aa76bc18',1,1772442180000000,1772442180000000,'north','no_baseline',0,0,NULL,'north NO BASELINE, 3/15 lost (7–45 %)','{"change_ratio": null, "change_low": null, "change_high": null, "change_us": null, "p": null, "items": 0, "agreeing": 0, "round_count": 3, "judged_rounds": 0, "slow_rounds": 0, "watch_rounds": 0, "lossy_rounds": 0, "sent": 15, "answered": 12, "loss_low": 0.07047549346981562, "loss_high": 0.45185448715169363, "lossy_items": 1, "floor_ratio": null, "tester": null, "region": "north", "server": null, "address": null, "missing": []}','1-03ecaff2348a');
INSERT INTO "verdicts" VALUES('55b85bfbc0155d1fa276957cc6efc09d',3,'region','south','eebba73eb9ab5f14afb72731064e60a2',1,1772442180000000,1772442180000000,'south','no_baseline',0,0,NULL,'south NO BASELINE, 3/15 lost (7–45 %)','{"change_ratio": null, "change_low": null, "change_high": null, "change_us": null, "p": null, "items": 0, "agreeing": 0, "round_count": 3, "judged_rounds": 0, "slow_rounds": 0, "watch_rounds": 0, "lossy_rounds": 0, "sent": 15, "answered": 12, "loss_low": 0.07047549346981562, "loss_high": 0.45185448715169363, "lossy_items": 1, "floor_ratio": null, "tester": null, "region": "south", "server": null, "address": null, "missing": []}','1-03ecaff2348a');
INSERT INTO "verdicts" VALUES('55b85bfbc0155d1fa276957cc6efc09d',3,'path','41566f22-5216-5ce2-bd64-f5e34550433d 1f725719-98db-5e30-9553-57f19bb8a9b4','37c8c045ca4d5a65944894cbca1fc449',1,1772442180000000,1772391780000000,'oslo → fra (2001:db8::2)','lossy',0,1,NULL,'oslo → fra (2001:db8::2) LOSSY, 3/7 lost (16–75 %)','{"change_ratio": null, "change_low": null, "change_high": null, "change_us": null, "p": null, "items": 1, "agreeing": 0, "round_count": 3, "judged_rounds": 0, "slow_rounds": 0, "watch_rounds": 0, "lossy_rounds": 3, "sent": 7, "answered": 4, "loss_low": 0.15821985525146973, "loss_high": 0.7495416354723429, "lossy_items": 1, "floor_ratio": null, "tester": "oslo", "region": "north", "server": "fra", "address": "2001:db8::2", "missing": []}','1-03ecaff2348a');
INSERT INTO "verdicts" VALUES('55b85bfbc0155d1fa276957cc6efc09d',3,'path','41566f22-5216-5ce2-bd64-f5e34550433d 73482f0f-b77f-5dbc-9022-988e5fe6db48','07dbe444277a555ca868c6ffe2518eef',1,1772442180000000,1772366580000000,'oslo → gone','no_baseline',0,0,NULL,'oslo → gone NO BASELINE','{"change_ratio": null, "change_low": null, "change_high": null, "change_us": null, "p": null, "items": 1, "agreeing": 0, "round_count": 3, "judged_rounds": 0, "slow_rounds": 0, "watch_rounds": 0, "lossy_rounds": 0, "sent": 0, "answered": 0, "loss_low": null, "loss_high": null, "lossy_items": 0, "floor_ratio": null, "tester": "oslo", "region": "north", "server": "gone", "address": null, "missing": []}','1-03ecaff2348a');
INSERT INTO "verdicts" VALUES('55b85bfbc0155d1fa276957cc6efc09d',3,'path','41566f22-5216-5ce2-bd64-f5e34550433d b7f4e181-93e9-5937-b6d0-a914210a5631','1cf810b2ea4a55f690eb4a66489b5267',1,1772442180000000,1772366580000000,'oslo → ams (192.0.2.1)','no_baseline',0,0,NULL,'oslo → ams (192.0.2.1) NO BASELINE, 0/8 lost (≤ 32 %)','{"change_ratio": null, "change_low": null, "change_high": null, "change_us": null, "p": null, "items": 1, "agreeing": 0, "round_count": 3, "judged_rounds": 0, "slow_rounds": 0, "watch_rounds": 0, "lossy_rounds": 0, "sent": 8, "answered": 8, "loss_low": 0.0, "loss_high": 0.32440756488388023, "lossy_items": 0, "floor_ratio": null, "tester": "oslo", "region": "north", "server": "ams", "address": "192.0.2.1", "missing": []}','1-03ecaff2348a');
INSERT INTO "verdicts" VALUES('55b85bfbc0155d1fa276957cc6efc09d',3,'path','90e343c8-7f57-599c-af85-9842c13793a3 1f725719-98db-5e30-9553-57f19bb8a9b4','df6015ddb3cd56bfaac6b96c44090578',1,1772442180000000,1772391780000000,'rome → fra (2001:db8::2)','lossy',0,1,NULL,'rome → fra (2001:db8::2) LOSSY, 3/7 lost (16–75 %)','{"change_ratio": null, "change_low": null, "change_high": null, "change_us": null, "p": null, "items": 1, "agreeing": 0, "round_count": 3, "judged_rounds": 0, "slow_rounds": 0, "watch_rounds": 0, "lossy_rounds": 3, "sent": 7, "answered": 4, "loss_low": 0.15821985525146973, "loss_high": 0.7495416354723429, "lossy_items": 1, "floor_ratio": null, "tester": "rome", "region": "south", "server": "fra", "address": "2001:db8::2", "missing": []}','1-03ecaff2348a');
INSERT INTO "verdicts" VALUES('55b85bfbc0155d1fa276957cc6efc09d',3,'path','90e343c8-7f57-599c-af85-9842c13793a3 73482f0f-b77f-5dbc-9022-988e5fe6db48','3ea0615e629953c09732938ad8141787',1,1772442180000000,1772366580000000,'rome → gone','no_baseline',0,0,NULL,'rome → gone NO BASELINE','{"change_ratio": null, "change_low": null, "change_high": null, "change_us": null, "p": null, "items": 1, "agreeing": 0, "round_count": 3, "judged_rounds": 0, "slow_rounds": 0, "watch_rounds": 0, "lossy_rounds": 0, "sent": 0, "answered": 0, "loss_low": null, "loss_high": null, "lossy_items": 0, "floor_ratio": null, "tester": "rome", "region": "south", "server": "gone", "address": null, "missing": []}','1-03ecaff2348a');
INSERT INTO "verdicts" VALUES('55b85bfbc0155d1fa276957cc6efc09d',3,'path','90e343c8-7f57-599c-af85-9842c13793a3 b7f4e181-93e9-5937-b6d0-a914210a5631','3e290c3c9e5251b39ed5a27a2b5e2f50',1,1772442180000000,1772366580000000,'rome → ams (192.0.2.1)','no_baseline',0,0,NULL,'rome → ams (192.0.2.1) NO BASELINE, 0/8 lost (≤ 32 %)','{"change_ratio": null, "change_low": null, "change_high": null, "change_us": null, "p": null, "items": 1, "agreeing": 0, "round_count": 3, "judged_rounds": 0, "slow_rounds": 0, "watch_rounds": 0, "lossy_rounds": 0, "sent": 8, "answered": 8, "loss_low": 0.0, "loss_high": 0.32440756488388023, "lossy_items": 0, "floor_ratio": null, "tester": "rome", "region": "south", "server": "ams", "address": "192.0.2.1", "missing": []}','1-03ecaff2348a');
INSERT INTO "verdicts" VALUES('55b85bfbc0155d1fa276957cc6efc09d',4,'fleet','','3db6f01a9e2f535188acffb3ced5717a',1,1772467380000000,1772366580000000,'all paths','insufficient',0,0,NULL,'all paths INSUFFICIENT (0 of 5 regions with servers in common)','{"change_ratio": null, "change_low": null, "change_high": null, "change_us": null, "p": null, "items": 0, "agreeing": 0, "round_count": 3, "judged_rounds": 0, "slow_rounds": 0, "watch_rounds": 0, "lossy_rounds": 0, "sent": 0, "answered": 0, "loss_low": null, "loss_high": null, "lossy_items": 0, "floor_ratio": null, "tester": null, "region": null, "server": null, "address": null, "missing": ["0 of 5 regions with servers in common"]}','1-03ecaff2348a');
INSERT INTO "verdicts" VALUES('55b85bfbc0155d1fa276957cc6efc09d',4,'region','north','d5a66634c70c58329e37b86ba319b0d3',1,1772467380000000,1772442180000000,'north','no_baseline',0,0,NULL,'north NO BASELINE, 3/15 lost (7–45 %)','{"change_ratio": null, "change_low": null, "change_high": null, "change_us": null, "p": null, "items": 0, "agreeing": 0, "round_count": 3, "judged_rounds": 0, "slow_rounds": 0, "watch_rounds": 0, "lossy_rounds": 0, "sent": 15, "answered": 12, "loss_low": 0.07047549346981562, "loss_high": 0.45185448715169363, "lossy_items": 1, "floor_ratio": null, "tester": null, "region": "north", "server": null, "address": null, "missing": []}','1-03ecaff2348a');
INSERT INTO "verdicts" VALUES('55b85bfbc0155d1fa276957cc6efc09d',4,'region','south','833712cd3e65571db93d09bd3ff7714e',1,1772467380000000,1772442180000000,'south','no_baseline',0,0,NULL,'south NO BASELINE, 3/15 lost (7–45 %)','{"change_ratio": null, "change_low": null, "change_high": null, "change_us": null, "p": null, "items": 0, "agreeing": 0, "round_count": 3, "judged_rounds": 0, "slow_rounds": 0, "watch_rounds": 0, "lossy_rounds": 0, "sent": 15, "answered": 12, "loss_low": 0.07047549346981562, "loss_high": 0.45185448715169363, "lossy_items": 1, "floor_ratio": null, "tester": null, "region": "south", "server": null, "address": null, "missing": []}','1-03ecaff2348a');
INSERT INTO "verdicts" VALUES('55b85bfbc0155d1fa276957cc6efc09d',4,'path','41566f22-5216-5ce2-bd64-f5e34550433d 1f725719-98db-5e30-9553-57f19bb8a9b4','1c815ff4f88e51abb99f0baef48d8ba9',1,1772467380000000,1772391780000000,'oslo → fra (2001:db8::2)','lossy',0,1,NULL,'oslo → fra (2001:db8::2) LOSSY, 3/7 lost (16–75 %)','{"change_ratio": null, "change_low": null, "change_high": null, "change_us": null, "p": null, "items": 1, "agreeing": 0, "round_count": 3, "judged_rounds": 0, "slow_rounds": 0, "watch_rounds": 0, "lossy_rounds": 3, "sent": 7, "answered": 4, "loss_low": 0.15821985525146973, "loss_high": 0.7495416354723429, "lossy_items": 1, "floor_ratio": null, "tester": "oslo", "region": "north", "server": "fra", "address": "2001:db8::2", "missing": []}','1-03ecaff2348a');
INSERT INTO "verdicts" VALUES('55b85bfbc0155d1fa276957cc6efc09d',4,'path','41566f22-5216-5ce2-bd64-f5e34550433d 73482f0f-b77f-5dbc-9022-988e5fe6db48','7f7b6357c33e5b1daaa1bd4ef97c2e4e',1,1772467380000000,1772366580000000,'oslo → gone','no_baseline',0,0,NULL,'oslo → gone NO BASELINE','{"change_ratio": null, "change_low": null, "change_high": null, "change_us": null, "p": null, "items": 1, "agreeing": 0, "round_count": 3, "judged_rounds": 0, "slow_rounds": 0, "watch_rounds": 0, "lossy_rounds": 0, "sent": 0, "answered": 0, "loss_low": null, "loss_high": null, "lossy_items": 0, "floor_ratio": null, "tester": "oslo", "region": "north", "server": "gone", "address": null, "missing": []}','1-03ecaff2348a');
INSERT INTO "verdicts" VALUES('55b85bfbc0155d1fa276957cc6efc09d',4,'path','41566f22-5216-5ce2-bd64-f5e34550433d b7f4e181-93e9-5937-b6d0-a914210a5631','0de30bec558f5861a4ad27933eda5374',1,1772467380000000,1772366580000000,'oslo → ams (192.0.2.1)','no_baseline',0,0,NULL,'oslo → ams (192.0.2.1) NO BASELINE, 0/8 lost (≤ 32 %)','{"change_ratio": null, "change_low": null, "change_high": null, "change_us": null, "p": null, "items": 1, "agreeing": 0, "round_count": 3, "judged_rounds": 0, "slow_rounds": 0, "watch_rounds": 0, "lossy_rounds": 0, "sent": 8, "answered": 8, "loss_low": 0.0, "loss_high": 0.32440756488388023, "lossy_items": 0, "floor_ratio": null, "tester": "oslo", "region": "north", "server": "ams", "address": "192.0.2.1", "missing": []}','1-03ecaff2348a');
INSERT INTO "verdicts" VALUES('55b85bfbc0155d1fa276957cc6efc09d',4,'path','90e343c8-7f57-599c-af85-9842c13793a3 1f725719-98db-5e30-9553-57f19bb8a9b4','e8cfa95c7fba5c7885e84b8438356e30',1,1772467380000000,1772391780000000,'rome → fra (2001:db8::2)','lossy',0,1,NULL,'rome → fra (2001:db8::2) LOSSY, 3/7 lost (16–75 %)','{"change_ratio": null, "change_low": null, "change_high": null, "change_us": null, "p": null, "items": 1, "agreeing": 0, "round_count": 3, "judged_rounds": 0, "slow_rounds": 0, "watch_rounds": 0, "lossy_rounds": 3, "sent": 7, "answered": 4, "loss_low": 0.15821985525146973, "loss_high": 0.7495416354723429, "lossy_items": 1, "floor_ratio": null, "tester": "rome", "region": "south", "server": "fra", "address": "2001:db8::2", "missing": []}','1-03ecaff2348a');
INSERT INTO "verdicts" VALUES('55b85bfbc0155d1fa276957cc6efc09d',4,'path','90e343c8-7f57-599c-af85-9842c13793a3 73482f0f-b77f-5dbc-9022-988e5fe6db48','92509ad8dfe251e8be1f1943d955264f',1,1772467380000000,1772366580000000,'rome → gone','no_baseline',0,0,NULL,'rome → gone NO BASELINE','{"change_ratio": null, "change_low": null, "change_high": null, "change_us": null, "p": null, "items": 1, "agreeing": 0, "round_count": 3, "judged_rounds": 0, "slow_rounds": 0, "watch_rounds": 0, "lossy_rounds": 0, "sent": 0, "answered": 0, "loss_low": null, "loss_high": null, "lossy_items": 0, "floor_ratio": null, "tester": "rome", "region": "south", "server": "gone", "address": null, "missing": []}','1-03ecaff2348a');
INSERT INTO "verdicts" VALUES('55b85bfbc0155d1fa276957cc6efc09d',4,'path','90e343c8-7f57-599c-af85-9842c13793a3 b7f4e181-93e9-5937-b6d0-a914210a5631','3f5eb53c63bf534698b2f1c1e88ab5e0',1,1772467380000000,1772366580000000,'rome → ams (192.0.2.1)','no_baseline',0,0,NULL,'rome → ams (192.0.2.1) NO BASELINE, 0/8 lost (≤ 32 %)','{"change_ratio": null, "change_low": null, "change_high": null, "change_us": null, "p": null, "items": 1, "agreeing": 0, "round_count": 3, "judged_rounds": 0, "slow_rounds": 0, "watch_rounds": 0, "lossy_rounds": 0, "sent": 8, "answered": 8, "loss_low": 0.0, "loss_high": 0.32440756488388023, "lossy_items": 0, "floor_ratio": null, "tester": "rome", "region": "south", "server": "ams", "address": "192.0.2.1", "missing": []}','1-03ecaff2348a');
INSERT INTO "verdicts" VALUES('55b85bfbc0155d1fa276957cc6efc09d',5,'fleet','','3abceaf37701534cb81cbe16854c45a8',1,1772492580000000,1772366580000000,'all paths','insufficient',0,0,NULL,'all paths INSUFFICIENT (0 of 5 regions with servers in common)','{"change_ratio": null, "change_low": null, "change_high": null, "change_us": null, "p": null, "items": 0, "agreeing": 0, "round_count": 3, "judged_rounds": 0, "slow_rounds": 0, "watch_rounds": 0, "lossy_rounds": 0, "sent": 0, "answered": 0, "loss_low": null, "loss_high": null, "lossy_items": 0, "floor_ratio": null, "tester": null, "region": null, "server": null, "address": null, "missing": ["0 of 5 regions with servers in common"]}','1-03ecaff2348a');
INSERT INTO "verdicts" VALUES('55b85bfbc0155d1fa276957cc6efc09d',5,'region','north','bdafcfbb869a51db82a5d06f26544232',1,1772492580000000,1772442180000000,'north','no_baseline',0,0,NULL,'north NO BASELINE, 3/15 lost (7–45 %)','{"change_ratio": null, "change_low": null, "change_high": null, "change_us": null, "p": null, "items": 0, "agreeing": 0, "round_count": 3, "judged_rounds": 0, "slow_rounds": 0, "watch_rounds": 0, "lossy_rounds": 0, "sent": 15, "answered": 12, "loss_low": 0.07047549346981562, "loss_high": 0.45185448715169363, "lossy_items": 1, "floor_ratio": null, "tester": null, "region": "north", "server": null, "address": null, "missing": []}','1-03ecaff2348a');
INSERT INTO "verdicts" VALUES('55b85bfbc0155d1fa276957cc6efc09d',5,'region','south','cfb083e89c6e595089f5e8ae67002062',1,1772492580000000,1772442180000000,'south','no_baseline',0,0,NULL,'south NO BASELINE, 3/15 lost (7–45 %)','{"change_ratio": null, "change_low": null, "change_high": null, "change_us": null, "p": null, "items": 0, "agreeing": 0, "round_count": 3, "judged_rounds": 0, "slow_rounds": 0, "watch_rounds": 0, "lossy_rounds": 0, "sent": 15, "answered": 12, "loss_low": 0.07047549346981562, "loss_high": 0.45185448715169363, "lossy_items": 1, "floor_ratio": null, "tester": null, "region": "south", "server": null, "address": null, "missing": []}','1-03ecaff2348a');
INSERT INTO "verdicts" VALUES('55b85bfbc0155d1fa276957cc6efc09d',5,'path','41566f22-5216-5ce2-bd64-f5e34550433d 1f725719-98db-5e30-9553-57f19bb8a9b4','04915c8f255d50ebabf15caadd06606e',1,1772492580000000,1772391780000000,'oslo → fra (2001:db8::2)','lossy',0,1,NULL,'oslo → fra (2001:db8::2) LOSSY, 3/7 lost (16–75 %)','{"change_ratio": null, "change_low": null, "change_high": null, "change_us": null, "p": null, "items": 1, "agreeing": 0, "round_count": 3, "judged_rounds": 0, "slow_rounds": 0, "watch_rounds": 0, "lossy_rounds": 3, "sent": 7, "answered": 4, "loss_low": 0.15821985525146973, "loss_high": 0.7495416354723429, "lossy_items": 1, "floor_ratio": null, "tester": "oslo", "region": "north", "server": "fra", "address": "2001:db8::2", "missing": []}','1-03ecaff2348a');
INSERT INTO "verdicts" VALUES('55b85bfbc0155d1fa276957cc6efc09d',5,'path','41566f22-5216-5ce2-bd64-f5e34550433d 73482f0f-b77f-5dbc-9022-988e5fe6db48','1b639325e0ba537fa1aef4ab01c4bfd6',1,1772492580000000,1772366580000000,'oslo → gone','no_baseline',0,0,NULL,'oslo → gone NO BASELINE','{"change_ratio": null, "change_low": null, "change_high": null, "change_us": null, "p": null, "items": 1, "agreeing": 0, "round_count": 3, "judged_rounds": 0, "slow_rounds": 0, "watch_rounds": 0, "lossy_rounds": 0, "sent": 0, "answered": 0, "loss_low": null, "loss_high": null, "lossy_items": 0, "floor_ratio": null, "tester": "oslo", "region": "north", "server": "gone", "address": null, "missing": []}','1-03ecaff2348a');
INSERT INTO "verdicts" VALUES('55b85bfbc0155d1fa276957cc6efc09d',5,'path','41566f22-5216-5ce2-bd64-f5e34550433d b7f4e181-93e9-5937-b6d0-a914210a5631','6a460d9eb8a1544fa6fac2be2e6fcbb8',1,1772492580000000,1772366580000000,'oslo → ams (192.0.2.1)','no_baseline',0,0,NULL,'oslo → ams (192.0.2.1) NO BASELINE, 0/8 lost (≤ 32 %)','{"change_ratio": null, "change_low": null, "change_high": null, "change_us": null, "p": null, "items": 1, "agreeing": 0, "round_count": 3, "judged_rounds": 0, "slow_rounds": 0, "watch_rounds": 0, "lossy_rounds": 0, "sent": 8, "answered": 8, "loss_low": 0.0, "loss_high": 0.32440756488388023, "lossy_items": 0, "floor_ratio": null, "tester": "oslo", "region": "north", "server": "ams", "address": "192.0.2.1", "missing": []}','1-03ecaff2348a');
INSERT INTO "verdicts" VALUES('55b85bfbc0155d1fa276957cc6efc09d',5,'path','90e343c8-7f57-599c-af85-9842c13793a3 1f725719-98db-5e30-9553-57f19bb8a9b4','38173e52a6ba527bb4a237b22ad02c81',1,1772492580000000,1772391780000000,'rome → fra (2001:db8::2)','lossy',0,1,NULL,'rome → fra (2001:db8::2) LOSSY, 3/7 lost (16–75 %)','{"change_ratio": null, "change_low": null, "change_high": null, "change_us": null, "p": null, "items": 1, "agreeing": 0, "round_count": 3, "judged_rounds": 0, "slow_rounds": 0, "watch_rounds": 0, "lossy_rounds": 3, "sent": 7, "answered": 4, "loss_low": 0.15821985525146973, "loss_high": 0.7495416354723429, "lossy_items": 1, "floor_ratio": null, "tester": "rome", "region": "south", "server": "fra", "address": "2001:db8::2", "missing": []}','1-03ecaff2348a');
INSERT INTO "verdicts" VALUES('55b85bfbc0155d1fa276957cc6efc09d',5,'path','90e343c8-7f57-599c-af85-9842c13793a3 73482f0f-b77f-5dbc-9022-988e5fe6db48','1130ef37d8ac568d80508d7433cbf944',1,1772492580000000,1772366580000000,'rome → gone','no_baseline',0,0,NULL,'rome → gone NO BASELINE','{"change_ratio": null, "change_low": null, "change_high": null, "change_us": null, "p": null, "items": 1, "agreeing": 0, "round_count": 3, "judged_rounds": 0, "slow_rounds": 0, "watch_rounds": 0, "lossy_rounds": 0, "sent": 0, "answered": 0, "loss_low": null, "loss_high": null, "lossy_items": 0, "floor_ratio": null, "tester": "rome", "region": "south", "server": "gone", "address": null, "missing": []}','1-03ecaff2348a');
INSERT INTO "verdicts" VALUES('55b85bfbc0155d1fa276957cc6efc09d',5,'path','90e343c8-7f57-599c-af85-9842c13793a3 b7f4e181-93e9-5937-b6d0-a914210a5631','587e23d7d5535c169f58a932daa3c2e6',1,1772492580000000,1772366580000000,'rome → ams (192.0.2.1)','no_baseline',0,0,NULL,'rome → ams (192.0.2.1) NO BASELINE, 0/8 lost (≤ 32 %)','{"change_ratio": null, "change_low": null, "change_high": null, "change_us": null, "p": null, "items": 1, "agreeing": 0, "round_count": 3, "judged_rounds": 0, "slow_rounds": 0, "watch_rounds": 0, "lossy_rounds": 0, "sent": 8, "answered": 8, "loss_low": 0.0, "loss_high": 0.32440756488388023, "lossy_items": 0, "floor_ratio": null, "tester": "rome", "region": "south", "server": "ams", "address": "192.0.2.1", "missing": []}','1-03ecaff2348a');
INSERT INTO "verdicts" VALUES('35211c18f95d4c21a255ea04ba4b1328',0,'fleet','','72360fc8ebfe5a33b7e6920531ed626a',2,1772366460000000,1772366460000000,'','ok',0,0,NULL,' OK','{"change_ratio": null, "change_low": null, "change_high": null, "change_us": null, "p": null, "items": 0, "agreeing": 0, "round_count": 0, "judged_rounds": 0, "slow_rounds": 0, "watch_rounds": 0, "lossy_rounds": 0, "sent": 0, "answered": 0, "loss_low": null, "loss_high": null, "lossy_items": 0, "floor_ratio": null, "tester": null, "region": null, "server": null, "address": null}','test');
INSERT INTO "verdicts" VALUES('35211c18f95d4c21a255ea04ba4b1328',0,'region','north','95ba2297365751cb9ce50eb492da8e70',2,1772366460000000,1772366460000000,'north','lossy',0,1,NULL,'north LOSSY','{"change_ratio": null, "change_low": null, "change_high": null, "change_us": null, "p": null, "items": 0, "agreeing": 0, "round_count": 0, "judged_rounds": 0, "slow_rounds": 0, "watch_rounds": 0, "lossy_rounds": 0, "sent": 0, "answered": 0, "loss_low": null, "loss_high": null, "lossy_items": 0, "floor_ratio": null, "tester": null, "region": "north", "server": null, "address": null}','test');
INSERT INTO "verdicts" VALUES('35211c18f95d4c21a255ea04ba4b1328',0,'region','south','c52dfcb2cf9c5ef3bf2929d5bce7bb0d',2,1772366460000000,1772366460000000,'south','ok',0,0,NULL,'south OK','{"change_ratio": null, "change_low": null, "change_high": null, "change_us": null, "p": null, "items": 0, "agreeing": 0, "round_count": 0, "judged_rounds": 0, "slow_rounds": 0, "watch_rounds": 0, "lossy_rounds": 0, "sent": 0, "answered": 0, "loss_low": null, "loss_high": null, "lossy_items": 0, "floor_ratio": null, "tester": null, "region": "south", "server": null, "address": null}','test');
INSERT INTO "verdicts" VALUES('793d12847d784ee989d2d1d5581b7292',0,'fleet','','de61b477cd6159718d9f6bc2d9993a96',2,1772366520000000,1772366520000000,'','ok',0,0,NULL,' OK','{"change_ratio": null, "change_low": null, "change_high": null, "change_us": null, "p": null, "items": 0, "agreeing": 0, "round_count": 0, "judged_rounds": 0, "slow_rounds": 0, "watch_rounds": 0, "lossy_rounds": 0, "sent": 0, "answered": 0, "loss_low": null, "loss_high": null, "lossy_items": 0, "floor_ratio": null, "tester": null, "region": null, "server": null, "address": null}','test');
INSERT INTO "verdicts" VALUES('793d12847d784ee989d2d1d5581b7292',0,'region','north','93e67a26f2c252bc91e6a00b3af50e89',2,1772366520000000,1772366520000000,'north','lossy',0,1,NULL,'north LOSSY','{"change_ratio": null, "change_low": null, "change_high": null, "change_us": null, "p": null, "items": 0, "agreeing": 0, "round_count": 0, "judged_rounds": 0, "slow_rounds": 0, "watch_rounds": 0, "lossy_rounds": 0, "sent": 0, "answered": 0, "loss_low": null, "loss_high": null, "lossy_items": 0, "floor_ratio": null, "tester": null, "region": "north", "server": null, "address": null}','test');
INSERT INTO "verdicts" VALUES('793d12847d784ee989d2d1d5581b7292',0,'region','south','a329d34b94095368b2254f596445967c',2,1772366520000000,1772366520000000,'south','ok',0,0,NULL,'south OK','{"change_ratio": null, "change_low": null, "change_high": null, "change_us": null, "p": null, "items": 0, "agreeing": 0, "round_count": 0, "judged_rounds": 0, "slow_rounds": 0, "watch_rounds": 0, "lossy_rounds": 0, "sent": 0, "answered": 0, "loss_low": null, "loss_high": null, "lossy_items": 0, "floor_ratio": null, "tester": null, "region": "south", "server": null, "address": null}','test');
INSERT INTO "verdicts" VALUES('2c2391f6319a42aeb4e868bcafe774fe',0,'fleet','','8165d30488d459b08ab96fe673ff0bc1',2,1772366580000000,1772366580000000,'','ok',0,0,NULL,' OK','{"change_ratio": null, "change_low": null, "change_high": null, "change_us": null, "p": null, "items": 0, "agreeing": 0, "round_count": 0, "judged_rounds": 0, "slow_rounds": 0, "watch_rounds": 0, "lossy_rounds": 0, "sent": 0, "answered": 0, "loss_low": null, "loss_high": null, "lossy_items": 0, "floor_ratio": null, "tester": null, "region": null, "server": null, "address": null}','test');
INSERT INTO "verdicts" VALUES('2c2391f6319a42aeb4e868bcafe774fe',0,'region','north','147e8ac839da51a09afc17188e8f1d19',2,1772366580000000,1772366580000000,'north','lossy',0,1,NULL,'north LOSSY','{"change_ratio": null, "change_low": null, "change_high": null, "change_us": null, "p": null, "items": 0, "agreeing": 0, "round_count": 0, "judged_rounds": 0, "slow_rounds": 0, "watch_rounds": 0, "lossy_rounds": 0, "sent": 0, "answered": 0, "loss_low": null, "loss_high": null, "lossy_items": 0, "floor_ratio": null, "tester": null, "region": "north", "server": null, "address": null}','test');
INSERT INTO "verdicts" VALUES('2c2391f6319a42aeb4e868bcafe774fe',0,'region','south','6fa2baef0e245d7ab051d26b0e43ccd2',2,1772366580000000,1772366580000000,'south','ok',0,0,NULL,'south OK','{"change_ratio": null, "change_low": null, "change_high": null, "change_us": null, "p": null, "items": 0, "agreeing": 0, "round_count": 0, "judged_rounds": 0, "slow_rounds": 0, "watch_rounds": 0, "lossy_rounds": 0, "sent": 0, "answered": 0, "loss_low": null, "loss_high": null, "lossy_items": 0, "floor_ratio": null, "tester": null, "region": "south", "server": null, "address": null}','test');
INSERT INTO "verdicts" VALUES('829b6a7695464e6ea1bf8382f74b8065',0,'fleet','','3bea232c36e25e5ca212838ca35f566e',1,1772377066010007,1772366580000000,'all paths','insufficient',0,0,NULL,'all paths INSUFFICIENT (0 of 5 regions with servers in common)','{"change_ratio": null, "change_low": null, "change_high": null, "change_us": null, "p": null, "items": 0, "agreeing": 0, "round_count": 3, "judged_rounds": 0, "slow_rounds": 0, "watch_rounds": 0, "lossy_rounds": 0, "sent": 0, "answered": 0, "loss_low": null, "loss_high": null, "lossy_items": 0, "floor_ratio": null, "tester": null, "region": null, "server": null, "address": null, "missing": ["0 of 5 regions with servers in common"]}','1-03ecaff2348a');
INSERT INTO "verdicts" VALUES('829b6a7695464e6ea1bf8382f74b8065',0,'region','nord','631939ff9140507499e57d4dc10eb8b9',1,1772377066010007,1772377066010007,'nord','no_baseline',0,0,NULL,'nord NO BASELINE, 0/6 lost (≤ 39 %)','{"change_ratio": null, "change_low": null, "change_high": null, "change_us": null, "p": null, "items": 0, "agreeing": 0, "round_count": 1, "judged_rounds": 0, "slow_rounds": 0, "watch_rounds": 0, "lossy_rounds": 0, "sent": 6, "answered": 6, "loss_low": 0.0, "loss_high": 0.39033428790216534, "lossy_items": 0, "floor_ratio": null, "tester": null, "region": "nord", "server": null, "address": null, "missing": []}','1-03ecaff2348a');
INSERT INTO "verdicts" VALUES('829b6a7695464e6ea1bf8382f74b8065',0,'path','0e4d7a52-93b7-4f2e-8f3b-64c1b5d2a002 1728a7ec-3b3b-5e5c-be0f-56284a2863ce','0c8d6024e0db5a799767e1419c4c553c',1,1772377066010007,1772377066010007,'frozen → 127.0.0.1 (127.0.0.1)','no_baseline',0,0,NULL,'frozen → 127.0.0.1 (127.0.0.1) NO BASELINE, 0/3 lost (≤ 56 %)','{"change_ratio": null, "change_low": null, "change_high": null, "change_us": null, "p": null, "items": 1, "agreeing": 0, "round_count": 1, "judged_rounds": 0, "slow_rounds": 0, "watch_rounds": 0, "lossy_rounds": 0, "sent": 3, "answered": 3, "loss_low": 0.0, "loss_high": 0.5614970317550455, "lossy_items": 0, "floor_ratio": null, "tester": "frozen", "region": "nord", "server": "127.0.0.1", "address": "127.0.0.1", "missing": []}','1-03ecaff2348a');
INSERT INTO "verdicts" VALUES('829b6a7695464e6ea1bf8382f74b8065',0,'path','0e4d7a52-93b7-4f2e-8f3b-64c1b5d2a002 e4313c87-589c-552c-b6e2-fd3af45492da','4c50c460684a50ff82dc44bf3e6e9de9',1,1772377066010007,1772377066010007,'frozen → nine (127.0.0.9)','no_baseline',0,0,NULL,'frozen → nine (127.0.0.9) NO BASELINE, 0/3 lost (≤ 56 %)','{"change_ratio": null, "change_low": null, "change_high": null, "change_us": null, "p": null, "items": 1, "agreeing": 0, "round_count": 1, "judged_rounds": 0, "slow_rounds": 0, "watch_rounds": 0, "lossy_rounds": 0, "sent": 3, "answered": 3, "loss_low": 0.0, "loss_high": 0.5614970317550455, "lossy_items": 0, "floor_ratio": null, "tester": "frozen", "region": "nord", "server": "nine", "address": "127.0.0.9", "missing": []}','1-03ecaff2348a');
INSERT INTO "verdicts" VALUES('829b6a7695464e6ea1bf8382f74b8065',0,'path','0e4d7a52-93b7-4f2e-8f3b-64c1b5d2a002 f61ca543-aa37-54d5-a1f9-ab56ee2255f7','f45f973bf2c25b87b56af696b85e6890',1,1772377066010007,1772377066010007,'frozen → none','no_baseline',0,0,NULL,'frozen → none NO BASELINE','{"change_ratio": null, "change_low": null, "change_high": null, "change_us": null, "p": null, "items": 1, "agreeing": 0, "round_count": 1, "judged_rounds": 0, "slow_rounds": 0, "watch_rounds": 0, "lossy_rounds": 0, "sent": 0, "answered": 0, "loss_low": null, "loss_high": null, "lossy_items": 0, "floor_ratio": null, "tester": "frozen", "region": "nord", "server": "none", "address": null, "missing": []}','1-03ecaff2348a');
CREATE INDEX ix_sweeps_fleet_id_started_at ON sweeps (fleet_id, started_at);
CREATE INDEX ix_runs_run_id ON runs (run_id);
CREATE INDEX ix_runs_sweep_id ON runs (sweep_id);
CREATE INDEX ix_runs_announced_at ON runs (announced_at);
CREATE INDEX ix_runs_started_at ON runs (started_at);
CREATE INDEX ix_ping_results_ts ON ping_results (ts);
CREATE INDEX ix_events_at ON events (at);
CREATE INDEX ix_runs_dirty ON runs (started_at) WHERE dirty;
CREATE VIEW view_runs AS 
        SELECT (substr(u.run_id, 1, 8) || '-' || substr(u.run_id, 9, 4) || '-' || substr(u.run_id, 13, 4) || '-' || substr(u.run_id, 17, 4) || '-' || substr(u.run_id, 21, 12)) AS run_id, (substr(u.sweep_id, 1, 8) || '-' || substr(u.sweep_id, 9, 4) || '-' || substr(u.sweep_id, 13, 4) || '-' || substr(u.sweep_id, 17, 4) || '-' || substr(u.sweep_id, 21, 12)) AS sweep_id, f.name AS fleet, t.name AS tester, coalesce(nullif(json_extract(t.config, '$.location.region'), ''), nullif(t.location, ''), t.name) AS region,
            u."index" AS run_index, u."of" AS run_of, u.state AS state, u.trusted AS trusted,
            u.reason AS reason, u.planned AS planned_count, u.stored AS stored_count,
            (strftime('%Y-%m-%d %H:%M:%S', u.announced_at / 1000000, 'unixepoch') || printf('.%06d', u.announced_at % 1000000)) AS announced_at, (strftime('%Y-%m-%d %H:%M:%S', u.started_at / 1000000, 'unixepoch') || printf('.%06d', u.started_at % 1000000)) AS started_at,
            u.started_at AS started_at_us, (strftime('%Y-%m-%d %H:%M:%S', u.finished_at / 1000000, 'unixepoch') || printf('.%06d', u.finished_at % 1000000)) AS finished_at,
            (strftime('%Y-%m-%d %H:%M:%S', u.reported_at / 1000000, 'unixepoch') || printf('.%06d', u.reported_at % 1000000)) AS reported_at,
            (u.finished_at - u.started_at) / 1000000.0 AS duration_s,
            u.clock_offset_us AS clock_offset_us, u.clock_corrected AS clock_corrected
        FROM runs u
        JOIN testers t ON t.id = u.tester_id
        JOIN fleets f ON f.id = t.fleet_id;
CREATE VIEW view_results AS 
        SELECT (strftime('%Y-%m-%d %H:%M:%S', r.ts / 1000000, 'unixepoch') || printf('.%06d', r.ts % 1000000)) AS ts, r.ts AS ts_us, f.name AS fleet, t.name AS tester, coalesce(nullif(json_extract(t.config, '$.location.region'), ''), nullif(t.location, ''), t.name) AS region, s.name AS server, s."group" AS server_group, s.host AS host, s.ip_addr AS address, s.family AS family, s.probe_type AS probe_type, s.port AS port,
            (substr(r.run_id, 1, 8) || '-' || substr(r.run_id, 9, 4) || '-' || substr(r.run_id, 13, 4) || '-' || substr(r.run_id, 17, 4) || '-' || substr(r.run_id, 21, 12)) AS run_id, (substr(u.sweep_id, 1, 8) || '-' || substr(u.sweep_id, 9, 4) || '-' || substr(u.sweep_id, 13, 4) || '-' || substr(u.sweep_id, 17, 4) || '-' || substr(u.sweep_id, 21, 12)) AS sweep_id, u.trusted AS trusted,
            CASE r.state WHEN 0 THEN 'ok' WHEN 1 THEN 'lossy' WHEN 2 THEN 'lost' WHEN 3 THEN 'late_only' WHEN 4 THEN 'not_run' WHEN 5 THEN 'dns_failed' END AS state,
            r.planned AS planned_count, r.sent AS sent_count, r.answered AS answered_count,
            r.late AS late_count, r.duplicate AS duplicate_count, r.reordered AS reordered_count,
            CASE WHEN r.sent > 0 THEN (r.sent - r.answered) * 1.0 / r.sent END AS loss_ratio,
            r.min_us AS min_us, r.p50_us AS p50_us, r.max_us AS max_us, r.mean_us AS mean_us,
            r.dev_us AS dev_us, r.details AS details
        FROM ping_results r
        JOIN runs u ON u.tester_id = r.tester_id AND u.run_id = r.run_id
        JOIN testers t ON t.id = r.tester_id
        JOIN fleets f ON f.id = t.fleet_id
        JOIN servers s ON s.id = r.server_id;
CREATE VIEW view_paths_hour AS 
        SELECT (strftime('%Y-%m-%d %H:%M:%S', r.hour / 1000000, 'unixepoch') || printf('.%06d', r.hour % 1000000)) AS hour, r.hour AS hour_us,
            f.name AS fleet, t.name AS tester, coalesce(nullif(json_extract(t.config, '$.location.region'), ''), nullif(t.location, ''), t.name) AS region, s.name AS server, s."group" AS server_group, s.host AS host, s.ip_addr AS address, s.family AS family, s.probe_type AS probe_type, s.port AS port,
            r.runs AS result_count, r.left_out AS left_out_count, r.planned AS planned_count,
            r.sent AS sent_count, r.answered AS answered_count,
            CASE WHEN r.late_unknown = 0 THEN r.late END AS late_count,
            CASE WHEN r.sent > 0 THEN (r.sent - r.answered) * 1.0 / r.sent END AS loss_ratio,
            r.min_us AS min_us, r.max_us AS max_us,
            CASE WHEN r.answered > 0 THEN r.sum_us * 1.0 / r.answered END AS mean_us,
            CASE WHEN r.answered > 0
                THEN sqrt(CASE WHEN r.sumsq_us2 / r.answered - (r.sum_us * 1.0 / r.answered) * (r.sum_us * 1.0 / r.answered) > 0 THEN r.sumsq_us2 / r.answered - (r.sum_us * 1.0 / r.answered) * (r.sum_us * 1.0 / r.answered) ELSE 0 END) END AS stddev_us,
            CASE WHEN r.jitter_n > 0 THEN r.jitter_sum_us * 1.0 / r.jitter_n END AS ipdv_us
        FROM ping_rollups_hour r
        JOIN testers t ON t.id = r.tester_id
        JOIN fleets f ON f.id = t.fleet_id
        JOIN servers s ON s.id = r.server_id;
CREATE VIEW view_paths_day AS 
        SELECT (strftime('%Y-%m-%d %H:%M:%S', r.day / 1000000, 'unixepoch') || printf('.%06d', r.day % 1000000)) AS day, r.day AS day_us,
            f.name AS fleet, t.name AS tester, coalesce(nullif(json_extract(t.config, '$.location.region'), ''), nullif(t.location, ''), t.name) AS region, s.name AS server, s."group" AS server_group, s.host AS host, s.ip_addr AS address, s.family AS family, s.probe_type AS probe_type, s.port AS port,
            r.runs AS result_count, r.left_out AS left_out_count, r.planned AS planned_count,
            r.sent AS sent_count, r.answered AS answered_count,
            CASE WHEN r.late_unknown = 0 THEN r.late END AS late_count,
            CASE WHEN r.sent > 0 THEN (r.sent - r.answered) * 1.0 / r.sent END AS loss_ratio,
            r.min_us AS min_us, r.max_us AS max_us,
            CASE WHEN r.answered > 0 THEN r.sum_us * 1.0 / r.answered END AS mean_us,
            CASE WHEN r.answered > 0
                THEN sqrt(CASE WHEN r.sumsq_us2 / r.answered - (r.sum_us * 1.0 / r.answered) * (r.sum_us * 1.0 / r.answered) > 0 THEN r.sumsq_us2 / r.answered - (r.sum_us * 1.0 / r.answered) * (r.sum_us * 1.0 / r.answered) ELSE 0 END) END AS stddev_us,
            CASE WHEN r.jitter_n > 0 THEN r.jitter_sum_us * 1.0 / r.jitter_n END AS ipdv_us
        FROM ping_rollups_day r
        JOIN testers t ON t.id = r.tester_id
        JOIN fleets f ON f.id = t.fleet_id
        JOIN servers s ON s.id = r.server_id;
CREATE VIEW view_latest AS 
        SELECT (strftime('%Y-%m-%d %H:%M:%S', r.ts / 1000000, 'unixepoch') || printf('.%06d', r.ts % 1000000)) AS ts, r.ts AS ts_us, f.name AS fleet, t.name AS tester, coalesce(nullif(json_extract(t.config, '$.location.region'), ''), nullif(t.location, ''), t.name) AS region, s.name AS server, s."group" AS server_group, s.host AS host, s.ip_addr AS address, s.family AS family, s.probe_type AS probe_type, s.port AS port,
            (substr(r.run_id, 1, 8) || '-' || substr(r.run_id, 9, 4) || '-' || substr(r.run_id, 13, 4) || '-' || substr(r.run_id, 17, 4) || '-' || substr(r.run_id, 21, 12)) AS run_id, (substr(u.sweep_id, 1, 8) || '-' || substr(u.sweep_id, 9, 4) || '-' || substr(u.sweep_id, 13, 4) || '-' || substr(u.sweep_id, 17, 4) || '-' || substr(u.sweep_id, 21, 12)) AS sweep_id, u.trusted AS trusted,
            CASE r.state WHEN 0 THEN 'ok' WHEN 1 THEN 'lossy' WHEN 2 THEN 'lost' WHEN 3 THEN 'late_only' WHEN 4 THEN 'not_run' WHEN 5 THEN 'dns_failed' END AS state,
            r.planned AS planned_count, r.sent AS sent_count, r.answered AS answered_count,
            r.late AS late_count, r.duplicate AS duplicate_count, r.reordered AS reordered_count,
            CASE WHEN r.sent > 0 THEN (r.sent - r.answered) * 1.0 / r.sent END AS loss_ratio,
            r.min_us AS min_us, r.p50_us AS p50_us, r.max_us AS max_us, r.mean_us AS mean_us,
            r.dev_us AS dev_us, r.details AS details
        FROM ping_results r
        JOIN runs u ON u.tester_id = r.tester_id AND u.run_id = r.run_id
        JOIN testers t ON t.id = r.tester_id
        JOIN fleets f ON f.id = t.fleet_id
        JOIN servers s ON s.id = r.server_id
        JOIN latest l ON l.tester_id = r.tester_id AND l.ts = r.ts AND l.run_id = r.run_id;
CREATE INDEX ix_verdicts_fleet_id_at_id ON verdicts (fleet_id, at, id);
CREATE INDEX ix_runs_tester_id_started_at ON runs (tester_id, started_at);
CREATE INDEX ix_runs_left_out ON runs (started_at) WHERE trusted IS 0 OR state = 'abandoned';
CREATE INDEX ix_alert_occasions_noted_at ON alert_occasions (noted_at);
CREATE INDEX ix_alert_deliveries_waiting ON alert_deliveries (receiver, id) WHERE state = 'waiting';
CREATE INDEX ix_alert_deliveries_created_at ON alert_deliveries (created_at);
DELETE FROM "sqlite_sequence";
INSERT INTO "sqlite_sequence" VALUES('events',18);
COMMIT;
