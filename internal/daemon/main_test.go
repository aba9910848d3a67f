package daemon

import (
	"testing"

	"go.uber.org/goleak"

	"github.com/skylinedb/skylinedb/internal/ostest"
)

// A daemon that has ended leaves no goroutine.
func TestMain(m *testing.M) { goleak.VerifyTestMain(m, ostest.Library()) }
