package fakedaemon

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// StartsFile is where in its directory [Main] writes a line for each start.
const StartsFile = "starts.log"

// LateFile keeps [Main] from listening while it is in its directory.
const LateFile = "late"

// Main runs a daemon with the arguments that a client starts one with, until
// it is shut down, and returns its exit status. A directory in which a file
// named "refuse" lies is a configuration error.
func Main(args []string, stderr io.Writer) int {
	if len(args) != 3 || args[0] != "--socket" {
		fmt.Fprintf(stderr, "unexpected arguments %q\n", args)
		return 2
	}
	socket, dir := args[1], args[2]
	if err := noteStart(dir); err != nil {
		fmt.Fprintln(stderr, err)
		return 1
	}
	if _, err := os.Stat(filepath.Join(dir, "refuse")); err == nil {
		fmt.Fprintln(stderr, "the directory is refused.")
		return 1
	}
	for _, err := os.Stat(filepath.Join(dir, LateFile)); err == nil; _, err = os.Stat(filepath.Join(dir, LateFile)) {
		time.Sleep(time.Millisecond)
	}
	d, err := Serve(socket, dir, NewStore(dir).Serve)
	if err != nil {
		fmt.Fprintln(stderr, err)
		return 1
	}
	// A test that dies must not leave the daemon behind for ever.
	defer time.AfterFunc(5*time.Minute, d.End).Stop()
	d.Wait()
	return 0
}

func noteStart(dir string) error {
	f, err := os.OpenFile(filepath.Join(dir, StartsFile), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	if _, err := fmt.Fprintf(f, "%d\n", os.Getpid()); err != nil {
		return err
	}
	return f.Close()
}

// Starts returns how many daemons were started in dir.
func Starts(dir string) (int, error) {
	text, err := os.ReadFile(filepath.Join(dir, StartsFile))
	return strings.Count(string(text), "\n"), err
}
