// Package mutation plants bugs and demands that the machines find them: a test
// that cannot fail proves nothing.
//
// A mutation replaces one piece of the product's source, in a copy that the go
// command is given with -overlay; the tree stays as it is. Then the machine that
// guards the promise runs, and must fail with the finding that is named.
//
//	go test -v ./test/mutation
package mutation
