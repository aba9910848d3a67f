package dbfile

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"unicode"
)

// key returns what is equal for two names of one file.
//
// It is made of the identity of the deepest existing folder and the name in
// it, not of the file's own identity: a file that does not exist has none,
// and the worker that creates it must be found under the same key afterwards.
// The folder's device and inode take care of links, of every spelling of the
// folders above and of folders that are mounted twice. The file has no
// second hard link (checkFile), so one spelling is left: where the folder
// ignores case, the name is folded.
//
// A name in a missing folder has the key of that path. It changes when the
// folder is created, which harms nobody, since nothing could be opened before.
func (r *Root) key(name string, found place) (string, error) {
	info := found.folderInfo
	if info == nil {
		var err error
		if info, err = os.Stat(found.folder); err != nil {
			return "", walkError(name, found.folder, err)
		}
	}
	device, inode, _, err := fileNumbers(info, found.folder)
	if err != nil {
		return "", ioError(err, "look at the folder %q", found.folder)
	}
	folder, rest := folderID{device, inode}, strings.Join(found.rest, "/")
	if r.ignoresCase(folder, found.folder) {
		if rest, err = foldedName(name, found, rest); err != nil {
			return "", err
		}
	}
	return fmt.Sprintf("%x:%x/%s", device, inode, rest), nil
}

// folderID is what the file system calls a folder.
type folderID struct{ device, inode uint64 }

// foldingFolders remembers which folders ignore case. To ask costs as much as
// all the rest of a Resolve, and the answer changes at most while a folder is
// empty. The zero value is empty and ready.
type foldingFolders struct {
	mu      sync.RWMutex
	answers map[folderID]bool
}

// maxFolders bounds what is remembered; beyond it all is asked anew.
const maxFolders = 4096

func (f *foldingFolders) ignoreCase(folder folderID, dir string) bool {
	f.mu.RLock()
	answer, known := f.answers[folder]
	f.mu.RUnlock()
	if known {
		return answer
	}
	answer = folderIgnoresCase(dir)
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.answers == nil || len(f.answers) >= maxFolders {
		f.answers = map[folderID]bool{}
	}
	f.answers[folder] = answer
	return answer
}

// foldedName returns the one spelling that stands for all spellings of a name
// in a folder that ignores case.
//
// All such file systems fold ASCII letters alike. On the others they differ,
// in case (by the age of their Unicode tables) and in normal form, and to give
// two files one key would be the worse mistake: for those names the
// folder's listing decides.
func foldedName(name string, found place, rest string) (string, error) {
	if len(found.rest) > 1 || plainSpelling(rest) {
		return fold(rest), nil
	}
	entries, err := readNames(found.folder)
	if err != nil {
		return "", ioError(err, "list the folder %q", found.folder)
	}
	want, alike := fold(rest), 0
	for _, entry := range entries {
		if fold(entry) == want {
			alike++
		}
	}
	if alike > 1 {
		return "", refuse(name, "differs from another file's name in case only; rename one of them")
	}
	if alike == 1 && found.info == nil {
		// The system finds no file of this spelling, and yet the folder
		// lists one: either it was created just now, or the system tells
		// apart what fold does not.
		if _, err := os.Lstat(found.path()); err != nil {
			return "", refuse(name, "differs from another file's name in case only; choose another name")
		}
	}
	if alike == 0 && found.info != nil {
		return spellingOnDisk(found, entries, want), nil
	}
	return want, nil
}

// plainSpelling reports whether a name has no other spellings than those by
// the case of ASCII letters. On Windows a tilde may mark a short alias.
func plainSpelling(name string) bool {
	for i := range len(name) {
		if name[i] >= 0x80 || name[i] == '~' && runtime.GOOS == "windows" {
			return false
		}
	}
	return true
}

// spellingOnDisk finds the listed name of a file that exists under a
// spelling which is not listed: another normal form, or a short alias.
func spellingOnDisk(found place, entries []string, fallback string) string {
	for _, entry := range entries {
		info, err := os.Lstat(filepath.Join(found.folder, entry))
		if err == nil && os.SameFile(info, found.info) {
			return fold(entry)
		}
	}
	return fallback
}

// readNames lists a folder.
func readNames(dir string) (names []string, err error) {
	f, err := os.Open(dir)
	if err != nil {
		return nil, err
	}
	defer f.Close() // nothing was written
	return f.Readdirnames(-1)
}

// fold maps letters to lower case, rune by rune. It never makes an ASCII
// letter of another one, such as the Kelvin sign, because NTFS does not.
func fold(name string) string {
	return strings.Map(func(r rune) rune {
		folded := unicode.ToLower(unicode.ToUpper(r))
		if folded < 0x80 && r >= 0x80 {
			return r
		}
		return folded
	}, name)
}
