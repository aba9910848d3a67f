// Package clients runs the tests of the clients in other languages, each with
// its language's own program, against the daemon of this module, and all
// clients together. A language that is not installed is skipped.
//
// The same tests run with the languages' programs for Windows, under Wine, where
// the environment names them:
//
//	eval "$(sh test/clients/windows.sh /some/folder)"  # fetches them
//	export SKYLINEDB_TEST_WINE=/path/to/wine-exec
//	go test -v -run OnWindows ./test/clients
//
// The program of SKYLINEDB_TEST_WINE runs the one that it is given in Wine,
// version 10 or later, and shows it the same paths as outside.
package clients
