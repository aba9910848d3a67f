package client_test

import (
	"context"
	"fmt"
	"log"
	"os"
	"path/filepath"

	"github.com/skylinedb/skylinedb/client"
	"github.com/skylinedb/skylinedb/internal/fakedaemon"
	"github.com/skylinedb/skylinedb/wire"
)

// fake starts a stand-in for the daemon, which a program would not do: the
// client starts the daemon when it needs one.
func fake() (socket string, stop func()) {
	dir, err := os.MkdirTemp("", "skyline")
	if err != nil {
		log.Fatal(err)
	}
	socket = fakedaemon.SocketIn(dir)
	d, err := fakedaemon.Serve(socket, dir, fakedaemon.NewStore(dir).Serve)
	if err != nil {
		log.Fatal(err)
	}
	return socket, func() {
		d.Stop()
		os.RemoveAll(dir)
	}
}

// The statements of one call are one transaction.
func ExampleClient_Exec() {
	socket, stop := fake()
	defer stop()
	ctx := context.Background()

	c, err := client.Open(client.Options{Socket: socket})
	if err != nil {
		log.Fatal(err)
	}
	defer c.Close()

	res, err := c.Exec(ctx, "galaxy.db",
		client.SQL("INSERT INTO stars (name) VALUES (?)", "Sirius"),
		client.SQL("INSERT INTO stars (name) VALUES (?)", "Rigel"))
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(res.RowsAffected, "rows, rev", res.Rev)

	_, err = c.Exec(ctx, "galaxy.db", client.SQL("fail, as this stand-in understands"))
	fmt.Println(client.ErrorCode(err))
	// Output:
	// 2 rows, rev 1
	// SQL_ERROR
}

// A batch with a request id of the caller's own can be sent again, by another
// program and on another day, without harm.
func ExampleClient_ExecBatch() {
	socket, stop := fake()
	defer stop()

	c, err := client.Open(client.Options{Socket: socket})
	if err != nil {
		log.Fatal(err)
	}
	defer c.Close()

	payment := client.Batch{
		DB:        "bank.db",
		Stmts:     []client.Stmt{client.SQL("UPDATE account SET cents = cents - ? WHERE id = ?", 1999, 7)},
		RequestID: "invoice-2041",
		Sync:      wire.SyncFull, // on the disk before the reply
	}
	for range 2 {
		res, err := c.ExecBatch(context.Background(), payment)
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println("rev", res.Rev, "replayed", res.Replayed)
	}
	// Output:
	// rev 1 replayed false
	// rev 1 replayed true
}

// A file is replaced between CloseDatabase and ReopenDatabase.
func ExampleClient_CloseDatabase() {
	socket, stop := fake()
	defer stop()
	ctx := context.Background()

	c, err := client.Open(client.Options{Socket: socket})
	if err != nil {
		log.Fatal(err)
	}
	defer c.Close()

	closed, err := c.CloseDatabase(ctx, "galaxy.db", false)
	if err != nil {
		log.Fatal(err)
	}
	if closed.ReadersRemain {
		log.Fatal("another program still reads galaxy.db")
	}
	db, err := c.PingDB(ctx, "galaxy.db")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(filepath.Base(db.Path), "is", db.State)
	// ... replace the file ...
	if _, err := c.ReopenDatabase(ctx, "galaxy.db"); err != nil {
		log.Fatal(err)
	}
	// Output: galaxy.db is closed
}
