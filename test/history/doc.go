// Package history judges the real daemon by what its clients saw. Clients send
// random requests at the same time, the daemon is killed and started again,
// replies get lost, readers look into the files; all of it is recorded. A
// history is right if its operations can be put in one order, in which each
// takes effect at some moment between its call and its return, so that a
// sequential database gives the recorded answers: if it is linearizable
// (Herlihy and Wing, 1990). Porcupine looks for that order.
//
// A seed makes a program (program_test.go): what each client does, and when the
// daemon dies. A run of it (run_test.go, client_test.go, reader_test.go) is
// recorded (record_test.go) and checked (check_test.go) against the model, which
// says of one database what docs/protocol.md and docs/maintenance.md promise, and
// no more (model_test.go, batch_test.go, verdict_test.go, state_test.go). Where the
// daemon is known to fall short of that it is in lenient_test.go. What fails is
// made small (shrink_test.go) and printed as a table (describe_test.go).
//
// An operation without an answer may have happened or not. The model keeps both
// possibilities until a later answer rules one out.
//
// To repeat a history's program, which is not to repeat its races:
//
//	TORTURE_SEED=17 go test ./test/history -run TestHistories
//	TORTURE_PROGRAM=program.json go test ./test/history -run TestHistories
package history
