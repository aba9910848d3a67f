// Package harness runs the real programs for tests: daemons on sockets of
// their own, clients that speak raw frames, processes that open a database
// past the daemon. It judges what they leave behind.
//
// A test package calls [Main] from its TestMain. Main makes the run's folder,
// in which everything happens, and starts a reaper: a process that waits for
// the end of the test binary, however that comes (a time-out, kill -9), then
// kills every daemon of the run and removes the folder. The daemon's and the
// command line's programs are built once per run, with the race detector if
// the test has it.
//
// [Start] starts a daemon and waits until it answers. When the test ends, the
// daemon must end well: exit status 0, nothing in its log that tells of a
// panic, a data race or an error of its own, and every database below its
// directory intact. [Autostart] does the same for daemons that Go clients
// start.
//
// Whatever must be another process is the test binary again, in a [Role]: the
// outside SQLite connections ([Open]) and the roles of the test package. A
// role's process ends when its standard input does, and so with the test.
//
// Nothing here measures time. A wait is for a condition ([Await], or a reply)
// and gives up after [Patience], which is far longer than any of them takes.
package harness
