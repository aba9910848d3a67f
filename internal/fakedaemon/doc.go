// Package fakedaemon is a daemon for tests of its clients: it speaks the
// protocol over a real socket and holds its databases in memory, so that a
// test can hang up, refuse and delay where it likes.
//
// [Start] serves a [Handler], [StartServer] a [Server], which may answer in
// several frames; a [Store] has one that behaves like the daemon without
// executing any SQL. [Main] is a whole program, for tests of what
// starts daemons.
package fakedaemon
