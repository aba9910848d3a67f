//go:build unix

package replace

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
)

// method is how a file comes to its place.
type method string

const (
	rename    method = "rename"    // over the old one
	swap      method = "swap"      // the old one is removed first
	overwrite method = "overwrite" // the old one is emptied and filled
	patch     method = "patch"     // the old one is filled, then cut
)

var methods = []method{rename, rename, swap, overwrite, patch}

// inPlace reports whether the old file stays and gets another content.
func (m method) inPlace() bool { return m == overwrite || m == patch }

// place puts a copy of the file from where to is. From may be gone afterwards.
func place(from, to string, m method) error {
	switch m {
	case swap:
		if err := os.RemoveAll(to); err != nil {
			return err
		}
		fallthrough
	case rename:
		return os.Rename(from, to)
	}
	flags := os.O_WRONLY
	if m == overwrite {
		flags |= os.O_TRUNC
	}
	dst, err := os.OpenFile(to, flags, 0)
	if err != nil {
		return err
	}
	src, err := os.Open(from)
	if err != nil {
		return errors.Join(err, dst.Close())
	}
	defer src.Close()
	size, err := io.Copy(dst, src)
	if err == nil {
		err = dst.Truncate(size)
	}
	return errors.Join(err, dst.Close())
}

// isLarge reports whether a file has a large hole, which only a copy that is
// put there as a whole keeps.
func isLarge(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Size() > 64<<20
}

// exists reports whether something lies at path.
func exists(path string) bool {
	_, err := os.Lstat(path)
	return err == nil
}

// isRegular reports whether a plain file lies at path.
func isRegular(path string) bool {
	info, err := os.Lstat(path)
	return err == nil && info.Mode().IsRegular()
}

// maxDigest bounds what is read of a file with a large hole.
const maxDigest = 8 << 20

// digest tells whether a file has changed by a byte.
func digest(path string) string {
	info, err := os.Lstat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return "none"
	}
	if err != nil || !info.Mode().IsRegular() {
		return fmt.Sprint(err, info.Mode())
	}
	f, err := os.Open(path)
	if err != nil {
		return err.Error()
	}
	defer f.Close()
	sum := sha256.New()
	if _, err := io.Copy(sum, io.LimitReader(f, maxDigest)); err != nil {
		return err.Error()
	}
	return fmt.Sprintf("%d bytes %x", info.Size(), sum.Sum(nil))
}
