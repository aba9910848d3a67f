package daemon

import (
	"runtime/debug"
	"runtime/metrics"
)

// returnFrom is how much memory the Go runtime must have taken since it was
// last given back, in bytes, for that to be worth its time.
const returnFrom = 1 << 20

// memory gives back to the system what a load has left behind. The runtime by
// itself collects garbage only as more is made, and after two minutes without.
type memory struct {
	kept uint64 // when it was last given back, in bytes
}

// giveBack takes some milliseconds. It must not be called by two at once.
func (m *memory) giveBack() {
	if taken() < m.kept+returnFrom {
		return
	}
	debug.FreeOSMemory()
	m.kept = taken()
}

// taken returns the memory that the Go runtime has from the system, in bytes.
func taken() uint64 {
	s := []metrics.Sample{{Name: "/memory/classes/total:bytes"}, {Name: "/memory/classes/heap/released:bytes"}}
	metrics.Read(s)
	return s[0].Value.Uint64() - s[1].Value.Uint64()
}
