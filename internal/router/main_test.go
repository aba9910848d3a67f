package router

import (
	"testing"

	"go.uber.org/goleak"

	"github.com/skylinedb/skylinedb/internal/ostest"
)

// Whatever the tests start has ended when they have.
func TestMain(m *testing.M) { goleak.VerifyTestMain(m, ostest.Library()) }
