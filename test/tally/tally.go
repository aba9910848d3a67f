package tally

import (
	"encoding/json"
	"iter"
	"os"
	"strconv"
	"sync"
	"testing"
	"time"
)

// What the torture program tells the machines.
const (
	UntilEnv  = "TORTURE_UNTIL"  // the long form: rounds begin until then, in Unix seconds
	SeedEnv   = "TORTURE_SEED"   // the first round's seed; without UntilEnv the only one
	ReportEnv = "TORTURE_REPORT" // a folder, into which each machine puts a file
)

// Count is something that machines count.
type Count string

// What machines try.
const (
	Seeds        Count = "seeds"        // random workloads on a simulated disk
	Crashes      Count = "crashes"      // power failures of a simulated disk
	Histories    Count = "histories"    // concurrent histories that were judged
	Kills        Count = "kills"        // of real daemons, as kill -9 does
	Replacements Count = "replacements" // of database files
	Inputs       Count = "inputs"       // hostile frames, requests and statements
	Intrusions   Count = "intrusions"   // attempts of other users
)

// What machines find. All of them must be 0.
const (
	Lost    Count = "lost"    // acknowledged and gone
	Doubled Count = "doubled" // done twice
	Torn    Count = "torn"    // half there, or mixed from two files
	Corrupt Count = "corrupt" // integrity_check is not ok
	LetIn   Count = "let in"  // somebody or something that had to be refused
	Other   Count = "other"   // any other broken promise
)

var (
	mu     sync.Mutex // guards counts
	counts = map[Count]int64{}
)

// violated reports whether a promise was broken.
func violated() bool {
	mu.Lock()
	defer mu.Unlock()
	for _, c := range []Count{Lost, Doubled, Torn, Corrupt, LetIn, Other} {
		if counts[c] > 0 {
			return true
		}
	}
	return false
}

// Add counts n more.
func Add(c Count, n int64) {
	mu.Lock()
	defer mu.Unlock()
	counts[c] += n
}

// Violation counts a broken promise and fails the test with what it was.
func Violation(t testing.TB, c Count, format string, args ...any) {
	t.Helper()
	Add(c, 1)
	t.Errorf(string(c)+": "+format, args...)
}

// Rounds yields the seeds of a machine's rounds: in the short form 1 to short,
// a tenth of them under the race detector; in the long form one after the other
// from the seed that was given, until something is found. When the rounds are
// over, or given up, it writes the report.
func Rounds(short int) iter.Seq[uint64] {
	first, given := number(SeedEnv)
	until, long := number(UntilEnv)
	return func(yield func(uint64) bool) {
		defer report()
		switch {
		case long:
			for seed := first; time.Now().Unix() < int64(until) && !violated() && yield(seed); seed++ {
			}
		case given:
			yield(first)
		default:
			for seed := uint64(1); seed <= uint64(max(short/slowdown, 1)) && yield(seed); seed++ {
			}
		}
	}
}

// Long reports whether this is the long form.
func Long() bool {
	_, long := number(UntilEnv)
	return long
}

func number(env string) (uint64, bool) {
	n, err := strconv.ParseUint(os.Getenv(env), 10, 64)
	return n, err == nil
}

// report writes what this process has counted so far into a file of its own.
func report() {
	dir := os.Getenv(ReportEnv)
	if dir == "" {
		return
	}
	mu.Lock()
	text, err := json.Marshal(counts)
	mu.Unlock()
	if err == nil {
		err = os.WriteFile(dir+"/"+strconv.Itoa(os.Getpid())+".json", text, 0o600)
	}
	if err != nil {
		panic("tally: " + err.Error()) // a run whose findings are lost proves nothing
	}
}
