// Package crowd lets many clients at a real daemon at once: a thousand
// connections to two hundred databases, clients that flood beside clients that
// trickle, and clients that come and go in every state while the daemon is
// killed. Every reply must be right and every acknowledged row in its file once
// (ledger_test.go); nobody may wait out of proportion (fairness_test.go); and
// when the crowd has gone, nothing of it may be left in the daemon.
//
// Speed decides nothing here: waits are counted in the work that the daemon did
// meanwhile, and never in time.
package crowd
