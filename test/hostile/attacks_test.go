package hostile

// attack is a kind of SQL that would reach past the gate. All of it leaves
// the database as it was.
type attack struct {
	name      string
	forbidden []string // the gate refuses it
	refused   []string // SQLite refuses it by itself
	harmless  []string // runs, and does not do what it looks like
}

// gateSetup makes what the attacks go through: views and triggers whose bodies
// write to the daemon's tables can be made, and run for nobody.
var gateSetup = []string{
	`CREATE TABLE t(a, b)`, `CREATE TABLE u(a)`, `CREATE TABLE v(a)`, `CREATE TABLE k(id INTEGER PRIMARY KEY AUTOINCREMENT, a)`, `INSERT INTO k(a) VALUES(1)`,
	`CREATE VIRTUAL TABLE ft USING fts5(a)`, `CREATE VIRTUAL TABLE rt USING rtree(id, x, y)`,
	`CREATE VIEW own_view AS SELECT * FROM _skylinedb_state`,
	`CREATE TRIGGER own_view_ins INSTEAD OF INSERT ON own_view BEGIN UPDATE _skylinedb_state SET rev = 0; END`,
	`CREATE TRIGGER own_view_upd INSTEAD OF UPDATE ON own_view BEGIN DELETE FROM _skylinedb_requests; END`,
	`CREATE TRIGGER own_view_del INSTEAD OF DELETE ON own_view BEGIN INSERT INTO _skylinedb_state VALUES(1, 0, 'x') ON CONFLICT DO UPDATE SET rev = 0; END`,
	`CREATE TRIGGER u_ins AFTER INSERT ON u BEGIN DELETE FROM _skylinedb_requests; END`,
	`CREATE TRIGGER v_ins BEFORE INSERT ON v WHEN 0 BEGIN INSERT INTO u VALUES(1); END`, // it is compiled whatever its WHEN
	`CREATE TABLE parent(id INTEGER PRIMARY KEY)`, `CREATE TABLE child(id REFERENCES parent ON DELETE CASCADE ON UPDATE SET NULL)`,
	`CREATE TRIGGER child_del AFTER DELETE ON child BEGIN UPDATE _skylinedb_state SET rev = 0; END`,
	`INSERT INTO parent VALUES(1)`, `INSERT INTO child VALUES(1)`, `ANALYZE`,
}

var gateAttacks = []attack{
	{
		name: "the transaction",
		forbidden: []string{
			`BEGIN`, `BEGIN IMMEDIATE`, `BEGIN EXCLUSIVE TRANSACTION`, `COMMIT`, `COMMIT TRANSACTION`, `END`, `ROLLBACK`, `SAVEPOINT s`, `SAVEPOINT batch`,
			`RELEASE s`, `RELEASE batch`, `RELEASE SAVEPOINT statement`, `ROLLBACK TO batch`, `ROLLBACK TRANSACTION TO SAVEPOINT statement`, `cOmMiT`, ` COMMIT `, "\tCOMMIT\n", "\r\n\f\vCOMMIT",
			`COMMIT;`, `COMMIT COMMIT`, `BEGIN nonsense`, `;;;COMMIT`, `/**/COMMIT/**/`, `/* a */ -- b` + "\n" + `COMMIT`, "--\nCOMMIT", `/*/**/COMMIT`, "\ufeffCOMMIT", "\ufeff\ufeff ;\ufeffCOMMIT", " \vCOMMIT",
			`SELECT 1; COMMIT`, `SELECT 1;/*;*/COMMIT; BEGIN`, `SELECT ';'; COMMIT`, `SELECT 1 -- ;` + "\n; COMMIT", `SELECT '--'; COMMIT`, `SELECT "/*"; COMMIT; SELECT "*/"`, `COMMIT; SELECT 1`,
			`EXPLAIN COMMIT`, `EXPLAIN QUERY PLAN BEGIN`, `explain rollback`, `INSERT INTO t VALUES(1, 2); COMMIT; SELEC`, `CREATE TABLE x(a); COMMIT`,
		},
		refused: []string{
			`WITH x AS (SELECT 1) COMMIT`, `SELECT (COMMIT)`, `"COMMIT"`, `[COMMIT]`, "`COMMIT`", `EXPLAIN EXPLAIN COMMIT`, `COM/**/MIT`, `PREPARE x AS COMMIT`,
			`EXECUTE IMMEDIATE 'COMMIT'`, `CREATE TRIGGER x AFTER INSERT ON t BEGIN COMMIT; END`, `CREATE TRIGGER x AFTER INSERT ON t BEGIN SAVEPOINT s; END`, `SELECT 1; /*; COMMIT */ SELEC`,
			`INSERT OR ROLLBACK INTO k VALUES(1, 1)`, `INSERT INTO k VALUES(1, 1) ON CONFLICT ROLLBACK`, `INSERT OR ROLLBACK INTO k(id) VALUES(2), (1)`,
			`CREATE TRIGGER x BEFORE INSERT ON t BEGIN SELECT RAISE(ROLLBACK, 'x'); END; INSERT INTO t VALUES(1, 2)`,
		},
		harmless: []string{`SELECT 'COMMIT'`, `SELECT "COMMIT"`, `/* COMMIT */`, `-- COMMIT`, `SELECT 1 /* ; COMMIT`, `SELECT ';COMMIT;'`, `SELECT 1 AS "COMMIT;"`},
	},
	{
		name: "other files",
		forbidden: []string{
			`ATTACH 'x.db' AS x`, `ATTACH DATABASE 'x.db' AS x`, `attach/**/'x.db'/**/as/**/x`, `ATTACH '' AS x`, `ATTACH ':memory:' AS x`, `ATTACH 'file:x.db?mode=rwc' AS x`, `ATTACH (SELECT 'x.db') AS x`,
			`ATTACH 'x' || '.db' AS x`, `ATTACH NULL AS x`, `ATTACH x'00' AS x`, `ATTACH 'x.db' AS main`, `ATTACH 'x.db' AS temp`, `ATTACH 'x.db' AS 'x' KEY 'k'`, `EXPLAIN ATTACH 'x.db' AS x`, `SELECT 1; ATTACH 'x.db' AS x`,
			`DETACH main`, `DETACH DATABASE temp`, `DETACH x`, `DETACH 'x'`, `EXPLAIN DETACH x`,
			`VACUUM`, `VACUUM INTO 'x.db'`, `VACUUM main INTO 'x.db'`, `VACUUM/**/INTO/**/'x.db'`, `VACUUM INTO 'file:x.db?mode=rwc'`, "\ufeffVACUUM INTO 'x.db'", " \vVACUUM INTO 'x.db'", `;VACUUM INTO('x.db')`, `SELECT 1; VACUUM INTO 'x.db'`,
			`SELECT load_extension('x')`, `SELECT LOAD_EXTENSION('x', 'y')`, `SELECT "load_extension"('x')`, `SELECT [load_extension](a) FROM t`, `INSERT INTO t VALUES(load_extension('x'), 1)`, `SELECT 1 ORDER BY load_extension('x')`,
			`SELECT * FROM t WHERE 0 AND load_extension('x')`, `EXPLAIN SELECT load_extension('x')`, `CREATE TABLE x AS SELECT load_extension('x')`, `SELECT count(*) FILTER (WHERE load_extension('x')) FROM t`,
			`CREATE TABLE x(a CHECK(load_extension('x')))`, `CREATE TABLE x(a, b AS (load_extension(a)))`, `CREATE TABLE x(a, b AS (load_extension(a)) STORED)`, `CREATE INDEX x ON t(load_extension(a))`, `CREATE INDEX x ON t(a) WHERE load_extension(a)`,
			`CREATE TABLE x(a DEFAULT(load_extension('x')))`, `ALTER TABLE t ADD COLUMN c DEFAULT(load_extension('x'))`,
			`CREATE TRIGGER x AFTER INSERT ON t BEGIN SELECT load_extension('x'); END; INSERT INTO t VALUES(1, 2)`,
		},
		refused: []string{
			`CREATE TRIGGER x AFTER INSERT ON t BEGIN ATTACH 'x.db' AS x; END`, `CREATE TRIGGER x AFTER INSERT ON t BEGIN VACUUM INTO 'x.db'; END`, `SELECT (ATTACH 'x.db' AS x)`, `ATTACH`, `WITH x AS (SELECT 1) ATTACH 'x.db' AS y`,
			`SELECT readfile('/etc/passwd')`, `SELECT writefile('x.db', 'x')`, `SELECT edit('x')`, `SELECT fts3_tokenizer('x')`, `SELECT * FROM fsdir('.')`, `SELECT eval('ATTACH ''x.db'' AS x')`, `SELECT shell('ls')`, `SELECT zipfile(1, 2)`,
			`SELECT * FROM dbstat`, `SELECT * FROM sqlite_dbpage`, `UPDATE sqlite_dbpage SET data = zeroblob(4096)`, `SELECT * FROM sqlite_dbdata`, `SELECT * FROM sqlite_stmt`, `SELECT * FROM bytecode('SELECT 1')`, `SELECT * FROM completion('x')`,
			`CREATE VIRTUAL TABLE x USING dbstat`, `CREATE VIRTUAL TABLE x USING sqlite_dbpage`, `CREATE VIRTUAL TABLE x USING csv(filename='/etc/passwd')`, `CREATE VIRTUAL TABLE x USING fsdir`, `CREATE VIRTUAL TABLE x USING zipfile('x.zip')`,
			`CREATE VIRTUAL TABLE x USING fts3(a, tokenize=x)`, `CREATE VIRTUAL TABLE x USING pragma_journal_mode`, `CREATE VIRTUAL TABLE x USING generate_series`, `CREATE VIRTUAL TABLE x USING rtree`, `CREATE VIRTUAL TABLE x USING fts5(a, tokenize='x')`,
			`SELECT sqlite_rename_table('main', 'table', 't', 'sqlite', 0, 0, 0)`, `SELECT sqlite_rename_column('x', 'table', 't', 0, 0, 'a', 'b', 0, 0)`, `SELECT sqlite_drop_column(0, 'x', 0)`, `SELECT sqlite_attach('x.db', 'x', NULL)`, `SELECT sqlite_detach('main')`,
			`CREATE TABLE x(a, b AS (sqlite_log(1, a)))`, `CREATE TABLE x(a CHECK(rtreecheck('main')))`,
		},
		harmless: []string{`EXPLAIN VACUUM INTO 'x.db'`, `EXPLAIN VACUUM`, `SELECT 'ATTACH ''x.db'' AS x'`, `SELECT fts5(1)`, `SELECT sqlite_log(1, 'x')`, `SELECT 1 -- ; ATTACH 'x.db' AS x`},
	},
	{
		name: "PRAGMAs",
		forbidden: []string{
			`PRAGMA writable_schema = ON`, `PRAGMA writable_schema=RESET`, `PRAGMA writable_schema`, `PRAGMA main.writable_schema(1)`, `pragma/**/"writable_schema"/**/=/**/1`, `PRAGMA [writable_schema] = 1`, "PRAGMA `writable_schema` = 'on'", `EXPLAIN PRAGMA writable_schema = 1`,
			`PRAGMA journal_mode = DELETE`, `PRAGMA journal_mode(OFF)`, `PRAGMA "journal_mode"='memory'`, `PRAGMA main.journal_mode = wal`, `PRAGMA locking_mode = EXCLUSIVE`, `PRAGMA locking_mode`, `PRAGMA synchronous = 0`, `PRAGMA synchronous(OFF)`,
			`PRAGMA wal_checkpoint`, `PRAGMA wal_checkpoint(TRUNCATE)`, `PRAGMA wal_autocheckpoint = 0`, `PRAGMA temp_store = FILE`, `PRAGMA temp_store_directory = '/'`, `PRAGMA data_store_directory = '/'`, `PRAGMA schema_version = 7`,
			`PRAGMA foreign_keys = OFF`, `PRAGMA foreign_keys(0)`, `PRAGMA defer_foreign_keys = 1`, `PRAGMA recursive_triggers = 1`, `PRAGMA trusted_schema = 1`, `PRAGMA cell_size_check = 0`, `PRAGMA query_only = 1`, `PRAGMA busy_timeout = 0`,
			`PRAGMA cache_size = -1000000`, `PRAGMA cache_spill = 0`, `PRAGMA mmap_size = 1000000000`, `PRAGMA max_page_count = 1`, `PRAGMA page_size = 512`, `PRAGMA auto_vacuum = 1`, `PRAGMA encoding = 'UTF-16'`, `PRAGMA secure_delete = 1`,
			`PRAGMA hard_heap_limit = 1`, `PRAGMA soft_heap_limit = 1`, `PRAGMA threads = 8`, `PRAGMA analysis_limit = 1`, `PRAGMA ignore_check_constraints = 1`, `PRAGMA legacy_alter_table = 1`, `PRAGMA legacy_file_format = 1`, `PRAGMA reverse_unordered_selects = 1`,
			`PRAGMA case_sensitive_like = 1`, `PRAGMA full_column_names = 1`, `PRAGMA shrink_memory`, `PRAGMA read_uncommitted = 1`, `PRAGMA automatic_index = 0`, `PRAGMA key = 'x'`, `PRAGMA rekey = 'x'`, `PRAGMA lock_status`, `PRAGMA nonsense`, `PRAGMA main.x.y`, `PRAGMA function_list(1)`,
			`PRAGMA temp.user_version = 5`, `PRAGMA temp.journal_mode`, `PRAGMA temp.optimize`, `PRAGMA temp.integrity_check`, `SELECT 1; PRAGMA writable_schema = 1; SELECT 2`,
			`SELECT * FROM pragma_writable_schema`, `SELECT * FROM pragma_locking_mode`, `SELECT * FROM k, pragma_busy_timeout`, `INSERT INTO t SELECT cache_spill, 1 FROM pragma_cache_spill`, `SELECT (SELECT trusted_schema FROM pragma_trusted_schema)`,
			`WITH p AS (SELECT * FROM pragma_temp_store) SELECT * FROM p`, `SELECT * FROM pragma_table_info('t', 'temp')`, `SELECT * FROM pragma_hard_heap_limit`,
		},
		refused: []string{
			`SELECT * FROM pragma_journal_mode('delete')`, `SELECT * FROM pragma_foreign_keys(0)`, `SELECT * FROM pragma_user_version(7, 'main', 1)`, `PRAGMA 'journal_mode' 'delete'`, `SELECT * FROM pragma_wal_checkpoint`, `SELECT * FROM pragma_temp_store_directory`,
			`CREATE VIEW x AS SELECT * FROM pragma_journal_mode; SELECT * FROM x`, `CREATE VIEW x AS SELECT * FROM pragma_table_info('t'); INSERT INTO t SELECT name, 1 FROM x`,
			`CREATE TRIGGER x AFTER INSERT ON t BEGIN INSERT INTO k(a) SELECT journal_mode FROM pragma_journal_mode; END; INSERT INTO t VALUES(1, 2)`,
			`CREATE TRIGGER x AFTER INSERT ON t BEGIN PRAGMA journal_mode = OFF; END`, `UPDATE pragma_journal_mode SET journal_mode = 'off'`, `DELETE FROM pragma_table_list`, `INSERT INTO pragma_user_version VALUES(7)`,
		},
		harmless: []string{`PRAGMA journal_mode`, `PRAGMA main.synchronous`, `EXPLAIN PRAGMA user_version = 7`, `SELECT * FROM pragma_journal_mode`, `SELECT name FROM pragma_table_list`, `PRAGMA table_info(_skylinedb_state)`, `PRAGMA integrity_check`, `PRAGMA foreign_key_check`},
	},
	{
		name: "TEMP objects",
		forbidden: []string{
			`CREATE TEMP TABLE x(a)`, `CREATE TEMPORARY TABLE x AS SELECT 1`, `CREATE TEMP TABLE IF NOT EXISTS x(a)`, `create/**/temp/**/table x(a)`, `CREATE TABLE temp.x(a)`, `CREATE TABLE "temp".x(a)`, `CREATE TABLE TEMP.x AS SELECT 1`, `CREATE TABLE [temp].[x](a)`,
			`CREATE TEMP VIEW x AS SELECT 1`, `CREATE VIEW temp.x AS SELECT 1`, `CREATE TEMP TRIGGER x AFTER INSERT ON t BEGIN SELECT 1; END`, `CREATE TRIGGER temp.x AFTER INSERT ON t BEGIN SELECT 1; END`, `CREATE TEMP TRIGGER x AFTER INSERT ON main.t BEGIN SELECT 1; END`,
			`CREATE VIRTUAL TABLE temp.x USING fts5(a)`, `CREATE VIRTUAL TABLE temp.x USING rtree(a, b, c)`, `EXPLAIN CREATE TEMP TABLE x(a)`, `ANALYZE temp`, `INSERT INTO sqlite_temp_schema VALUES('table', 'x', 'x', 0, 'x')`, `SELECT 1; CREATE TEMP TABLE x(a)`,
		},
		refused: []string{
			`CREATE TEMP TABLE main.x(a)`, `CREATE INDEX temp.x ON t(a)`, `INSERT INTO temp.x VALUES(1)`, `DROP TABLE temp.x`, `UPDATE sqlite_temp_master SET sql = 'x'`,
			`DELETE FROM temp.sqlite_schema`, `CREATE TABLE temp.sqlite_stat1(a)`, `ALTER TABLE temp.x RENAME TO y`, `ALTER TABLE t RENAME TO temp.x`, `CREATE TEMP INDEX x ON t(a)`, `CREATE TEMP VIRTUAL TABLE x USING fts5(a)`,
		},
		harmless: []string{`SELECT * FROM sqlite_temp_schema`, `SELECT * FROM temp.sqlite_master`, `WITH x AS MATERIALIZED (SELECT 1) SELECT * FROM x`, `SELECT 'temp.x'`},
	},
}
