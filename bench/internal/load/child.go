package load

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"time"
)

// A writer process is given its job as its last argument. It says that it is
// ready, waits for a line with a duration on its standard input, writes for so
// long, and prints its sample.
const ready = "ready"

// Serve is a writer process, which opens what job says. It returns its exit code.
func Serve(job string, open func(Job) (Writer, error)) int {
	if err := serve(job, open); err != nil {
		fmt.Fprintln(os.Stderr, "writer:", err)
		return 1
	}
	return 0
}

func serve(text string, open func(Job) (Writer, error)) (err error) {
	var job Job
	if err := json.Unmarshal([]byte(text), &job); err != nil {
		return err
	}
	w, err := open(job)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, w.Close()) }()
	fmt.Println(ready)
	line, err := bufio.NewReader(os.Stdin).ReadString('\n')
	if err == io.EOF {
		return nil // the parent has changed its mind
	}
	if err != nil {
		return err
	}
	d, err := time.ParseDuration(strings.TrimSpace(line))
	if err != nil {
		return err
	}
	return json.NewEncoder(os.Stdout).Encode(Measure(context.Background(), w, time.Now().Add(d)))
}

// Children are writer processes seen from their parent.
type Children []*child

type child struct {
	cmd *exec.Cmd
	in  io.WriteCloser
	out *bufio.Reader
}

// Start starts a process of program for each job and waits until all are
// ready. Close ends them, also after an error.
func Start(ctx context.Context, program []string, jobs []Job) (Children, error) {
	var all Children
	for _, job := range jobs {
		c, err := start(ctx, program, job)
		if err != nil {
			return all, err
		}
		all = append(all, c)
	}
	for _, c := range all {
		if line, err := c.out.ReadString('\n'); err != nil {
			return all, fmt.Errorf("a writer did not get ready: %w", err)
		} else if line != ready+"\n" {
			return all, fmt.Errorf("a writer is not ready but says %q", line)
		}
	}
	return all, nil
}

func start(ctx context.Context, program []string, job Job) (*child, error) {
	text, err := json.Marshal(job)
	if err != nil {
		return nil, err
	}
	cmd := exec.CommandContext(ctx, program[0], append(program[1:len(program):len(program)], string(text))...)
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

// Measure lets all of them write, for so long.
func (all Children) Measure(d time.Duration) (Sample, error) {
	for _, c := range all {
		if _, err := fmt.Fprintln(c.in, d); err != nil {
			return Sample{}, fmt.Errorf("start a writer: %w", err)
		}
	}
	var total Sample
	for _, c := range all {
		var s Sample
		if err := json.NewDecoder(c.out).Decode(&s); err != nil {
			return Sample{}, fmt.Errorf("a writer gave no sample: %w", err)
		}
		total.Add(s)
	}
	return total, nil
}

// Close waits for the end of all.
func (all Children) Close() error {
	var errs []error
	for _, c := range all {
		_ = c.in.Close() // Wait tells how the process took it
		errs = append(errs, c.cmd.Wait())
	}
	return errors.Join(errs...)
}
