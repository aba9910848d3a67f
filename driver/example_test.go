package driver_test

import (
	"database/sql"
	"fmt"
	"log"
	"net/url"

	_ "github.com/skylinedb/skylinedb/driver"
)

// Reads come from the file, writes go through the daemon, which is started
// when it is needed.
func Example() {
	options := url.Values{"dir": {"/home/ada/app"}}
	db, err := sql.Open("skylinedb", "galaxy.db?"+options.Encode())
	if err != nil {
		log.Fatal(err)
	}
	defer db.Close()

	if _, err := db.Exec("CREATE TABLE IF NOT EXISTS stars(name TEXT, magnitude REAL)"); err != nil {
		log.Fatal(err)
	}
	if _, err := db.Exec("INSERT INTO stars VALUES(?, ?)", "Sirius", -1.46); err != nil {
		log.Fatal(err)
	}
	var name string
	if err := db.QueryRow("SELECT name FROM stars WHERE magnitude < ?", 0).Scan(&name); err != nil {
		log.Fatal(err)
	}
	fmt.Println(name)
}
