package dbfile

import (
	"fmt"
	"io/fs"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/skylinedb/skylinedb/wire"
)

// FuzzResolve resolves any name in a folder full of links. It is refused in
// one sentence, or means one plain file inside that is none of those beside a
// database nor the daemon's own, whatever the case; and nothing is made.
func FuzzResolve(f *testing.F) {
	r := openRoot(f)
	for _, seed := range resolveSeeds(r) {
		f.Add(seed, false)
		f.Add(seed, true)
	}
	folding := *r
	folding.ignoresCase = func(folderID, string) bool { return true }
	before := tree(f, filepath.Dir(r.Dir()))
	f.Fuzz(func(t *testing.T, name string, ignoreCase bool) {
		root := r
		if ignoreCase {
			root = &folding
		}
		p, err := root.Resolve(name)
		if after := tree(t, filepath.Dir(r.Dir())); after != before {
			t.Fatalf("Resolve(%q) changed the files from\n%sto\n%s", name, before, after)
		}
		if err != nil {
			checkRefused(t, name, err)
			return
		}
		if err := outside(root, p); err != nil {
			t.Fatalf("Resolve(%q) = %+v: %v", name, p, err)
		}
		if err := special(root, p); err != nil {
			t.Fatalf("Resolve(%q) = %+v: %v", name, p, err)
		}
		for _, again := range []string{p.Name, "./" + p.Name, p.File} {
			if q, err := root.Resolve(again); q.Key != p.Key || q.File != p.File || err != nil {
				t.Fatalf("Resolve(%q) = %+v, but %q is %+v, %v", name, p, again, q, err)
			}
		}
	})
}

// checkRefused checks what a client is told of a name.
func checkRefused(t *testing.T, name string, err error) {
	t.Helper()
	if code := wire.ErrorCode(err); code != wire.CodeInvalidDatabaseName && code != wire.CodeIOError {
		t.Fatalf("Resolve(%q) = %v, want a refusal", name, err)
	}
	message := wire.AsError(err).Message
	if len(message) > 1500 || !utf8.ValidString(message) || strings.ContainsAny(message, "\n\x00") {
		t.Fatalf("Resolve(%q): the message %q is not one short sentence", name, message)
	}
}

// tree lists the files below dir. They are few.
func tree(t testing.TB, dir string) string {
	t.Helper()
	var list strings.Builder
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		fmt.Fprintln(&list, path, d.Type())
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return list.String()
}

// outside says why a path is not what Resolve promises.
func outside(r *Root, p Path) error {
	if p.File != filepath.Join(r.Dir(), filepath.FromSlash(p.Name)) || p.Key == "" {
		return fmt.Errorf("the fields disagree")
	}
	for file := p.File; ; file = filepath.Dir(file) {
		target, err := filepath.EvalSymlinks(file)
		if isAbsent(err) {
			continue
		}
		if err != nil {
			return err
		}
		if target != file && !(runtime.GOOS == "windows" && strings.EqualFold(target, file)) || !r.contains(target) {
			return fmt.Errorf("%q is really %q", file, target)
		}
		return nil
	}
}

// special says why the file at a path is not one for a database.
func special(r *Root, p Path) error {
	base := strings.ToLower(filepath.Base(p.File))
	for _, suffix := range []string{"-wal", "-shm", "-journal", "-skylinedb", "-skylinedb.tmp"} {
		if strings.HasSuffix(base, suffix) {
			return fmt.Errorf("it is a side file")
		}
	}
	if rel, _ := filepath.Rel(r.Dir(), p.File); strings.EqualFold(rel, "own.lock") || strings.EqualFold(rel, "own.sock") {
		return fmt.Errorf("it is the daemon's own")
	}
	id, exists, err := Identify(p.File)
	if err != nil || exists != p.Exists || exists != (id != Identity{}) {
		return fmt.Errorf("it is %+v, exists %v, %v", id, exists, err)
	}
	if strings.HasPrefix(base, "hard") && exists {
		return fmt.Errorf("it has another hard link")
	}
	return nil
}

func resolveSeeds(r *Root) []string {
	return []string{
		"a.db", "./a.db", ".//././a.db", "sub/b.db", "sub//b.db", "new.db", "sub/new.db", "no/such/folder.db", "é/É.db", "A.DB", "SUB/B.db", "...", "..a", "a b?c#d%20.db",
		"", ".", "..", "/", "./", "sub", "sub/", "a.db/", "a.db/.", "a.db/x", "../x", "sub/../../x", "sub/../a.db", "./..", "..\\x", `sub\b.db`, `C:\x`, "C:/x", "c:a.db",
		"link.db", "twice.db", "folder/up.db", "folder/new.db", "self/self/new.db", "there-and-back/b.db", "absolute.db", "sub/to-parent/sub/b.db",
		"out/o.db", "out.db", "out/new.db", "sub/deep/out2/o.db", "parent-of-the-db/root-outside/o.db", "sub/to-parent/parent-of-the-db/x", "loop.db", "loop.db/x",
		"dangling.db", "dangling-out.db", "dangling.db/x", "to-folder.db", "to-lock.db", "to-wal.db", "hard1.db", "hard2.db", "to-hard.db", "real-wal",
		r.Dir() + "/a.db", r.Dir() + "//sub/./b.db", r.Dir(), r.Dir() + "/", r.Dir() + "-outside/o.db", r.Dir() + "/../root-outside/o.db", "/etc/passwd", "//etc/passwd", "/proc/self/root/etc/passwd",
		"a\x00b", "a\nb", "a\x7fb", "a\u0085b", "a\xff", "\u202ea.db", "a\u200b.db", "a.db\u2028", "ﬁ.db", "İ.db", "ſ.db", "K.db", "e\u0301.db",
		"file:x", "FILE:a.db?mode=rwc", ":memory:", "own.lock", "OWN.LOCK", "own.sock", "ſub/own.lock", "self/own.lock", "sub/to-parent/OWN.sock",
		"x-wal", "A.DB-WAL", "a.db-shm", "a.db-ſhm", "a.db-journal", "a.db-skylinedb", "A.DB-SKYLINEDB.TMP", "-wal", "-wal.db", "sub/x-Wal",
		"nul", "NUL.db", "com1", "aux.txt", "a.", "a ", "a~1.db", "a.db::$DATA", "a.db:x", "?", "*", "<a>", "|",
		strings.Repeat("x", 255), strings.Repeat("x", 256), strings.Repeat("é", 122), strings.Repeat("x/", 400), strings.Repeat("./", 2040) + "a.db", strings.Repeat("self/", 45) + "a.db",
	}
}
