package client

import (
	"fmt"
	"slices"
	"testing"

	"github.com/skylinedb/skylinedb/internal/fakedaemon"
	"github.com/skylinedb/skylinedb/wire"
)

// Each batch lets the daemon forget the one before it in the same database.
func TestForget(t *testing.T) {
	s, d, c := store(t)
	for i := range 5 {
		for _, db := range []string{"a.db", "b.db"} {
			if _, err := c.Exec(bg(t), db, SQL("x")); err != nil {
				t.Fatal(err)
			}
			check(t, nil, s.Records(db), 1)
		}
		if i > 0 {
			r := d.Requests()
			check(t, nil, r[2*i].Forget, []string{r[2*i-2].RequestID})
		}
	}
}

// What was not executed has forgotten nothing: the next batch says it again.
// An id that the caller gave is the caller's to forget.
func TestForgetAgain(t *testing.T) {
	s, d, c := store(t)
	exec := func(b Batch) string {
		t.Helper()
		_, err := c.ExecBatch(bg(t), b)
		if err != nil {
			wantCode(t, err, wire.CodeSQLError)
		}
		r := d.Requests()
		return r[len(r)-1].RequestID
	}
	good := exec(Batch{Stmts: []Stmt{SQL("x")}})
	exec(Batch{Stmts: []Stmt{SQL("fail")}})
	exec(Batch{Stmts: []Stmt{SQL("y")}, RequestID: "mine"})
	exec(Batch{Stmts: []Stmt{SQL("z")}, Forget: []string{"mine"}})
	var got [][]string
	for _, r := range d.Requests() {
		got = append(got, r.Forget)
	}
	check(t, nil, got, [][]string{nil, {good}, {good}, {"mine"}})
	check(t, nil, s.Records(wire.DefaultDB), 1)
}

// The repeat of a batch carries what the batch carried. Its own id is not
// forgotten: the first copy may still be under way to the daemon.
func TestForgetAndLoss(t *testing.T) {
	s, d, c := faulty(t, func(n int64, s *fakedaemon.Store, r *wire.Request) *wire.Reply {
		if n == 2 {
			return nil
		}
		return s.Handle(r)
	})
	for range 3 {
		if _, err := c.Exec(bg(t), "", SQL("x")); err != nil {
			t.Fatal(err)
		}
	}
	r := d.Requests()
	check(t, nil, len(r), 4)
	want := []string{r[0].RequestID}
	check(t, nil, [][]string{r[0].Forget, r[1].Forget, r[2].Forget, r[3].Forget}, [][]string{nil, want, want, nil})
	check(t, nil, s.Records(wire.DefaultDB), 2)
}

// Ids that would make a batch too large wait for the next one.
func TestForgetMakesRoom(t *testing.T) {
	_, d, c := store(t)
	c.set.maxFrame = 300
	for _, sql := range []string{"a", fmt.Sprintf("%160d", 1), "b"} {
		if _, err := c.Exec(bg(t), "", SQL(sql)); err != nil {
			t.Fatal(err)
		}
	}
	r := d.Requests()
	check(t, nil, r[1].Forget, nil)
	check(t, nil, r[2].Forget, []string{r[0].RequestID, r[1].RequestID})
}

// The books are bounded, and lose nothing within their bounds.
func TestAnswered(t *testing.T) {
	a := newAnswered()
	var all []string
	for i := range maxAnswered + 10 {
		id := fmt.Sprint(i)
		a.add(fmt.Sprintf("%d.db", i%2), id)
		all = append(all, id)
	}
	var taken []string
	for i := 0; ; i++ {
		ids := a.take(fmt.Sprintf("%d.db", i%2), wire.MaxForget)
		if len(ids) > forgetAtOnce {
			t.Fatalf("%d ids at once", len(ids))
		}
		if len(ids) == 0 {
			break
		}
		taken = append(taken, ids...)
	}
	slices.Sort(taken)
	want := all[:maxAnswered]
	slices.Sort(want)
	check(t, nil, taken, want)
	if a.count != 0 || len(a.ids) != 0 {
		t.Errorf("%d ids and %d databases are left", a.count, len(a.ids))
	}
	if ids := newAnswered().take("x", -1); len(ids) != 0 {
		t.Error(ids)
	}
}
