package router

import (
	"log/slog"
	"time"
)

// complaintTime is the time between two warnings of one kind.
const complaintTime = time.Second

// complaint is a warning that others can bring about as often as they like:
// it is logged once in a while, with how often it was due.
type complaint struct {
	log  *slog.Logger
	text string

	last  time.Time // when it was logged
	times int       // how often it was due since
	err   error     // the last reason
}

func (c *complaint) add(err error) {
	c.times++
	c.err = err
	if c.last.IsZero() || time.Since(c.last) >= complaintTime {
		c.rest()
	}
}

// rest logs what was not logged yet.
func (c *complaint) rest() {
	if c.times > 0 {
		c.log.Warn(c.text, "error", c.err, "times", c.times)
		c.last, c.times = time.Now(), 0
	}
}
