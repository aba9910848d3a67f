package hostile

// ownAttacks would write to the daemon's own tables, or to what SQLite keeps
// for itself.
var ownAttacks = []attack{
	{
		name: "the daemon's tables",
		forbidden: []string{
			`INSERT INTO _skylinedb_state VALUES(2, 1, 'x')`, `INSERT INTO _skylinedb_requests(id, digest, at, reply) VALUES('x', x'', 0, '{}')`, `REPLACE INTO _skylinedb_state VALUES(1, 1, 'x')`, `INSERT INTO _skylinedb_state DEFAULT VALUES`,
			`INSERT OR IGNORE INTO _skylinedb_state VALUES(1, 1, 'x')`, `INSERT INTO _skylinedb_state SELECT * FROM _skylinedb_state`, `INSERT INTO _skylinedb_state VALUES(1, 0, 'x') ON CONFLICT(id) DO UPDATE SET rev = 0`,
			`INSERT INTO _skylinedb_state VALUES(1, 0, 'x') ON CONFLICT DO NOTHING RETURNING *`, `UPDATE _skylinedb_state SET rev = 0`, `UPDATE _skylinedb_state SET rev = rev WHERE 0`, `UPDATE OR REPLACE _skylinedb_state SET id = 1`,
			`UPDATE _skylinedb_state SET epoch = t.a FROM t`, `UPDATE _skylinedb_state SET rev = 0 RETURNING rev`, `DELETE FROM _skylinedb_state`, `DELETE FROM _skylinedb_requests WHERE 1 RETURNING id`, `DELETE FROM _skylinedb_requests INDEXED BY sqlite_autoindex__skylinedb_requests_1 WHERE id = 'x'`,
			`UPDATE _SKYLINEDB_STATE SET rev = 0`, `UPDATE "_SkylineDB_state" SET rev = 0`, `UPDATE [_skylinedb_state] SET rev = 0`, "UPDATE `_skylinedb_state` SET rev = 0", `UPDATE '_skylinedb_state' SET rev = 0`, `UPDATE main._skylinedb_state SET rev = 0`,
			`UPDATE "main"."_skylinedb_state" AS s SET rev = 0`, `UPDATE/**/_skylinedb_state/**/SET/**/rev=0`, `WITH x AS (SELECT 1) UPDATE _skylinedb_state SET rev = 0`, `WITH x(a) AS (VALUES(1)) DELETE FROM _skylinedb_requests WHERE seq IN x`,
			`EXPLAIN DELETE FROM _skylinedb_state`, `EXPLAIN QUERY PLAN UPDATE _skylinedb_state SET rev = 0`, `SELECT 1; DELETE FROM _skylinedb_state`, `REPLACE INTO _skylinedb_requests(seq, id, digest, at, reply) SELECT 1, 'x', x'', 0, '{}'`,
			`DROP TABLE _skylinedb_state`, `DROP VIEW _skylinedb_state`, `DROP TABLE IF EXISTS main."_SKYLINEDB_REQUESTS"`, `ALTER TABLE _skylinedb_state ADD COLUMN x`, `ALTER TABLE _skylinedb_state DROP COLUMN epoch`, `ALTER TABLE _skylinedb_state RENAME TO x`,
			`ALTER TABLE _skylinedb_state RENAME COLUMN rev TO x`, `ALTER TABLE _skylinedb_requests RENAME id TO x`, `ALTER TABLE _skylinedb_state ADD CONSTRAINT c CHECK(rev < 1)`, `ALTER TABLE _skylinedb_state ALTER COLUMN rev DROP NOT NULL`,
			`CREATE INDEX x ON _skylinedb_state(rev)`, `CREATE UNIQUE INDEX x ON _skylinedb_requests(at)`, `CREATE INDEX main.x ON _skylinedb_requests(abs(seq)) WHERE seq > 1`, `CREATE TRIGGER x AFTER UPDATE ON _skylinedb_state BEGIN SELECT 1; END`,
			`CREATE TRIGGER x BEFORE INSERT ON _skylinedb_requests BEGIN SELECT RAISE(ABORT, 'x'); END`, `CREATE TRIGGER x BEFORE DELETE ON "_skylinedb_requests" BEGIN SELECT RAISE(IGNORE); END`,
		},
		refused: []string{
			`DROP INDEX sqlite_autoindex__skylinedb_requests_1`, `UPDATE x SET rev = 0 FROM _skylinedb_state AS x`, `DELETE FROM (SELECT * FROM _skylinedb_state)`, `UPDATE x SET rev = 0`,
			`WITH x AS (SELECT * FROM _skylinedb_state) UPDATE x SET rev = 0`, `INSERT INTO "_skylinedb_state " VALUES(1, 1, 'x')`, `INSERT INTO "_skylinedb""_state" VALUES(1, 1, 'x')`, `DELETE FROM _skylinedb`, `TRUNCATE TABLE _skylinedb_state`, `MERGE INTO _skylinedb_state USING t ON 1`,
		},
		harmless: []string{
			`SELECT * FROM _skylinedb_state`, `SELECT id FROM _skylinedb_requests`, `SELECT '_skylinedb_state', "DELETE FROM _skylinedb_state"`, `/* DELETE FROM _skylinedb_state */`, `SELECT 1 FROM _skylinedb_state, _skylinedb_requests WHERE rev = -1`,
			`REINDEX _skylinedb_requests`, `ANALYZE _skylinedb_state`, `PRAGMA index_list(_skylinedb_requests)`, `CREATE VIEW IF NOT EXISTS own_view AS SELECT 1`,
		},
	},
	{
		name: "names like the daemon's",
		forbidden: []string{
			`CREATE TABLE _skylinedb_x(a)`, `CREATE TABLE "_SKYLINEDB_x"(a)`, `CREATE TABLE '_skylinedb_x'(a)`, `CREATE TABLE [_skylinedb_x] AS SELECT 1`, `CREATE TABLE IF NOT EXISTS _skylinedb_state(a)`, `CREATE TABLE main._skylinedb_(a)`, `CREATE VIEW _skylinedb_x AS SELECT 1`,
			`CREATE VIEW IF NOT EXISTS _skylinedb_state AS SELECT 1`, `CREATE INDEX _skylinedb_x ON t(a)`, `CREATE TRIGGER _skylinedb_x AFTER INSERT ON t BEGIN SELECT 1; END`, `CREATE VIRTUAL TABLE _skylinedb_x USING fts5(a)`, `CREATE VIRTUAL TABLE _skylinedb USING fts5(a)`,
			`CREATE VIRTUAL TABLE _SkylineDB USING rtree(a, b, c)`, `CREATE VIRTUAL TABLE x USING fts5(id, content=_skylinedb_requests)`, `ALTER TABLE t RENAME TO _skylinedb_x`, `ALTER TABLE ft RENAME TO _skylinedb`, `ALTER TABLE rt RENAME TO _skylinedb`,
			`ALTER TABLE t RENAME COLUMN a TO _skylinedb_a`, `CREATE TABLE x(a REFERENCES _skylinedb_state)`, `CREATE TABLE x(a REFERENCES _skylinedb_state(rev) ON UPDATE CASCADE)`, `CREATE TABLE x(a, FOREIGN KEY(a) REFERENCES "_SKYLINEDB_requests"(id) ON DELETE CASCADE)`,
			`ALTER TABLE t ADD COLUMN c REFERENCES _skylinedb_state(rev)`, `CREATE TABLE x(a REFERENCES "_skylinedb_state" DEFERRABLE INITIALLY DEFERRED)`, `CREATE TABLE _skylinedb_x(a) STRICT`, `EXPLAIN CREATE TABLE _skylinedb_x(a)`,
		},
		refused:  []string{`ALTER TABLE t RENAME TO "_SKYLINEDB_STATE"`, `ALTER TABLE nothing RENAME TO _skylinedb_x`, `ALTER TABLE own_view RENAME TO _skylinedb_x`},
		harmless: []string{`SELECT 1 AS _skylinedb_state`, `WITH _skylinedb_state AS (SELECT 1) SELECT * FROM _skylinedb_state`, `WITH _skylinedb_x(a) AS (VALUES(1)) SELECT a FROM _skylinedb_x`},
	},
	{
		name: "the daemon's tables, through views, triggers and keys",
		forbidden: []string{
			`INSERT INTO own_view VALUES(1, 2, 3)`, `UPDATE own_view SET rev = 0`, `DELETE FROM own_view`, `DELETE FROM own_view WHERE 0`, `INSERT INTO own_view SELECT 1, 2, 3 WHERE 0`, `INSERT INTO u VALUES(1)`, `INSERT INTO u SELECT 1 WHERE 0`, `REPLACE INTO u VALUES(1) RETURNING a`,
			`INSERT INTO v VALUES(1)`, `WITH x AS (SELECT 1) INSERT INTO v SELECT * FROM x`, `EXPLAIN INSERT INTO u VALUES(1)`, `DELETE FROM child`, `SELECT 1; INSERT INTO u VALUES(1)`,
			`CREATE TRIGGER x AFTER INSERT ON t BEGIN INSERT INTO u VALUES(new.a); END; INSERT INTO t VALUES(1, 2)`, `CREATE TRIGGER x AFTER INSERT ON t BEGIN UPDATE own_view SET rev = 0; END; INSERT INTO t VALUES(1, 2)`,
			`CREATE TRIGGER x AFTER UPDATE OF a ON t BEGIN DELETE FROM "_SKYLINEDB_requests"; END; UPDATE t SET a = 1 WHERE 0`, `CREATE TRIGGER x AFTER INSERT ON t BEGIN INSERT INTO _skylinedb_state VALUES(1, 1, 1) ON CONFLICT DO UPDATE SET rev = 0; END; INSERT INTO t VALUES(1, 2)`,
			`CREATE TRIGGER x BEFORE DELETE ON t WHEN (SELECT count(*) FROM _skylinedb_state) = 0 BEGIN DELETE FROM _skylinedb_state; END; DELETE FROM t`, `CREATE VIEW w AS SELECT 1 AS a; CREATE TRIGGER x INSTEAD OF DELETE ON w BEGIN DELETE FROM _skylinedb_state; END; DELETE FROM w`,
			`DELETE FROM parent`, `REPLACE INTO parent VALUES(1)`, `DELETE FROM parent WHERE id = 1 RETURNING id`,
		},
		harmless: []string{`INSERT INTO parent VALUES(7); UPDATE parent SET id = 8 WHERE id = 7`},
	},
	{
		name: "SQLite's own tables",
		refused: []string{
			`UPDATE sqlite_schema SET sql = 'x'`, `UPDATE sqlite_master SET rootpage = 1`, `DELETE FROM sqlite_master WHERE name = '_skylinedb_state'`, `INSERT INTO sqlite_schema VALUES('table', 'x', 'x', 0, 'CREATE TABLE x(a)')`, `DELETE FROM "sqlite_schema"`,
			`REPLACE INTO main.sqlite_master(name) VALUES('x')`, `DROP TABLE sqlite_master`, `ALTER TABLE sqlite_schema RENAME TO x`, `ALTER TABLE sqlite_master ADD COLUMN x`, `CREATE INDEX x ON sqlite_schema(name)`, `CREATE TRIGGER x AFTER INSERT ON sqlite_schema BEGIN SELECT 1; END`,
			`CREATE TABLE sqlite_x(a)`, `CREATE VIEW sqlite_x AS SELECT 1`, `CREATE TABLE sqlite_stat1(tbl, idx, stat)`, `ALTER TABLE t RENAME TO sqlite_x`, `DROP TABLE sqlite_sequence`, `ALTER TABLE sqlite_sequence RENAME TO x`, `CREATE INDEX x ON sqlite_sequence(name)`,
			`CREATE TRIGGER x AFTER UPDATE ON sqlite_sequence BEGIN SELECT 1; END`, `CREATE TABLE x(a); UPDATE sqlite_schema SET sql = replace(sql, 'x', '_skylinedb_x') WHERE name = 'x'`,
		},
	},
	{
		name: "shadow tables",
		refused: []string{
			`DELETE FROM ft_data`, `UPDATE ft_idx SET pgno = 1`, `INSERT INTO ft_content VALUES(9, 'x')`, `REPLACE INTO ft_docsize VALUES(1, x'00')`, `UPDATE ft_config SET v = 0`, `UPDATE "FT_data" SET block = zeroblob(9)`, `DROP TABLE ft_data`, `ALTER TABLE ft_data RENAME TO x`,
			`ALTER TABLE ft_content ADD COLUMN x`, `CREATE TRIGGER x AFTER INSERT ON ft_content BEGIN SELECT 1; END`, `DELETE FROM rt_node`, `UPDATE rt_node SET data = zeroblob(10)`, `INSERT INTO rt_parent VALUES(1, 1)`, `UPDATE rt_rowid SET nodeno = 7`, `DROP TABLE rt_node`,
			`CREATE TABLE ft_stat(a); INSERT INTO ft_data VALUES(1, 1)`, `WITH x AS (SELECT 1) DELETE FROM ft_data`, `INSERT INTO ft(ft, rank) VALUES('automerge', -5)`, `INSERT INTO ft(ft) VALUES('nonsense')`, `CREATE TABLE gt_data(a); CREATE VIRTUAL TABLE gt USING fts5(a)`,
			`CREATE TRIGGER x AFTER INSERT ON t BEGIN DELETE FROM ft_data; END; INSERT INTO t VALUES(1, 2)`,
		},
		harmless: []string{`SELECT * FROM ft_data`, `INSERT INTO ft(ft) VALUES('integrity-check')`},
	},
}
