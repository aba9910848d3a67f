package history

import (
	"slices"
	"testing"
	"time"

	"github.com/anishathalye/porcupine"

	"github.com/skylinedb/skylinedb/test/tally"
)

// How long the checker may look for the order of one database's operations. It
// finds one in milliseconds; to know that there is none can take it long.
const (
	judgeTime = time.Minute
	glance    = 2 * time.Second // where it does not matter much
)

// check looks for an order of the events, which are of one database.
func check(f fault, events []*event, limit time.Duration) porcupine.CheckResult {
	c := claimsOf(events)
	if f != noFault { // with one of them a database may have a rev twice
		c = nil
	}
	return porcupine.CheckOperationsTimeout(newModel(f, c), operations(events), limit)
}

// ofDatabase returns the events of one database.
func ofDatabase(events []*event, db int) []*event {
	return slices.DeleteFunc(slices.Clone(events), func(e *event) bool { return e.In.DB != db })
}

// blame tells which promise a wrong history breaks: the one without which it
// would be right.
func blame(events []*event) tally.Count {
	switch {
	case check(losing, events, 5*glance) == porcupine.Ok:
		return tally.Lost
	case check(doubling, events, 5*glance) == porcupine.Ok:
		return tally.Doubled
	}
	return tally.Other
}

// judge checks the history of each database and returns the first that is
// wrong, and the number of those that could not be decided in time.
func judge(t *testing.T, events []*event, databases int, limit time.Duration) (wrong []*event, undecided int) {
	t.Helper()
	for db := range databases {
		part := ofDatabase(events, db)
		switch check(noFault, part, limit) {
		case porcupine.Illegal:
			return part, undecided
		case porcupine.Unknown:
			undecided++
			t.Logf("the history of database %d was not decided in %v:\n%s", db, limit, table(part))
		}
	}
	return nil, undecided
}
