BEGIN TRANSACTION;
CREATE TABLE alembic_version (
	version_num VARCHAR(32) NOT NULL, 
	CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)
);
INSERT INTO "alembic_version" VALUES('0002');
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
INSERT INTO "runs" VALUES(1,'7dd56c0e75be5a9e93292da35f2668d5','55b85bfbc0155d1fa276957cc6efc09d',0,6,3,3,1795690220073507,NULL,1795690220073507,1772366580000000,1772366585000000,NULL,0,'37ea5114537546672f1628c9145e8c0bf34d7dca38093862c6fc7c5edf0578f3','{"type": "icmp", "count": 8, "interval_s": 0.2, "timeout_s": 2.0, "size_bytes": 56, "ip": "both", "dscp": 0}','{"name": "icmplib"}','{"trusted": true, "reason": null}',1,NULL,'complete',1);
INSERT INTO "runs" VALUES(1,'c17fa9fda37f5172a31af1923be01966','55b85bfbc0155d1fa276957cc6efc09d',1,6,3,3,1795690220084244,NULL,1795690220084244,1772391780000000,1772391785000000,NULL,0,'277d74e3ef6ac8e79f5e958612d4d3677e864935569f1130e5d4262e1c4c3bba','{"type": "icmp", "count": 8, "interval_s": 0.2, "timeout_s": 2.0, "size_bytes": 56, "ip": "both", "dscp": 0}','{"name": "icmplib"}','{"trusted": true, "reason": null}',1,NULL,'complete',1);
INSERT INTO "runs" VALUES(1,'7e9c89d6143755d082e386fc87dede65','55b85bfbc0155d1fa276957cc6efc09d',2,6,3,3,1795690220089956,NULL,1795690220089956,1772416980000000,1772416985000000,NULL,0,'e2f80e10f1ad2a2b701d14253174839329c10ccb2e758d96a55f9b8f23a4c025','{"type": "icmp", "count": 8, "interval_s": 0.2, "timeout_s": 2.0, "size_bytes": 56, "ip": "both", "dscp": 0}','{"name": "icmplib"}','{"trusted": false, "reason": "cpu"}',0,'cpu','complete',1);
INSERT INTO "runs" VALUES(1,'953716842d055f74a77016281c14daa4','55b85bfbc0155d1fa276957cc6efc09d',3,6,3,3,1795690220094869,NULL,1795690220094869,1772442180000000,1772442185000000,NULL,0,'e88d40c8402c3595d9bc56a021956f52a9ef1dd5311959cba71986dd099e2eaa','{"type": "icmp", "count": 8, "interval_s": 0.2, "timeout_s": 2.0, "size_bytes": 56, "ip": "both", "dscp": 0}','{"name": "icmplib"}','{"trusted": true, "reason": null}',1,NULL,'complete',1);
INSERT INTO "runs" VALUES(1,'9983a4b9703154878cce03e80b8cfd86','55b85bfbc0155d1fa276957cc6efc09d',4,6,3,3,1795690220099875,NULL,1795690220099875,1772467380000000,1772467385000000,NULL,0,'714d689dbf081ad50d44e85b698d61c730deba932c692a1f2ce89ff5754df728','{"type": "icmp", "count": 8, "interval_s": 0.2, "timeout_s": 2.0, "size_bytes": 56, "ip": "both", "dscp": 0}','{"name": "icmplib"}','{"trusted": true, "reason": null}',1,NULL,'complete',1);
INSERT INTO "runs" VALUES(1,'abbdab8a232551b594c4bf1332d051ba','55b85bfbc0155d1fa276957cc6efc09d',5,6,3,3,1795690220106197,NULL,1795690220106197,1772492580000000,1772492585000000,NULL,0,'baf12da624d9075362943b45edc3f6bf8e32c585803b94b6eda5de763e6819c4','{"type": "icmp", "count": 8, "interval_s": 0.2, "timeout_s": 2.0, "size_bytes": 56, "ip": "both", "dscp": 0}','{"name": "icmplib"}','{"trusted": true, "reason": null}',1,NULL,'complete',1);
INSERT INTO "runs" VALUES(2,'c9f8fb5e3be854bdace2db7afb688ffe','55b85bfbc0155d1fa276957cc6efc09d',0,6,3,3,1795690220119655,NULL,1795690220119655,1772366580000000,1772366585000000,NULL,0,'23188fd127fa8c64c9f59ee2a6ba797c135f5f61f8f2d7471aeeb6bd2b33ab31','{"type": "icmp", "count": 8, "interval_s": 0.2, "timeout_s": 2.0, "size_bytes": 56, "ip": "both", "dscp": 0}','{"name": "icmplib"}','{"trusted": true, "reason": null}',1,NULL,'complete',1);
INSERT INTO "runs" VALUES(2,'c283b9d0835c505abc5825f43aaaddbe','55b85bfbc0155d1fa276957cc6efc09d',1,6,3,3,1795690220127774,NULL,1795690220127774,1772391780000000,1772391785000000,NULL,0,'0c79b358cd465088fbed8926cee02354edb77ddc9a6902b334dceb64005b52dd','{"type": "icmp", "count": 8, "interval_s": 0.2, "timeout_s": 2.0, "size_bytes": 56, "ip": "both", "dscp": 0}','{"name": "icmplib"}','{"trusted": true, "reason": null}',1,NULL,'complete',1);
INSERT INTO "runs" VALUES(2,'fbd6d695dfec5fe785152a2a63df973a','55b85bfbc0155d1fa276957cc6efc09d',2,6,3,3,1795690220135976,NULL,1795690220135976,1772416980000000,1772416985000000,NULL,0,'d1dbe2d31032899e7045a9061e3432a30c6f9541ee116361cf99fd1518f81435','{"type": "icmp", "count": 8, "interval_s": 0.2, "timeout_s": 2.0, "size_bytes": 56, "ip": "both", "dscp": 0}','{"name": "icmplib"}','{"trusted": false, "reason": "cpu"}',0,'cpu','complete',1);
INSERT INTO "runs" VALUES(2,'0876b6e998be59bdbc46172863ef5419','55b85bfbc0155d1fa276957cc6efc09d',3,6,3,3,1795690220148478,NULL,1795690220148478,1772442180000000,1772442185000000,NULL,0,'955ef202747a83b52e8078d38c28215863d15f8497dc011a8561961bdb24efd5','{"type": "icmp", "count": 8, "interval_s": 0.2, "timeout_s": 2.0, "size_bytes": 56, "ip": "both", "dscp": 0}','{"name": "icmplib"}','{"trusted": true, "reason": null}',1,NULL,'complete',1);
INSERT INTO "runs" VALUES(2,'bff01f884b525941808c8585ad297753','55b85bfbc0155d1fa276957cc6efc09d',4,6,3,3,1795690220155823,NULL,1795690220155823,1772467380000000,1772467385000000,NULL,0,'c1d156fa1946e9a8a506d6553ab832c61756a832b5c1d926f176f7c17286287e','{"type": "icmp", "count": 8, "interval_s": 0.2, "timeout_s": 2.0, "size_bytes": 56, "ip": "both", "dscp": 0}','{"name": "icmplib"}','{"trusted": true, "reason": null}',1,NULL,'complete',1);
INSERT INTO "runs" VALUES(2,'81313b90e7305275b4844b1a03b34331','55b85bfbc0155d1fa276957cc6efc09d',5,6,3,3,1795690220163857,NULL,1795690220163857,1772492580000000,1772492585000000,NULL,0,'e2d9580a20f9386b5a71dd3f53935970cc45936cccaa41e9b6d75b7c996be03f','{"type": "icmp", "count": 8, "interval_s": 0.2, "timeout_s": 2.0, "size_bytes": 56, "ip": "both", "dscp": 0}','{"name": "icmplib"}','{"trusted": true, "reason": null}',1,NULL,'complete',1);
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
CREATE TABLE sweeps (
	id CHAR(32) NOT NULL, 
	fleet_id INTEGER NOT NULL, 
	schedule_id CHAR(32), 
	due_at BIGINT, 
	started_at BIGINT NOT NULL, 
	finished_at BIGINT, 
	spec JSON NOT NULL, 
	outcome TEXT, 
	CONSTRAINT pk_sweeps PRIMARY KEY (id), 
	CONSTRAINT uq_sweeps_schedule_id_due_at UNIQUE (schedule_id, due_at), 
	CONSTRAINT fk_sweeps_fleet_id_fleets FOREIGN KEY(fleet_id) REFERENCES fleets (id)
);
INSERT INTO "sweeps" VALUES('55b85bfbc0155d1fa276957cc6efc09d',1,NULL,NULL,1772366400000000,NULL,'{}',NULL);
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
CREATE INDEX ix_sweeps_fleet_id_started_at ON sweeps (fleet_id, started_at);
CREATE INDEX ix_runs_run_id ON runs (run_id);
CREATE INDEX ix_runs_sweep_id ON runs (sweep_id);
CREATE INDEX ix_runs_announced_at ON runs (announced_at);
CREATE INDEX ix_runs_started_at ON runs (started_at);
CREATE INDEX ix_ping_results_ts ON ping_results (ts);
CREATE INDEX ix_events_at ON events (at);
CREATE INDEX ix_runs_dirty ON runs (started_at) WHERE dirty;
DELETE FROM "sqlite_sequence";
INSERT INTO "sqlite_sequence" VALUES('events',15);
COMMIT;
