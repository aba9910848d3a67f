package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strconv"
	"time"

	"github.com/ncruces/go-sqlite3"
)

// writerArg makes this program one writer process: it says that it is ready,
// waits for a line on its standard input, writes for so long, and prints its
// sample.
const writerArg = "writer"

// The ways in which a writer process writes.
const (
	modeDaemon = "daemon"
	modeDirect = "direct"
)

// writer writes one durable batch of one row.
type writer interface {
	write() error
	close()
}

// measure writes until end and notes how long each batch took.
func measure(w writer, end time.Time) sample {
	var s sample
	for now := time.Now(); now.Before(end); {
		err := w.write()
		then := now
		now = time.Now()
		if err != nil {
			s.Errors++
			continue
		}
		s.Latencies = append(s.Latencies, now.Sub(then))
	}
	return s
}

// directWriter writes to the file itself, as the documents of SQLite advise
// processes that share one: WAL, BEGIN IMMEDIATE, a busy time-out of 5 s.
type directWriter struct {
	db                    *sqlite3.Conn
	begin, insert, commit *sqlite3.Stmt
}

func newDirectWriter(file string, id int) (*directWriter, error) {
	db, err := sqlite3.Open(file)
	if err != nil {
		return nil, err
	}
	w := &directWriter{db: db}
	if err := db.Exec(`PRAGMA busy_timeout=5000; PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL`); err != nil {
		return nil, err
	}
	for _, s := range []struct {
		sql  string
		stmt **sqlite3.Stmt
	}{{`BEGIN IMMEDIATE`, &w.begin}, {insertRow, &w.insert}, {`COMMIT`, &w.commit}} {
		if *s.stmt, _, err = db.Prepare(s.sql); err != nil {
			return nil, err
		}
	}
	if err := w.insert.BindInt(1, id); err != nil {
		return nil, err
	}
	return w, w.insert.BindText(2, rowText)
}

func (w *directWriter) write() error {
	if err := w.begin.Exec(); err != nil {
		return err
	}
	if err := w.insert.Exec(); err != nil {
		w.db.Exec(`ROLLBACK`)
		return err
	}
	if err := w.commit.Exec(); err != nil {
		w.db.Exec(`ROLLBACK`)
		return err
	}
	return nil
}

func (w *directWriter) close() {
	w.begin.Close()
	w.insert.Close()
	w.commit.Close()
	w.db.Close()
}

// writerMain is a writer process. Its arguments are the mode, where to write
// (a file, or a socket and a database) and the client's number.
func writerMain(args []string) int {
	if err := writeForParent(args[0], args[1], args[2], args[3]); err != nil {
		fmt.Fprintln(os.Stderr, "writer:", err)
		return 1
	}
	return 0
}

func writeForParent(mode, target, db, number string) error {
	id, err := strconv.Atoi(number)
	if err != nil {
		return err
	}
	var w writer
	if mode == modeDaemon {
		w, err = newDaemonWriter(context.Background(), target, db, id)
	} else {
		w, err = newDirectWriter(target, id)
	}
	if err != nil {
		return err
	}
	defer w.close()
	fmt.Println("ready")
	line, err := bufio.NewReader(os.Stdin).ReadString('\n')
	if err != nil {
		return fmt.Errorf("wait for the start: %w", err)
	}
	d, err := time.ParseDuration(line[:len(line)-1])
	if err != nil {
		return err
	}
	return json.NewEncoder(os.Stdout).Encode(measure(w, time.Now().Add(d)))
}

// child is a writer process seen from its parent.
type child struct {
	cmd *exec.Cmd
	in  io.WriteCloser
	out *bufio.Reader
}

// measureProcesses lets so many processes write at once.
func measureProcesses(ctx context.Context, clients int, d time.Duration, mode, target, db string) (sample, error) {
	var children []*child
	defer func() {
		for _, c := range children {
			c.in.Close()
			c.cmd.Wait()
		}
	}()
	for i := range clients {
		c, err := startChild(ctx, mode, target, db, strconv.Itoa(i))
		if err != nil {
			return sample{}, err
		}
		children = append(children, c)
	}
	for _, c := range children {
		if _, err := c.out.ReadString('\n'); err != nil {
			return sample{}, fmt.Errorf("a writer did not get ready: %w", err)
		}
	}
	for _, c := range children {
		fmt.Fprintln(c.in, d)
	}
	total := sample{Elapsed: d}
	for _, c := range children {
		var s sample
		if err := json.NewDecoder(c.out).Decode(&s); err != nil {
			return sample{}, fmt.Errorf("a writer gave no sample: %w", err)
		}
		total.merge(s)
	}
	return total, nil
}

func startChild(ctx context.Context, args ...string) (*child, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	cmd := exec.CommandContext(ctx, self, append([]string{writerArg}, args...)...)
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	return &child{cmd, in, bufio.NewReader(out)}, cmd.Start()
}
