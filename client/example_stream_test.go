package client_test

import (
	"context"
	"fmt"
	"log"
	"slices"

	"github.com/skylinedb/skylinedb/client"
)

// Many rows are written by one statement, which is compiled once.
func ExampleMany() {
	socket, stop := fake()
	defer stop()

	c, err := client.Open(client.Options{Socket: socket})
	if err != nil {
		log.Fatal(err)
	}
	defer c.Close()

	stars := [][]any{{"Sirius", -1.46}, {"Rigel", 0.13}, {"Vega", 0.03}}
	insert, err := client.Many("INSERT INTO stars (name, magnitude) VALUES (?, ?)", slices.Values(stars))
	if err != nil {
		log.Fatal(err)
	}
	res, err := c.Exec(context.Background(), "galaxy.db", insert)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(res.RowsAffected, "rows")
	// Output: 3 rows
}

// Rows come as they are read. This stand-in for the daemon executes no SQL: its
// rows are the statements that it was given, numbered.
func ExampleClient_Query() {
	socket, stop := fake()
	defer stop()
	ctx := context.Background()

	c, err := client.Open(client.Options{Socket: socket})
	if err != nil {
		log.Fatal(err)
	}
	defer c.Close()

	written, err := c.Exec(ctx, "galaxy.db", client.SQL("CREATE …"), client.SQL("INSERT …"), client.SQL("UPDATE …"))
	if err != nil {
		log.Fatal(err)
	}
	rows, err := c.Query(ctx, client.Query{
		DB:     "galaxy.db",
		Stmt:   client.SQL("SELECT id, sql FROM statements WHERE id < ?", 10),
		MinRev: written.Rev, // sees what was just written
	})
	if err != nil {
		log.Fatal(err)
	}
	for row, err := range rows.All() {
		if err != nil {
			log.Fatal(err)
		}
		var id int
		var sql string
		if err := row.Scan(&id, &sql); err != nil {
			log.Fatal(err)
		}
		fmt.Println(id, sql)
	}
	fmt.Println("of rev", rows.Rev())
	// Output:
	// 1 CREATE …
	// 2 INSERT …
	// 3 UPDATE …
	// of rev 1
}

// A transaction reads, decides and writes, while nobody else writes.
func ExampleClient_Update() {
	socket, stop := fake()
	defer stop()
	ctx := context.Background()

	c, err := client.Open(client.Options{Socket: socket})
	if err != nil {
		log.Fatal(err)
	}
	defer c.Close()

	err = c.Update(ctx, "bank.db", func(tx *client.Tx) error {
		rows, err := tx.Select(ctx, "SELECT id FROM account WHERE cents >= ?", 1999)
		if err != nil {
			return err
		}
		accounts := 0
		for _, err := range rows.All() {
			if err != nil {
				return err
			}
			accounts++
		}
		fmt.Println(accounts, "accounts have enough")
		_, err = tx.Exec(ctx, client.SQL("UPDATE account SET cents = cents - ? WHERE id = ?", 1999, 7))
		return err
	})
	fmt.Println(err)
	// Output:
	// 0 accounts have enough
	// <nil>
}

// Commit gives a true answer, also where the connection or the daemon is lost.
func ExampleTx_Commit() {
	socket, stop := fake()
	defer stop()
	ctx := context.Background()

	c, err := client.Open(client.Options{Socket: socket})
	if err != nil {
		log.Fatal(err)
	}
	defer c.Close()

	tx, err := c.Begin(ctx, client.BeginOptions{DB: "bank.db"})
	if err != nil {
		log.Fatal(err)
	}
	defer tx.Rollback(ctx) // does nothing after Commit
	if _, err := tx.Exec(ctx, client.SQL("UPDATE account SET cents = cents - 1999 WHERE id = 7")); err != nil {
		log.Fatal(err)
	}
	if _, err := tx.Exec(ctx, client.SQL("UPDATE account SET cents = cents + 1999 WHERE id = 9")); err != nil {
		log.Fatal(err)
	}
	done, err := tx.Commit(ctx)
	if err != nil {
		log.Fatal(err) // CodeTxExpired: nothing was committed; begin again
	}
	fmt.Println("rev", done.Rev)
	// Output: rev 1
}

// A subscriber is told what others commit.
func ExampleClient_Subscribe() {
	socket, stop := fake()
	defer stop()
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()

	c, err := client.Open(client.Options{Socket: socket})
	if err != nil {
		log.Fatal(err)
	}
	defer c.Close()

	for ev, err := range c.Subscribe(ctx, client.SubscribeOptions{DB: "galaxy.db"}) {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(ev.Kind, "rev", ev.Rev, ev.Tables)
		switch {
		case ev.Kind == client.EventSubscribed: // nothing is missed from here on
			if _, err := c.Exec(ctx, "galaxy.db", client.SQL("INSERT INTO stars (name) VALUES ('Sirius')")); err != nil {
				log.Fatal(err)
			}
		case ev.Missed || len(ev.Tables) > 0: // read again what is shown
			cancel()
		}
	}
	// Output:
	// subscribed rev 0 []
	// commit rev 1 [stars]
}
