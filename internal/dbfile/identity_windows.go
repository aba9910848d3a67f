package dbfile

import (
	"io/fs"

	"golang.org/x/sys/windows"
)

// fileNumbers returns what the file system calls a file, and how many names
// it has. It opens the file for its attributes, which touches no lock:
// Windows keeps locks by handle.
func fileNumbers(_ fs.FileInfo, path string) (device, inode, links uint64, err error) {
	handle, err := openForAttributes(path)
	if err != nil {
		return 0, 0, 0, &fs.PathError{Op: "open", Path: path, Err: err}
	}
	defer windows.CloseHandle(handle) // opened for its attributes only
	var d windows.ByHandleFileInformation
	if err := windows.GetFileInformationByHandle(handle, &d); err != nil {
		return 0, 0, 0, &fs.PathError{Op: "stat", Path: path, Err: err}
	}
	return uint64(d.VolumeSerialNumber), uint64(d.FileIndexHigh)<<32 | uint64(d.FileIndexLow), uint64(d.NumberOfLinks), nil
}

// openForAttributes opens a file or folder without a right to its content, so
// that no other open of it is in the way.
func openForAttributes(path string) (windows.Handle, error) {
	name, err := windows.UTF16PtrFromString(path)
	if err != nil {
		return 0, err
	}
	return windows.CreateFile(name, windows.FILE_READ_ATTRIBUTES,
		windows.FILE_SHARE_READ|windows.FILE_SHARE_WRITE|windows.FILE_SHARE_DELETE,
		nil, windows.OPEN_EXISTING, windows.FILE_FLAG_BACKUP_SEMANTICS, 0)
}
