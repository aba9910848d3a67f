package history

import (
	"fmt"
	"testing"

	"github.com/skylinedb/skylinedb/test/tally"
)

// Whatever clients do at the same time, and whenever the daemon dies, their
// histories are those of a sequential database.
func TestHistories(t *testing.T) {
	runs, undecided := 0, 0
	for seed := range tally.Rounds(50) {
		runs++
		t.Run(fmt.Sprint("seed=", seed), func(t *testing.T) {
			p := programOf(t, seed)
			wrong, open := judge(t, play(t, p), p.Databases, judgeTime)
			if wrong != nil {
				tell(t, finding{p, wrong})
			}
			if open > 0 {
				undecided++
				return
			}
			tally.Add(tally.Histories, 1)
		})
	}
	t.Logf("%d histories, of which %d were not decided", runs, undecided)
	if undecided*20 > runs {
		t.Errorf("%d of %d histories were not decided: the machine shows little", undecided, runs)
	}
}

// tell reports a wrong history, with a program that is as small as can be
// found and has such histories too.
func tell(t *testing.T, first finding) {
	t.Helper()
	promise := blame(first.events)
	t.Logf("%s; now the program is made smaller. The history that was found:\n%s", promise, table(first.events))
	f := shrink(first, wrongRun(t))
	tally.Violation(t, promise, "seed %d, program (save it and set %s):\n%s\na history of it, with ? for answers that do not matter:\n%s",
		f.program.Seed, programEnv, f.program, table(shorten(f.events)))
}
