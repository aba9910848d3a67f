package dbfile

import (
	"net"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/skylinedb/skylinedb/internal/ostest"
	"github.com/skylinedb/skylinedb/wire"
)

// resolvable is a name of a database in the root of openRoot.
type resolvable struct {
	name, want string
	exists     bool
}

func resolvables(r *Root) []resolvable {
	return []resolvable{
		{"a.db", "a.db", true},
		{"./a.db", "a.db", true},
		{".//././a.db", "a.db", true},
		{"sub/b.db", "sub/b.db", true},
		{"sub//b.db", "sub/b.db", true},
		{"link.db", "sub/b.db", true},
		{"twice.db", "sub/b.db", true},
		{"folder/b.db", "sub/b.db", true},
		{"folder/up.db", "a.db", true},
		{"self/self/a.db", "a.db", true},
		{"sub/to-parent/sub/b.db", "sub/b.db", true},
		{"there-and-back/b.db", "sub/b.db", true},
		{"absolute.db", "a.db", true},
		{r.Dir() + "/a.db", "a.db", true},
		{r.Dir() + "//sub/./b.db", "sub/b.db", true},
		{"new.db", "new.db", false},
		{"folder/new.db", "sub/new.db", false},
		{"missing/new.db", "missing/new.db", false},
		{"folder/missing/x/new.db", "sub/missing/x/new.db", false},
		{"...", "...", false},
		{"..a.db", "..a.db", false},
		{"-wal.db", "-wal.db", false},
		{"Ünïcödé 数据库.db", "Ünïcödé 数据库.db", false},
		{"a b?c#d%20.db", "a b?c#d%20.db", false},
		{strings.Repeat("x", maxPart-len(tempSuffix)), strings.Repeat("x", maxPart-len(tempSuffix)), false},
	}
}

func TestResolve(t *testing.T) {
	r := openRoot(t)
	linked := exists(filepath.Join(r.Dir(), "link.db"))
	for _, test := range resolvables(r) {
		if runtime.GOOS == "windows" && windowsForbids(test.want) != "" || !linked && goesThroughLink(test.name) {
			continue
		}
		got, err := r.Resolve(test.name)
		if err != nil {
			t.Errorf("Resolve(%q) = %v", test.name, err)
			continue
		}
		file := filepath.Join(r.Dir(), filepath.FromSlash(test.want))
		if got.Name != test.want || got.File != file || got.Exists != test.exists {
			t.Errorf("Resolve(%q) = %+v, want %s, exists %v", test.name, got, test.want, test.exists)
		}
		if again, err := r.Resolve(test.want); again.Key != got.Key || got.Key == "" || err != nil {
			t.Errorf("Resolve(%q).Key = %q, %v; want %q", test.want, again.Key, err, got.Key)
		}
	}
}

func TestResolveRefuses(t *testing.T) {
	r := openRoot(t)
	linked := exists(filepath.Join(r.Dir(), "link.db"))
	socket := filepath.Join(r.Dir(), "s.sock")
	if l, err := net.Listen("unix", socket); err == nil { // else the path is too long here
		defer l.Close()
	}
	names := []string{
		"", ".", "..", "/", "./", "../a.db", "sub/../a.db", "sub/..", "a.db/", "a.db/.", "sub", "sub/", "self", "to-folder.db", "s.sock",
		"/etc/passwd", "//etc/passwd", r.Dir(), r.Dir() + "/", r.Dir() + "-outside/o.db", r.Dir() + "/../root-outside/o.db",
		"a\x00.db", "a\n.db", "\x1fa.db", "a\x7f.db", "a\u0080.db", "sub/a\u0085.db", "\u009f", "a\xff.db", `sub\b.db`, `..\a.db`, `C:\a.db`, `\\server\share\a.db`, "//server/share/a.db", `\\?\C:\a.db`, `\\.\pipe\a`, `\a.db`,
		":memory:", "file:a.db", "FILE:a.db?mode=ro", "file:",
		"a.db-wal", "a.db-SHM", "x-journal", "-wal", "a.db-skylinedb", "A.DB-SkylineDB", "a.db-skylinedb.tmp", "sub/x-Wal",
		"own.lock", "OWN.LOCK", "own.sock", "sub/to-parent/own.lock", "self/own.sock", "to-lock.db", "to-wal.db",
		"out.db", "out/o.db", "out/new.db", "out/missing/new.db", "sub/deep/out2/o.db", "parent-of-the-db/root-outside/o.db",
		"dangling.db", "dangling-out.db", "dangling.db/x.db", "loop.db", "loop.db/x.db",
		"hard1.db", "hard2.db", "to-hard.db",
		"a.db/b.db", "link.db/b.db",
		strings.Repeat("x", 256), strings.Repeat("x", 256) + "/a.db", strings.Repeat("x", maxPart-len(tempSuffix)+1),
		strings.Repeat("x/", 2100) + "a.db", strings.Repeat("longer/", 200) + "a.db",
	}
	if runtime.GOOS == "windows" {
		names = append(names, "C:a.db", `C:..\a.db`, "C:/a.db", "nul", "sub/COM1.db", "a.db:stream", "a.db.", "a?.db")
	}
	for _, name := range names {
		if name == "s.sock" && !exists(socket) || !linked && goesThroughLink(name) {
			continue
		}
		got, err := r.Resolve(name)
		if wire.ErrorCode(err) != wire.CodeInvalidDatabaseName {
			t.Errorf("Resolve(%q) = %+v, %v; want %s", name, got, err, wire.CodeInvalidDatabaseName)
			continue
		}
		message := wire.AsError(err).Message
		if !strings.HasSuffix(message, ".") || len(message) > 1000 || !utf8.ValidString(message) || strings.ContainsAny(message, "\n\x00") {
			t.Errorf("Resolve(%q): message %q, want one short sentence", name, message)
		}
	}
}

func exists(file string) bool {
	_, err := os.Lstat(file)
	return err == nil
}

// A worker is found under one key before and after it creates its file.
func TestKeyIsStableAcrossCreation(t *testing.T) {
	for _, ignoresCase := range []bool{false, true} {
		r := openRoot(t)
		r.ignoresCase = func(folderID, string) bool { return ignoresCase }
		for _, name := range []string{"New.db", "sub/New.db", "Größe.db", "Ж.db"} {
			before, err := r.Resolve(name)
			if err != nil {
				t.Fatal(err)
			}
			write(t, before.File, nil)
			after, err := r.Resolve(name)
			if err != nil {
				t.Fatal(err)
			}
			if before.Exists || !after.Exists || before.Key != after.Key {
				t.Errorf("Resolve(%q) = %+v, then %+v; want one key", name, before, after)
			}
		}
	}
}

func TestKeyWhereCaseIsIgnored(t *testing.T) {
	r := openRoot(t)
	r.ignoresCase = func(folderID, string) bool { return true }
	key := func(name string) string {
		t.Helper()
		p, err := r.Resolve(name)
		if err != nil {
			t.Errorf("Resolve(%q) = %v", name, err)
		}
		return p.Key
	}
	for _, pair := range [][2]string{{"New.db", "nEW.DB"}, {"a.db", "A.db"}, {"sub/X.db", "sub/x.db"}, {"Größe.db", "GRÖßE.db"}, {"no/X.db", "NO/x.db"}} {
		if a, b := key(pair[0]), key(pair[1]); a != b {
			t.Errorf("keys of %q = %q, %q; want one", pair, a, b)
		}
	}
	// The Kelvin sign is no "K" to NTFS.
	if a, b := key("\u212a.db"), key("k.db"); a == b {
		t.Errorf("keys of the Kelvin sign and of k = %q, %q; want two", a, b)
	}
	if folderIgnoresCase(r.Dir()) {
		return
	}
	// A system that tells apart what fold does not: rather no answer than
	// the wrong file.
	write(t, filepath.Join(r.Dir(), "ä.db"), nil)
	if p, err := r.Resolve("Ä.db"); wire.ErrorCode(err) != wire.CodeInvalidDatabaseName {
		t.Errorf("Resolve beside a file of another case = %+v, %v; want refused", p, err)
	}
	write(t, filepath.Join(r.Dir(), "Ä.db"), nil)
	if p, err := r.Resolve("Ä.db"); wire.ErrorCode(err) != wire.CodeInvalidDatabaseName {
		t.Errorf("Resolve with two files that differ in case = %+v, %v; want refused", p, err)
	}
}

// A file that exists under another spelling than the listed one has the key
// of the listed one.
func TestSpellingOnDisk(t *testing.T) {
	r := openRoot(t)
	file := filepath.Join(r.Dir(), "sub", "b.db")
	info, err := os.Lstat(file)
	if err != nil {
		t.Fatal(err)
	}
	found := place{folder: filepath.Dir(file), rest: []string{"é.db"}, info: info}
	if got, err := foldedName("é.db", found, "é.db"); got != "b.db" || err != nil {
		t.Errorf("foldedName = %q, %v; want b.db", got, err)
	}
}

func TestFoldingFoldersIsBounded(t *testing.T) {
	dir, f := t.TempDir(), new(foldingFolders)
	want := folderIgnoresCase(dir)
	for i := range uint64(2*maxFolders + 5) {
		if got := f.ignoreCase(folderID{inode: i}, dir); got != want {
			t.Fatalf("ignoreCase = %v, want %v", got, want)
		}
	}
	if got := len(f.answers); got > maxFolders {
		t.Errorf("%d folders are remembered, want at most %d", got, maxFolders)
	}
}

func TestKeysDiffer(t *testing.T) {
	r := openRoot(t)
	seen := map[string]string{}
	for _, name := range []string{"a.db", "sub/b.db", "sub/a.db", "sub/deep/a.db", "x/a.db", "x/x/a.db", "b.db"} {
		p, err := r.Resolve(name)
		if err != nil {
			t.Fatal(err)
		}
		if other, ok := seen[p.Key]; ok {
			t.Errorf("%q and %q have one key %q", name, other, p.Key)
		}
		seen[p.Key] = name
	}
}

func TestCheckFolder(t *testing.T) {
	r := openRoot(t)
	for name, want := range map[string]wire.Code{"a.db": "", "sub/new.db": "", "no/new.db": wire.CodeIOError, "sub/no/x/new.db": wire.CodeIOError} {
		p, err := r.Resolve(name)
		if err != nil {
			t.Fatal(err)
		}
		if err := CheckFolder(p); wire.ErrorCode(err) != want {
			t.Errorf("CheckFolder(%q) = %v, want code %q", name, err, want)
		}
	}
	if err := CheckFolder(Path{File: filepath.Join(r.Dir(), "a.db", "b.db")}); wire.ErrorCode(err) != wire.CodeIOError {
		t.Errorf("CheckFolder below a file = %v, want %s", err, wire.CodeIOError)
	}
}

func TestOpenRoot(t *testing.T) {
	top := t.TempDir()
	mkdir(t, filepath.Join(top, "real"))
	write(t, filepath.Join(top, "file"), nil)
	ostest.Symlink(t, "real", filepath.Join(top, "link"))
	r, err := OpenRoot(filepath.Join(top, "link"), filepath.Join(top, "link", "d.sock"))
	if err != nil {
		t.Fatal(err)
	}
	if want, err := filepath.EvalSymlinks(filepath.Join(top, "real")); r.Dir() != want || err != nil {
		t.Errorf("Dir = %q, want %q (%v)", r.Dir(), want, err)
	}
	// Both spellings of the folder are inside, and both of a reserved file.
	for _, folder := range []string{"link", "real"} {
		if p, err := r.Resolve(filepath.ToSlash(filepath.Join(r.Dir(), "..", folder, "a.db"))); p.Name != "a.db" || err != nil {
			t.Errorf("Resolve through %q = %+v, %v; want a.db", folder, p, err)
		}
		if _, err := r.Resolve(filepath.ToSlash(filepath.Join(r.Dir(), "..", folder, "d.sock"))); wire.ErrorCode(err) != wire.CodeInvalidDatabaseName {
			t.Errorf("Resolve of the socket through %q = %v, want refused", folder, err)
		}
	}
	for _, dir := range []string{"missing", "file"} {
		if _, err := OpenRoot(filepath.Join(top, dir)); wire.ErrorCode(err) != wire.CodeIOError {
			t.Errorf("OpenRoot(%q) = %v, want %s", dir, err, wire.CodeIOError)
		}
	}
}

func TestRootOfEverything(t *testing.T) {
	r, err := OpenRoot("/")
	if err != nil {
		t.Skip(err)
	}
	file := filepath.Join(t.TempDir(), "a.db")
	file = filepath.ToSlash(file[len(filepath.VolumeName(file)):])
	if p, err := r.Resolve(file[1:]); err != nil || !r.contains(p.File) {
		t.Errorf("Resolve(%q) = %+v, %v", file[1:], p, err)
	}
}

func TestWindowsForbids(t *testing.T) {
	for part, want := range map[string]bool{
		"a.db": false, "console.db": false, "COM.db": false, "com10.db": false, "LPTx": false, ".hidden": false, "nul_.db": false,
		"NUL": true, "con.db": true, "Com1": true, "lpt9.tar.gz": true, "COM².db": true, "aux .db": true, "conin$": true,
		"a.db.": true, "a.db ": true, "a:b": true, "C:": true, "a?": true, `a"b`: true, "a|b": true, "a*": true,
	} {
		if why := windowsForbids(part); (why != "") != want {
			t.Errorf("windowsForbids(%q) = %q, want refused %v", part, why, want)
		}
	}
}

func BenchmarkResolve(b *testing.B) {
	r := openRoot(b)
	for b.Loop() {
		if _, err := r.Resolve("sub/b.db"); err != nil {
			b.Fatal(err)
		}
	}
}
