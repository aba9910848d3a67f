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

	atOnce []int // programs that come and go

	spread        []int // databases that the same clients write to
	spreadClients int
	statements    []int // in a batch
	payloads      []int // bytes of a text

	idleConns     int // what grows beside a batch
	idleDatabases int
	file          int // bytes
	records       int

	soakLine time.Duration // how often the soak tells how it is
	soakRows int           // that its table has in the end

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
	atOnce:      []int{1, 16},
	spread:      []int{1, 4, 16, 64}, spreadClients: 64,
	statements:    []int{1, 10, 100, 1000},
	payloads:      []int{100, 10 << 10, 1 << 20},
	idleConns:     1000,
	idleDatabases: 200,
	file:          1 << 30,
	records:       100_000,
	soakLine:      time.Minute,
	soakRows:      1_000_000,
	bulkRead:      1_000_000,
	bulkWrite:     200_000,
}
