package dbfile

import "golang.org/x/sys/windows"

// roomFor returns how many bytes this user may still write to the volume of
// dir.
func roomFor(dir string) (bytes uint64, known bool) {
	name, err := windows.UTF16PtrFromString(dir)
	if err != nil {
		return 0, false
	}
	err = windows.GetDiskFreeSpaceEx(name, &bytes, nil, nil)
	return bytes, err == nil
}
