package wire

// The kinds of an [Event].
const (
	EventCommit      = "commit"
	EventMaintenance = "maintenance"
)

// The changes that an Event of maintenance tells.
const (
	ChangePreparing = "preparing" // the log is empty and nothing is written
	ChangeClosed    = "closed"    // the daemon has let go of the file
	ChangeReopened  = "reopened"  // the same file is open again
	ChangeReplaced  = "replaced"  // another file, with another epoch, is open
)

// Event is what a subscriber is told of one database.
type Event struct {
	Event  string   `json:"event,omitempty"` // one of the kinds, "" for none
	DB     string   `json:"db,omitempty"`
	Tables []string `json:"tables,omitempty"` // of a commit: those that may have changed
	Missed bool     `json:"missed,omitempty"` // anything may have changed
	Change string   `json:"change,omitempty"` // of maintenance
}
