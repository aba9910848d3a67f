package thirdparty

import (
	"os"
	"os/exec"
	"regexp"
	"testing"
)

// GORM, goose, sqlx, bun and code that sqlc generated work on the driver. The
// tests are told as those of this package; -v shows each.
func TestThirdParty(t *testing.T) {
	if testing.Short() {
		t.Skip("it builds other libraries")
	}
	cmd := exec.Command("go", "test", "-count=1", "-v", "./...")
	cmd.Dir = "../compat"
	// No cgo: the driver needs none, and what its users choose may not either.
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOFLAGS=-mod=readonly", "GOWORK=off")
	out, err := cmd.CombinedOutput()
	passed := regexp.MustCompile(`(?m)^--- PASS: (\w+)`).FindAllStringSubmatch(string(out), -1)
	if err != nil {
		t.Fatalf("go test in test/compat: %v\n%s", err, out)
	}
	if len(passed) == 0 {
		t.Fatalf("no test ran:\n%s", out)
	}
	for _, p := range passed {
		t.Run(p[1], func(t *testing.T) {})
	}
}
