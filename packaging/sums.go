package main

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"os"
	"path/filepath"
	"slices"
)

// writeSums writes the checksums of what was built, as sha256sum -c reads them.
func (r *release) writeSums(names []string) error {
	names = slices.Sorted(slices.Values(names))
	var out bytes.Buffer
	for _, name := range names {
		data, err := os.ReadFile(filepath.Join(r.out, name))
		if err != nil {
			return err
		}
		fmt.Fprintf(&out, "%x  %s\n", sha256.Sum256(data), name)
	}
	return r.write("SHA256SUMS", out.Bytes())
}
