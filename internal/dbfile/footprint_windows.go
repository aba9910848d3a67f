package dbfile

import "errors"

// tamperable says that the system lets others remove or cut off a file that
// is open. Windows does not: SQLite shares no right to remove, and what is
// mapped cannot be cut off.
const tamperable = false

func identifyLink(string) (Identity, error) { return Identity{}, errors.ErrUnsupported }
