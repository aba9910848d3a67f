package driver

import (
	"context"
	"database/sql"
	"database/sql/driver"
)

// Name is the name of the driver, for [sql.Open].
const Name = "skylinedb"

func init() { sql.Register(Name, Driver{}) }

// Driver is the driver. Its zero value is good.
type Driver struct{}

var _ driver.DriverContext = Driver{}

// OpenConnector implements [driver.DriverContext]. It fails for a name that is
// malformed, and touches neither the file nor the daemon.
func (Driver) OpenConnector(name string) (driver.Connector, error) {
	cfg, err := parseName(name)
	if err != nil {
		return nil, err
	}
	return &connector{cfg: cfg, lock: make(chan struct{}, 1)}, nil
}

// Open implements [driver.Driver], for programs that do without a sql.DB: the
// connection has a reader and a client to itself.
func (d Driver) Open(name string) (driver.Conn, error) {
	c, err := d.OpenConnector(name)
	if err != nil {
		return nil, err
	}
	own := c.(*connector)
	dc, err := own.Connect(context.Background())
	if err != nil {
		own.Close()
		return nil, err
	}
	dc.(*conn).alone = true
	return dc, nil
}
