package e2e

import (
	"fmt"
	"testing"

	"github.com/skylinedb/skylinedb/test/harness"
	"github.com/skylinedb/skylinedb/wire"
)

const numbers = `WITH RECURSIVE n(i) AS (VALUES(1) UNION ALL SELECT i+1 FROM n) SELECT i FROM n`

func query(id int, sql string) string {
	return fmt.Sprintf(`{"type":"Query","id":%d,"db":"a.db","sql":%q}`, id, sql)
}

// served is a daemon with a database that has a table t.
func served(t *testing.T, cfg harness.Config) (*harness.Daemon, *harness.Conn) {
	t.Helper()
	d := harness.Start(t, cfg)
	c := d.Dial()
	c.OK(harness.Batch("a.db", `CREATE TABLE t(a)`))
	return d, c
}

// last receives the frames of a reply and returns the last and the number of
// rows in all.
func last(t *testing.T, c *harness.Conn) (r *wire.Reply, rows int) {
	t.Helper()
	for {
		r := c.Reply()
		if err := r.Rows.Each(func([]wire.Value) error { rows++; return nil }); err != nil {
			t.Fatal(err)
		}
		if !r.More {
			return r, rows
		}
	}
}

// Replies come in the order of the requests, around a stream as well, and a
// Query sees what was sent before it.
func TestStreamInItsTurn(t *testing.T) {
	_, c := served(t, harness.Config{})
	noError(t, c.Send(
		harness.Batch("a.db", `INSERT INTO t SELECT * FROM (`+numbers+` LIMIT 20000)`),
		query(1, `SELECT a FROM t`),
		`{"type":"Ping","id":2}`,
		query(3, `SELECT count(*) FROM t`)))
	if r := c.Reply(); *r.RowsAffected != 20_000 {
		t.Errorf("the batch: %d rows", *r.RowsAffected)
	}
	if r, rows := last(t, c); string(r.ID) != "1" || rows != 20_000 || *r.RowCount != 20_000 {
		t.Errorf("the query: id %s, %d rows of %d", r.ID, rows, *r.RowCount)
	}
	if r := c.Reply(); string(r.ID) != "2" || r.Version == "" {
		t.Errorf("after the query comes %s", r.ID)
	}
	if r, _ := last(t, c); string(r.Rows.Text()) != "[[20000]]" {
		t.Errorf("count: %s", r.Rows.Text())
	}
}

// Cancel ends what it names, out of turn: a query that runs, one that waits
// behind it, a batch that runs.
func TestCancel(t *testing.T) {
	d, c := served(t, harness.Config{})
	noError(t, c.Send(query(1, numbers), query(2, numbers)))
	c.Reply() // the first rows
	noError(t, c.Send(`{"type":"Cancel","id":3,"target":2}`, `{"type":"Cancel","id":4,"target":1}`, `{"type":"Cancel","id":5,"target":99}`))
	for _, id := range []string{"1", "2"} {
		if r, _ := last(t, c); string(r.ID) != id || r.Code != wire.CodeCancelled {
			t.Errorf("query %s: %s", r.ID, r.Code)
		}
	}
	for i, want := range []bool{true, true, false} {
		if r := c.Reply(); string(r.ID) != fmt.Sprint(3+i) || *r.Cancelled != want {
			t.Errorf("Cancel %s: %v, want %v", r.ID, *r.Cancelled, want)
		}
	}
	noError(t, c.Send(harness.With(harness.Batch("a.db", `INSERT INTO t `+numbers), "id", 6)))
	other := d.Dial()
	harness.Await(t, "the batch runs", func() bool { return other.Database("a.db").QueueDepth == 0 })
	noError(t, c.Send(`{"type":"Cancel","target":6}`))
	if r := c.Reply(); r.Code != wire.CodeCancelled {
		t.Errorf("the batch: %s", r.Code)
	}
	c.Reply()
	if r, _ := lastOf(t, c, query(7, `SELECT count(*) FROM t`)); string(r.Rows.Text()) != "[[0]]" {
		t.Errorf("the cancelled batch has left %s", r.Rows.Text())
	}
}

func lastOf(t *testing.T, c *harness.Conn, body string) (*wire.Reply, int) {
	t.Helper()
	noError(t, c.Send(body))
	return last(t, c)
}

// A client that shuts down its sending side gets all it has asked for, and one
// that hangs up ends its queries.
func TestStreamToAClientThatSendsNoMore(t *testing.T) {
	d, c := served(t, harness.Config{})
	noError(t, c.Send(query(1, numbers+` LIMIT 300000`)))
	half, ok := c.Conn.(interface{ CloseWrite() error })
	if !ok {
		t.Skip("connections have no half here")
	}
	noError(t, half.CloseWrite())
	if r, rows := last(t, c); r.Err() != nil || rows != 300_000 {
		t.Errorf("%d rows, then %v", rows, r.Err())
	}
	c.WantEnd()

	gone := d.Dial()
	noError(t, gone.Send(query(1, `SELECT count(*) FROM (`+numbers+`)`))) // no rows that could not be sent
	other := d.Dial()
	harness.Await(t, "the query runs", func() bool { return other.Database("a.db").Queries == 2 })
	gone.Close()
	other.OK(harness.Command(wire.TypeCloseDatabase, "a.db"))
	harness.Await(t, "the connection ends", func() bool { return other.Status().Connections == 1 })
}

// A transaction ends with its connection.
func TestTransactionOfAClientThatIsKilled(t *testing.T) {
	d, c := served(t, harness.Config{})
	r := c.OK(`{"type":"Begin","db":"a.db","idle_ms":60000,"lease_ms":600000}`)
	c.OK(harness.With(harness.Batch("a.db", `INSERT INTO t VALUES(1)`), "tx", r.Tx))
	other := d.Dial()
	tx := other.Database("a.db").Tx
	if tx == nil || tx.ID != r.Tx {
		t.Errorf("Status tells of the holder %+v, want %s", tx, r.Tx)
	}
	other.Refused(harness.With(harness.Batch("a.db", `INSERT INTO t VALUES(2)`), "tx", r.Tx), wire.CodeTxExpired)
	c.Close()
	other.OK(harness.Batch("a.db", `INSERT INTO t VALUES(3)`))
	if r, _ := lastOf(t, other, query(1, `SELECT a FROM t`)); string(r.Rows.Text()) != "[[3]]" {
		t.Errorf("the table has %s", r.Rows.Text())
	}
	if tx := other.Database("a.db").Tx; tx != nil {
		t.Errorf("the holder is still %+v", tx)
	}
}

func TestTransactionsInTurn(t *testing.T) {
	d, c := served(t, harness.Config{})
	r := c.OK(`{"type":"Begin","db":"a.db"}`)
	in := func(body string) string { return harness.With(body, "tx", r.Tx) }
	other := d.Dial()
	noError(t, other.Send(`{"type":"Begin","db":"./a.db","id":1}`))
	noError(t, c.Send(
		in(harness.Batch("a.db", `INSERT INTO t VALUES(1)`)),
		in(query(1, `SELECT a FROM t`)),
		in(harness.Batch("./a.db", `INSERT INTO t VALUES(2)`)),
		in(harness.Batch("b.db", `INSERT INTO t VALUES(2)`)),
		in(`{"type":"Commit","db":"a.db"}`),
		in(`{"type":"Rollback","db":"a.db"}`)))
	c.Reply()
	if r := c.Reply(); string(r.Rows.Text()) != "[[1]]" {
		t.Errorf("the query sees %s", r.Rows.Text())
	}
	c.Reply()
	harness.WantCode(t, c.Reply(), wire.CodeTxExpired) // of another database
	if r := c.Reply(); r.Err() != nil || *r.Rev != 2 {
		t.Errorf("Commit: %v", r.Err())
	}
	harness.WantCode(t, c.Reply(), wire.CodeTxExpired)
	if r := other.Reply(); r.Err() != nil || *r.Rev != 2 {
		t.Errorf("the Begin that waited: %v", r.Err())
	}
}

func TestSubscribe(t *testing.T) {
	d, c := served(t, harness.Config{})
	s, all := d.Dial(), d.Dial()
	noError(t, s.Send(`{"type":"Subscribe","id":"s","db":"./a.db","rev":0}`))
	first := s.Reply()
	if !first.Subscribed || *first.Rev != 1 || first.State != "open" || string(first.ID) != `"s"` {
		t.Errorf("the first frame: %+v", first)
	}
	if r := s.Reply(); !r.Missed || *r.Rev != 1 || r.Event.Event != "commit" {
		t.Errorf("what was missed: %+v", r)
	}
	noError(t, all.Send(`{"type":"Subscribe"}`))
	all.Reply()
	c.OK(harness.Batch("b.db", `CREATE TABLE other(a)`))
	c.OK(harness.Batch("a.db", `CREATE TRIGGER g AFTER INSERT ON t BEGIN DELETE FROM u; END; CREATE TABLE u(a)`))
	wantEvent(t, s, "a.db commit rev 2 [u] ")
	c.OK(harness.Batch("a.db", `INSERT INTO t VALUES(1)`))
	wantEvent(t, s, "a.db commit rev 3 [t u] ")
	c.OK(harness.Batch("a.db", `SELECT * FROM t`))
	c.OK(harness.Command(wire.TypeCloseDatabase, "a.db"))
	wantEvent(t, s, "a.db maintenance rev 3 [] closed")
	c.OK(harness.Command(wire.TypeReopenDatabase, "a.db"))
	wantEvent(t, s, "a.db maintenance rev 3 [] reopened")
	wantEvent(t, all, "b.db commit rev 1 [other] ")
	noError(t, s.Send(`{"type":"Cancel","id":2,"target":"s"}`))
	harness.WantCode(t, s.Reply(), wire.CodeCancelled)
	if r := s.Reply(); !*r.Cancelled {
		t.Error("Cancel has found nothing")
	}
	c.Refused(`{"type":"Subscribe","db":"../x.db"}`, wire.CodeInvalidDatabaseName)
	c.Refused(`{"type":"Subscribe","rev":1}`, wire.CodeInvalidRequest)
	d.Shutdown()
	for {
		r, err := all.Receive()
		if err != nil {
			t.Fatalf("the connection ends without a word: %v", err)
		}
		if !r.More {
			harness.WantCode(t, r, wire.CodeShuttingDown)
			break
		}
	}
}

// wantEvent checks the next event; what is merged into it is the test's to avoid.
func wantEvent(t *testing.T, c *harness.Conn, want string) {
	t.Helper()
	r := c.Reply()
	if got := fmt.Sprintf("%s %s rev %d %v %s", r.DB, r.Event.Event, *r.Rev, r.Tables, r.Change); got != want || !r.More {
		t.Errorf("event %q, want %q", got, want)
	}
}

// An open Subscribe keeps the daemon, and one whose client is gone does not.
func TestSubscribeIsUse(t *testing.T) {
	d := harness.Start(t, harness.Config{Flags: []string{"--worker-idle", "1ms", "--router-idle", "50ms"}})
	c := d.Dial()
	noError(t, c.Send(`{"type":"Subscribe"}`))
	c.Reply()
	other := d.Dial()
	other.OK(harness.Batch("a.db", `CREATE TABLE t(a)`))
	other.Close()
	wantEvent(t, c, "a.db commit rev 1 [t] ")
	harness.Await(t, "the worker ends", func() bool { return d.Dial().Status().Workers == 0 })
	if d.Exited() {
		t.Fatal("the daemon has ended beside a subscriber")
	}
	if half, ok := c.Conn.(interface{ CloseWrite() error }); ok {
		noError(t, half.CloseWrite())
	}
	c.Close()
	d.WantExit(0)
}

// A subscriber that has asked for more than it is owed at once, and goes, is
// seen to be gone.
func TestSubscriberThatAsksTooMuchAndGoes(t *testing.T) {
	d := harness.Start(t, harness.Config{})
	c := d.Dial()
	noError(t, c.Send(`{"type":"Subscribe"}`))
	c.Reply()
	for range 100 {
		noError(t, c.Send(`{"type":"Ping"}`))
	}
	c.Close()
	other := d.Dial()
	harness.Await(t, "the connection ends", func() bool { return other.Status().Connections == 1 })
}

func noError(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
