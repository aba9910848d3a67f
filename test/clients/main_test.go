package clients

import (
	"testing"

	"github.com/skylinedb/skylinedb/test/harness"
)

func TestMain(m *testing.M) { harness.Main(m, nil) }
