package mutation

// bug is a bug to plant and the machine that must find it.
type bug struct {
	name     string
	file     string
	old, new string // the piece of source that changes
	pkg      string
	test     string
	finding  string // an expression that the machine's output must match
}

const (
	power   = "internal/worker"
	powered = "TestPowerFailure"
)

var bugs = []bug{
	{
		name: "the reply goes out before the commit",
		file: "internal/worker/group.go",
		old:  "	if err := w.db.Commit(); err != nil {",
		new: `	w.answerAll(group)
	for _, b := range group {
		b.reply = nil
	}
	if err := w.db.Commit(); err != nil {`,
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
		old:  `if b.req.RequestID == "" || !b.wrote {`,
		new:  `if b.req.RequestID == "" || !b.wrote || b.req.Sync == wire.SyncFull {`,
		pkg:  power, test: powered, finding: "its record false, want true",
	},
	{
		name: "two batches of a group get one rev",
		file: "internal/worker/group.go",
		old:  "		if b.wrote {\n			rev++",
		new:  "		if b.wrote && i == 0 {\n			rev++",
		pkg:  power, test: powered, finding: "batches are there, rev is ",
	},
}
