package e2e

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"sync"
	"time"

	"github.com/skylinedb/skylinedb/test/harness"
	"github.com/skylinedb/skylinedb/wire"
)

// attempt is what a stranger is to try.
type attempt struct {
	Way  string
	Path string // what it is tried on
	At   string // a path of the stranger's own, where the way needs one
	PID  int    // of the daemon, likewise
}

// outcome is what came of it.
type outcome struct {
	Err   string // empty where the deed succeeded
	Heard int    // bytes that the other side has said
	Peers int    // those who have connected
	Kept  bool   // the other side did not hang up
}

// ways are what a stranger can try.
var ways = map[string]func(*plants, attempt) (outcome, error){
	"ping":    func(_ *plants, a attempt) (outcome, error) { return speak(a.Path, harness.Command(wire.TypePing, "")) },
	"batches": func(_ *plants, a attempt) (outcome, error) { return speak(a.Path, strangeBatches()...) },
	"shutdown": func(_ *plants, a attempt) (outcome, error) {
		return speak(a.Path, harness.Command(wire.TypeShutdown, ""))
	},
	"silence":  func(_ *plants, a attempt) (outcome, error) { return speak(a.Path) },
	"storm":    storm,
	"link":     throughLink,
	"hardlink": throughHardLink,
	"process":  throughProcess,
	"list":     func(_ *plants, a attempt) (o outcome, err error) { _, err = os.ReadDir(a.Path); return o, err },
	"read":     func(_ *plants, a attempt) (outcome, error) { return openFile(a.Path, os.O_RDONLY) },
	"write":    func(_ *plants, a attempt) (outcome, error) { return openFile(a.Path, os.O_RDWR) },
	"remove":   func(_ *plants, a attempt) (o outcome, err error) { return o, os.Remove(a.Path) },
	"rename":   func(_ *plants, a attempt) (o outcome, err error) { return o, os.Rename(a.Path, a.At) },
	"chmod":    func(_ *plants, a attempt) (o outcome, err error) { return o, os.Chmod(a.Path, 0o777) },
	"create":   func(_ *plants, a attempt) (o outcome, err error) { return o, os.WriteFile(a.Path, nil, 0o666) },
	"listen":   (*plants).listen,
	"abandon":  (*plants).abandon,
	"heard":    (*plants).heard,
}

// stranger is a process of another user. It tries what it is told, line by
// line, and tells what came of it.
func stranger(_ []string, stdin io.Reader, stdout io.Writer) error {
	p := &plants{listeners: map[string]*plant{}}
	defer p.close()
	lines, out := bufio.NewScanner(stdin), json.NewEncoder(stdout)
	for lines.Scan() {
		var a attempt
		if err := json.Unmarshal(lines.Bytes(), &a); err != nil {
			return err
		}
		way, ok := ways[a.Way]
		if !ok {
			return fmt.Errorf("there is no way %q", a.Way)
		}
		o, err := way(p, a)
		if err != nil {
			o.Err = err.Error()
		}
		if err := out.Encode(o); err != nil {
			return err
		}
	}
	return lines.Err()
}

// strangeBatches are what a stranger would do to a database.
func strangeBatches() (bodies []string) {
	for n := range 20 {
		bodies = append(bodies, harness.Batch("a.db", fmt.Sprintf(`INSERT INTO t VALUES(65534, %d)`, n)))
	}
	return bodies
}

// speak connects, sends requests at once, and hears the first that comes back,
// until the other side hangs up.
func speak(socket string, bodies ...string) (o outcome, err error) {
	nc, err := net.Dial("unix", socket)
	if err != nil {
		return o, err
	}
	defer nc.Close()
	if err := nc.SetDeadline(time.Now().Add(harness.Patience / 2)); err != nil {
		return o, err
	}
	o.Peers = 1
	var frames []byte
	for _, body := range bodies {
		frames = append(frames, harness.Frame(body)...)
	}
	if len(frames) > 0 {
		_, err = nc.Write(frames)
	}
	var readErr error
	o.Heard, readErr = nc.Read(make([]byte, 4096))
	o.Kept = errors.Is(readErr, os.ErrDeadlineExceeded)
	if readErr == io.EOF {
		readErr = nil
	}
	return o, errors.Join(err, readErr)
}

// storm speaks on many connections at once.
func storm(_ *plants, a attempt) (o outcome, err error) {
	const conns = 20
	outcomes := make(chan outcome, conns)
	var wg sync.WaitGroup
	for range conns {
		wg.Go(func() {
			o, _ := speak(a.Path, harness.Command(wire.TypePing, "")) // what was heard counts
			outcomes <- o
		})
	}
	wg.Wait()
	close(outcomes)
	for one := range outcomes {
		o.Heard += one.Heard
		o.Peers += one.Peers
		o.Kept = o.Kept || one.Kept
	}
	return o, nil
}

func throughLink(_ *plants, a attempt) (outcome, error) {
	if err := os.Symlink(a.Path, a.At); err != nil {
		return outcome{}, err
	}
	defer os.Remove(a.At)
	return speak(a.At, harness.Command(wire.TypePing, ""))
}

func throughHardLink(_ *plants, a attempt) (outcome, error) {
	if err := os.Link(a.Path, a.At); err != nil {
		return outcome{}, err
	}
	defer os.Remove(a.At)
	return speak(a.At, harness.Command(wire.TypePing, ""))
}

// throughProcess looks for a way by what the system shows of the daemon.
func throughProcess(_ *plants, a attempt) (o outcome, err error) {
	proc := fmt.Sprintf("/proc/%d", a.PID)
	for fd := range 64 {
		for _, flag := range []int{os.O_RDONLY, os.O_RDWR} {
			one, err := openFile(fmt.Sprintf("%s/fd/%d", proc, fd), flag)
			if err == nil {
				one.Heard++ // the open file is more than a stranger may have
			}
			o.Heard += one.Heard
		}
	}
	for _, root := range []string{proc + "/root", proc + "/cwd"} {
		one, _ := speak(root+a.Path, harness.Command(wire.TypePing, ""))
		o.Heard += one.Heard
	}
	return o, nil
}

// openFile opens a file and reads of it.
func openFile(path string, flag int) (o outcome, err error) {
	f, err := os.OpenFile(path, flag, 0)
	if err != nil {
		return o, err
	}
	defer f.Close()
	o.Heard, _ = f.Read(make([]byte, 16))
	return o, nil
}

// plants are the listeners that a stranger has put where others look for the
// daemon.
type plants struct{ listeners map[string]*plant }

// plant is a listener that takes whoever comes and what he says.
type plant struct {
	l     *net.UnixListener
	wg    sync.WaitGroup
	mu    sync.Mutex
	peers int
	bytes int
}

// listen puts a listener at a path.
func (p *plants) listen(a attempt) (o outcome, err error) {
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: a.Path, Net: "unix"})
	if err != nil {
		return o, err
	}
	l.SetUnlinkOnClose(false)
	one := &plant{l: l}
	p.listeners[a.Path] = one
	one.wg.Go(one.accept)
	return o, os.Chmod(a.Path, 0o666)
}

func (p *plant) accept() {
	for {
		nc, err := p.l.Accept()
		if err != nil {
			return
		}
		p.mu.Lock()
		p.peers++
		p.mu.Unlock()
		p.wg.Go(func() {
			defer nc.Close()
			n, _ := io.Copy(io.Discard, nc)
			p.mu.Lock()
			p.bytes += int(n)
			p.mu.Unlock()
		})
	}
}

// abandon ends a listener and leaves its socket.
func (p *plants) abandon(a attempt) (o outcome, err error) { return o, p.listeners[a.Path].l.Close() }

// heard ends a listener and tells who came and how much he said.
func (p *plants) heard(a attempt) (o outcome, err error) {
	one := p.listeners[a.Path]
	err = one.l.Close()
	one.wg.Wait()
	return outcome{Peers: one.peers, Heard: one.bytes}, err
}

func (p *plants) close() {
	for _, one := range p.listeners {
		one.l.Close()
	}
}
