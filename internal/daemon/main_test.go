package daemon

import (
	"testing"

	"go.uber.org/goleak"
)

// A daemon that has ended leaves no goroutine.
func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }
