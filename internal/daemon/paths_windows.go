package daemon

// absolute returns the name of a pipe as it is: pipes have no directories.
func absolute(pipe string) (string, error) { return pipe, nil }
