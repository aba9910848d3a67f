package e2e

import (
	"context"
	"iter"
	"os"
	"slices"
	"sync"
	"testing"

	"github.com/skylinedb/skylinedb/client"
	"github.com/skylinedb/skylinedb/test/harness"
	"github.com/skylinedb/skylinedb/wire"
)

// goClient starts a daemon with the usual table in a.db, and a client of it.
func goClient(t *testing.T) (*harness.Daemon, *client.Client) {
	t.Helper()
	d, _ := withT(t, harness.Config{}, "a.db")
	return d, harness.OpenClient(t, client.Options{Socket: d.Socket, Dir: d.Dir, NoAutostart: true})
}

// must fails the test where a call of the client has failed.
func must[T any](t *testing.T) func(T, error) T {
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

func wantClientCode(t *testing.T, err error, want wire.Code) {
	t.Helper()
	if got := client.ErrorCode(err); got != want {
		t.Fatalf("got the error %v with code %q, want code %q", err, got, want)
	}
}

// rowsOf returns the parameters of n rows.
func rowsOf(n int) iter.Seq[[]any] {
	return func(yield func([]any) bool) {
		for i := range n {
			if !yield([]any{1, i}) {
				return
			}
		}
	}
}

// insertMany inserts n rows in one statement and returns the batch's result.
func insertMany(t *testing.T, c *client.Client, n int) client.Result {
	t.Helper()
	st := must[client.Stmt](t)(client.Many(`INSERT INTO t VALUES(?, ?)`, rowsOf(n)))
	return must[client.Result](t)(c.Exec(patient(t), "a.db", st))
}

// sum returns the sum of column n over the rows of a query, and their number.
func sum(t *testing.T, rows *client.Rows, err error) (sum, count int64) {
	t.Helper()
	must[*client.Rows](t)(rows, err)
	for row, err := range rows.All() {
		var n int64
		if err == nil {
			err = row.Scan(&n)
		}
		if err != nil {
			t.Fatal(err)
		}
		sum, count = sum+n, count+1
	}
	return sum, count
}

// The Go client writes many rows, and reads them in many frames.
func TestGoClientQuery(t *testing.T) {
	t.Parallel()
	_, c := goClient(t)
	const n = 100_000
	res := insertMany(t, c, n)
	rows, err := c.Query(patient(t), client.Query{DB: "a.db", Stmt: client.SQL(`SELECT n FROM t WHERE client = ?`, 1), MinRev: res.Rev})
	got, count := sum(t, rows, err)
	if got != n*(n-1)/2 || count != n || rows.Rev() != res.Rev || rows.Epoch() != res.Epoch || rows.Truncated() {
		t.Errorf("got %d rows with the sum %d of rev %d, want %d of rev %d", count, got, rows.Rev(), n, res.Rev)
	}
	if !slices.Equal(rows.Columns(), []string{"n"}) || !slices.Equal(rows.Types(), []string{"INTEGER"}) {
		t.Errorf("the columns are %q of %q", rows.Columns(), rows.Types())
	}
	for i := range 10 { // more than may run at a time, each left behind
		rows := must[*client.Rows](t)(c.Select(patient(t), "a.db", `SELECT n FROM t`))
		if i%2 == 0 {
			rows.Close()
		}
		for range rows.All() {
			break
		}
	}
	rows, err = c.Query(patient(t), client.Query{DB: "a.db", Stmt: client.SQL(`SELECT n FROM t`), Limit: 7})
	if _, count := sum(t, rows, err); count != 7 || !rows.Truncated() {
		t.Errorf("got %d rows, truncated %v", count, rows.Truncated())
	}
	_, err = c.Select(patient(t), "none.db", `SELECT 1`)
	wantClientCode(t, err, wire.CodeNoDatabase)
	_, err = c.Select(patient(t), "a.db", `DELETE FROM t`)
	wantClientCode(t, err, wire.CodeForbiddenStatement)
	_, err = c.Select(patient(t), "a.db", `SELECT`)
	wantClientCode(t, err, wire.CodeSQLError)
	ctx, cancel := context.WithCancel(patient(t))
	defer cancel()
	rows = must[*client.Rows](t)(c.Select(ctx, "a.db", `SELECT n FROM t`))
	for _, err = range rows.All() {
		cancel()
	}
	wantClientCode(t, err, wire.CodeUnavailable)
}

// A query that finds no row for ever ends with its context, and makes room for
// others: more of them are begun than may run at a time.
func TestGoClientEndlessQuery(t *testing.T) {
	t.Parallel()
	_, c := goClient(t)
	for n := range 6 {
		ctx, cancel := context.WithCancel(patient(t))
		failed := make(chan error)
		go func() {
			_, err := c.Select(ctx, "a.db", `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i FROM n WHERE i < 0`)
			failed <- err
		}()
		harness.Await(t, "the query has begun", func() bool {
			return must[client.Status](t)(c.Status(patient(t))).Databases[0].Queries > int64(n)
		})
		cancel()
		wantClientCode(t, <-failed, wire.CodeUnavailable)
	}
	rows, err := c.Select(patient(t), "a.db", `SELECT 1`)
	if got, _ := sum(t, rows, err); got != 1 {
		t.Errorf("got %d", got)
	}
	_, err = c.Query(patient(t), client.Query{DB: "a.db", Stmt: client.SQL(`SELECT 1`), MinRev: 1000, Timeout: 1})
	wantClientCode(t, err, wire.CodeTimeout)
}

// Results tell the Go client what each statement did.
func TestGoClientResults(t *testing.T) {
	t.Parallel()
	_, c := goClient(t)
	many := must[client.Stmt](t)(client.Many(`INSERT INTO t VALUES(?, ?) RETURNING n, 'x'`, rowsOf(3)))
	res := must[client.Result](t)(c.ExecBatch(patient(t), client.Batch{
		DB: "a.db", Stmts: []client.Stmt{many, client.SQL(`DELETE FROM t WHERE n = 1`)}, Results: true,
	}))
	if len(res.Results) != 2 || res.Results[0].RowsAffected != 3 || res.Results[1].RowsAffected != 1 || res.Results[1].Columns != nil {
		t.Fatalf("got %+v", res.Results)
	}
	var got []int
	for row, err := range res.Results[0].All() {
		var n int
		var x string
		if err == nil {
			err = row.Scan(&n, &x)
		}
		if err != nil || x != "x" {
			t.Fatal(err, x)
		}
		got = append(got, n)
	}
	if !slices.Equal(got, []int{0, 1, 2}) {
		t.Errorf("got %v", got)
	}
}

// A transaction of the Go client is all or nothing, and sees what it wrote.
func TestGoClientTx(t *testing.T) {
	t.Parallel()
	d, c := goClient(t)
	insertMany(t, c, 10_000)
	tx := must[*client.Tx](t)(c.Begin(patient(t), client.BeginOptions{DB: "a.db"}))
	must[client.Result](t)(tx.Exec(patient(t), client.SQL(`DELETE FROM t WHERE n >= ?`, 5000)))
	_, err := tx.Exec(patient(t), client.SQL(`DELETE FROM t`), client.SQL(`nonsense`))
	wantClientCode(t, err, wire.CodeSQLError)
	rows, err := tx.Select(patient(t), `SELECT n FROM t`)
	if _, n := sum(t, rows, err); n != 5000 {
		t.Errorf("the transaction sees %d rows", n)
	}
	rows = must[*client.Rows](t)(tx.Select(patient(t), `SELECT n FROM t`))
	for range rows.All() {
		break
	}
	wantCount(t, d, "a.db", 10_000)
	status := must[client.Status](t)(c.Status(patient(t)))
	if i := slices.IndexFunc(status.Databases, func(s wire.DatabaseStatus) bool { return s.DB == "a.db" }); i < 0 || status.Databases[i].Tx == nil || status.Databases[i].Tx.ID != tx.ID() || status.Databases[i].Tx.PID != os.Getpid() {
		t.Errorf("the status tells of another holder than %s of %d: %+v", tx.ID(), os.Getpid(), status.Databases)
	}
	done := must[client.Committed](t)(tx.Commit(patient(t)))
	if done.Rev != tx.Rev()+1 || done.Epoch != tx.Epoch() || done.Replayed {
		t.Errorf("got %+v after rev %d", done, tx.Rev())
	}
	wantCount(t, d, "a.db", 5000)

	ctx, cancel := context.WithCancel(patient(t))
	tx = must[*client.Tx](t)(c.Begin(patient(t), client.BeginOptions{DB: "a.db"}))
	must[client.Result](t)(tx.Exec(ctx, client.SQL(`DELETE FROM t`)))
	cancel()
	_, err = tx.Exec(ctx, client.SQL(`SELECT 1`))
	wantClientCode(t, err, wire.CodeTxExpired)
	insertMany(t, c, 1) // the writer is free again
	wantCount(t, d, "a.db", 5001)

	tx = must[*client.Tx](t)(c.Begin(patient(t), client.BeginOptions{DB: "a.db", Idle: 1}))
	insertMany(t, c, 1) // it has waited until the transaction was idle for too long
	_, err = tx.Commit(patient(t))
	wantClientCode(t, err, wire.CodeTxExpired)
	if err := c.Update(patient(t), "a.db", func(tx *client.Tx) error {
		_, err := tx.Exec(patient(t), client.SQL(`DELETE FROM t`))
		return err
	}); err != nil {
		t.Fatal(err)
	}
	wantCount(t, d, "a.db", 0)
}

// A query and a transaction find their lanes and the daemon gone, which has
// ended for idleness, and start the next one.
func TestGoClientAtIdleEnd(t *testing.T) {
	t.Parallel()
	o := harness.Autostart(t, "--worker-idle=1ms", "--router-idle=100ms")
	makeT(t, o, "a.db", "t")
	c := harness.OpenClient(t, o)
	for round := range 4 {
		rows, err := c.Select(patient(t), "a.db", `SELECT n FROM t`)
		if _, n := sum(t, rows, err); n != int64(round) {
			t.Errorf("there are %d rows, want %d", n, round)
		}
		harness.Await(t, "the end begins", func() bool { return !harness.Listening(t, o.Socket) })
		if err := c.Update(patient(t), "a.db", func(tx *client.Tx) error {
			_, err := tx.Exec(patient(t), client.SQL(insertT(1, round)))
			return err
		}); err != nil {
			t.Fatal(err)
		}
		harness.Await(t, "the end begins", func() bool { return !harness.Listening(t, o.Socket) })
	}
}

// What a transaction's Commit says is true, also where the daemon is killed
// about then.
func TestGoClientCommitAndKill(t *testing.T) {
	t.Parallel()
	d, c := goClient(t)
	want := 0
	for round := range 8 {
		tx := must[*client.Tx](t)(c.Begin(patient(t), client.BeginOptions{DB: "a.db", Lease: harness.Patience}))
		must[client.Result](t)(tx.Exec(patient(t), client.SQL(insertT(1, round))))
		var wg sync.WaitGroup
		var err error
		wg.Go(func() { _, err = tx.Commit(patient(t)) })
		for range round * 200 {
			harness.Listening(t, d.Socket) // takes a moment, another one in each round
		}
		d.Crash()
		d.Restart()
		wg.Wait()
		switch client.ErrorCode(err) {
		case "":
			want++
		case wire.CodeTxExpired:
		default:
			t.Fatal(err)
		}
		wantCount(t, d, "a.db", want)
	}
	t.Logf("%d of 8 were committed", want)
}

// A Commit that was given up at some moment is asked for again, and the answer
// is true, whether the first copy was read by then or not.
func TestGoClientCommitGivenUp(t *testing.T) {
	t.Parallel()
	d, c := goClient(t)
	want, given := 0, 0
	for round := range 40 {
		tx := must[*client.Tx](t)(c.Begin(patient(t), client.BeginOptions{DB: "a.db"}))
		must[client.Result](t)(tx.Exec(patient(t), client.SQL(insertT(1, round))))
		ctx, cancel := context.WithCancel(patient(t))
		var wg sync.WaitGroup
		wg.Go(func() {
			for range round {
				harness.Listening(t, d.Socket) // takes a moment, another one in each round
			}
			cancel()
		})
		_, err := tx.Commit(ctx)
		wg.Wait()
		if client.ErrorCode(err) == wire.CodeUnavailable {
			given++
			_, err = tx.Commit(patient(t))
		}
		switch client.ErrorCode(err) {
		case "":
			want++
		case wire.CodeTxExpired:
		default:
			t.Fatal(err)
		}
		wantCount(t, d, "a.db", want)
	}
	t.Logf("%d were given up, %d of 40 were committed", given, want)
}

// Who waits for a transaction's turn and gives up leaves nothing behind.
func TestGoClientBeginGivenUp(t *testing.T) {
	t.Parallel()
	d, c := goClient(t)
	first := must[*client.Tx](t)(c.Begin(patient(t), client.BeginOptions{DB: "a.db", Idle: harness.Patience, Lease: harness.Patience}))
	ctx, cancel := context.WithCancel(patient(t))
	failed := make(chan error)
	go func() {
		_, err := c.Begin(ctx, client.BeginOptions{DB: "a.db"})
		failed <- err
	}()
	harness.Await(t, "the second waits", func() bool {
		return must[client.Status](t)(c.Status(patient(t))).Databases[0].QueueDepth > 0
	})
	cancel()
	wantClientCode(t, <-failed, wire.CodeUnavailable)
	_, err := c.Begin(patient(t), client.BeginOptions{DB: "a.db", Timeout: 1})
	wantClientCode(t, err, wire.CodeTimeout)
	must[client.Result](t)(first.Exec(patient(t), client.SQL(insertT(1, 1))))
	must[client.Committed](t)(first.Commit(patient(t)))
	insertMany(t, c, 1)
	wantCount(t, d, "a.db", 2)
}

// A subscription of the Go client tells everything, over the end of a daemon.
func TestGoClientSubscribe(t *testing.T) {
	t.Parallel()
	d, c := goClient(t)
	next, stop := iter.Pull2(c.Subscribe(patient(t), client.SubscribeOptions{DB: "a.db"}))
	defer stop()
	await := func(what string, cond func(client.Event) bool) {
		t.Helper()
		for {
			ev, err, ok := next()
			if err != nil || !ok {
				t.Fatalf("%s did not come: %v", what, err)
			}
			if cond(ev) {
				return
			}
		}
	}
	await("the beginning", func(ev client.Event) bool {
		return ev.Kind == client.EventSubscribed && ev.State == "open" && ev.Rev == 1
	})
	insertMany(t, c, 3)
	await("a commit", func(ev client.Event) bool {
		return ev.Kind == client.EventCommit && ev.Rev == 2 && !ev.Missed && slices.Equal(ev.Tables, []string{"t"})
	})
	d.Crash()
	d.Restart()
	insertMany(t, c, 3)
	await("a commit after the crash", func(ev client.Event) bool { return ev.Kind == client.EventCommit && ev.Rev == 3 })
	must[client.Closed](t)(c.CloseDatabase(patient(t), "a.db", false))
	await("the close", func(ev client.Event) bool {
		return ev.Kind == client.EventMaintenance && ev.Change == wire.ChangeClosed
	})
	must[client.Reopened](t)(c.ReopenDatabase(patient(t), "a.db"))
	await("the reopening", func(ev client.Event) bool {
		return ev.Kind == client.EventMaintenance && ev.Change == wire.ChangeReopened
	})
}
