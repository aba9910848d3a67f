package logfile

// noFollow has no counterpart: the log is in a folder of the user's own.
const noFollow = 0
