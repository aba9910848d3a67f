package main

import (
	"fmt"
	"os"

	"github.com/skylinedb/skylinedb/bench/internal/load"
)

// The roles in which this program starts itself, each with one argument.
const (
	roleWriter = "writer" // a job: writes for its parent
	roleEcho   = "echo"   // a socket: gives back each frame
)

// role plays the role that args ask for, if they do.
func role(args []string) (code int, ok bool) {
	if len(args) != 2 {
		return 0, false
	}
	switch args[0] {
	case roleWriter:
		return load.Serve(args[1], openWriter), true
	case roleEcho:
		if err := echo(args[1]); err != nil {
			fmt.Fprintln(os.Stderr, "echo:", err)
			return 1, true
		}
		return 0, true
	}
	return 0, false
}

func openWriter(job load.Job) (load.Writer, error) {
	switch {
	case job.File != "" && job.Anew:
		return &directOnce{job}, nil
	case job.File != "":
		return newDirectWriter(job)
	case job.Anew:
		return newBareOnce(job)
	}
	return newBareWriter(job)
}
