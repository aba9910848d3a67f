package crowd

import "testing"

// needFiles has nothing to do: Windows has no such limit.
func needFiles(*testing.T, uint64) {}
