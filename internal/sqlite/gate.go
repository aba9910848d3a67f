package sqlite

import (
	"fmt"
	"slices"
	"strings"

	"github.com/ncruces/go-sqlite3"
)

// TablePrefix begins the names of the daemon's own tables. Clients may read
// them and not write them.
const TablePrefix = "_skylinedb_"

// gate decides what a client's statement may do. SQLite asks it while it
// compiles a statement, triggers and views included, so nothing depends on
// how the SQL is written. https://sqlite.org/c3ref/set_authorizer.html
type gate struct {
	mode       gateMode
	writable   bool     // the batch may write
	savepoints bool     // savepoints are the client's to set
	held       bool     // the transaction is the client's own
	reason     string   // why the last statement was refused
	pragma     string   // the last PRAGMA that was let through
	analyze    bool     // statistics are written, or would be with writable
	schema     bool     // the schema is changed
	table      bool     // a table is made or altered
	lasts      bool     // what the statement does must last until the transaction's end
	tables     []string // that may be changed
}

type gateMode uint8

const (
	gateEngine gateMode = iota // the engine's own statements: all is allowed
	gateClient                 // a client's statement
	gateVacuum                 // VACUUM, which attaches a nameless temporary database
)

// readablePragmas may be read, without an argument.
var readablePragmas = set(
	"application_id", "auto_vacuum", "cache_size", "collation_list", "compile_options", "data_version",
	"database_list", "defer_foreign_keys", "encoding", "foreign_keys", "freelist_count", "function_list",
	"journal_mode", "max_page_count", "module_list", "page_count", "page_size", "pragma_list",
	"recursive_triggers", "schema_version", "synchronous", "table_list", "user_version",
)

// callablePragmas may have an argument: they report on the object it names,
// or change the file within the transaction as any statement does.
var callablePragmas = set(
	"application_id", "foreign_key_check", "foreign_key_list", "incremental_vacuum", "index_info",
	"index_list", "index_xinfo", "integrity_check", "optimize", "quick_check", "table_info",
	"table_list", "table_xinfo", "user_version",
)

const tempRefused = "TEMP objects would be seen by other clients: use a common table expression or an ordinary table"

// changes are the actions that change the schema they name. A table that is
// created as temp.name is no TEMP object to SQLite's action codes, but an
// INSERT into the schema of temp. An UPDATE is not among them: every ALTER
// TABLE looks for what to rename in temp, and no client can do one directly.
var changes = map[sqlite3.AuthorizerActionCode]bool{
	sqlite3.AUTH_INSERT: true, sqlite3.AUTH_DELETE: true, sqlite3.AUTH_PRAGMA: true,
	sqlite3.AUTH_CREATE_TABLE: true, sqlite3.AUTH_CREATE_INDEX: true, sqlite3.AUTH_CREATE_VIEW: true,
	sqlite3.AUTH_CREATE_TRIGGER: true, sqlite3.AUTH_CREATE_VTABLE: true,
}

// forbiddenFunctions reach out of the database, in builds that have them.
var forbiddenFunctions = set("load_extension", "readfile", "writefile", "edit", "fts3_tokenizer", "fsdir")

func set(names ...string) map[string]bool {
	m := make(map[string]bool, len(names))
	for _, n := range names {
		m[n] = true
	}
	return m
}

// authorize is SQLite's callback. Its arguments are those of
// sqlite3_set_authorizer: the meaning of arg3 and arg4 depends on the action.
func (g *gate) authorize(action sqlite3.AuthorizerActionCode, arg3, arg4, schema, _ string) sqlite3.AuthorizerReturnCode {
	if g.mode == gateEngine {
		return sqlite3.AUTH_OK
	}
	reason := ""
	switch {
	case g.mode == gateVacuum:
		if action == sqlite3.AUTH_ATTACH && arg3 != "" {
			reason = "VACUUM INTO writes another file"
		}
	case action == sqlite3.AUTH_SAVEPOINT && g.savepoints:
		g.lasts = true
	case action == sqlite3.AUTH_PRAGMA && g.held && strings.EqualFold(arg3, "defer_foreign_keys"):
		g.lasts = true // and no longer
	default:
		reason = refusal(action, arg3, arg4)
		if reason == "" && strings.EqualFold(schema, "temp") && changes[action] {
			reason = tempRefused
		}
	}
	if reason != "" {
		g.reason = reason
		return sqlite3.AUTH_DENY
	}
	return g.note(action, arg3, arg4)
}

// note remembers what SQLite does not tell of a statement afterwards.
func (g *gate) note(action sqlite3.AuthorizerActionCode, arg3, arg4 string) sqlite3.AuthorizerReturnCode {
	switch action {
	case sqlite3.AUTH_INSERT, sqlite3.AUTH_UPDATE, sqlite3.AUTH_DELETE:
		g.touches(arg3)
	case sqlite3.AUTH_PRAGMA:
		g.pragma = strings.ToLower(arg3)
	case sqlite3.AUTH_ANALYZE:
		// PRAGMA optimize runs it from within, and counts as read-only.
		g.analyze = true
		if !g.writable {
			return sqlite3.AUTH_DENY
		}
	case sqlite3.AUTH_CREATE_TABLE, sqlite3.AUTH_ALTER_TABLE, sqlite3.AUTH_CREATE_VTABLE:
		g.schema, g.table = true, true
		if action == sqlite3.AUTH_ALTER_TABLE {
			arg3 = arg4 // the first is the schema's name
		}
		g.touches(arg3)
	case sqlite3.AUTH_DROP_TABLE, sqlite3.AUTH_DROP_VTABLE,
		sqlite3.AUTH_CREATE_INDEX, sqlite3.AUTH_DROP_INDEX, sqlite3.AUTH_CREATE_VIEW, sqlite3.AUTH_DROP_VIEW,
		sqlite3.AUTH_CREATE_TRIGGER, sqlite3.AUTH_DROP_TRIGGER:
		g.schema = true
	}
	return sqlite3.AUTH_OK
}

// touches notes a table that may be changed. SQLite's own are not told of, and
// a statement has few: the list is searched.
func (g *gate) touches(table string) {
	if !strings.HasPrefix(table, "sqlite_") && !slices.Contains(g.tables, table) {
		g.tables = append(g.tables[:len(g.tables):len(g.tables)], table)
	}
}

// refusal says why a client's statement may not do the action, "" if it may.
func refusal(action sqlite3.AuthorizerActionCode, arg3, arg4 string) string {
	switch action {
	case sqlite3.AUTH_TRANSACTION, sqlite3.AUTH_SAVEPOINT:
		return "a batch is one transaction already: leave out BEGIN, COMMIT, ROLLBACK, SAVEPOINT and RELEASE"
	case sqlite3.AUTH_ATTACH, sqlite3.AUTH_DETACH:
		return "ATTACH, DETACH and VACUUM INTO reach other files: send a batch to each database instead"
	case sqlite3.AUTH_CREATE_TEMP_INDEX, sqlite3.AUTH_CREATE_TEMP_TABLE, sqlite3.AUTH_CREATE_TEMP_TRIGGER,
		sqlite3.AUTH_CREATE_TEMP_VIEW, sqlite3.AUTH_DROP_TEMP_INDEX, sqlite3.AUTH_DROP_TEMP_TABLE,
		sqlite3.AUTH_DROP_TEMP_TRIGGER, sqlite3.AUTH_DROP_TEMP_VIEW:
		return tempRefused
	case sqlite3.AUTH_PRAGMA:
		return pragmaRefusal(strings.ToLower(arg3), arg4)
	case sqlite3.AUTH_FUNCTION:
		if forbiddenFunctions[strings.ToLower(arg4)] {
			return fmt.Sprintf("the function %s reaches out of the database", strings.ToLower(arg4))
		}
	default:
		return ownTableRefusal(action, arg3, arg4)
	}
	return ""
}

func pragmaRefusal(name, arg string) string {
	if arg == "" && readablePragmas[name] || callablePragmas[name] {
		return ""
	}
	if readablePragmas[name] {
		return fmt.Sprintf("PRAGMA %s may be read and not set", name)
	}
	return fmt.Sprintf("PRAGMA %.40s is not among those that a batch may use", name)
}

const ownRefused = "the tables " + TablePrefix + "… are the daemon's own: they can be read and not changed"

func ownTableRefusal(action sqlite3.AuthorizerActionCode, arg3, arg4 string) string {
	switch action {
	case sqlite3.AUTH_INSERT, sqlite3.AUTH_UPDATE, sqlite3.AUTH_DELETE,
		sqlite3.AUTH_CREATE_TABLE, sqlite3.AUTH_CREATE_VIEW, sqlite3.AUTH_DROP_TABLE, sqlite3.AUTH_DROP_VIEW,
		sqlite3.AUTH_CREATE_VTABLE, sqlite3.AUTH_DROP_VTABLE:
		if isOwn(arg3) {
			return ownRefused
		}
	case sqlite3.AUTH_CREATE_INDEX, sqlite3.AUTH_DROP_INDEX, sqlite3.AUTH_CREATE_TRIGGER,
		sqlite3.AUTH_DROP_TRIGGER, sqlite3.AUTH_ALTER_TABLE:
		if isOwn(arg3) || isOwn(arg4) {
			return ownRefused
		}
	}
	return ""
}

func isOwn(name string) bool {
	return len(name) >= len(TablePrefix) && strings.EqualFold(name[:len(TablePrefix)], TablePrefix)
}

// mentionsOwn reports whether sql, which makes or alters a table, has a name
// of the daemon's in it. SQLite's callback hears nothing of the new name in
// ALTER TABLE … RENAME TO, nor of REFERENCES: a foreign key to one of the
// daemon's tables would make the daemon's own writes fail. A virtual table
// gives its own tables longer names.
func mentionsOwn(sql string) bool {
	return strings.Contains(strings.ToLower(sql), strings.TrimSuffix(TablePrefix, "_"))
}
