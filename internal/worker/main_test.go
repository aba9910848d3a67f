package worker

import (
	"testing"

	"go.uber.org/goleak"
)

// Whatever the tests start, workers above all, has ended when they have.
func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }
