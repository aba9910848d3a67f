//go:build unix

package daemon

import (
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"syscall"
)

// warnOfOpenFolders tells of directories that others than this user may write
// to. Where they can, the modes of the files in it say little: others can
// remove them and put their own in their place. In a sticky directory such as
// /tmp they cannot, so it will do for the socket. It will not for databases,
// beside which others could put a log.
func warnOfOpenFolders(log *slog.Logger, databases, socket string) {
	dir, err := os.Stat(databases)
	if err == nil && othersWrite(dir) {
		advice := "run chmod go-w on it"
		if dir.Mode()&fs.ModeSticky != 0 { // it is meant to be everybody's
			advice = "use one of your own"
		}
		log.Warn("other users may write to the directory of the databases: "+advice, "dir", databases, "mode", octal(dir))
	}
	folder := filepath.Dir(socket)
	home, err := os.Stat(folder)
	if err == nil && othersWrite(home) && home.Mode()&fs.ModeSticky == 0 && !os.SameFile(dir, home) {
		log.Warn("other users may write to the directory of the socket: run chmod go-w on it", "dir", folder, "mode", octal(home))
	}
}

// othersWrite reports whether the group or everybody may write.
func othersWrite(dir fs.FileInfo) bool { return dir.Mode().Perm()&0o022 != 0 }

// octal returns the mode as chmod takes it.
func octal(file fs.FileInfo) string {
	return fmt.Sprintf("%#o", uint32(file.Sys().(*syscall.Stat_t).Mode)&0o7777)
}
