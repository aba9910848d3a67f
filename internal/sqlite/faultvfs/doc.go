// Package faultvfs is a disk for tests that fails on demand and that forgets
// what was not synced. Only tests import it.
//
// A [Disk] (disk.go) stands on a real folder and on SQLite's real file layer,
// so that locks and the index in shared memory are the real ones. It is a file
// layer of SQLite (file.go) and a [dbfile.Disk] (names.go); whatever changes a
// file or a name goes through it.
//
//   - It fails: a [Plan] (plan.go) is asked before each operation and can fail
//     or shorten it.
//   - It loses power: [Disk.CutPower] makes each later operation fail, without
//     effect, and [Disk.Restore] puts into the folder what a real disk could
//     hold then: what was synced, and of the rest nothing, all, or any part,
//     sector by sector and in any order (content.go); of the names that were
//     not synced the first few (names.go).
//
// The model is the one that SQLite assumes of a disk
// (https://sqlite.org/atomiccommit.html#_hardware_assumptions), with powersafe
// overwrite: a write harms no byte outside of its range.
package faultvfs
