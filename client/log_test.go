package client

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/skylinedb/skylinedb/internal/fakedaemon"
	"github.com/skylinedb/skylinedb/internal/logfile"
	"github.com/skylinedb/skylinedb/internal/ostest"
	"github.com/skylinedb/skylinedb/wire"
)

// A log that is a link, or no file at all, is refused with a sentence, and
// what it leads to stays as it is.
func TestLogThatIsNoFile(t *testing.T) {
	for name, place := range map[string]func(t *testing.T, log, precious string){
		"symbolic link": func(t *testing.T, log, precious string) { ostest.Symlink(t, precious, log) },
		"dangling link": func(t *testing.T, log, precious string) { ostest.Symlink(t, precious+".none", log) },
		"folder": func(t *testing.T, log, _ string) {
			if err := os.Mkdir(log, 0o700); err != nil {
				t.Fatal(err)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			o := starting(t)
			log, err := logfile.Path(o.Socket)
			if err != nil {
				t.Fatal(err)
			}
			precious := filepath.Join(o.Dir, "precious")
			if err := os.WriteFile(precious, make([]byte, logfile.Max+1), 0o600); err != nil {
				t.Fatal(err)
			}
			if err := os.MkdirAll(filepath.Dir(log), 0o700); err != nil {
				t.Fatal(err)
			}
			place(t, log, precious)
			_, err = openWith(t, o).Ping(bg(t))
			wantCode(t, err, wire.CodeUnavailable)
			if !strings.Contains(err.Error(), filepath.Base(log)) || !strings.Contains(err.Error(), "remove it") {
				t.Errorf("%v does not say what to do", err)
			}
			if file, err := os.Stat(precious); err != nil || file.Size() != logfile.Max+1 {
				t.Errorf("the file that the link leads to did not survive: %v, %v", file, err)
			}
			if _, err := os.Stat(precious + ".none"); !os.IsNotExist(err) {
				t.Errorf("a file was made through the link: %v", err)
			}
			if n, err := fakedaemon.Starts(o.Dir); err == nil {
				t.Errorf("%d daemons were started", n)
			}
		})
	}
}
