package main

import "time"

// sizes are how large things are that the command line does not decide.
type sizes struct {
	starts      int // of a program, in one measurement
	connections int // idle ones, whose memory is measured
	databases   int // open ones, whose memory is measured
	load        int // clients of the load whose memory is measured
	loadLasts   time.Duration
	rests       [2]time.Duration // after the load

	bulkRead  int // rows of one Query
	bulkWrite int // rows of one batch with param_rows
}

var usualSizes = sizes{
	starts:      20,
	connections: 500,
	databases:   100,
	load:        64,
	loadLasts:   4 * time.Second,
	rests:       [2]time.Duration{time.Second, 10 * time.Second},
	bulkRead:    1_000_000,
	bulkWrite:   200_000,
}
