//go:build unix

package replace

import (
	"fmt"
	"strings"
	"testing"

	"github.com/skylinedb/skylinedb/test/harness"
	"github.com/skylinedb/skylinedb/test/tally"
)

func TestMain(m *testing.M) {
	harness.Main(m, map[string]harness.Role{"outside": beOutside})
}

// TestReplacements is the machine. Each round runs with two daemons at once: one
// whose workers stay, and one whose workers end as soon as they have nothing to
// do, so that a request finds its file by its name and not by a worker.
func TestReplacements(t *testing.T) {
	sites := []*site{newSite(t, "0"), newSite(t, "1ms")}
	for seed := range tally.Rounds(20) {
		t.Run(fmt.Sprint("seed=", seed), func(t *testing.T) {
			for _, s := range sites {
				t.Run("idle="+s.idle, func(t *testing.T) {
					t.Parallel()
					runRound(t, s, seed)
				})
			}
		})
	}
}

// site is a daemon and the processes beside it, over many rounds.
type site struct {
	t       testing.TB
	idle    string // after which a worker of the daemon ends
	d       *harness.Daemon
	readers []*outside
	keepers []*outside
	passer  *outside // who has a look when nobody else should
}

func newSite(t *testing.T, idle string) *site {
	t.Helper()
	s := &site{t: t, idle: idle, d: harness.Start(t, harness.Config{Flags: []string{"--worker-idle=" + idle}})}
	s.passer = startOutside(t)
	for range 2 {
		s.readers = append(s.readers, startOutside(t))
		s.keepers = append(s.keepers, startOutside(t))
	}
	return s
}

// restart kills the daemon, if it runs, and starts it again.
func (s *site) restart(t *testing.T) {
	t.Helper()
	s.checkLog(t)
	s.d.Crash()
	s.d.Restart()
}

// checkLog looks for what the daemon's present process should not have said.
func (s *site) checkLog(t *testing.T) {
	t.Helper()
	log := s.d.Output()
	for _, sign := range []string{"panic", "DATA RACE", "level=ERROR", "fatal error"} {
		if strings.Contains(log, sign) {
			tally.Violation(t, tally.Other, "the daemon's log has %q:\n%s", sign, log)
			return
		}
	}
}
