package mutation

// bug is a bug to plant and the machine that must find it.
type bug struct {
	name     string
	file     string
	old, new string // the piece of source that changes
	pkg      string
	test     string
	finding  string // an expression that the machine's output must match
	asRoot   bool   // the machine needs another user's processes
}

const (
	power   = "internal/worker"
	powered = "TestPowerFailure"
)

var bugs = []bug{
	{
		name: "the reply goes out before the commit",
		file: "internal/worker/group.go",
		old:  "	if err := w.cfg.Cores.commit(w.db.Commit); err != nil {",
		new: `	w.answerAll(group)
	for _, b := range group {
		b.reply = nil
	}
	if err := w.cfg.Cores.commit(w.db.Commit); err != nil {`,
		pkg: power, test: powered, finding: "lost: ",
	},
	{
		name: "sync full does not sync",
		file: "internal/sqlite/settings.go",
		old:  `if level == c.synchronous || level == "" {`,
		new:  `if level == c.synchronous || level != SyncNormal {`,
		pkg:  power, test: powered, finding: "lost: ",
	},
	{
		name: "the marker's name is not synced",
		file: "internal/dbfile/marker.go",
		old:  "	return disk.SyncDir(filepath.Dir(to))",
		new:  "	return nil",
		pkg:  power, test: powered, finding: "the database is ",
	},
	{
		name: "the marker's content is not synced",
		file: "internal/dbfile/marker.go",
		old:  "	return f.Sync()",
		new:  "	return nil",
		pkg:  power, test: powered, finding: "the database is ",
	},
	{
		name: "a batch that failed stays in its group",
		file: "internal/worker/group.go",
		old:  "return w.db.RollbackToSavepoint(sqlite.BatchSavepoint)",
		new:  "return w.db.ReleaseSavepoint(sqlite.BatchSavepoint)",
		pkg:  power, test: powered, finding: "torn: ",
	},
	{
		name: "a commit that failed is taken for one that did nothing",
		file: "internal/worker/doubt.go",
		old:  "	committed = rev > before",
		new:  "	committed = rev < before",
		pkg:  power, test: powered, finding: "torn: |doubled: ",
	},
	{
		name: "a power failure brings a failed commit back",
		file: "internal/worker/doubt.go",
		old:  "	w.leaveLog()\n	others",
		new:  "	w.closeDB()\n	others",
		pkg:  power, test: powered, finding: "torn: ",
	},
	{
		name: "some batches are not recorded",
		file: "internal/worker/replay.go",
		old:  `if b.req.RequestID == "" || !b.did.wrote {`,
		new:  `if b.req.RequestID == "" || !b.did.wrote || b.req.Sync == wire.SyncFull {`,
		pkg:  power, test: powered, finding: "its record false, want true",
	},
	{
		name: "two batches of a group get one rev",
		file: "internal/worker/group.go",
		old:  "		if b.did.wrote {\n			rev++",
		new:  "		if b.did.wrote && i == 0 {\n			rev++",
		pkg:  power, test: powered, finding: "batches are there, rev is ",
	},
	{
		name: "what is told again is not synced",
		file: "internal/worker/group.go",
		old:  "	return w.db.SyncLog()\n}\n\n// committed",
		new:  "	return nil\n}\n\n// committed",
		pkg:  power, test: "TestReplayIsDurable", finding: `"", want "1"`,
	},
	{
		name: "expect_rev is not looked at",
		file: "internal/worker/batch.go",
		old:  "want != nil && *want != rev",
		new:  "want != nil && *want < 0",
		pkg:  "test/history", test: "TestHistories", finding: "other: seed",
	},
	{
		name: "a log is taken for the file's own",
		file: "internal/worker/maintenance.go",
		old:  "dbfile.CheckLog(file, left, id); err != nil {",
		new:  "dbfile.CheckLog(file, left, id); err != nil && size == 0 {",
		pkg:  "test/replace", test: "TestReplacements", finding: "let in: |torn: ",
	},
	{
		name: "an index made from a log proves that it belongs",
		file: "internal/dbfile/checklog.go",
		old:  " && sawLogGrow(file) {",
		new:  " {",
		pkg:  "internal/dbfile", test: "TestCheckLogWithTheIndexOfAPassingReader", finding: "CheckLog = <nil>",
	},
	{
		name: "SAVEPOINT is allowed",
		file: "internal/sqlite/gate.go",
		old:  "case sqlite3.AUTH_TRANSACTION, sqlite3.AUTH_SAVEPOINT:",
		new:  "case sqlite3.AUTH_TRANSACTION:",
		pkg:  "test/hostile", test: "TestGate", finding: "(?i)savepoint.* want",
	},
	{
		name: "the peer's user is not looked at",
		file: "internal/transport/unix.go",
		old:  "	if int(uid) != os.Geteuid() {\n		conn.Close()\n		return nil, fmt.Errorf(\"accept on %q: %w: user",
		new:  "	if int(uid) < 0 {\n		conn.Close()\n		return nil, fmt.Errorf(\"accept on %q: %w: user",
		pkg:  "test/e2e", test: "TestStrangerIsTurnedAway", finding: "let in: ", asRoot: true,
	},
}
