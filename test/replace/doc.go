// Package replace holds a machine that replaces database files over and over,
// as a sync service does, under writers, readers and kill -9, and looks for
// rows that are lost, doubled or mixed from two files, and for databases that
// nobody can write to any more.
//
// A round (round_test.go) is a fresh database and a number of cycles, all
// planned from one seed (plan_test.go): writers write (writer_test.go), the
// database is closed, something is put in its place (kind_test.go,
// make_test.go, place_test.go), and it is reopened (reopen_test.go). Readers of
// other processes (outside_test.go) look at the file all the time
// (reader_test.go), and some keep it open from one cycle to the next
// (keeper_test.go).
//
// What lies in the place between two replacements is a generation
// (generation_test.go). Its tag is in the file, and every row carries the tag
// of the generation in which it was written; every batch is in a table of
// checksums. So a view of the file (view_test.go) tells by itself whether it is
// whole, and the generation tells whether it is the right one: the batches
// which the file brought, those acknowledged since, perhaps those whose
// outcome nobody knows, and no other.
package replace
